from __future__ import annotations

import json
import re

import pytest
from figures.examples import HOSTILE, state

from reporting.folders import LABELS, LONG, run_folder
from reporting.test_page import LOADING, Page
from workbench import language
from workbench.errors import InputError
from workbench.evaluation.run import write_predictions
from workbench.reporting.compare import (
    SECTIONS,
    compare,
    comparison,
    paired_figure,
    render_comparison,
    write_comparison,
)
from workbench.runs import EventWriter, RunFolder, write_json
from workbench.spec import RunSpec


@pytest.fixture(params=["en", "zh"])
def spoken(request):
    before = language.current()
    yield language.use(request.param)
    language.use(before)


@pytest.fixture
def runs(tmp_path):
    """A finished run and a fork of it that has not been evaluated, both with hostile text."""
    parent = run_folder(tmp_path)
    child = RunFolder(parent.path.with_name("fork & <b>co"))
    child.path.mkdir()
    spec = parent.spec().replace({"train.learning_rate": 2e-5, "data.columns": {"text": HOSTILE}})
    left = {"run": parent.name, "path": parent.name, "step": 80}
    child.write_spec(spec, parent.record() | {"parent": left, "precision": HOSTILE})
    writer = EventWriter(child.events_path)
    writer.write("run_started", 0, total_steps=120, device="cpu", precision="bf16")
    for event in state().steps[80:100]:
        writer.write("step_logged", event["step"], loss=event["loss"], learning_rate=1e-5)
    writer.write("run_ended", 100, reason="stopped", best_step=0, seconds=1.5)
    writer.close()
    return [parent, child]


def answer(run, *labels):
    texts = [f"{HOSTILE} <img src=https://evil.example/x.png>", LONG, "late"]
    rows = [
        {"row": n, "text": texts[n], "predicted": label, "confidence": 0.9 - n / 10,
         "label": LABELS[1]}
        for n, label in enumerate(labels)
    ]  # fmt: skip
    write_predictions(run.evaluation_path / "predictions.parquet", rows)


def test_everything_that_is_compared_is_plain_data(runs):
    found = comparison(runs)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["runs"] == [run.name for run in runs]
    assert found["spec"]["train.learning_rate"] == [1e-4, 2e-5]
    assert found["environment"] == {"precision": ["bf16", HOSTILE]}
    assert found["progress"]["step"] == [120, 100]
    assert found["progress"]["status"] == ["finished", "stopped"]
    assert found["metrics"]["accuracy"] == [0.873, None]
    assert found["forks"][0]["children"][0]["step"] == 80
    assert found["disagreements"][0]["reason"] == "no_predictions"


def test_the_page_is_one_closed_file_that_shows_text_and_never_runs_it(runs, spoken):
    for run, answers in zip(runs, (LABELS[:2] + LABELS[:1], LABELS[1:] * 3), strict=True):
        answer(run, *answers)
    page = render_comparison(runs)
    parsed = Page(page)
    assert parsed.open == []
    assert not parsed.tags("script")
    for tag, attributes in parsed.elements:
        for name in LOADING & attributes.keys():
            assert attributes[name].startswith(("data:", "#")), (tag, name)
    assert "<img src=https" not in page
    assert parsed.text.count("<script>alert(1)</script>") >= 6
    assert "fork & <b>co" in parsed.text
    assert parsed.tags("meta")[2]["content"].startswith("default-src 'none'")
    assert parsed.tags("html")[0]["lang"] == {"en": "en", "zh": "zh-CN"}[spoken]


def test_every_section_is_there_and_in_the_contents(runs, spoken):
    parsed = Page(render_comparison(runs))
    ids = {attributes.get("id") for _, attributes in parsed.elements}
    assert set(SECTIONS) <= ids
    assert {a["href"].removeprefix("#") for a in parsed.tags("a")} == set(SECTIONS)
    for section in SECTIONS:
        assert language.text(f"compare.section.{section}") in parsed.text
    assert len(parsed.tags("img")) == 3


def test_runs_that_are_no_forks_have_no_section_for_them(tmp_path):
    runs = [run_folder(tmp_path / "x"), run_folder(tmp_path / "y")]
    parsed = Page(render_comparison(runs))
    assert "forks" not in {attributes.get("id") for _, attributes in parsed.elements}
    assert language.text("compare.same_spec") in parsed.text
    assert language.text("compare.same_environment") in parsed.text
    assert "All 4 validation rows get the same prediction." in parsed.text


def test_the_page_says_who_is_right_where_two_runs_disagree(runs):
    answer(runs[0], LABELS[1], LABELS[0], LABELS[0])
    answer(runs[1], LABELS[0], LABELS[1], LABELS[0])
    text = " ".join(Page(render_comparison(runs)).text.split())
    assert (
        f"2 of 3 validation rows get different predictions. Only {runs[0].name} is right on 1 of "
        "them, only fork & <b>co on 1, and neither on 0."
    ) in text


@pytest.mark.parametrize("reason", ["no_predictions", "other_task", "other_labels", "other_rows"])
def test_runs_whose_answers_do_not_compare_get_a_sentence(runs, monkeypatch, reason):
    from workbench.evaluation.disagree import Disagreements
    from workbench.reporting import compare as module

    monkeypatch.setattr(module, "find_disagreements", lambda *_: Disagreements(reason))
    assert language.text(f"compare.reason.{reason}") in Page(render_comparison(runs)).text


def test_a_notebook_gets_tables_and_three_figures(runs, spoken):
    answer(runs[0], *LABELS), answer(runs[1], *reversed(LABELS))
    tables, *shown = compare(runs)
    figures, looks = shown[::2], shown[1::2]
    assert language.text("figures.compared_training_loss.look") in [
        one["text/plain"] for one in looks
    ]
    parsed = Page(tables["text/html"])
    assert parsed.open == []
    assert not re.search(r"<script|<img src=https|<b>co", tables["text/html"])
    assert runs[0].name in tables["text/plain"]
    assert [set(bundle) for bundle in figures] == [
        {"application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"}
    ] * 3
    assert json.loads(json.dumps(figures[0], allow_nan=False)) == figures[0]


def test_one_run_twice_is_no_comparison(runs):
    with pytest.raises(InputError, match="two or more different runs"):
        comparison([runs[0], runs[0]])
    with pytest.raises(InputError, match="two or more different runs"):
        comparison(runs[:1])


def test_a_page_that_cannot_be_written_is_an_input_error(runs, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose another place"):
        write_comparison(runs, tmp_path / "file" / "page.html")


def test_runs_without_a_single_event_can_be_compared(tmp_path):
    runs = [RunFolder(tmp_path / name) for name in "ab"]
    for run in runs:
        run.path.mkdir()
        run.write_spec(run_folder(tmp_path / f"of-{run.name}").spec(), {})
    assert comparison(runs)["progress"]["last_training_loss"] == [None, None]
    assert len(Page(render_comparison(runs)).tags("img")) == 2


def test_ten_runs_fit_into_one_page(tmp_path):
    runs = [run_folder(tmp_path / str(n)) for n in range(10)]
    write_json(runs[3].evaluation_path / "metrics.json", {"metrics": {"meteor": 0.4}})
    parsed = Page(render_comparison(runs))
    assert parsed.open == []
    assert "meteor" in parsed.text


def judged(folder, name: str, right: int) -> RunFolder:
    """Write a run that answers so many of ten rows rightly."""
    run = RunFolder(folder / name)
    run.path.mkdir()
    run.write_spec(RunSpec(), {"labels": ["no", "yes"]})
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=2, device="cpu", precision="fp32")
    writer.write("step_logged", 1, loss=1.0, learning_rate=1e-5)
    metrics = {"loss": 1.0 - right / 20, "accuracy": right / 10}
    writer.write("evaluated", 1, epoch=1.0, metrics=metrics, best=True)
    writer.write("run_ended", 1, reason="finished", best_step=1, seconds=1.0)
    writer.close()
    rows = [
        {"row": n, "text": f"t{n}", "label": "yes", "predicted": "yes" if n < right else "no",
         "confidence": 0.9, "loss": 1.0} for n in range(10)
    ]  # fmt: skip
    write_predictions(run.evaluation_path / "predictions.parquet", rows)
    return run


def test_the_better_run_is_reported_as_the_better_one(tmp_path):
    worse, better = judged(tmp_path, "worse", 6), judged(tmp_path, "better", 9)
    said = [
        paired_figure(*pair).layout.title.subtitle.text
        for pair in ((worse, better), (better, worse))
    ]
    assert said[0].startswith("better minus worse: +0.300 ± ")
    assert said[1].startswith("worse minus better: -0.300 ± ")
    found = comparison([worse, better])["disagreements"][0]
    assert (found["differing"], found["only_first"], found["only_second"]) == (3, 0, 3)
