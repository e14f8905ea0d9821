"""Question answering: where in a passage the answer stands, or that it does not.

A passage longer than the model takes is read in windows that overlap; an example then has
several rows.

Shapes:
    N windows, B windows of a batch, T tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..language import told
from ..spec import RunSpec
from . import _defaults as usual
from . import _seq2seq as seq2seq
from . import _written_answers as written_answers
from ._answers import (
    compare,
    is_true,
    likeliest_sentence,
    move_answer,
    place_answer,
    read_answers,
    read_squad,
    write_answers,
)
from ._decoder import as_decoder
from ._dynamics import of_spans
from ._forward import forward
from ._generating import OPTIONS as GENERATES
from ._labelling import Labelling
from ._losses import Objective, class_loss, class_losses
from ._pairs import require_places
from ._requests import question_request
from ._windows import best_span, encode, log_shares
from ._written_answers import answer_or_none
from .contract import Batch, Column, Kind, Metric, Outcome, Record, Role, RowError, Setup, Task

# The columns of what `infer` gives.
SPAN, START, END, NULL, CONFIDENCE, LOSS = range(6)
SHOWN_CHARACTERS = 120
ASKED = question_request("en", some_unanswerable=True)


def read_file(text: str, name: str) -> tuple[list[Record], list[str]] | None:
    """Read the nested JSON of SQuAD, version 1 or 2."""
    rows = read_squad(text)
    return None if rows is None else (rows, [])


def read(values: Record, repaired: Any) -> Record:
    """Take questions whose answers stand in the passage; places that lie are mended."""
    values = dict(values)
    starts, impossible = values.pop("answer_start", None), values.pop("is_impossible", None)
    if "answers" not in values:
        return values
    given = [] if is_true(impossible) else read_answers(values["answers"], starts)
    context = values["context"]
    placed = [place_answer(context, text, start, repaired) for text, start in given]
    found = [one for one in placed if one is not None]
    if given and not found:
        raise RowError("answer_absent", given[0][0])
    if len(found) < len(given):
        absent = next(text for (text, _), one in zip(given, placed, strict=True) if one is None)
        repaired("answer_dropped", absent)
    return values | {
        "answers": {"text": [text for text, _ in found], "start": [start for _, start in found]}
    }


def mended(values: Record, mend: Callable[[str], Any]) -> tuple[Record, bool]:
    """Mend question and passage; the passage stays where its answers would not be found again."""
    after = dict(values)
    for name in ("question", "context"):
        if isinstance(values.get(name), str):
            after[name] = mend(values[name])
    context, held = values.get("context"), values.get("answers")
    if after.get("context") in (context, None) or held is None:
        return after, False
    try:
        answers = read_answers(held, values.get("answer_start"))
    except RowError:
        return after, False  # there is none that could be lost
    moved = [move_answer(context, after["context"], *answer, mend) for answer in answers]
    if None in moved:
        return after | {"context": context}, True
    return after | write_answers(values, moved), False


def lengths(batch: Batch, setup: Setup) -> list[int]:
    """Return the tokens of each question with its passage, which is not cut: windows go over it."""
    found = usual.count_tokens(setup, batch["question"], batch["context"])
    return [min(length, setup.max_tokens) for length in found]


def loss(setup: Setup) -> Objective:
    """Return what training minimises: the mean of -log p of the first and of the last token."""

    def total(outputs: Any, labels: Any) -> Any:
        starts = class_losses(outputs.start_logits, labels[:, 0])
        return starts + class_losses(outputs.end_logits, labels[:, 1])

    return Objective(total, lambda labels: labels.numel())


def keep(logits: Any, labels: Any) -> Any:
    """Keep of each window the likeliest first and last token, and the loss: (B, 3)."""
    import torch

    starts, ends = (part.float() for part in logits)
    best, first = starts.cummax(dim=1)  # the best first token up to each last one
    last = (best + ends).argmax(dim=1)
    losses = sum(
        torch.nn.functional.cross_entropy(part, labels[:, side], reduction="none") / 2
        for side, part in enumerate((starts, ends))
    )
    return torch.stack([first.gather(1, last[:, None])[:, 0].float(), last.float(), losses], dim=1)


def score(kept: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
    """Return the loss, and how well the tokens of each window are met."""
    said, true = kept[:, :2], labels
    shared = np.minimum(said[:, 1], true[:, 1]) - np.maximum(said[:, 0], true[:, 0]) + 1
    both = (said[:, 1] - said[:, 0] + 1) + (true[:, 1] - true[:, 0] + 1)
    return {
        "loss": float(kept[:, 2].mean()),
        "span_exact": float((said == true).all(axis=1).mean()),
        "span_f1": float((2 * np.maximum(shared, 0) / both).mean()),
    }


def only_answer(kept: np.ndarray, labels: np.ndarray, setup: Setup) -> str:
    """Say if no window got an answer, although some have one."""
    none = labels.min(axis=0)  # the place of the first token, which stands for no answer
    if (kept[:, :2] == none).all() and not (labels == none).all():
        return told("no answer")
    return ""


def infer(model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup) -> np.ndarray:
    """Return the best span of each window: its score, its characters, the score of none, and so on.

    Shapes:
        (B, 6): see the constants of this module; LOSS is NaN where there are no labels.
    """
    return spans(forward(model, inputs), rows, setup)


def spans(outputs: Any, rows: list[Record], setup: Setup) -> np.ndarray:
    """Return the best span of each window from the logits of its first and last token."""
    starts, ends = (
        part.float().cpu().numpy().astype(float)
        for part in (outputs.start_logits, outputs.end_logits)
    )
    answers = np.full((len(rows), 6), np.nan)
    for number, row in enumerate(rows):
        own = len(row["input_ids"])
        start, end = starts[number, :own], ends[number, :own]
        offsets, null = np.asarray(row["offsets"]), row["null"]
        first, last = best_span(start, end, offsets, setup.spec.evaluate.max_answer_tokens)
        log_start, log_end = log_shares(start), log_shares(end)
        answers[number, SPAN] = start[first] + end[last]
        answers[number, START], answers[number, END] = offsets[first, 0], offsets[last, 1]
        answers[number, NULL] = start[null] + end[null]
        answers[number, CONFIDENCE] = np.exp(log_start[first] + log_end[last])
        if "labels" in row:
            true = row["labels"]
            answers[number, LOSS] = -(log_start[true[0]] + log_end[true[1]]) / 2
    return answers


def evaluate(outcome: Outcome) -> dict[str, Any]:
    """Return exact match and F1 by SQuAD's rules, of questions with and without an answer too."""
    records = predictions(outcome)
    answered = [record for record in records if record["answers"]]
    unanswerable = [record for record in records if not record["answers"]]
    losses = outcome.outputs[:, LOSS]
    return {
        "rows": len(records),
        "labels": [],
        "windows": len(outcome.rows),
        "metrics": {
            "loss": float(losses.mean()) if np.isfinite(losses).all() else None,
            "exact_match": _mean(records, "exact"),
            "f1": _mean(records, "f1"),
            "answerable_exact": _mean(answered, "exact"),
            "answerable_f1": _mean(answered, "f1"),
            "unanswerable_accuracy": _mean(unanswerable, "exact"),
        },
    }


def baselines(outcome: Outcome, train: Any) -> dict[str, np.ndarray]:
    """Return, for every question, the sentence that shares most words with it: (N, 6).

    Where some questions have no answer, also what it is worth to give none to any.
    """
    places = {
        row["row"]: likeliest_sentence(row["question"], row["context"]) for row in outcome.table
    }
    found = np.full((len(outcome.rows), 6), np.nan)
    found[:, [START, END]] = [places[row] for row in outcome.rows["row"]]
    found[:, SPAN], found[:, NULL], found[:, CONFIDENCE] = 0, -np.inf, 1
    rivals = {"overlapping_sentence": found}
    if not all(row["text"] for row in outcome.table["answers"]):
        none = found.copy()
        none[:, NULL] = np.inf
        rivals["no_answer"] = none
    return rivals


def predictions(outcome: Outcome) -> list[Record]:
    """Return the answer to each question from its windows, and, where known, how right it is.

    None is given where that scores higher than the best span, by more than the threshold of the
    spec; of the windows, the one least in favour of none decides.
    """
    windows: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(outcome.rows["row"][:]):
        windows[row].append(place)
    threshold = outcome.setup.spec.evaluate.null_threshold
    records = []
    for row in outcome.table:
        own = outcome.outputs[windows[row["row"]]]
        best = own[own[:, SPAN].argmax()]
        least = own[own[:, NULL].argmin()]
        none = bool(least[NULL] - best[SPAN] > threshold)
        sure = best[CONFIDENCE]
        if none:  # both shares have the same denominator
            sure = least[CONFIDENCE] * np.exp(least[NULL] - least[SPAN])
        first, last = (0, 0) if none else (int(best[START]), int(best[END]))
        record: Record = {
            "row": row["row"],
            "question": row["question"],
            "context": row["context"],
            "predicted": row["context"][first:last],
            "start": first,
            "confidence": float(sure),
        }
        if "answers" in row:
            texts, places = row["answers"]["text"], row["answers"]["start"]
            exact, f1 = compare(record["predicted"], texts)
            record |= {
                "label": texts[0] if texts else "",
                "answers": texts,
                "label_start": places[0] if places else 0,
                "exact": exact,
                "f1": f1,
                "loss": float(own[:, LOSS].mean()),
            }
        records.append(record)
    return records


def rescore(records: list[Record]) -> Any:
    """Return what gives exact match and F1 of some questions."""
    names = {"exact_match": "exact", "f1": "f1"}
    held = {name: np.asarray([r[key] for r in records], float) for name, key in names.items()}
    return lambda places: {name: float(values[places].mean()) for name, values in held.items()}


def highlighted(record: Record) -> Any:
    """Return the passage around the answers as HTML: the given one marked, the true one underlined.

    Everything from data is escaped.
    """
    from markupsafe import Markup

    context = record["context"]
    said = (record["start"], record["start"] + len(record["predicted"]))
    true = (
        record.get("label_start", 0),
        record.get("label_start", 0) + len(record.get("label", "")),
    )
    spans = [span for span in (said, true) if span[1] > span[0]]
    low = max(0, min((a for a, _ in spans), default=0) - SHOWN_CHARACTERS)
    high = min(len(context), max((b for _, b in spans), default=0) + SHOWN_CHARACTERS)
    cuts = sorted({low, high, *(edge for span in spans for edge in span)})
    parts = [Markup("…" if low else "")]
    for first, last in pairwise(cuts):
        piece = Markup("{}").format(context[first:last])
        if said[0] <= first and last <= said[1]:
            piece = Markup('<mark style="background:#fde68a;color:#111">{}</mark>').format(piece)
        if true[0] <= first and last <= true[1]:
            piece = Markup(
                '<u style="text-decoration-color:#059669;text-decoration-thickness:2px">{}</u>'
            ).format(piece)
        parts.append(piece)
    return Markup("").join([*parts, Markup("…" if high < len(context) else "")])


def line(record: Record) -> str:
    """Return a prediction as one line: the answer, how sure it is, the question."""
    answer = answer_or_none(record, "predicted")
    return f"{answer}\t{record['confidence']:.4f}\t{record['question']}"


def _mean(records: list[Record], name: str) -> float | None:
    return sum(record[name] for record in records) / len(records) if records else None


def _answers_of(values: Record, spans: Any) -> Record:
    """Return the answers that spans of a passage amount to."""
    places = [(span["start"], span["end"]) for span in spans]
    return {
        "text": [values["context"][start:end] for start, end in places],
        "answer_start": [start for start, _ in places],
    }


def _spans_of(values: Record) -> list[Record]:
    """Return the spans of a passage where its answers stand."""
    pairs = zip(values["answers"]["text"], values["answers"]["start"], strict=True)
    return [{"start": start, "end": start + len(text), "text": text} for text, start in pairs]


def _predicted_spans(prediction: Record) -> list[Record]:
    """Return the span that a model gives, none where it says that there is no answer."""
    text = prediction["predicted"]
    start = prediction.get("start", prediction["context"].find(text))
    known = text and start >= 0  # an answer that was written need not stand in the passage
    return [{"start": start, "end": start + len(text), "text": text}] if known else []


def by_kind(task: Task, spec: RunSpec, kind: Kind | None) -> Task:
    """Return the task with answers that are written, where the spec or the model asks for that."""
    how = spec.model.answers
    if how == "extractive" or (how == "auto" and kind not in (None, "decoder")):
        return task
    reads = (*seq2seq.ASKED, "model.answers", *GENERATES)
    if how == "auto" and kind is None:  # nothing is known yet: both are allowed
        return replace(task, options=tuple(dict.fromkeys((*task.options, *reads))))
    written = replace(
        task, auto_class="AutoModelForSeq2SeqLM", options=reads, metrics=written_answers.METRICS,
        columns=written_answers.COLUMNS, check=check_written, score=seq2seq.score,
        evaluate=written_answers.evaluate, baselines=written_answers.baselines,
        predictions=written_answers.predictions, line=written_answers.line,
        request=written_answers.request, only_answer=usual.only_answer,
    )  # fmt: skip
    pairs_of = written_answers.pairs_of
    if kind == "decoder":
        return as_decoder(written, pairs_of, ASKED, written_answers.request)
    written = replace(
        written, encode=partial(seq2seq.encode, read=pairs_of),
        lengths=partial(seq2seq.lengths_of, pairs_of),
        cut_answers=partial(seq2seq.cut_answers, read=pairs_of), adapt=seq2seq.adapt,
        collate=seq2seq.collate, forward=seq2seq.forward, loss=class_loss, keep=seq2seq.keep,
        observe=seq2seq.observe, infer=seq2seq.infer,
    )  # fmt: skip
    return seq2seq.from_encoder(written, pairs_of) if kind == "encoder" else written


def check_written(setup: Setup) -> None:
    """Refuse a prompt template without the places of passage and question.

    Raises:
        DataError: naming what is missing.
    """
    require_places(setup, "context", "question")


TASK = Task(
    name="question-answering",
    roles=(
        Role("question", "text", required=True, usual_names=("question", "query", "问题", "提问")),
        Role(
            "context",
            "text",
            required=True,
            usual_names=(
                "context", "passage", "paragraph", "document", "text", "article", "文章", "段落",
                "材料", "原文",
            ),
        ),
        Role(
            "answers",
            "object",
            required=True,
            usual_names=("answers", "answer", "answer_text", "答案", "回答"),
            answer=True,
        ),
        Role(
            "answer_start",
            "object",
            required=False,
            usual_names=("answer_start", "start", "答案位置"),
            answer=True,
        ),
        Role(
            "is_impossible",
            "object",
            required=False,
            usual_names=("is_impossible", "impossible"),
            answer=True,
        ),
    ),
    labelling=Labelling(
        "spans", "answers", "context", shown=lambda values: values["context"],
        cell=_answers_of, told=_spans_of, suggested=_predicted_spans,
    ),
    auto_class="AutoModelForQuestionAnswering",
    encode=encode,
    metrics=(
        Metric("loss", followed=True, greater_is_better=False),
        Metric("span_exact", followed=True, share=True),
        Metric("span_f1", followed=True, share=True),
        Metric("exact_match", share=True),
        Metric("f1", share=True),
        Metric("answerable_exact", share=True),
        Metric("answerable_f1", share=True),
        Metric("unanswerable_accuracy", share=True),
    ),
    score=score,
    only_answer=only_answer,
    evaluate=evaluate,
    baselines=baselines,
    predictions=predictions,
    columns=(
        Column("row", "number"),
        Column("question"),
        Column("context", cell=highlighted),
        Column("true_answer", "right", cell=lambda record: answer_or_none(record, "label")),
        Column("given_answer", "wrong", cell=lambda record: answer_or_none(record, "predicted")),
        Column("f1", "share"),
        Column("loss", "number"),
    ),
    figures=(),
    leading=("f1", "exact_match", "loss"),
    compared=("exact_match", "f1"),
    options=(
        "data.stride_tokens",
        "data.negative_windows",
        "evaluate.max_answer_tokens",
        "evaluate.null_threshold",
        "model.answers",
    ),
    grouped_by=("context",),
    data_figures=("length_histogram",),
    read=read,
    mended=mended,
    read_file=read_file,
    lengths=lengths,
    loss=loss,
    keep=keep,
    observe=lambda outputs, labels, setup: of_spans(
        outputs.start_logits, outputs.end_logits, labels
    ),
    infer=infer,
    rescore=rescore,
    by_kind=by_kind,
    is_wrong=lambda record: not record["exact"],
    line=line,
)  # fmt: skip
