"""Answers in passages: scores and windows by hand, places that lie, and a run to its report."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.tiny_runs import THINGS, tiny_spec
from tests.tiny_writers import WRITERS
from workbench import pipeline
from workbench.cli import main
from workbench.data import load_data
from workbench.errors import DataError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.reporting import render
from workbench.spec import DataSpec, RunSpec
from workbench.tasks import load_task
from workbench.tasks._answers import compare, likeliest_sentence, place_answer, read_squad
from workbench.tasks.question_answering import SPAN, highlighted, spans
from workbench.training.prepare import prepare

from .observed import observed
from .outcomes import outcome_of

TASK = load_task("question-answering")
WORDS = ("wonderful", "great", "awful", "late")


def paragraphs(impossible=False):
    """Return 32 passages on two things, with a question on each, and one that has no answer."""
    found = []
    for number, thing in enumerate(THINGS):
        for word in WORDS:
            other, say = THINGS[number - 1], WORDS[WORDS.index(word) - 1]
            context = f"the {thing} was {word} and the {other} was {say}"
            asked = [
                question(f"is the {one} good?", context, said)
                for one, said in ((thing, word), (other, say))
            ]
            if impossible:
                asked.append({"question": "dinner at home?", "id": "x", "is_impossible": "true",
                              "answers": []})  # fmt: skip
            found.append({"context": context, "qas": asked})
    return found


def question(text, context, answer, **changes):
    held = {"text": answer, "answer_start": context.rindex(answer)}
    return {"question": text, "id": text, "answers": [held], **changes}


def squad(folder, impossible=False):
    folder.mkdir(exist_ok=True)
    path = folder / "squad.json"
    articles = [{"title": "t", "paragraphs": [one]} for one in paragraphs(impossible)]
    path.write_text(json.dumps({"version": "1.1", "data": articles}), "utf-8")
    return path


def qa_spec(folder, impossible=False, **changes):
    return tiny_spec(
        folder,
        **{
            "task": "question-answering",
            "data.source": str(squad(folder, impossible)),
            "data.max_tokens": 32,
            "data.stride_tokens": 4,
            "train.num_train_epochs": 12,
            **changes,
        },
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(qa_spec(tmp_path_factory.mktemp("qa"), impossible=True))


# Scores


@pytest.mark.parametrize(
    ("said", "answers", "exact", "f1"),
    [
        ("The Eiffel-Tower!", ["eiffeltower"], 1, 1),
        ("a cat", ["the cat", "dog"], 1, 1),
        ("red house", ["the red car"], 0, 0.5),
        ("", [], 1, 1),
        ("something", [], 0, 0),
        ("", ["the cat"], 0, 0),
        ("一九九八年", ["1998年"], 0, 2 * 1 / (5 + 2)),
        ("北京市。", ["北京市"], 1, 1),
        ("在北京市", ["北京市"], 0, 2 * 3 / 7),
        ("the the", ["a"], 1, 1),
    ],
)
def test_answers_are_compared_as_squad_does_and_chinese_by_character(said, answers, exact, f1):
    assert compare(said, answers) == (exact, pytest.approx(f1))


def test_the_sentence_that_shares_most_words_is_the_baseline():
    context = "We keep data. How long do we keep it? For 3.5 years at most! Ask us."
    first, last = likeliest_sentence("how long do you keep data", context)
    assert context[first:last] == "How long do we keep it?"
    chinese = "原告是张三。被告是李四。"
    first, last = likeliest_sentence("被告是谁？", chinese)
    assert chinese[first:last] == "被告是李四。"


def answers_of(rows, **columns):
    """Return an outcome of windows: (row, span score, start, end, score of none)."""
    outputs = np.array([[span, start, end, null, 0.5, 1.0] for _, span, start, end, null in rows])
    outcome = outcome_of([0] * len(columns["context"]), [], columns.pop("spec", None),
                         question=["q"] * len(columns["context"]), **columns)  # fmt: skip
    windows = outcome.table.select_columns("row").select([row - 1 for row, *_ in rows])
    return SimpleNamespace(outputs=outputs, rows=windows, table=outcome.table, setup=outcome.setup)


def test_the_best_of_all_windows_answers_and_the_least_null_decides():
    gold = [{"text": ["two"], "start": [4]}, {"text": [], "start": []}]
    rows = [(1, 3.0, 0, 3, 5.0), (1, 4.0, 4, 7, 1.0), (2, 1.0, 0, 3, 6.0)]
    outcome = answers_of(rows, context=["one two", "one two"], answers=gold)
    first, second = TASK.predictions(outcome)
    assert (first["predicted"], second["predicted"]) == ("two", "")
    # How sure it is of what it says: here of none, e⁵ as likely as the best span.
    assert first["confidence"] == 0.5
    assert second["confidence"] == pytest.approx(0.5 * np.exp(5))
    scores = TASK.evaluate(outcome)["metrics"]
    assert scores["exact_match"] == scores["f1"] == 1
    assert scores["answerable_f1"] == scores["unanswerable_accuracy"] == 1
    always = RunSpec().replace({"evaluate.null_threshold": 100.0})
    outcome = answers_of(rows, context=["one two", "one two"], answers=gold, spec=always)
    assert [record["predicted"] for record in TASK.predictions(outcome)] == ["two", "one"]
    assert TASK.evaluate(outcome)["metrics"]["unanswerable_accuracy"] == 0


def test_the_loss_is_the_mean_over_both_ends_and_what_is_kept_is_met_by_tokens():
    import torch

    starts = torch.tensor([[0.0, 9.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]])
    ends = torch.tensor([[0.0, 0.0, 9.0, 0.0], [0.0, 9.0, 0.0, 8.0]])
    labels = torch.tensor([[1, 2], [1, 3]])
    kept = TASK.reduce_logits((starts, ends), labels)
    assert kept[:, :2].tolist() == [[1, 2], [2, 3]]  # an end never lies before its start
    scores = TASK.score(kept.numpy(), labels.numpy(), None)
    assert scores["span_exact"] == 0.5
    assert scores["span_f1"] == pytest.approx((1 + 2 * 2 / 5) / 2)
    outputs = SimpleNamespace(start_logits=starts, end_logits=ends)
    assert TASK.loss(None).mean(outputs, labels).item() == pytest.approx(scores["loss"])
    assert TASK.loss(None).count(labels) == 4


# Windows


def test_a_long_passage_becomes_windows_that_overlap_and_the_answer_is_in_some(tmp_path):
    prepared = prepare(qa_spec(tmp_path, **{"data.max_tokens": 16}))
    context = " ".join(["the food was late"] * 10 + ["the crew was kind"])
    answers = {"text": ["kind"], "start": [context.index("kind")]}
    batch = {"row": [7], "question": ["is the crew kind"], "context": [context],
             "answers": [answers]}  # fmt: skip
    found = TASK.encode(batch, prepared.setup, True)
    count = len(found["input_ids"])
    assert count > 4
    assert found["row"] == [7] * count
    assert max(map(len, found["input_ids"])) == 16
    here = [n for n, label in enumerate(found["labels"]) if label != [0, 0]]
    assert count - 1 in here
    for number in here:
        first, last = found["labels"][number]
        start, end = found["offsets"][number][first][0], found["offsets"][number][last][1]
        assert context[start:end] == "kind"
    covered = {n for window in found["offsets"] for a, b in window if a >= 0 for n in range(a, b)}
    assert covered >= {n for n, character in enumerate(context) if character != " "}
    ends = [max(b for _, b in window) for window in found["offsets"]]
    starts = [min(a for a, _ in window if a >= 0) for window in found["offsets"]]
    assert all(start < end for start, end in zip(starts[1:], ends, strict=False))


@pytest.mark.parametrize("limit", [None, 0, 1, 3, 1000])
def test_so_many_windows_without_the_answer_are_learned_from(tmp_path, limit):
    changes = {"data.max_tokens": 16, "data.negative_windows": limit}
    setup = prepare(qa_spec(tmp_path, **changes)).setup
    context = " ".join(["the food was late"] * 10 + ["the crew was kind"])
    answers = [{"text": ["kind"], "start": [context.index("kind")]}, {"text": [], "start": []}]
    batch = {"row": [7, 8], "question": ["is the crew kind"] * 2, "context": [context] * 2,
             "answers": answers}  # fmt: skip

    def windows(training, setup=setup):
        found = TASK.encode(batch, setup, training)
        assert len(set(map(len, found.values()))) == 1
        names = ("offsets", "labels", "null", "row")
        rows = list(zip(*(found[name] for name in names), strict=True))
        return [[one for one in rows if one[3] == row] for row in batch["row"]]

    def without(rows):
        return [row for row in rows if row[1] == [row[2]] * 2]

    every, learned = windows(training=False), windows(training=True)
    kept = 10**6 if limit is None else limit
    for whole, some, least in zip(every, learned, (0, 1), strict=True):
        assert len(without(some)) == min(len(without(whole)), max(kept, least))
        assert [row for row in some if row not in without(some)] == [
            row for row in whole if row not in without(whole)
        ]
        assert some == [row for row in whole if row in some]  # in their order, each once
    assert windows(training=True) == learned
    other = replace(setup, spec=setup.spec.replace({"train.seed": 43}))
    again = windows(training=True, setup=other)
    assert (again != learned) == (limit in (0, 1, 3))


def test_only_the_training_windows_are_fewer(tmp_path):
    long = {"data.max_tokens": 16}
    every = prepare(qa_spec(tmp_path, **long))
    some = prepare(qa_spec(tmp_path, **long, **{"data.negative_windows": 0}))
    assert set(some.train["row"]) == set(every.train["row"])
    assert len(some.train) < len(every.train)
    assert some.validation["input_ids"] == every.validation["input_ids"]
    assert len(every.validation) > len(set(every.validation["row"]))  # longer than a window,
    asked = {"question": ["is the crew kind"], "context": ["late " * 40]}
    assert TASK.lengths(asked, every.setup) == [16]  # and yet nothing is cut off
    assert every.fitted(some.asked) is None  # other rows: they are encoded anew


def test_a_question_longer_than_the_model_leaves_half_the_room_to_the_passage(tmp_path):
    prepared = prepare(qa_spec(tmp_path, **{"data.max_tokens": 16}))
    batch = {"row": [1], "question": ["is the sky blue " * 20], "context": ["the sky was blue"]}
    found = TASK.encode(batch, prepared.setup, False)
    assert all(len(ids) <= 16 for ids in found["input_ids"])
    assert "labels" not in found
    with pytest.raises(DataError, match=r"data.max_tokens: 6 tokens leave no room for a passage"):
        prepare(qa_spec(tmp_path, **{"data.max_tokens": 6}))


def test_the_best_span_is_in_the_passage_in_order_and_not_too_long(tmp_path):
    import torch

    spec = qa_spec(tmp_path, **{"evaluate.max_answer_tokens": 2})
    setup = prepare(spec).setup
    row = {"input_ids": [0] * 6, "null": 0, "labels": [3, 3],
           "offsets": [[-1, -1], [-1, -1], [0, 3], [4, 7], [8, 11], [-1, -1]]}  # fmt: skip
    starts = torch.tensor([[9.0, 9, 5, 1, 0, 0]])
    ends = torch.tensor([[9.0, 9, 0, 1, 4, 9]])
    outputs = SimpleNamespace(start_logits=starts, end_logits=ends)
    (answer,) = spans(outputs, [row], setup)
    assert answer[:4].tolist() == [6, 0, 7, 18]
    wider = spec.replace({"evaluate.max_answer_tokens": 3})
    setup = prepare(wider).setup
    (answer,) = spans(outputs, [row], setup)
    assert answer[:3].tolist() == [9, 0, 11]
    assert answer[SPAN] == 9


# From a file to a report


def test_a_run_learns_and_beats_the_baselines(run):
    metrics = run.metrics()
    ours, rivals = metrics["metrics"], metrics["baselines"]
    assert ours["f1"] > 0.5
    assert ours["f1"] > rivals["overlapping_sentence"]["f1"]
    assert ours["f1"] > rivals["before"]["f1"]
    assert ours["unanswerable_accuracy"] > 0.8
    assert rivals["overlapping_sentence"]["unanswerable_accuracy"] == 0
    assert rivals["no_answer"]["unanswerable_accuracy"] == 1
    assert rivals["no_answer"]["answerable_f1"] == 0
    evaluated = [event for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]["metrics"]) == {"loss", "span_exact", "span_f1"}


def test_no_passage_is_on_both_sides(tmp_path):
    data = prepare(qa_spec(tmp_path)).data
    assert not set(data.train["context"]) & set(data.validation["context"])


def test_training_says_how_likely_each_true_span_was(run):
    found, worst = observed(run)
    assert found.confidence[-1].mean() > found.confidence[0].mean()
    assert worst["label"] is not None
    assert worst["context"]
    assert worst["question"]


def test_a_true_span_is_as_likely_as_its_two_ends():
    import torch

    starts, ends = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    outputs = SimpleNamespace(start_logits=starts, end_logits=ends)
    said = load_task("question-answering").observe(outputs, torch.tensor([[0, 0]]), None)
    first, last = torch.sigmoid(torch.tensor(2.0)), torch.sigmoid(torch.tensor(-1.0))
    assert said["confidence"].item() == pytest.approx((first * last).item())
    assert said["loss"].item() == pytest.approx(-(first * last).log().item() / 2)
    assert said["correct"].tolist() == [False]


def test_the_report_shows_scores_and_the_baseline(run):
    page = render(run)
    assert "F1 of the fine-tuned model on" in page
    assert "Sentence most similar to the question" in page


def test_a_run_answers_questions_on_a_passage_and_further_files(run, tmp_path, capsys):
    asked = {"question": "is the film good?", "context": "the film was great and the crew was late"}
    (answer,) = predict_texts(run, [asked])
    assert answer["predicted"] in asked["context"]
    with pytest.raises(DataError, match="also needs the context; give it --with context=TEXT"):
        predict_texts(run, ["is the film good?"])
    metrics, rows = evaluate_file(run, str(squad(tmp_path)))
    assert metrics["rows"] == len(rows) == 64
    assert metrics["metrics"]["unanswerable_accuracy"] is None
    command = ["predict", str(run.path), asked["question"], "--with", f"context={asked['context']}"]
    assert main(command) == 0
    assert capsys.readouterr().out.strip().endswith("\tis the film good?")


def test_the_answer_is_marked_the_true_one_underlined_and_all_is_escaped():
    record = {"context": "<b>one</b> & two three", "predicted": "two", "start": 13,
              "label": "two three", "label_start": 13}  # fmt: skip
    page = str(highlighted(record))
    assert page.startswith("&lt;b&gt;one&lt;/b&gt; &amp; <u ")
    assert '><mark style="background:#fde68a;color:#111">two</mark></u>' in page
    assert "<b>" not in page
    long = {"context": "x" * 500 + "two" + "y" * 500, "predicted": "two", "start": 500}
    page = str(highlighted(long))
    assert page.startswith("…x")
    assert page.endswith("y…")
    assert len(page) < 500
    assert "<mark" not in str(highlighted({"context": "one", "predicted": "", "start": 0}))


# Files and faults


@pytest.mark.parametrize(
    ("text", "start", "found", "result"),
    [
        ("two", 4, ("two", 4), None),
        (" two", 5, ("two", 4), "answer_moved"),
        ("two", 6, ("two", 4), "answer_moved"),
        ("two", 17, ("two", 19), "answer_moved"),
        ("four", 0, ("four", 14), "answer_moved"),
        ("four", None, ("four", 14), "answer_found"),
        ("two", None, None, None),
        ("two", 60, None, None),
        ("five", 0, None, None),
        ("four", -1, ("four", 14), "answer_moved"),
        (" ", 0, None, None),
    ],
)
def test_a_place_is_mended_where_one_is_right(text, start, found, result):
    notes = []
    place = place_answer("one two three four two", text, start, lambda *note: notes.append(note))
    assert place == found
    assert [reason for reason, _ in notes] == ([result] if result else [])


def test_nested_files_are_read_and_flags_may_be_words():
    rows = read_squad(json.dumps({"data": [{"paragraphs": paragraphs(impossible=True)[:1]}]}))
    assert [row["question"] for row in rows][-1] == "dinner at home?"
    assert rows[-1]["answers"] == []
    assert TASK.read_file('{"data": [{"question": "x"}]}', "f.json") is None
    assert TASK.read_file('{"data": [{"paragraphs": 3}]}', "f.json") is None


def load(path, rows, **spec):
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return load_data(DataSpec(source=str(path), validation_share=0.5, **spec), TASK, 42)


def flat(number, **changes):
    return {"question": f"who sings {number}?", "context": f"Bob{number} sings and Eve dances",
            "answers": {"text": [f"Bob{number}"], "answer_start": [0]}, **changes}  # fmt: skip


def test_flat_rows_are_read_with_their_faults_counted_and_shown(tmp_path):
    rows = [flat(n) for n in range(10)]
    rows[0]["answers"] = {"text": ["Jim"], "answer_start": [0]}
    rows[1]["answers"] = {"text": ["Bob1"], "answer_start": [3]}
    rows[2]["answers"] = {"text": [], "answer_start": []}
    rows[3]["answers"] = {"text": ["Bob3", "Jim"], "answer_start": [0, 4]}
    rows[4]["answers"] = 7
    rows[5]["question"] = " "
    data = load(tmp_path / "f.jsonl", rows)
    assert data.notes == [
        "Skipped 1 of the training rows without text in the column named (row 6 (“question”)).",
        "Skipped 1 of the training rows with an answer that is not in the passage, or occurs "
        "in several places (row 1 (“Jim”)).",
        "Skipped 1 of the training rows whose answers cannot be read (row 5 (“7”)).",
        "Answers in the training rows that were not at the stated position, and were found: 1 "
        "(row 2 (“Bob1: 3 → 0”)).",
        "Rows of the training rows with several answers, one of which is not in the passage "
        "and was ignored: 1 (row 4 (“Jim”)).",
    ]
    held = {row["row"]: row["answers"] for row in [*data.train, *data.validation]}
    assert held[2] == {"text": ["Bob1"], "start": [0]}
    assert held[3] == {"text": [], "start": []}
    with pytest.raises(DataError, match="correct these rows, or set"):
        load(tmp_path / "g.jsonl", rows, bad_rows="refuse")


def test_answer_and_start_may_stand_in_columns_of_their_own(tmp_path):
    lines = [f'who sings {n}?,"Bob{n} sings, Eve and Eve dance",Eve,12' for n in range(8)]
    path = tmp_path / "f.csv"
    path.write_text("\n".join(["question,context,answer,answer_start", *lines]), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 42)
    assert data.columns["answer_start"] == "answer_start"
    assert data.train[0]["answers"] == {"text": ["Eve"], "start": [12]}
    assert data.train.column_names == ["question", "context", "answers", "row"]


def test_a_passage_that_is_missing_is_reported_of_its_questions_only(tmp_path):
    path = squad(tmp_path)
    held = json.loads(path.read_text("utf-8"))
    held["data"][2]["paragraphs"][0].pop("context")
    path.write_text(json.dumps(held), "utf-8")
    data = load_data(DataSpec(source=str(path)), TASK, 0)
    assert data.notes[0] == (
        "Skipped 2 of the training rows without text in the column named (row 5 (“context”), "
        "row 6 (“context”))."
    )


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_a_model_with_a_decoder_learns_to_point(tmp_path, kind):
    model = WRITERS[kind](tmp_path / kind)
    spec = tiny_spec(
        tmp_path, task="question-answering", **{
            "data.source": str(squad(tmp_path)), "model.source": str(model),
            "data.max_tokens": 64, "train.max_steps": 2,
        },
    )  # fmt: skip
    run = pipeline.train(spec)
    assert run.metrics()["metrics"]["loss"] > 0
    assert list(run.attention_path.glob("probe-00-after.json"))
