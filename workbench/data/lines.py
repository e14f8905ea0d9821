"""Plain text: one text a line, or with its label in front, as fastText and TREC write it."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import Any

from ..language import text as say

FASTTEXT = re.compile(r"__label__(\S+)")
_TREC = re.compile(r"([A-Z]{2,6}:[A-Za-z]+)\s+(\S.*)\Z")
_NUMBERED = re.compile(r"([+-]?\d{1,2})\s+(\S.*)\Z")
_MOST = 0.95
FEWEST_LINES = 4


def read_lines(text: str, header: str) -> tuple[Any, str, list[str]]:
    """Return a frame of the lines, whether the first names the column, and what is to be said."""
    import pandas

    # Not `splitlines`: it also splits at marks that are part of a text, such as U+2028.
    ends = io.StringIO(text, newline=None)
    lines = [(n, line.rstrip("\n")) for n, line in enumerate(ends, start=1) if line.strip()]
    column = "text"
    if header == "yes":
        column = lines.pop(0)[1].strip()
        lines = [(n - 1, line) for n, line in lines]
    numbers, texts = [n for n, _ in lines], [line for _, line in lines]
    labelled = labels_in(texts) if header != "yes" else None
    columns, notes = labelled if labelled else ({column: texts}, [])
    frame = pandas.DataFrame(columns, index=numbers, dtype=object)
    return frame, "yes" if header == "yes" else "no", notes


def has_labels(text: str) -> bool:
    """Say whether nearly all lines of a text begin or end with a fastText label."""
    lines = [line.strip() for line in text[:100_000].split("\n")]
    return _in_most([line.startswith("__label__") for line in lines if line])


def labels_in(lines: list[str]) -> tuple[dict[str, list[Any]], list[str]] | None:
    """Return the columns of lines with a label inside; None where they have none."""
    marked = [FASTTEXT.findall(line) for line in lines]
    if _in_most([bool(one) for one in marked]):
        texts = [" ".join(FASTTEXT.sub(" ", line).split()) for line in lines]
        held = [one[0] if len(one) == 1 else one for one in marked]
        label = next(one[0] for one in marked if one)
        return {"label": held, "text": texts}, [_note(f"__label__{label}")]
    for pattern in (_TREC, _NUMBERED):
        matches = [pattern.match(line) for line in lines]
        if not _in_most([bool(one) for one in matches]):
            continue
        labels = [one[1] if one else "" for one in matches]
        counts = Counter(filter(None, labels))
        if len(counts) < 2 or counts.total() < 2 * len(counts):
            continue
        if pattern is _NUMBERED and (len(counts) > 10 or min(counts.values()) < 3):
            continue
        texts = [one[2] if one else line for one, line in zip(matches, lines, strict=True)]
        columns: dict[str, list[Any]] = {"label": labels, "text": texts}
        if pattern is _TREC:
            columns["coarse_label"] = [label.partition(":")[0] for label in labels]
        return columns, [_note(labels[0] or next(iter(counts)))]
    return None


def _note(example: str) -> str:
    return say("data.note.label_in_line", example=example)


def _in_most(found: list[bool]) -> bool:
    return len(found) >= FEWEST_LINES and sum(found) >= _MOST * len(found)
