"""Writing: prompts and what is learned of them, scores, and runs from file to report."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.tiny_models import SENTENCES, make_tiny_bert, make_tiny_llama
from tests.tiny_runs import GOOD, THINGS, tiny_spec
from tests.tiny_writers import make_tiny_t5
from workbench import pipeline
from workbench.cli import main
from workbench.data import load_data
from workbench.errors import DataError, ModelError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.reporting import render
from workbench.spec import DataSpec, RunSpec
from workbench.tasks import Outcome, Setup, load_task
from workbench.tasks._guessing import IGNORED
from workbench.tasks._rouge import is_exact, rouge_l
from workbench.training.prepare import prepare

from .observed import observed

TASK = load_task("text-generation")
CHAT = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def make_rows():
    """Return instructions with the answer in them: the thing that is asked about."""
    return [
        {"instruction": f"what was {word}?", "input": f"the {thing} was {word}" * (word != "kind"),
         "output": f"the {thing}" if word != "kind" else "the crew"}
        for word in GOOD for thing in THINGS
    ]  # fmt: skip


def write_spec(folder, rows, template=None, **changes):
    folder.mkdir(exist_ok=True)
    model = make_tiny_llama(folder / "llama", template)
    data = folder / "rows.json"
    data.write_text(json.dumps(rows), "utf-8")
    changes = {
        "task": "text-generation",
        "data.source": str(data),
        "model.source": str(model),
        "data.max_tokens": 64,
        "generate.max_new_tokens": 8,
        **changes,
    }
    return tiny_spec(folder, **changes)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tokenizer_of(tmp_path_factory.mktemp("llama"))


def tokenizer_of(folder, template=None):
    from workbench.models import load_tokenizer

    return load_tokenizer(make_tiny_llama(folder, template))


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    spec = write_spec(tmp_path_factory.mktemp("answers"), make_rows())
    return pipeline.train(spec.replace({"train.num_train_epochs": 15}))


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    rows = [{"text": f"the {thing} was {word}"} for word in GOOD for thing in THINGS]
    spec = write_spec(tmp_path_factory.mktemp("texts"), rows, **{"data.packing": True})
    return pipeline.train(spec.replace({"train.num_train_epochs": 60}))


def setup_of(tokenizer, columns=(), **changes):
    spec = RunSpec().replace(
        {"task": "text-generation", "data.columns": {name: name for name in columns}, **changes}
    )
    return Setup(spec, tokenizer, [], spec.data.max_tokens)


def rows_of(tokenizer, training, columns, **changes):
    setup = setup_of(tokenizer, columns, **changes)
    count = len(next(iter(columns.values())))
    found = TASK.encode({**columns, "row": list(range(1, count + 1))}, setup, training)
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def learned(tokenizer, row):
    return tokenizer.decode([one for one in row["labels"] if one != IGNORED])


ASKED = {"instruction": ["what was good?"], "input": ["the film"], "output": ["the film, yes"]}


# Prompts and what is learned


def test_without_a_template_of_its_own_a_tokenizer_gets_the_plain_one(tokenizer):
    (row,) = rows_of(tokenizer, False, ASKED)
    assert tokenizer.decode(row["prompt"]) == (
        "<s>### Instruction:\nwhat was good?\n\n### Input:\nthe film\n\n### Response:\n"
    )
    (bare,) = rows_of(tokenizer, False, {**ASKED, "input": [""]})
    assert tokenizer.decode(bare["prompt"]) == (
        "<s>### Instruction:\nwhat was good?\n\n### Response:\n"
    )


def test_only_the_answer_and_its_end_are_learned(tokenizer):
    (row,) = rows_of(tokenizer, True, ASKED)
    assert learned(tokenizer, row) == "the film, yes</s>"
    assert tokenizer.decode(row["input_ids"]).startswith("<s>### Instruction:\nwhat was good?")
    (whole,) = rows_of(tokenizer, True, ASKED, **{"train.completion_only_loss": False})
    assert learned(tokenizer, whole) == tokenizer.decode(whole["input_ids"][1:])


def test_a_chat_template_of_the_tokenizer_is_used(tmp_path):
    chat = tokenizer_of(tmp_path, CHAT)
    (row,) = rows_of(chat, True, ASKED)
    assert tokenizer_text(chat, row) == (
        "<user>what was good?\n\nthe film</s><assistant>the film, yes</s>"
    )
    assert learned(chat, row) == "the film, yes</s>"


def tokenizer_text(tokenizer, row):
    return tokenizer.decode(row["input_ids"])


def test_of_a_conversation_all_answers_are_learned_or_the_last(tokenizer):
    talk = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "good day"},
        {"role": "user", "content": "again"},
        {"role": "assistant", "content": "see you"},
    ]
    (every,) = rows_of(tokenizer, True, {"messages": [talk]})
    assert learned(tokenizer, every) == "good day</s>see you</s>"
    (row,) = rows_of(tokenizer, True, {"messages": [talk]}, **{"train.assistant_turns": "last"})
    assert learned(tokenizer, row) == "see you</s>"
    assert "be kind\n\n### Instruction:\nhello\n\n### Response:\ngood day" in tokenizer_text(
        tokenizer, row
    )


def test_a_template_that_fails_is_reported_with_the_conversation(tmp_path):
    chat = tokenizer_of(tmp_path, "{{ raise_exception('only users') }}")
    with pytest.raises(DataError) as caught:
        rows_of(chat, True, ASKED)
    assert "does not take the conversation 'what was good?" in str(caught.value)
    assert "(only users)" in str(caught.value)


def test_a_long_prompt_loses_its_beginning_and_the_answer_keeps_half(tokenizer):
    long = {"instruction": ["so good " * 50], "output": ["the film was wonderful " * 20]}
    (row,) = rows_of(tokenizer, True, long, **{"data.max_tokens": 32})
    assert len(row["input_ids"]) == 32
    assert sum(one != IGNORED for one in row["labels"]) == 16
    assert "### Response:" in tokenizer_text(tokenizer, row)
    assert "</s>" not in learned(tokenizer, row)  # it does not end here


def test_texts_longer_than_a_row_fill_several(tokenizer):
    text = "the film was wonderful " * 10
    rows = rows_of(tokenizer, True, {"text": [text, "good"]}, **{"data.max_tokens": 16})
    assert [row["row"] for row in rows][-2:] == [1, 2]
    first = [one for row in rows[:-1] for one in row["input_ids"]]
    assert tokenizer.decode(first) == f"<s>{text}</s>"
    assert all(row["labels"][0] == IGNORED for row in rows)


def test_packed_rows_hold_whole_texts_and_every_token(tokenizer):
    texts = {"text": [f"the {thing} was good" for thing in THINGS]}
    packed = rows_of(tokenizer, True, texts, **{"data.packing": True, "data.max_tokens": 30})
    alone = rows_of(tokenizer, True, texts)
    assert len(packed) < len(alone)
    assert all(len(row["input_ids"]) <= 30 for row in packed)
    joined = [one for row in packed for one in row["input_ids"]]
    assert sorted(joined) == sorted(one for row in alone for one in row["input_ids"])
    ends = [n for row in packed for n, one in enumerate(row["input_ids"]) if one == 1]
    assert len(ends) == len(THINGS)
    checked = rows_of(tokenizer, False, texts, **{"data.packing": True})
    assert len(checked) == len(THINGS)  # only training rows are packed


@pytest.mark.parametrize("packing", [False, True])
def test_a_row_without_a_token_to_learn_is_left_out_of_training(tokenizer, packing):
    text = "the film was wonderful"
    size = len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1
    changes = {"data.max_tokens": size, "data.packing": packing}
    texts = {"text": [text]}  # with its start and its end one token more than a row holds
    (row,) = rows_of(tokenizer, True, texts, **changes)
    assert any(one != IGNORED for one in row["labels"])
    assert len(rows_of(tokenizer, False, texts, **changes)) == 2


# Scores


def test_rouge_l_is_as_counted_by_hand():
    assert rouge_l("the cat sat on the mat", "the cat on a mat") == pytest.approx(2 * 4 / 11)
    assert rouge_l("Good, day!", "good day") == 1.0
    assert rouge_l("good", "bad") == rouge_l("good", "") == 0.0
    assert rouge_l("今天天气好", "今天好") == pytest.approx(2 * 3 / 8)
    assert rouge_l("用Python写", "python") == pytest.approx(2 * 1 / 4)


def test_equal_texts_may_differ_in_case_and_blanks():
    assert is_exact("Good  day\n", "good day")
    assert not is_exact("good day", "good day!")


def test_the_loss_of_a_batch_is_that_of_the_next_tokens():
    import torch

    logits = torch.randn(2, 4, 9)
    labels = torch.tensor([[IGNORED, IGNORED, 3, 5], [IGNORED, 1, 2, IGNORED]])
    kept = TASK.reduce_logits(logits, labels).numpy()
    shares = logits.log_softmax(-1)
    by_hand = [
        -(shares[0, 1, 3] + shares[0, 2, 5]).item(),
        -(shares[1, 0, 1] + shares[1, 1, 2]).item(),
    ]
    assert kept[:, 0] == pytest.approx(by_hand, rel=1e-5)
    assert kept[:, 1].tolist() == [2, 2]
    assert TASK.score(kept, labels, None)["loss"] == pytest.approx(sum(by_hand) / 4, rel=1e-5)


def outcome_of(tokenizer, columns, answers):
    from datasets import Dataset

    count = len(answers)
    table = Dataset.from_dict({**columns, "row": list(range(1, count + 1))})
    return Outcome(answers, rows_of(tokenizer, False, columns), table, setup_of(tokenizer))


def test_answers_are_compared_with_the_references(tokenizer):
    columns = {"instruction": ["a", "b"], "output": ["good day", "the film"]}
    answers = [
        {"sums": [2.0, 2, 1], "written": "Good day"},
        {"sums": [6.0, 2, 0], "written": "the crew"},
    ]
    outcome = outcome_of(tokenizer, columns, answers)
    found = TASK.evaluate(outcome)
    assert found["metrics"] == pytest.approx(
        {"loss": 2.0, "token_accuracy": 0.25, "perplexity": np.exp(2), "rouge_l": 0.75,
         "exact_match": 0.5}
    )  # fmt: skip
    first, second = TASK.predictions(outcome)
    assert (second["prompt"], second["label"], second["predicted"]) == ("b", "the film", "the crew")
    assert (second["loss"], second["tokens"]) == (3.0, 2)
    assert TASK.line(first) == "Good day\ta"


def test_scores_of_all_rows_are_those_of_the_evaluation(tokenizer):
    columns = {"instruction": ["a", "b"], "output": ["good day", "the film"]}
    answers = [{"sums": [2.0, 2, 1], "written": "Good"}, {"sums": [9.0, 7, 0], "written": "crew"}]
    outcome = outcome_of(tokenizer, columns, answers)
    known = TASK.evaluate(outcome)["metrics"]
    found = TASK.rescore(TASK.predictions(outcome))(np.arange(2))
    assert set(found) == {"loss", "perplexity", "rouge_l"}
    assert found == pytest.approx({name: known[name] for name in found})


def test_baselines_are_token_frequencies_and_a_copy_of_the_prompt(tokenizer):
    from datasets import Dataset

    columns = {"instruction": ["good film"], "output": ["good"]}
    outcome = outcome_of(tokenizer, columns, [{"sums": [1.0, 2, 1], "written": "bad"}])
    train = Dataset.from_dict({"instruction": ["x"], "output": ["good"], "row": [1]})
    found = TASK.baselines(outcome, train)
    assert list(found) == ["unigram", "copy"]
    (usual,), (copied,) = found["unigram"], found["copy"]
    truth = [one for one in outcome.rows[0]["labels"] if one != IGNORED]
    size = len(tokenizer)
    counts = [truth.count(one) + 1 for one in truth]
    assert usual["sums"][0] == pytest.approx(-np.log(np.array(counts) / (size + len(truth))).sum())
    assert copied["written"] == "good film"
    scored = TASK.evaluate(SimpleNamespace(**{**vars(outcome), "outputs": [copied]}))["metrics"]
    assert scored["rouge_l"] == pytest.approx(2 / 3)
    assert scored["perplexity"] is None


# From a file to a report


def test_a_run_learns_to_answer(answering):
    metrics = answering.metrics()
    after, rivals = metrics["metrics"], metrics["baselines"]
    assert after["perplexity"] < rivals["unigram"]["perplexity"] < rivals["before"]["perplexity"]
    assert after["rouge_l"] > rivals["copy"]["rouge_l"] > rivals["before"]["rouge_l"]
    assert rivals["unigram"]["rouge_l"] is None
    assert metrics["written_rows"] == metrics["rows"]
    low, high = metrics["intervals"]["after"]["perplexity"]
    assert low < after["perplexity"] < high
    assert answering.spec().data.columns == {
        "instruction": "instruction", "input": "input", "output": "output",
    }  # fmt: skip


def test_a_row_without_input_is_learned_from_all_the_same(answering):
    assert answering.record()["train_rows"] + answering.record()["validation_rows"] == 40


def test_the_report_shows_prompt_reference_and_output_side_by_side(answering):
    page = render(answering)
    assert "Perplexity of the fine-tuned model on" in page
    assert "Token frequencies alone: " in page
    for title in ("Prompt", "Reference", "Model output"):
        assert f'<th scope="col">{title}</th>' in page


def test_a_run_answers_and_is_evaluated_on_further_rows(answering, tmp_path, capsys):
    (answer,) = predict_texts(answering, ["what was great?"], {"input": "the film was great"})
    assert answer["prompt"] == "what was great?\n\nthe film was great"
    assert answer["predicted"].startswith("the ")
    assert "loss" not in answer
    assert main(["predict", str(answering.path), "what was kind?"]) == 0
    assert capsys.readouterr().out.strip().split("\t")[1] == "what was kind?"
    further = tmp_path / "more.json"
    further.write_text(json.dumps(make_rows()[:4]), "utf-8")
    metrics, rows = evaluate_file(answering, str(further))
    assert metrics["rows"] == 4
    assert rows[0]["loss"] >= rows[-1]["loss"]


def test_training_says_how_likely_each_answer_was(answering):
    found, worst = observed(answering)
    assert found.confidence[-1].mean() > found.confidence[0].mean()
    assert worst["label"]


def test_texts_that_fill_rows_together_are_reported_by_the_first_of_them(telling):
    found, worst = observed(telling)
    assert len(found) == telling.record()["train_rows"] < len(GOOD) * len(THINGS) / 2
    assert worst["label"] is None


def test_a_run_on_texts_learns_to_go_on_with_them(telling):
    metrics = telling.metrics()
    after, rivals = metrics["metrics"], metrics["baselines"]
    assert after["perplexity"] < rivals["unigram"]["perplexity"] < rivals["before"]["perplexity"]
    assert after["rouge_l"] is None
    assert list(rivals) == ["unigram", "before"]
    assert "Perplexity of the fine-tuned model on" in render(telling)
    (answer,) = predict_texts(telling, ["the film"])
    assert answer["predicted"].split()[0] == "was"
    assert set(answer) == {"predicted", "prompt"}


def test_an_encoder_is_made_to_look_back_only(tmp_path):
    import torch

    make_tiny_bert(tmp_path / "bert")
    spec = write_spec(tmp_path, [{"text": text} for text in SENTENCES])
    prepared = prepare(
        spec.replace({"model.source": str(tmp_path / "bert"), "data.max_tokens": 16})
    )
    model = prepared.new_model().eval()
    ids = torch.tensor([[2, 30, 31, 32]])
    other = torch.tensor([[2, 30, 31, 60]])
    with torch.no_grad():
        assert torch.allclose(model(ids).logits[:, :3], model(other).logits[:, :3], atol=1e-6)


def test_conversations_are_learned_from_file_to_answer(tmp_path):
    rows = [
        {"conversations": [{"from": "human", "value": f"{row['instruction']} {row['input']}"},
                           {"from": "gpt", "value": row["output"]}]}
        for row in make_rows()
    ]  # fmt: skip
    run = pipeline.train(write_spec(tmp_path / "talk", rows, CHAT, **{"train.max_steps": 5}))
    assert run.spec().data.columns == {"messages": "conversations"}
    assert run.metrics()["metrics"]["rouge_l"] is not None
    (answer,) = predict_texts(run, ["what was good?"])
    assert answer["prompt"] == "what was good?"


# Bad input


def test_conversations_that_cannot_be_learned_from_are_left_out_counted_and_shown(tmp_path):
    good = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]
    rows = [{"messages": [*good[:1], {"role": "assistant", "content": f"day {n}"}]}
            for n in range(8)]  # fmt: skip
    rows += [{"messages": good[:1]}, {"messages": [{"role": "user"}]}, {"messages": "hello"}]
    path = tmp_path / "talk.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 42)
    assert sum(data.sizes.values()) == 8
    reported = " ".join(data.notes)
    assert "whose last message is not the assistant's (row 9 (“hello”))." in reported
    assert "that are not a list of messages with role and content (row 10 " in reported


def test_a_text_that_stands_alone_cannot_be_held_out(tmp_path):
    path = tmp_path / "same.txt"
    path.write_text("so good\n" * 5, "utf-8")
    with pytest.raises(DataError, match="there is only one distinct text, so none can"):
        load_data(DataSpec(source=str(path)), TASK, 42)


def test_an_instruction_without_an_answer_is_left_out(tmp_path):
    rows = [*make_rows(), {"instruction": "what?", "input": "", "output": " "}]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 42)
    assert "Skipped 1 of the training rows with an empty answer (row 41)." in data.notes[0]


def test_answers_that_cannot_be_learned_or_written_whole_are_counted(tmp_path):
    long = [{"instruction": "what was good?", "output": "the film " * n} for n in (8, 30)]
    prepared = prepare(write_spec(tmp_path, [*make_rows()[:20], *long]))
    cut = {one["kind"]: one for one in prepared.profile().findings if "cut" in one["kind"]}
    assert {kind: one["count"] for kind, one in cut.items()} == {
        "cut_answers.written": 2, "cut_answers.learned": 1,
    }  # fmt: skip


def test_a_model_that_does_not_fit_is_refused_before_there_is_a_folder(tmp_path):
    model = make_tiny_t5(tmp_path / "t5")
    spec = write_spec(tmp_path, make_rows()).replace({"model.source": str(model)})
    with pytest.raises(ModelError, match="cannot be used for CausalLM; choose a model that goes"):
        pipeline.train(spec)
    assert not (tmp_path / "runs").exists()


def test_a_padding_token_that_stands_in_is_noted(tmp_path):
    prepared = prepare(write_spec(tmp_path, make_rows()))
    assert prepared.profile().notes[-1] == (
        "The tokenizer has no padding token; </s> is used instead."
    )
