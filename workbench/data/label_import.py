"""Labels from files: jsonl, csv, all forms of Label Studio and doccano, told apart by content."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import DataError, InputError, shorten
from ..labelling.items import Item, Question
from ..labelling.journal import Journal
from .label_export import FORMATS
from .patterns import safe_cell

Row = dict[str, Any]

# Where Label Studio's values hold what was answered.
_HOLDERS = ("choices", "number", "rating", "text")
_NO_TEXTS = frozenset(
    ("split", "row", "label", "labels", "was", "who", "time", "note", "id", "Comments", "meta",
     "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
)  # fmt: skip


def import_labels(
    path: str | Path, items: Sequence[Item], journal: Journal, question: Question, who: str = ""
) -> dict[str, int]:
    """Write the labels of a file into a journal; the file's own names of people come first.

    A label is for the row with the same text: the one that its number says, else the first such.
    Returns how many were `taken`, are `unknown` to the rows, do not fit the question (`unfit`), and
    are `empty`: doccano does not tell a row without labels from one that nobody has looked at.

    Raises:
        DataError: the file cannot be read or is in none of the forms.
    """
    counts = {"taken": 0, "unknown": 0, "unfit": 0, "empty": 0}
    rows = _Rows(items, question)
    for row in _read(Path(path), question):
        item = rows.find(row)
        if item is None:
            counts["unknown"] += 1
            continue
        if row["value"] is None:
            counts["empty"] += 1
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


class _Rows:
    """The rows that labels may be for, by place and by text; a passage of one row stands for it."""

    def __init__(self, items: Sequence[Item], question: Question) -> None:
        self._inside = question.inside
        self._by_place = {item.place: item for item in items}
        self._names = list(dict.fromkeys(name for item in items for name in item.texts))
        self._by_text: dict[str, Item] = {}
        passages = Counter(self._passage(item) for item in items)
        for item in items:
            self._by_text.setdefault(_letters(item.texts.values()), item)
            if passages[self._passage(item)] == 1:
                self._by_text.setdefault(self._passage(item), item)

    def find(self, row: Row) -> Item | None:
        """Return the row that a label is for, if there is one."""
        item = self._by_place.get((row.get("split"), row.get("row")))
        texts = dict(row["texts"])
        if not texts:
            return item
        if self._inside and self._inside not in texts and "text" in texts:
            texts[self._inside] = texts.pop("text")
        keys = (_letters(texts[n] for n in self._names if n in texts), _letters(texts.values()))
        if item and {_letters(item.texts.values()), self._passage(item)} & set(keys):
            return item
        return next((self._by_text[key] for key in keys if key in self._by_text), None)

    def _passage(self, item: Item) -> str:
        return _letters([item.texts[self._inside]] if self._inside else item.texts.values())


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
            records = json.loads(text)
        elif text.lstrip().startswith("{"):
            records = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            records = [_of_cells(row, question) for row in csv.DictReader(io.StringIO(text))]
        return [row for record in records for row in _of_record(record)]
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(
            "{path} holds no labels that can be read ({reason})",
            "give one of the forms {forms}",
            path=path,
            reason=shorten(error, 60),
            forms=", ".join(FORMATS),
        ) from None


def _of_record(record: Row) -> list[Row]:
    """Return the labels of a row: of Label Studio's tasks as many as there are annotations."""
    if not isinstance(record.get("data"), dict):
        return [_of_line(record)]
    return [
        _of_line(record["data"] | {
            "label": _of_results(one["result"]),
            "annotator": one.get("completed_by"),
            "lead_time": one.get("lead_time") or one.get("updated_by"),
        })
        for one in record.get("annotations", [])
        if not one.get("was_cancelled")
    ]  # fmt: skip


def _of_results(results: Sequence[Row]) -> Any:
    """Return what results of Label Studio say: spans, or the one class, number or text."""
    values = [(one["type"], one["value"]) for one in results if "value" in one]
    spans = [value for kind, value in values if kind == "labels"]
    return spans if spans or not values else values[0][1]


def _of_line(line: Row) -> Row:
    """Return a record of doccano, of Label Studio's short forms, or of our own."""
    value = line.get("label", line.get("labels"))
    if line.get("entities"):
        value = [[one["start_offset"], one["end_offset"], one["label"]]
                 for one in line["entities"]]  # fmt: skip
    if value is None and "annotation_id" in line:
        value = []
    elif "Comments" in line and not value:
        value = None
    elif value is None and "label" not in line:
        raise KeyError("label")
    person = line.get("annotator") or ""
    if isinstance(person, dict):
        person = person.get("email", "")
    # Whoever has looked at an annotation in Label Studio answers for it, no longer who brought it.
    who = line.get("who") if not line.get("lead_time") else person
    return {
        "split": line.get("split"), "row": line.get("row"), "value": value,
        "texts": {k: v for k, v in line.items() if isinstance(v, str) and k not in _NO_TEXTS},
        "who": str(who or person), "note": line.get("note", ""),
    }  # fmt: skip


def _of_cells(cells: Mapping[str, str | None], question: Question) -> Row:
    line: Row = {_unsafe(name): _unsafe(cell or "") for name, cell in cells.items()}
    label = line["label"]
    if question.kind == "number" or (question.kind != "text" and label.startswith(("[", "{"))):
        with suppress(ValueError):
            line["label"] = json.loads(label)
    line["row"] = int(line["row"]) if line.get("row") else None
    return line


def _fitting(value: Any, question: Question, item: Item) -> Any:
    """Return a label of another program as the question wants it."""
    if question.kind == "spans":
        return [_span(one, item.texts[question.inside], question) for one in value]
    if isinstance(value, list) and not question.several and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        (value,) = (value[name] for name in _HOLDERS if name in value)
        return _fitting(value, question, item)
    if isinstance(value, str) and question.several:
        return [value] if value in question.labels else [v for v in value.split("#") if v]
    return float(value) if question.kind == "number" and isinstance(value, str) else value


def _span(one: Any, text: str, question: Question) -> Row:
    """Return a span, whose place may count the halves of characters as JavaScript does."""
    if isinstance(one, list):
        one = {"start": one[0], "end": one[1], "labels": one[2:]}
    start, end, said = one["start"], one["end"], one.get("text")
    name = one["labels"][0] if "labels" in one else one.get("label")
    if said is not None and text[start:end] != said:
        halves = text.encode("utf-16-le")
        start, end = (len(halves[: 2 * n].decode("utf-16-le", "ignore")) for n in (start, end))
        if text[start:end] != said:
            raise ValueError(f"{said!r} does not stand there")
    return {"start": start, "end": end} | ({"label": name} if question.labels else {})


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _letters(texts: Iterable[str]) -> str:
    return "".join("".join(text.split()) for text in texts).casefold()
