"""Labels from files: jsonl, csv, and what labelling tools export, told apart by content."""

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
from .exports import META, Answer, plain_value, read_export
from .label_export import FORMATS
from .labels import natural_key
from .objects import as_objects
from .patterns import safe_cell
from .spans import spans_in, without_overlaps

Row = dict[str, Any]

_NO_TEXTS = META | {"label", "labels"}


def import_labels(
    path: str | Path,
    items: Sequence[Item],
    journal: Journal,
    question: Question,
    who: str = "",
    examples: dict[str, str] | None = None,
) -> dict[str, int]:
    """Write the labels of a file into a journal; the file's own names of people come first.

    A label is for the row with the same text: the one that its number says, else the first such.
    Returns how many were `taken`, are `unknown` to the rows, do not fit the question (`unfit`), and
    are `empty`: doccano does not tell a row without labels from one that nobody has looked at.
    Where there are any, also how many were no answers of people, by reason, and how many spans
    were left out for a longer one that they overlap. `examples` is given the first of each.

    Raises:
        DataError: the file cannot be read or is in none of the forms.
    """
    counts: Counter[str] = Counter(taken=0, unknown=0, unfit=0, empty=0)
    reasons = {} if examples is None else examples
    rows = _Rows(items, question)
    found, passed = _read(Path(path), question)
    counts.update(passed)
    for row in found:
        item = rows.find(row)
        if item is None:
            counts["unknown"] += 1
            reasons.setdefault("unknown", shorten(" ".join(row["texts"].values()), 60))
            continue
        if not row["values"]:
            counts["empty"] += 1
            continue
        value, dropped, fault = _first_fitting(row, question, item)
        if fault is not None:
            counts["unfit"] += 1
            reasons.setdefault("unfit", shorten(fault, 120))
            continue
        if dropped:
            counts["overlapping"] += len(dropped)
            reasons.setdefault("overlapping", shorten(" ".join(map(str, dropped[0].values())), 60))
        journal.decide(
            item.row, item.split, item.key, value,
            was=item.was, note=row.get("note") or "", why=f"import of {Path(path).name}",
            who=row.get("who") or who,
        )  # fmt: skip
        counts["taken"] += 1
    return dict(counts)


def labels_in_file(path: str | Path) -> tuple[list[str], dict[str, int]]:
    """Return the classes, or the names of spans, that the answers of a file use, sorted.

    Beside them, how many of its records are no answers, by reason.

    Of several questions it is the one called label, else the one with the fewest answers that
    differ.

    Raises:
        DataError: the file cannot be read or is in none of the forms.
    """
    found, passed = _read(Path(path), Question("class"))
    held: dict[str, set[str]] = {}
    for row in found:
        for name, value in row["values"].items():
            spans = spans_in(value, "") if isinstance(value, list | dict) else None
            names = [label for *_, label in spans] if spans else value
            for one in names if isinstance(names, list) else [names]:
                if isinstance(one, str | int):
                    held.setdefault(name, set()).add(str(one))
    chosen = held.get("label") or min(
        held.values(), key=lambda one: (len(one) < 2, len(one)), default=set()
    )
    return sorted(chosen, key=natural_key), {k: n for k, n in passed.items() if n}


def _first_fitting(
    row: Row, question: Question, item: Item
) -> tuple[Any, list[Row], Exception | None]:
    """Return the first of a row's answers that fits, spans left out of it, and else the fault."""
    fault: Exception | None = None
    # A form that does not say which of its keys is the answer gives the texts as well.
    shown = {_letters([text]) for text in item.texts.values()}
    values = {
        name: value
        for name, value in row["values"].items()
        if name == "label" or not (isinstance(value, str) and _letters([value]) in shown)
    } or {"label": []}
    for _, value in sorted(values.items(), key=lambda pair: pair[0] != "label"):
        try:
            fitting = question.check(_fitting(value, question, item, row), item)
        except (InputError, KeyError, TypeError, ValueError) as error:
            fault = fault or error
            continue
        if question.kind == "spans" and question.labels:
            kept, dropped = without_overlaps(fitting, lambda span: (span["start"], span["end"]))
            return kept, dropped, None
        return fitting, [], None
    return None, [], fault


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
        place: Any = (row.get("split"), row.get("row"))  # of a file, so it may be anything
        item = self._by_place.get(place)
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


def _read(path: Path, question: Question) -> tuple[list[Row], Counter[str]]:
    """Return the labels of a file, whatever its form, and how many records are no answers.

    A row has `values` by the name of what was asked, `texts`, `row`, `split`, `who` and `note`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "cannot read {path} ({reason})", "give a UTF-8 file of labels", path=path, reason=error
        ) from None
    try:
        if text.lstrip().startswith("["):
            records = as_objects(json.loads(text))
        elif text.lstrip().startswith("{"):
            records = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            records = [_of_cells(row, question) for row in csv.DictReader(io.StringIO(text))]
        export = read_export(records)
        if export is None:
            return [_of_line(record) for record in records], Counter()
        return [_of_answer(one) for one in export.answers], export.passed
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(
            "{path} holds no labels that can be read ({reason})",
            "give one of the forms {forms}",
            path=path,
            reason=shorten(error, 60),
            forms=", ".join((*FORMATS, "prodigy", "argilla")),
        ) from None


def _of_answer(answer: Answer) -> Row:
    return {
        "split": answer.split, "row": answer.row, "values": answer.values or {"label": []},
        "texts": answer.texts, "who": answer.who, "note": answer.note,
    }  # fmt: skip


def _of_line(line: Row) -> Row:
    """Return a line of doccano, of spaCy, of CLUENER, or of our own."""
    value = line.get("label", line.get("labels"))
    text = next((line[key] for key in ("text", "tokens", "context") if key in line), "")
    for held in (line.get("entities"), line.get("spans"), value):
        if isinstance(held, list | dict) and held and (spans := spans_in(held, str(text))):
            value = [[start, end, label] for start, end, label in spans]
            break
    if "Comments" in line and not value:
        value = None
    elif value is None and not {"label", "labels", "entities"} & line.keys():
        raise KeyError("label")
    return {
        "split": line.get("split"), "row": line.get("row"),
        "values": {} if value is None else {"label": value},
        "texts": {k: v for k, v in line.items() if isinstance(v, str) and k not in _NO_TEXTS},
        "who": str(line.get("who") or line.get("annotator") or ""), "note": line.get("note", ""),
    }  # fmt: skip


def _of_cells(cells: Mapping[str, str | None], question: Question) -> Row:
    line: Row = {_unsafe(name): _unsafe(cell or "") for name, cell in cells.items()}
    for name, cell in line.items():
        is_answer = name in ("label", "labels") or "annotation_id" in line
        if name in META or not is_answer or (name != "label" and not cell.startswith(("[", "{"))):
            continue
        if question.kind == "number" or (question.kind != "text" and cell.startswith(("[", "{"))):
            with suppress(ValueError):
                line[name] = json.loads(cell)
    line["row"] = int(line["row"]) if line.get("row") else None
    return line


def _fitting(value: Any, question: Question, item: Item, row: Row) -> Any:
    """Return a label of another program as the question wants it."""
    if question.kind == "spans":
        inside = item.texts[question.inside]
        own = row["texts"].get(question.inside, row["texts"].get("text", inside))
        return [_span(one, own, inside, question) for one in value]
    if isinstance(value, dict):
        value = plain_value(value)
    if isinstance(value, list) and not question.several and len(value) == 1:
        value = value[0]
    if question.kind == "class" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and question.several:
        return [value] if value in question.labels else [v for v in value.split("#") if v]
    return float(value) if question.kind == "number" and isinstance(value, str) else value


def _span(one: Any, own: str, text: str, question: Question) -> Row:
    """Return a span of the row's text; its place may count as JavaScript does, or other blanks."""
    if isinstance(one, list):
        one = {"start": one[0], "end": one[1], "labels": one[2:]}
    start, end, said = one["start"], one["end"], one.get("text")
    name = one["labels"][0] if one.get("labels") else one.get("label")
    if said is not None and not _is_same(own[start:end], said):
        halves = own.encode("utf-16-le")
        start, end = (len(halves[: 2 * n].decode("utf-16-le", "ignore")) for n in (start, end))
        if not _is_same(own[start:end], said):
            raise ValueError(f"{said!r} does not stand there")
    if own != text and "".join(own.split()) == "".join(text.split()):
        start, end = _moved(own, text, start, end)
    return {"start": start, "end": end} | ({"label": name} if question.labels else {})


def _is_same(one: str, other: str) -> bool:
    """Say whether texts differ in blanks at most: browsers show several as one."""
    return one == other or one.split() == other.split()


def _moved(own: str, text: str, start: int, end: int) -> tuple[int, int]:
    """Return the place of the same letters in a text that differs in blanks."""
    places = [place for place, letter in enumerate(text) if not letter.isspace()]
    first = sum(not letter.isspace() for letter in own[:start])
    count = sum(not letter.isspace() for letter in own[start:end])
    return places[first], places[first + count - 1] + 1


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def _letters(texts: Iterable[str]) -> str:
    return "".join("".join(text.split()) for text in texts).casefold()
