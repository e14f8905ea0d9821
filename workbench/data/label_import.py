"""Labels from files: jsonl, csv, Label Studio's JSON, doccano's JSONL, told apart by content."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, InputError, shorten
from ..labelling.items import Item, Question
from ..labelling.journal import Journal
from .label_export import FORMATS
from .patterns import safe_cell

Row = dict[str, Any]


def import_labels(
    path: str | Path, items: Sequence[Item], journal: Journal, question: Question, who: str = ""
) -> dict[str, int]:
    """Write the labels of a file into a journal; the file's own names of people come first.

    A label is for the row with the same text: the one that its number says, else the first such.
    Returns how many were `taken`, are `unknown` to the rows, and do not `fit` the question.

    Raises:
        DataError: the file cannot be read or is in none of the forms.
    """
    counts = {"taken": 0, "unknown": 0, "unfit": 0}
    by_place = {item.place: item for item in items}
    by_text: dict[str, Item] = {}
    for item in items:
        by_text.setdefault(_letters(_text(item)), item)
    for row in _read(Path(path), question):
        item = by_place.get((row.get("split"), row.get("row")))
        texts = row.get("texts")
        if texts and (item is None or _letters(texts) != _letters(_text(item))):
            item = by_text.get(_letters(texts))
        if item is None:
            counts["unknown"] += 1
            continue
        try:
            value = question.check(_fitting(row["value"], question, item), item)
        except (InputError, KeyError, TypeError, ValueError):
            counts["unfit"] += 1
            continue
        journal.decide(
            item.row, item.split, item.key, value,
            was=item.was, note=row.get("note") or "", why=f"import of {Path(path).name}",
            who=row.get("who") or who,
        )  # fmt: skip
        counts["taken"] += 1
    return counts


def _read(path: Path, question: Question) -> list[Row]:
    """Return the labels of a file, whatever its form: `value`, `texts`, `row`, `split`, `who`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "cannot read {path} ({reason})", "give a UTF-8 file of labels", path=path, reason=error
        ) from None
    try:
        if text.lstrip().startswith("["):
            return [row for task in json.loads(text) for row in _of_label_studio(task)]
        if text.lstrip().startswith("{"):
            return [_of_line(json.loads(line)) for line in text.split("\n") if line.strip()]
        rows = list(csv.DictReader(io.StringIO(text)))
        return [_of_cells(row, question) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(
            "{path} holds no labels that can be read ({reason})",
            "give one of the forms {forms}",
            path=path,
            reason=shorten(error, 60),
            forms=", ".join(FORMATS),
        ) from None


def _of_label_studio(task: Row) -> list[Row]:
    data = task["data"]
    texts = [v for k, v in data.items() if isinstance(v, str) and k not in ("split", "who")]
    found = []
    for annotation in task.get("annotations", []):
        if annotation.get("was_cancelled"):
            continue
        values = [(one["type"], one["value"]) for one in annotation["result"]]
        who = annotation.get("completed_by", data.get("who", ""))
        if isinstance(who, dict):
            who = who.get("email", "")
        found.append(
            {
                "split": data.get("split"), "row": data.get("row"), "texts": texts,
                "who": str(data.get("who") or who), "value": _of_results(values),
            }
        )  # fmt: skip
    return found


def _of_results(values: list[tuple[str, Row]]) -> Any:
    """Return what results of Label Studio say: spans, or the one class, number or text."""
    kinds = {kind for kind, _ in values}
    if not kinds or "labels" in kinds:
        return [
            {"start": v["start"], "end": v["end"], "text": v.get("text"), "label": v["labels"][0]}
            for kind, v in values
            if kind == "labels"
        ]
    kind, value = values[0]
    return value["text"][0] if kind == "textarea" else value[kind]


def _of_line(line: Row) -> Row:
    """Return a line of doccano, or of our own form."""
    known = ("split", "row", "label", "labels", "entities", "was", "who", "time", "note", "id",
             "Comments", "meta")  # fmt: skip
    value = line.get("label", line.get("labels"))
    if line.get("entities"):
        value = [[one["start_offset"], one["end_offset"], one["label"]]
                 for one in line["entities"]]  # fmt: skip
    texts = [v for k, v in line.items() if isinstance(v, str) and k not in known]
    return {
        "split": line.get("split"), "row": line.get("row"), "texts": texts, "value": value,
        "who": line.get("who", ""), "note": line.get("note", ""),
    }  # fmt: skip


def _of_cells(cells: Mapping[str, str | None], question: Question) -> Row:
    line: Row = {_unsafe(name): _unsafe(cell or "") for name, cell in cells.items()}
    label = line["label"]
    if label.startswith(("[", "{")) or question.kind == "number":
        line["label"] = json.loads(label)
    line["row"] = int(line["row"]) if line.get("row") else None
    return _of_line(line)


def _fitting(value: Any, question: Question, item: Item) -> Any:
    """Return a label of another program as the question wants it."""
    if question.kind == "spans":
        return [_span(one, item.texts[question.inside], question) for one in value]
    if isinstance(value, list) and not question.several and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and question.several:
        value = [value]
    return float(value) if question.kind == "number" and isinstance(value, str) else value


def _span(one: Any, text: str, question: Question) -> Row:
    """Return a span, whose place may count the halves of characters as JavaScript does."""
    if isinstance(one, list):
        one = {"start": one[0], "end": one[1], "label": one[2]}
    start, end, said = one["start"], one["end"], one.get("text")
    if said is not None and text[start:end] != said:
        halves = text.encode("utf-16-le")
        start, end = (len(halves[: 2 * n].decode("utf-16-le", "ignore")) for n in (start, end))
        if text[start:end] != said:
            raise ValueError(f"{said!r} does not stand there")
    return {"start": start, "end": end} | ({"label": one["label"]} if question.labels else {})


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _text(item: Item) -> list[str]:
    return list(item.texts.values())


def _letters(texts: Sequence[str]) -> str:
    return "".join("".join(text.split()) for text in texts).casefold()
