"""Labels to files: jsonl, csv, Label Studio's JSON, doccano's JSONL.

What is written has a record a row: `split`, `row`, the texts by role, `label` (the decision),
`was`, `who`, `time`, `note`. Label Studio gets a task a row with one annotation, doccano a line
with `text` and `label`; both keep `split` and `row`, so that labels find their way back.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ..errors import InputError, shorten
from ..labelling.items import Item, Question
from ..labelling.journal import Decision, Place
from ..runs import write_output
from .patterns import safe_cell

FORMATS = ("jsonl", "csv", "label-studio", "doccano")
_SUFFIXES = {".jsonl": "jsonl", ".csv": "csv", ".json": "label-studio"}

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
    path, form = Path(path), form_of(path, form)
    labelled = [
        (item, one)
        for item in items
        if (one := decisions.get(item.place)) and one.act == "label" and one.key == item.key
    ]
    content = _WRITERS[form](labelled, question)
    # A byte-order mark tells spreadsheets that the file is UTF-8.
    write_output(path, content.encode("utf-8-sig") if form == "csv" else content)
    return len(labelled)


def form_of(path: str | Path, wish: str = "") -> str:
    """Return the form in which labels are written: as wished, else as the file's ending says.

    Raises:
        InputError: there is no such form.
    """
    form = wish or _SUFFIXES.get(Path(path).suffix.lower(), "")
    if form not in FORMATS:
        raise InputError(
            "unknown label format {name!r}",
            "choose {forms}",
            name=shorten(wish or Path(path).name),
            forms=" | ".join(FORMATS),
        )
    return form


def label_studio_config(item: Item, question: Question) -> str:
    """Return the labelling interface of a Label Studio project that takes these labels."""
    asked = _asked(item, question)
    texts = [f"  <Text name={quoteattr(name)} value={quoteattr('$' + name)}/>"
             for name in item.texts]  # fmt: skip
    tag, more = {
        "class": ("Choices", f' choice="{"multiple" if question.several else "single"}"'),
        "spans": ("Labels", ""),
        "number": ("Number", ""),
        "text": ("TextArea", ""),
    }[question.kind]
    head = f'<{tag} name="label" toName={quoteattr(asked)}{more}'
    names = question.labels or (["answer"] if question.kind == "spans" else [])
    inner = [f"    <{tag.rstrip('s')} value={quoteattr(name)}/>" for name in names]
    body = [f"  {head}>", *inner, f"  </{tag}>"] if inner else [f"  {head}/>"]
    return "\n".join(["<View>", *texts, *body, "</View>"])


def _cell(value: Any) -> str:
    """Return what a cell of a csv holds, which no spreadsheet takes for a formula."""
    if value is None:
        return ""
    return safe_cell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


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
    writer.writerow([safe_cell(name) for name in names])
    writer.writerows([_cell(record.get(name)) for name in names] for record in records)
    return file.getvalue()


def _to_label_studio(labelled: list[tuple[Item, Decision]], question: Question) -> str:
    tasks: list[Row] = [
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
        value: list[Any] = one.value if isinstance(one.value, list) else [str(one.value)]
        if question.kind == "spans":
            value = [[span["start"], span["end"], span.get("label", "answer")] for span in value]
        # doccano shows the other texts, such as the question on a passage, beside the text.
        beside = {n: text for n, text in item.texts.items() if question.inside not in ("", n)}
        line = {"text": _passage(item, question), "label": value, **beside, "split": item.split,
                "row": item.row, "who": one.who}  # fmt: skip
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    return "".join(lines)


_WRITERS: dict[str, Callable[[list[tuple[Item, Decision]], Question], str]] = {
    "jsonl": _to_jsonl,
    "csv": _to_csv,
    "label-studio": _to_label_studio,
    "doccano": _to_doccano,
}


def _asked(item: Item, question: Question) -> str:
    return question.inside or next(iter(item.texts))


def _passage(item: Item, question: Question) -> str:
    return item.texts[question.inside] if question.inside else "\n\n".join(item.texts.values())
