"""Both models of a run that writes: asked in Python, in the terminal, in the widget, and kept."""

import io
import json
import sys
from dataclasses import replace

import pytest
import torch

from tests.tasks.test_text_generation import CHAT, make_rows, write_spec
from workbench import language, pipeline
from workbench.cli import main
from workbench.errors import InputError, RunError
from workbench.evaluation import sampling
from workbench.evaluation.playground import open_playground, read_answers
from workbench.evaluation.run import predict_texts
from workbench.notebook import pages
from workbench.reporting import render
from workbench.runs import RunFolder
from workbench.spec import RunSpec
from workbench.widgets.playground import PlaygroundDesk

PROBE = "<b>what was good?</b>"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model with a chat template that has learned a little."""
    spec = write_spec(
        tmp_path_factory.mktemp("chat"), make_rows()[:16], CHAT,
        **{"train.max_steps": 20, "evaluate.baselines": False, "inspect.probes": [PROBE]},
    )  # fmt: skip
    return pipeline.train(spec)


@pytest.fixture(scope="module")
def playground(run):
    return open_playground(run)


def test_the_model_before_and_after_are_asked_the_same(run, playground):
    playground.forget()
    found = playground.ask("what was good?")
    assert found.asked == "what was good?"
    assert found.after == predict_texts(run, ["what was good?"])[0]["predicted"]
    assert found.before != found.after


def test_each_model_remembers_what_was_said_to_it(playground):
    playground.forget()
    assert playground.remembers
    first = playground.ask("what was good?")
    playground.ask("and what was kind?")
    assert [one["content"] for one in playground.said["before"]][:3] == [
        "what was good?", first.before, "and what was kind?",
    ]  # fmt: skip
    reported = playground.said["after"][:-1]
    (answer,) = playground.after.ask([{"messages": reported}])
    assert playground.said["after"][-1] == {"role": "assistant", "content": answer["predicted"]}
    playground.forget()
    assert playground.ask("what was good?") == first


def test_a_seed_gives_the_same_answer_again_and_another_seed_another(playground):
    defaults = sampling.defaults(playground.run.spec())

    def ask(**changes):
        playground.forget()
        return playground.ask("what was good?", replace(defaults, **changes))

    drawn = [ask(temperature=1.5, seed=seed) for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]
    assert ask(temperature=1.5, seed=1, top_p=0.01).after == ask().after != drawn[0].after
    assert len(ask(max_new_tokens=1).after) < len(ask().after)
    assert ask(repetition_penalty=0.5) != ask()
    assert ask() == ask(seed=7)


def test_both_models_draw_from_the_same_seed(run, playground):
    alike = replace(playground, before=playground.after, said={})
    warm = replace(sampling.defaults(run.spec()), temperature=1.5)
    found = alike.ask("what was good?", warm)
    assert found.before == found.after


def test_chance_elsewhere_is_left_alone(playground):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    playground.ask("hello", replace(sampling.defaults(playground.run.spec()), temperature=1.0))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"temperature": "-1"}, "temperature: '-1' does not fit; choose at least 0"),
        ({"top_p": "much"}, "top_p: 'much' does not fit; give a number"),
        ({"seed": "1.5"}, "seed: '1.5' does not fit; give a whole number"),
        ({"temperature": "nan"}, "temperature: 'nan' does not fit; give a finite number"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(entry, said):
    with pytest.raises(InputError) as caught:
        sampling.chosen(RunSpec(), entry)
    assert str(caught.value) == said


def test_nothing_is_asked_with_nothing(playground):
    with pytest.raises(InputError, match="no text"):
        playground.ask(" \n")


def test_the_probe_sentences_are_answered_and_shown_escaped(run):
    (kept,) = read_answers(run)
    assert kept.asked == PROBE
    assert kept.after == predict_texts(run, [PROBE])[0]["predicted"]
    for page in (render(run), pages.answers_page(run)[0]["text/html"]):
        assert "&lt;b&gt;what was good?&lt;/b&gt;" in page
        assert PROBE not in page
        assert "Before fine-tuning" in page


def test_the_terminal_asks_line_by_line(run, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("what was good?\n\nwhat was kind?\n"))
    assert main(["chat", str(run.path), "--before", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["asked"] == "what was good?"
    assert first["after"] == predict_texts(run, ["what was good?"])[0]["predicted"]
    assert second.keys() == {"asked", "before", "after"}
    monkeypatch.setattr(sys, "stdin", io.StringIO("what was good?"))
    assert main(["chat", str(run.path)]) == 0
    assert capsys.readouterr().out.strip() == first["after"]


def test_the_terminal_takes_how_to_write(run, monkeypatch, capsys):
    def chat(*options):
        monkeypatch.setattr(sys, "stdin", io.StringIO("what was good?\n"))
        code = main(["chat", str(run.path), *options])
        return code, capsys.readouterr()

    _, one = chat("--temperature", "1.5", "--seed", "1")
    assert one.out == chat("--temperature", "1.5", "--seed", "1")[1].out != chat()[1].out
    code, reported = chat("--top-p", "7")
    assert (code, "top_p: '7' does not fit; choose at most 1" in reported.err) == (2, True)


def test_a_model_that_does_not_write_is_refused(tmp_path):
    other = RunFolder(tmp_path / "moods")
    other.path.mkdir()
    other.write_spec(RunSpec(), {})
    with pytest.raises(RunError, match="moods was trained for text-classification") as caught:
        open_playground(other)
    assert f"workbench predict {other.path} TEXT" in str(caught.value)
    with language.using("zh"):
        assert "不生成文本" in str(caught.value)


@pytest.fixture
def desk(run, playground):
    playground.forget()
    return PlaygroundDesk(lambda: playground, run.spec(), remembers=True, language="en")


def tell(desk, **message):
    """Do what the browser's message does, and wait for the answer."""
    desk._received(desk, message, [])
    desk.wait()


def test_the_widget_shows_both_answers_and_begins_anew(desk):
    tell(desk, kind="ask", text=PROBE)
    (said,) = desk.said
    assert said["asked"] == PROBE
    assert said["before"] != said["after"]
    assert (desk.busy, desk.fault) == (False, "")
    assert said["settings"] == "at most 8 tokens, greedy"
    assert {name: shown(tokens) for name, tokens in said["tokens"].items()} == {
        name: said[name] for name in ("before", "after")
    }
    tell(desk, kind="forget")
    assert desk.said == []


def shown(tokens):
    return "".join(one["text"] for one in tokens if not one["special"]).strip()


def test_the_widget_sends_each_token_as_it_is_written(desk):
    sent = []
    desk.send = sent.append
    tell(desk, kind="ask", text="hello")
    assert sent[0] == {"kind": "begin", "asked": "hello"}
    for name, tokens in desk.said[0]["tokens"].items():
        assert [one["token"] for one in sent[1:] if one["by"] == name] == tokens


def test_another_run_may_stand_in_place_of_the_model_before(run):
    alike = open_playground(run, beside=run)
    found = alike.ask("what was good?")
    assert found.before == found.after


def test_the_widget_says_what_does_not_fit_and_asks_nothing(desk):
    assert desk.entries["max_new_tokens"] == "8"
    desk.entries = desk.entries | {"temperature": "hot"}
    assert desk.faults == {"temperature": "give a number"}
    tell(desk, kind="ask", text="hello")
    assert (desk.said, desk.fault) == ([], "temperature: 'hot' does not fit; give a number")
    desk.entries = desk.entries | {"temperature": "1.5"}
    tell(desk, kind="ask", text="hello")
    assert desk.faults == {}
    assert desk.said[0]["settings"].endswith("sampled at temperature 1.5, top-p 1, seed 42")


def test_the_widget_says_what_is_wrong_and_can_be_asked_again(desk):
    tell(desk, kind="ask", text=" ")
    assert desk.fault.startswith("no text to predict")
    assert (desk.busy, desk.said) == (False, [])
    tell(desk, kind="ask", text="hello")
    assert (len(desk.said), desk.fault) == (1, "")


def test_one_question_at_a_time(desk):
    desk.busy = True
    tell(desk, kind="ask", text="hello")
    assert desk.said == []
