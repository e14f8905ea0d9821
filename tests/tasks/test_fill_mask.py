"""Hidden words: which are hidden, how well they are guessed, and a run from file to report."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.data import load_data
from workbench.errors import ModelError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.reporting import render
from workbench.reporting.compare import comparison, render_comparison
from workbench.spec import DataSpec, RunSpec
from workbench.tasks import Setup, load_task
from workbench.tasks._guessing import IGNORED
from workbench.training.estimate import estimate
from workbench.training.lr_finder import find_learning_rate
from workbench.training.prepare import prepare

from .observed import observed

TASK = load_task("fill-mask")
LONG = "the film was wonderful and the crew was kind and the food was terrible " * 3


def mask_spec(folder, **changes):
    folder.mkdir(exist_ok=True)
    return tiny_spec(folder, **{"task": "fill-mask", "data.max_tokens": 32, **changes})


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(make_tiny_bert(tmp_path_factory.mktemp("bert")))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(mask_spec(tmp_path_factory.mktemp("mask"), **{"train.eval_steps": 30}))


def setup_of(tokenizer, **changes):
    spec = RunSpec().replace({"task": "fill-mask", **changes})
    return Setup(spec, tokenizer, [], spec.data.max_tokens)


def rows_of(tokenizer, texts, training, **changes):
    setup = setup_of(tokenizer, **changes)
    columns = TASK.encode(
        {"text": texts, "row": [7 + n for n in range(len(texts))]}, setup, training
    )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


# What is hidden


def test_of_validation_rows_the_same_tokens_are_hidden_whatever_stands_around_them(tokenizer):
    first = rows_of(tokenizer, [LONG], training=False)
    again = rows_of(tokenizer, ["I love this place", LONG], training=False, **{"train.seed": 1})[1:]
    assert [row["input_ids"] for row in first] == [row["input_ids"] for row in again]
    (row,) = first
    hidden = [p for p, label in enumerate(row["labels"]) if label != IGNORED]
    assert hidden == row["places"]
    assert len(hidden) == round(0.15 * (len(row["labels"]) - 2))
    assert {row["input_ids"][place] for place in hidden} == {tokenizer.mask_token_id}
    words = [LONG[a:b] for a, b in zip(row["starts"], row["ends"], strict=True)]
    assert words == [tokenizer.decode([row["labels"][place]]) for place in hidden]


def test_of_the_drawn_training_tokens_eight_in_ten_become_masks_and_one_in_ten_stays(tokenizer):
    import torch

    rows = rows_of(tokenizer, [LONG] * 200, training=True)
    assert "labels" not in rows[0]
    torch.manual_seed(1)
    batch = TASK.collate(rows, setup_of(tokenizer))
    drawn = batch["labels"] != IGNORED
    ids, truth = batch["input_ids"][drawn], batch["labels"][drawn]
    assert set(drawn.sum(dim=1).tolist()) == {round(0.15 * (drawn.shape[1] - 2))}
    assert not drawn[:, 0].any()  # never the special token in front
    assert (ids == tokenizer.mask_token_id).float().mean() == pytest.approx(0.8, abs=0.05)
    assert (ids == truth).float().mean() == pytest.approx(0.1, abs=0.04)
    original = torch.tensor([row["input_ids"] for row in rows])
    assert torch.equal(original[drawn], truth)
    assert torch.equal(original[~drawn], batch["input_ids"][~drawn])
    assert not torch.equal(batch["labels"], TASK.collate(rows, setup_of(tokenizer))["labels"])


def test_the_share_is_that_of_the_spec(tokenizer):
    (row,) = rows_of(tokenizer, [LONG], training=False, **{"train.mlm_probability": 0.4})
    assert len(row["places"]) == round(0.4 * (len(row["labels"]) - 2))


def test_whole_words_are_hidden_or_shown_whole(tokenizer):
    text = "unbelievable wonderfully overwhelming " * 8
    (row,) = rows_of(
        tokenizer, [text], False, **{"train.whole_word_mask": True, "data.max_tokens": 500}
    )
    words = tokenizer(text).word_ids()
    assert max(words.count(word) for word in set(words)) > 1, "the words are of several tokens"
    hidden = {words[place] for place in row["places"]}
    assert sorted(row["places"]) == [p for p, word in enumerate(words) if word in hidden]
    (single,) = rows_of(tokenizer, [text], False, **{"data.max_tokens": 500})
    lone = {words[place] for place in single["places"]}
    assert single["places"] != [p for p, word in enumerate(words) if word in lone]


def test_a_text_longer_than_a_row_fills_several_and_none_of_it_is_lost(tokenizer):
    rows = rows_of(tokenizer, ["so", LONG], training=True, **{"data.max_tokens": 12})
    assert [row["row"] for row in rows] == [7, *[8] * (len(rows) - 1)]
    assert all(len(row["input_ids"]) <= 12 for row in rows)
    joined = [one for row in rows[1:] for one in row["input_ids"][1:-1]]
    assert joined == tokenizer(LONG)["input_ids"][1:-1]
    setup = setup_of(tokenizer, **{"data.max_tokens": 12})
    assert TASK.lengths({"text": ["so", LONG]}, setup) == [len(rows[0]["input_ids"]), 12]


def test_a_mask_in_a_text_is_what_is_asked_for(tokenizer):
    (row,) = rows_of(tokenizer, ["the film was [MASK] and good"], training=False)
    assert [row["input_ids"][place] for place in row["places"]] == [tokenizer.mask_token_id]
    assert set(row["labels"]) == {IGNORED}


def test_a_text_without_a_word_gives_no_row(tokenizer):
    assert rows_of(tokenizer, ["\u200b", "good"], training=True)[0]["row"] == 8


# Scores


def test_scores_and_baseline_are_as_counted_by_hand(tokenizer):
    from datasets import Dataset

    from workbench.tasks import Outcome

    good, bad = (tokenizer.convert_tokens_to_ids(word) for word in ("good", "bad"))
    rows = [{"row": 1, "labels": [IGNORED, good, bad], "places": [1, 2], "input_ids": [0, 4, 4],
             "starts": [0, 5], "ends": [4, 8]}]  # fmt: skip
    answer = {
        "guesses": np.array([[good, bad], [good, bad]]),
        "shares": np.array([[0.5, 0.25], [0.5, 0.25]]),
        "losses": np.array([np.log(2), np.log(4)]),
    }
    table = Dataset.from_dict({"text": ["good bad"], "row": [1]})
    outcome = Outcome([answer], rows, table, setup_of(tokenizer))
    found = TASK.evaluate(outcome)
    assert found["hidden_tokens"] == 2
    assert found["metrics"] == pytest.approx(
        {
            "loss": np.log(8) / 2,
            "pseudo_perplexity": np.sqrt(8),
            "token_accuracy": 0.5,
            "top5_accuracy": 1.0,
        }
    )
    train = Dataset.from_dict({"text": ["bad bad good", "bad"], "row": [1, 2]})
    (name, guessed), *_ = TASK.baselines(outcome, train).items()
    size = len(tokenizer)
    assert name == "frequent"
    assert guessed[0]["guesses"][0][:2].tolist() == [bad, good]
    assert guessed[0]["losses"] == pytest.approx(
        -np.log([2 / (size + 4), 4 / (size + 4)])
    )  # each token once more than it occurs
    (record,) = TASK.predictions(outcome)
    assert (record["predicted"], record["label"]) == (["good", "good"], ["good", "bad"])
    assert record["loss"] == pytest.approx(np.log(8) / 2)
    scores = TASK.rescore([record])(np.array([0, 0]))
    assert scores == pytest.approx({name: found["metrics"][name] for name in scores})
    assert set(scores) == {"loss", "pseudo_perplexity", "token_accuracy"}
    filled, hardest = TASK.columns[1].cell(record), TASK.columns[2].cell(record)
    assert filled == "<mark>good</mark> <del>good</del> <ins>bad</ins>"
    assert hardest == "bad ← good 50%, bad 25%"


def test_what_stands_in_a_text_is_no_markup():
    record = {"pieces": ["<b>", "&"], "predicted": ["<i>"], "label": ["<u>"]}
    shown = TASK.columns[1].cell(record)
    assert shown == "&lt;b&gt;<del>&lt;i&gt;</del> <ins>&lt;u&gt;</ins>&amp;"


# From a file to a report


def test_a_run_learns_and_beats_the_most_frequent_tokens(run):
    metrics = run.metrics()
    after, rivals = metrics["metrics"], metrics["baselines"]
    assert after["loss"] < rivals["frequent"]["loss"] < rivals["before"]["loss"]
    assert after["token_accuracy"] > rivals["frequent"]["token_accuracy"]
    assert after["pseudo_perplexity"] == pytest.approx(np.exp(after["loss"]))
    evaluated = [event["metrics"] for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]) == {"loss", "token_accuracy"}
    assert min(one["loss"] for one in evaluated) == pytest.approx(after["loss"], rel=1e-4)


def test_training_says_how_likely_the_hidden_words_of_each_text_were(run):
    found, worst = observed(run)
    assert np.isfinite(found.confidence).all()
    assert worst["label"] is None
    assert worst["text"]


def test_only_what_is_hidden_counts_and_a_row_without_it_says_nothing():
    import torch

    logits = torch.tensor([[[2.0, 0.0], [0.0, 3.0]], [[1.0, 0.0], [1.0, 0.0]]])
    labels = torch.tensor([[IGNORED, 0], [IGNORED, IGNORED]])
    said = load_task("fill-mask").observe(SimpleNamespace(logits=logits), labels, None)
    share = torch.sigmoid(torch.tensor(-3.0)).item()
    assert said["confidence"].tolist() == pytest.approx([share, float("nan")], nan_ok=True)
    assert said["loss"][0].item() == pytest.approx(-np.log(share))
    assert said["correct"][0].item() == 0


def test_a_new_head_is_noted(run):
    assert "cls.predictions" in run.record()["new_weights"]
    assert "Newly initialized weights" in render(run)


def test_the_report_shows_the_texts_with_guesses_and_truth(run):
    page = render(run)
    assert "Token accuracy of the fine-tuned model on" in page
    assert "Most frequent tokens: " in page
    assert "<del>" in page
    assert "Most surprising token" in page
    assert "Text length" in page


def test_an_adapted_model_is_fine_tuned_and_compared_with_one_that_is_not(run, tmp_path):
    spec = tiny_spec(tmp_path, **{"train.num_train_epochs": 3, "output.run_name": "without"})
    source = {"model.source": str(run.model_path), "output.run_name": "with"}
    runs = [pipeline.train(spec), pipeline.train(spec.replace(source))]
    found = comparison(runs)
    assert found["runs"] == ["without", "with"]
    assert list(found["spec"]) == ["model.source"]
    # The body is the adapted one; only the head that names classes, and what feeds it, is new.
    new = [one.record()["new_weights"] for one in runs]
    assert "encoder" not in new[1]
    page = render_comparison(runs)
    assert "Validation scores of the runs: Accuracy" in page


def test_a_run_fills_the_masks_of_a_text(run, capsys):
    (answer,) = predict_texts(run, ["the [MASK] was good"])
    assert answer["pieces"] == ["the ", " was good"]
    assert len(answer["guesses"][0]) == 5
    assert "loss" not in answer
    assert main(["predict", str(run.path), "the film [MASK] good"]) == 0
    result, text = capsys.readouterr().out.strip().split("\t")
    assert text == "the film [MASK] good"
    assert result.startswith("was ")


def test_a_run_is_evaluated_on_further_texts_some_with_masks_of_their_own(run, tmp_path):
    further = tmp_path / "more.txt"
    further.write_text("the crew was kind\nthe plot [MASK] bad\nthe food was awful\n", "utf-8")
    metrics, rows = evaluate_file(run, str(further))
    assert metrics["rows"] == 3
    assert metrics["hidden_tokens"] == 2
    assert "loss" not in rows[-1]


def test_the_same_spec_gives_the_same_losses(tmp_path):
    spec = mask_spec(tmp_path / "same", **{"train.max_steps": 4})
    losses = [
        [e["loss"] for e in pipeline.train(spec).events() if e["event"] == "step_logged"]
        for _ in range(2)
    ]
    assert losses[0] == losses[1]


def test_estimate_and_rate_finder_work_with_hidden_tokens(tmp_path):
    prepared = prepare(mask_spec(tmp_path / "cost"))
    assert estimate(prepared).step_seconds > 0
    assert find_learning_rate(prepared, steps=20).losses[0] == pytest.approx(5.2, abs=1.0)


def test_only_what_the_task_heeds_can_be_set(tmp_path):
    from workbench.spec import SpecError

    with pytest.raises(SpecError, match=r"train.mlm_probability: 0.3 has no effect in text-class"):
        prepare(tiny_spec(tmp_path, **{"train.mlm_probability": 0.3}))


# Files and faults


def test_texts_of_several_lines_are_kept_apart_by_blank_lines(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("".join(f"line {n}\ngoes on\n\n" for n in range(6)), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 42)
    assert data.notes[0].startswith("Read as texts separated by blank lines")
    assert "line 0\ngoes on" in [*data.train["text"], *data.validation["text"]]


def test_texts_of_one_line_are_read_line_by_line(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"line {n}\n\n" for n in range(6)), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 42)
    assert sorted([*data.train["row"], *data.validation["row"]]) == [1, 3, 5, 7, 9, 11]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_one_column_of_texts_is_found(tmp_path, kind):
    path = tmp_path / f"texts.{kind}"
    texts = [f"the film number {n} was good" for n in range(8)]
    lines = [json.dumps({"id": n, "body": t}) if kind == "jsonl" else f"{n},{t}"
             for n, t in enumerate(texts)]  # fmt: skip
    head = [] if kind == "jsonl" else ["id,body"]
    path.write_text("\n".join([*head, *lines]), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 42)
    assert data.columns == {"text": "body"}


def test_a_tokenizer_without_a_mask_token_is_refused_before_training(tmp_path):
    model = make_tiny_llama(tmp_path / "llama")
    with pytest.raises(ModelError) as caught:
        pipeline.train(mask_spec(tmp_path / "none", **{"model.source": str(model)}))
    assert str(caught.value) == (
        "the model's tokenizer has no mask token, so no word can be hidden from it; choose an "
        "encoder such as wheel:minilm, BERT or RoBERTa, or the task text-generation"
    )
    assert not (tmp_path / "none" / "runs").exists()


def test_a_pass_in_which_nothing_was_to_be_guessed_is_never_the_best():
    assert np.isnan(TASK.score(np.zeros((2, 3)), None, None)["loss"])
