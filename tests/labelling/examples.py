"""Rows and questions that the tests of labelling share."""

from __future__ import annotations

from pathlib import Path

from workbench.labelling import Journal, row_key
from workbench.labelling.items import Item, Question
from workbench.labelling.session import Session

TEXTS = ["win a prize", "see you at six", '=HYPERLINK("http://x")', "<script>alert(1)</script>"]
LABELS = ("ham", "spam")


def item(row: int, text: str, was: object = None, role: str = "text") -> Item:
    values = {role: text}
    return Item(row, "all", row_key(values, [role]), dict(values), values, was)


def items(*texts: str) -> list[Item]:
    return [item(row, text) for row, text in enumerate(texts or TEXTS, 1)]


def session(path: Path, rows: list[Item] | None = None, **more: object) -> Session:
    question = more.pop("question", Question("class", LABELS))
    return Session(rows or items(), Journal(path), question, more.pop("who", "ann"), **more)
