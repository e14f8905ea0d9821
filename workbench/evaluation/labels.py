"""A session on the rows of a source: its labels, what a model suggests, the order of asking."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.items import Items, read_items
from ..errors import InputError, shorten
from ..labelling.agreement import agreement
from ..labelling.items import Item, Question, Suggestion
from ..labelling.journal import Decision, Journal, Place
from ..labelling.queue import NEED_A_MODEL, ORDERS, order_rows
from ..labelling.session import Session
from ..runs import RunFolder, one_command, refuse_if_read
from ..runs.names import cut_name
from ..spec import DataSpec, RunSpec
from ..tasks import Task, load_task

JOURNALS = Path("labels")
# So many rows, drawn by seed, are put before the model: to ask it of a million takes hours.
PREDICTED_ROWS = 2000


class Labels:
    """The labels of a source: its rows, the journal, and one person's session on them."""

    def __init__(self, items: Items, session: Session) -> None:
        self.items = items
        self.session = session
        self.journal = session.journal

    def __repr__(self) -> str:
        """Return how far the person has come, in a line."""
        done = self.session.progress()
        return (
            f"{self.journal.path}: {done['labelled']} of {done['total']} rows labelled, "
            f"{done['skipped']} skipped"
        )

    @property
    def corrections(self) -> str:
        """What to set `data.corrections` to, so that a run learns from these labels."""
        return self.journal.path.as_posix()

    def progress(self) -> dict[str, Any]:
        """Return how many rows there are, how many are labelled, and how often each label."""
        return self.session.progress()

    def decisions(self) -> dict[Place, Decision]:
        """Return the decision on each row, by split and row, of whoever decided last."""
        self.journal.refresh()
        return self.journal.decisions()

    def agreement(self) -> dict[str, Any]:
        """Return how far the people of the journal agree; see `labelling.agreement`."""
        self.journal.refresh()
        return agreement(self.journal.by_person(), self.session.question.kind)


def open_labels(
    spec: RunSpec,
    labels: Sequence[str] = (),
    *,
    journal: str | Path = "",
    split: str = "",
    scale: tuple[float, float] | None = None,
    guidelines: str | Path = "",
    run: RunFolder | None = None,
    order: str = "",
    who: str = "",
    rows: int | Iterable[int] | None = None,
    adjudicate: bool = False,
    blind: bool = False,
    seed: int = 42,
    known: Callable[[], Sequence[str]] | None = None,
) -> Labels:
    """Return the labels of a source and a session on them, with its queue in order.

    `labels` are the classes or the names of spans, by default those that the source or the journal
    has; `scale` the least and the greatest number. `order` is `source`, `random`, `diversity`, or,
    with a `run` whose model suggests answers, `least_confident`, `margin` or `entropy` (then the
    default). `rows` is how many are asked at most, or which, by their numbers. With `adjudicate`,
    only the rows are asked on which the people of the journal differ; `blind` hides what the
    source says and a model suggests. `guidelines` is a text or a file. `known` returns the labels
    where neither the source nor the journal has any.

    Raises:
        InputError: the source cannot be read, or what is asked does not fit it.
    """
    task = load_task(spec.task)
    place = Path(journal or JOURNALS / f"{_name(spec.data.source)}.jsonl")
    with one_command():
        items = read_items(spec.data, task, split)
        refuse_if_read(place)
    held = Journal(place)
    names = list(labels) or list(dict.fromkeys([*items.labels, *held.labels()]))
    if not names and known is not None:
        names = list(known())
    question = _question(task, spec.data, items, names, scale, guidelines)
    if adjudicate:
        return Labels(items, _adjudication(items, held, question, who))
    chosen = None if rows is None or isinstance(rows, int) else {int(row) for row in rows}
    asked = [item for item in items.items if chosen is None or item.row in chosen]
    session = Session(asked, held, question, who)
    wish = order or ("source" if run is None else "entropy")
    if wish not in ORDERS or (wish in NEED_A_MODEL and run is None):
        raise InputError(
            "the order {wish!r} needs a model" if wish in ORDERS else "there is no order {wish!r}",
            "give a run" if wish in ORDERS else "choose {choices}",
            wish=shorten(wish),
            choices=" | ".join(ORDERS),
        )
    queue, suggestions, reasons = _queue(session, task, run, wish, spec.data.multi_label, seed)
    queue = queue[:rows] if isinstance(rows, int) else queue
    made = Session(queue, held, question, session.who, suggestions, reasons, blind=blind)
    return Labels(items, made)


def _queue(
    session: Session, task: Task, run: RunFolder | None, order: str, several: bool, seed: int
) -> tuple[list[Item], dict[Place, Suggestion], dict[Place, str]]:
    """Return the rows in the order of asking, decided ones first, with suggestions and reasons."""
    mine = session.journal.decisions(session.who)
    decided = [item for item in session.items if item.place in mine]
    rest = [item for item in session.items if item.place not in mine]
    suggestions: dict[Place, Suggestion] = {}
    shares = None
    later: list[Item] = []
    if run is not None and rest:
        from ..models.reading import quiet_libraries
        from .suggest import suggest

        places = np.random.default_rng(seed).permutation(len(rest))
        asked = sorted(places[:PREDICTED_ROWS].tolist())
        later = [rest[n] for n in sorted(places[PREDICTED_ROWS:].tolist())]
        rest = [rest[n] for n in asked]
        with quiet_libraries():
            suggestions, shares = suggest(run, rest, task, session.question.labels)
        if shares is None and order in NEED_A_MODEL:
            raise InputError(
                "models of {task} give no confidence",
                "choose the order source | random | diversity",
                task=task.name,
            )
    texts = [" ".join(item.texts.values()) for item in rest]
    known = [" ".join(item.texts.values()) for item in decided]
    queue = [rest[n] for n in order_rows(order, texts, shares, several, known, seed)]
    reasons = {} if order == "source" else {
        item.place: f"{order}, rank {rank}" for rank, item in enumerate(queue, 1)
    }  # fmt: skip
    return [*decided, *queue, *later], suggestions, reasons


def _adjudication(items: Items, journal: Journal, question: Question, who: str) -> Session:
    """Return a session on the rows on which people differ, with what each of them said."""
    found = agreement(journal.by_person(), question.kind)["disagreements"]
    others = {(one["split"], one["row"]): one["values"] for one in found}
    asked = [item for item in items.items if item.place in others]
    if not asked:
        raise InputError(
            "there are no disagreements in {journal}",
            "there is nothing to adjudicate",
            journal=journal.path,
        )
    return Session(asked, journal, question, who, others=others)


def _question(
    task: Task,
    spec: DataSpec,
    items: Items,
    names: Sequence[str],
    scale: tuple[float, float] | None,
    guidelines: str | Path,
) -> Question:
    labelling = task.labelling
    assert labelling is not None  # `read_items` has refused such a task
    named_spans = labelling.kind == "spans" and task.names_labels
    if (labelling.kind == "class" or named_spans) and not names:
        raise InputError("{items} has no labels yet", "name them: labels=[…]", items=items.name)
    several = labelling.kind == "class" and spec.multi_label
    words = str(guidelines)
    if isinstance(guidelines, Path) or re.fullmatch(r"\S+\.(?:md|txt)", words):
        try:
            words = Path(guidelines).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                "cannot read {path} ({reason})", "give a UTF-8 text", path=guidelines, reason=error
            ) from None
    return Question(
        labelling.kind,
        names if labelling.kind in ("class", "spans") else (),
        several,
        scale or items.scale,
        labelling.inside,
        words,
    )


def _name(source: str) -> str:
    """Return a file's name for the journal of a source."""
    stem = source.removesuffix(".gz").rstrip("/").replace("\\", "/").rsplit("/", 1)[-1]
    return cut_name(re.sub(r"[^\w.-]+", "-", re.sub(r"\.\w+$", "", stem)).strip("-.") or "labels")
