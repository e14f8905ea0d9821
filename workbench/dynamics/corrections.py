"""Corrections: what people decided about the labels of a run's rows, as a patch on its data.

The patch is a journal in the run's folder; the source is never edited. `data.corrections` of the
next run names a version of it, so that later decisions do not change that run.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

from ..errors import RunError, shorten
from ..labelling.journal import Journal, open_journal
from ..runs import RunFolder, write_text
from ..spec import RunSpec
from .rows import LearnedRows

FILE = "corrections.jsonl"


def open_corrections(run: RunFolder) -> Journal:
    """Return the run's journal; a new one begins with the corrections that the run learned with.

    Raises:
        DataError: those cannot be read any more.
    """
    path, earlier = run.path / FILE, run.spec().data.corrections
    if earlier and not path.exists():
        records = [
            json.dumps(asdict(one), ensure_ascii=False) for one in open_journal(earlier).records()
        ]
        write_text(path, "".join(f"{record}\n" for record in records), make_folder=False)
    return Journal(path)


def correct(
    journal: Journal, rows: LearnedRows, row: int, value: Any, why: str = "", who: str = ""
) -> None:
    """Note the right answer of a row: a name, a list where rows may have several, a number, a text.

    Raises:
        RunError: the run did not learn from the row, or the answer does not fit its task.
    """
    if rows.kind not in ("class", "number", "text"):
        raise RunError(
            "answers of this kind cannot be corrected with a word", "use: workbench data label"
        )
    if rows.kind == "number":
        value = _as_number(value)
    if rows.kind == "text" and not str(value).strip():
        raise RunError("the text for row {row} is empty", "write the correct text", row=row)
    names = value if isinstance(value, list) else [value]
    for name in names if rows.kind == "class" else []:
        if name not in rows.labels:
            raise RunError(
                "there is no label {name!r}",
                "choose {choices}",
                name=shorten(name, 40),
                choices=shorten(" | ".join(rows.labels), 200),
            )
    journal.decide(row, rows.split, rows.key(row), value, was=rows.label(row), why=why, who=who)


def corrected(journal: Journal, rows: LearnedRows) -> dict[int, Any]:
    """Return the decided labels, by row, of those that differ from what the run learned."""
    decided = {
        row: one.value
        for (split, row), one in journal.decisions().items()
        if split == rows.split and one.act == "label" and row in rows
    }
    return {row: value for row, value in decided.items() if value != rows.label(row)}


def retraining_spec(run: RunFolder, journal: Journal, changes: dict[str, Any]) -> RunSpec:
    """Return the spec of a run that starts from this one's model, on the corrected data.

    Raises:
        RunError: the run has no model yet, or nothing was corrected.
        SpecError: a change does not fit.
    """
    if not run.model_path.is_dir():
        raise RunError("{run} has no model to start from", "wait until it has ended", run=run.name)
    if not journal.decisions():
        raise RunError(
            "nothing was corrected: {journal} holds no label",
            "list likely label errors: workbench data label-issues {run_path}",
            journal=journal.path,
            run_path=run.path,
        )
    names = {path.name for path in run.path.resolve().parent.iterdir()}
    wish = f"{run.path.resolve().name}-corrected"
    name = next(n for n in (wish, *(f"{wish}-{k}" for k in range(2, 10_000))) if n not in names)
    version = f"{journal.path.absolute()}@{len(journal)}"
    return run.spec().replace(
        {
            "model.source": str(run.model_path.absolute()),
            "model.revision": None,
            "data.corrections": version,
            "train.replay": "",
            "output.runs_dir": str(run.path.parent),
            "output.run_name": name,
            **changes,
        }
    )


def _as_number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise RunError(
            "{value!r} is not a number", "write one such as 3.5", value=shorten(value, 40)
        )
    return number
