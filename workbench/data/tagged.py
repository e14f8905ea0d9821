"""Rows of tags in other shapes than a list of words beside a list of tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..language import text as say
from ..tasks import Task
from ..tasks._tags import TAG, as_bio
from .cells import as_text
from .columns import column_called
from .counted import Counted
from .spans import as_words, spans_in, without_overlaps
from .values import structure

_SENTENCE = re.compile(r"sent|doc|句", re.IGNORECASE)
_TEXTS = ("text", "sentence", "content", "tokens", "文本", "句子", "内容")
_MOST = 0.9


def is_for(task: Task) -> bool:
    """Say whether a task reads words with tags."""
    return {"tokens", "tags"} <= {role.name for role in task.roles}


def read_tagged(frame: Any, task: Task, given: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Return a frame of words and tags, and what is to be said of it."""
    by_word = _from_words(frame, task, given)
    if by_word is not None:
        return by_word
    by_span = _from_spans(frame, task, given)
    return by_span if by_span is not None else _in_a_scheme(frame, task, given)


def _column(frame: Any, task: Task, given: Mapping[str, Any], role: str) -> str | None:
    if role in given:
        return str(given[role])
    return column_called([str(one) for one in frame.columns], task.role(role))


def _from_words(frame: Any, task: Task, given: Mapping[str, Any]) -> tuple[Any, list[str]] | None:
    """Read one word a row, with a column that says which sentence it belongs to."""
    import pandas

    columns = [str(one) for one in frame.columns]
    words = _column(frame, task, given, "tokens") or next(
        (one for one in columns if one.casefold() in ("word", "form", "character", "char")), None
    )
    tags = _column(frame, task, given, "tags")
    if words not in columns or tags not in columns or len(frame) < 4:
        return None
    cells = [as_text(cell) for cell in frame[words]]
    held = [as_text(cell).strip() for cell in frame[tags]]
    single = sum(len(cell.split()) < 2 for cell in cells)
    if single < 0.98 * len(cells) or sum(map(bool, map(TAG.match, held))) < _MOST * len(held):
        return None
    if any(isinstance(structure(cell), list) for cell in frame[words].iloc[:50]):
        return None
    sentence = next((one for one in columns if _SENTENCE.search(one) and one != words), None)
    if sentence is None:
        return None
    rows: list[dict[str, list[str]]] = []
    open_one = None
    for number, word, tag in zip(frame[sentence], cells, held, strict=True):
        own = as_text(number).strip()
        if not rows or (own and own != open_one):
            rows.append({"tokens": [], "tags": []})
            open_one = own
        rows[-1]["tokens"].append(word)
        rows[-1]["tags"].append(tag or "O")
    found = pandas.DataFrame(rows, dtype=object, index=range(1, len(rows) + 1))
    notes = [say("data.note.word_rows", words=words, tags=tags, sentence=sentence,
                 count=f"{len(rows):,}")]  # fmt: skip
    if others := [one for one in columns if one not in (words, tags, sentence)]:
        notes.append(say("data.note.unused_columns", columns=", ".join(others)))
    return found, notes


def _from_spans(frame: Any, task: Task, given: Mapping[str, Any]) -> tuple[Any, list[str]] | None:
    """Read texts with spans marked in them."""
    columns = [str(one) for one in frame.columns]
    text = str(given["tokens"]) if "tokens" in given else next(
        (one for one in columns if one.casefold() in _TEXTS), None
    )  # fmt: skip
    if text not in columns or not frame[text].map(lambda cell: isinstance(cell, str)).all():
        return None
    texts = list(frame[text])
    common = str(given["tags"]) if "tags" in given else None
    for column in [common] if common else [one for one in columns if one != text]:
        if column not in columns:
            return None
        cells = [structure(cell) for cell in frame[column]]
        held = [cell for cell in cells if cell not in (None, "", [], {})]
        read = [spans_in(cell, one) for cell, one in zip(cells, texts, strict=True)]
        if held and sum(map(bool, read)) >= _MOST * len(held):
            return _tagged(frame, text, column, texts, read)
    return None


def _tagged(
    frame: Any, text: str, column: str, texts: list[str], read: list[Any]
) -> tuple[Any, list[str]]:
    tokens, tags, overlapping, outside = [], [], Counted(), Counted()
    for row, own, spans in zip(frame.index, texts, read, strict=True):
        inside = [span for span in spans or () if span[0] < span[1] <= len(own)]
        kept, dropped = without_overlaps(inside)
        for start, end, label in dropped:
            overlapping.add(int(row), f"{own[start:end]} {label}")
        for start, end, label in set(spans or ()) - set(inside):
            outside.add(int(row), f"{start}–{end} {label}")
        words, marks = as_words(own, kept)
        tokens.append(words)
        tags.append(marks)
    found = frame.drop(columns=[text, column])
    found["tokens"], found["tags"] = _objects(tokens, found.index), _objects(tags, found.index)
    found.attrs = frame.attrs
    notes = [say("data.note.from_spans", text=text, column=column)]
    for name, counted in (("overlapping_spans", overlapping), ("spans_outside", outside)):
        if counted.count:
            notes.append(say(f"data.note.{name}", count=f"{counted.count:,}",
                             rows=counted.rows(None)))  # fmt: skip
    return found, notes


def _objects(cells: list[Any], index: Any) -> Any:
    import pandas

    return pandas.Series(cells, index=index, dtype=object)


def _in_a_scheme(frame: Any, task: Task, given: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Rewrite tags without a scheme: types of entities, or a class of each word."""
    column = _column(frame, task, given, "tags") or next(
        (str(one) for one in frame.columns if re.search(r"(?:^|_)(?:tags|ner|pos)", str(one))), None
    )
    if column is None or column not in frame.columns:
        return frame, []
    if column in frame.attrs.get("class_names", {}):
        return _with_names(frame, column)
    cells = [_marks(structure(cell)) for cell in frame[column]]
    if any(new is not old for new, old in zip(cells, frame[column], strict=True)):
        attrs, frame = frame.attrs, frame.assign(**{column: _objects(cells, frame.index)})
        frame.attrs = attrs
    lists = [cell for cell in cells if isinstance(cell, list)]
    every = [tag for cell in lists for tag in cell]
    bare = bool(every) and all(isinstance(t, str) and t and not t.isdecimal() for t in every)
    if not bare or sum(TAG.match(tag) is not None for tag in every if tag != "O"):
        return frame, []
    found = frame.copy()
    found.attrs = frame.attrs
    if "O" not in every:
        return found, [say("data.note.word_classes", column=column)]
    found[column] = _objects([bio_of(c) if isinstance(c, list) else c for c in cells], found.index)
    return found, [say("data.note.io_tags", column=column)]


def _marks(cell: Any) -> Any:
    """Return tags that are written in one text, with blanks or commas between them, as a list."""
    if not isinstance(cell, str):
        return cell
    marks = [one for one in re.split(r"[\s,]+", cell.strip()) if one]
    return marks if marks and all(map(TAG.match, marks)) else cell


def _with_names(frame: Any, column: str) -> tuple[Any, list[str]]:
    """Give numbered tags their names where these have no scheme either."""
    names = frame.attrs["class_names"][column]
    if any(TAG.match(name) for name in names if name != "O"):
        return frame, []
    named = frame.copy()
    cells = [[names[int(n)] for n in structure(cell)] for cell in frame[column]]
    named[column] = _objects(cells, named.index)
    others = {k: v for k, v in frame.attrs["class_names"].items() if k != column}
    named.attrs = {**frame.attrs, "class_names": others}
    if "O" not in names:
        return named, [say("data.note.word_classes", column=column)]
    named[column] = _objects(list(map(bio_of, cells)), named.index)
    return named, [say("data.note.io_tags", column=column)]


def bio_of(tags: list[str]) -> list[str]:
    """Return tags that are bare types of entities in BIO; a run of one type is one entity."""
    spans: list[list[Any]] = []
    for place, kind in enumerate(tags):
        if kind == "O":
            continue
        if spans and spans[-1][0] == kind and spans[-1][2] == place - 1:
            spans[-1][2] = place
        else:
            spans.append([kind, place, place])
    return as_bio([(kind, first, last) for kind, first, last in spans], len(tags))
