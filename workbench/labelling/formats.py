"""Labels to files and back: jsonl, csv, Label Studio's JSON, doccano's JSONL.

What is written has a record a row: `split`, `row`, the texts by role, `label` (the decision),
`was`, `who`, `time`, `note`. Label Studio gets a task a row with one annotation, doccano a line
with `text` and `label`; both keep `split` and `row`, so that labels find their way back.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, InputError, shorten
from ..runs import write_output
from .items import Item, Question
from .journal import Decision, Journal, Place

FORMATS = ("jsonl", "csv", "label-studio", "doccano")
_SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".json": "label-studio"}
# What a table program takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, Any]


def export_labels(
    path: str | Path,
    items: Iterable[Item],
    decisions: Mapping[Place, Decision],
    question: Question,
    form: str = "",
) -> int:
    """Write the labels of rows to a file and return how many there are; skipped ones have none.

    Raises:
        InputError: the form is unknown, or the file cannot be written.
    """
    path = Path(path)
    form = form or _SUFFIXES.get(path.suffix.lower(), "")
    if form not in FORMATS:
        raise InputError(
            f"{shorten(form or path.name)!r} is no form of labels", f"choose {' | '.join(FORMATS)}"
        )
    labelled = [
        (item, one)
        for item in items
        if (one := decisions.get(item.place)) and one.act == "label" and one.key == item.key
    ]
    write_output(path, _WRITERS[form](labelled, question))
    return len(labelled)


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


def safe_cell(value: Any) -> str:
    """Return what a cell of a csv holds, which no table program takes for a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if value.startswith(_FORMULA) else value


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _record(item: Item, one: Decision) -> Row:
    return {
        "split": item.split, "row": item.row, **item.texts, "label": one.value, "was": one.was,
        "who": one.who, "time": one.time, "note": one.note,
    }  # fmt: skip


def _to_jsonl(labelled: list[tuple[Item, Decision]], question: Question) -> str:
    return "".join(json.dumps(_record(*pair), ensure_ascii=False) + "\n" for pair in labelled)


def _to_csv(labelled: list[tuple[Item, Decision]], question: Question) -> str:
    records = [_record(*pair) for pair in labelled]
    names = dict.fromkeys(name for record in records for name in record)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([safe_cell(record.get(name)) for name in names] for record in records)
    return file.getvalue()


def _to_label_studio(labelled: list[tuple[Item, Decision]], question: Question) -> str:
    tasks = [
        {
            "data": {**item.texts, "split": item.split, "row": item.row, "who": one.who},
            "annotations": [
                {
                    "result": [
                        {"id": f"{item.row}-{n}", "from_name": "label", "to_name": _asked(item,
                         question), "type": kind, "value": value}
                        for n, (kind, value) in enumerate(_results(one.value, question))
                    ],
                    "was_cancelled": False,
                    "created_at": one.time,
                }
            ],
        }
        for item, one in labelled
    ]  # fmt: skip
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"


def _results(value: Any, question: Question) -> list[tuple[str, Row]]:
    """Return a decision as results of Label Studio: their type and value."""
    match question.kind:
        case "class":
            return [("choices", {"choices": [value] if isinstance(value, str) else value})]
        case "number":
            return [("number", {"number": value})]
        case "text":
            return [("textarea", {"text": [value]})]
    return [
        ("labels", {**{k: span[k] for k in ("start", "end", "text")},
                    "labels": [span.get("label", "answer")]})
        for span in value
    ]  # fmt: skip


def _to_doccano(labelled: list[tuple[Item, Decision]], question: Question) -> str:
    lines = []
    for item, one in labelled:
        value = one.value if isinstance(one.value, list) else [str(one.value)]
        if question.kind == "spans":
            value = [[span["start"], span["end"], span.get("label", "answer")] for span in value]
        line = {"text": _passage(item, question), "label": value, "split": item.split,
                "row": item.row, "who": one.who}  # fmt: skip
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)


_WRITERS: dict[str, Callable[[list[tuple[Item, Decision]], Question], str]] = {
    "jsonl": _to_jsonl,
    "csv": _to_csv,
    "label-studio": _to_label_studio,
    "doccano": _to_doccano,
}


def _read(path: Path, question: Question) -> list[Row]:
    """Return the labels of a file, whatever its form: `value`, `texts`, `row`, `split`, `who`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path} ({error})", "give a UTF-8 file of labels") from None
    try:
        if text.lstrip().startswith("["):
            return [row for task in json.loads(text) for row in _of_label_studio(task)]
        if text.lstrip().startswith("{"):
            return [_of_line(json.loads(line)) for line in text.split("\n") if line.strip()]
        rows = list(csv.DictReader(io.StringIO(text)))
        return [_of_cells(row, question) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(
            f"{path} holds no labels that can be read ({shorten(error, 60)})",
            f"give one of the forms {', '.join(FORMATS)}",
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
    line: Row = {name: _unsafe(cell or "") for name, cell in cells.items()}
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


def _asked(item: Item, question: Question) -> str:
    return question.inside or next(iter(item.texts))


def _passage(item: Item, question: Question) -> str:
    return item.texts[question.inside] if question.inside else "\n\n".join(item.texts.values())


def _text(item: Item) -> list[str]:
    return list(item.texts.values())


def _letters(texts: Sequence[str]) -> str:
    return "".join("".join(text.split()) for text in texts).casefold()
