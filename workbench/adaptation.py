"""Domain adaptation: does a model do better that has first read texts of the domain?

Two steps: a first run reads (it guesses hidden words, say), a second starts from its model. Beside
it the second step alone, which starts from the model that the first started from: same spec, same
seed, same rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import RunError
from .reporting import write_report
from .runs import RunFolder
from .spec import RunSpec

# What is added to the name of the second step, without the first and with it.
_NAMES = ("plain", "adapted")

Train = Callable[[RunSpec], RunFolder]


@dataclass(frozen=True)
class Adaptation:
    """The three runs: the first step, and the second without it and with it."""

    reading: RunFolder
    without: RunFolder
    adapted: RunFolder


def adapt(first: RunSpec | RunFolder, second: RunSpec, train: Train) -> Adaptation:
    """Carry out both steps, and the second alone beside them; `train` trains a spec to its end.

    `first` may be a run that has read already. The report of the adapted run shows both.

    Raises:
        InputError: the steps do not start from the same model, or one of them is at fault; faults
            of the first are found before anything is trained.
    """
    from .training.prepare import prepare
    from .training.run import quiet_libraries, suggested_name

    name = second.output.run_name or suggested_name(second)
    plain, adapted = (second.replace({"output.run_name": f"{name}-{how}"}) for how in _NAMES)
    for spec in (plain, adapted):
        _require_free_name(spec)
    if isinstance(first, RunFolder):
        _require_same_start(first.spec(), second)
        if not first.model_path.is_dir():
            raise RunError("{run} has no model to start from", "let it end first", run=first.name)
    else:
        _require_same_start(first, second)
        if not first.output.run_name:
            first = first.replace({"output.run_name": f"{name}-reading"})
        _require_free_name(first)
        with quiet_libraries():
            prepare(first)
    without = train(plain)
    reading = first if isinstance(first, RunFolder) else train(first)
    start = {"model.source": str(reading.path.absolute()), "model.revision": None}
    run = train(adapted.replace(start))
    _note(run, parent=reading, without=without)
    write_report(run)
    return Adaptation(reading, without, run)


def _require_free_name(spec: RunSpec) -> None:
    folder = Path(spec.output.runs_dir) / spec.output.run_name
    if folder.exists():
        raise RunError(
            "there is a run {run} already", "give another output.run_name", run=folder.as_posix()
        ).at("output.run_name", spec.output.run_name, "name_taken")


def _require_same_start(first: RunSpec, second: RunSpec) -> None:
    """Refuse two steps of which the figure would compare models rather than adaptation."""
    if first.model.source != second.model.source:
        raise RunError(
            "the first step starts from {first}, the second from {second}",
            "let both start from one model: --set model.source={first}",
            first=first.model.source,
            second=second.model.source,
        )


def _note(adapted: RunFolder, **others: RunFolder) -> None:
    """Note in the record of the adapted run where the others are."""
    home = adapted.path.parent
    noted = {
        name: {"run": run.name, "path": os.path.relpath(run.path, home), "step": None}
        for name, run in others.items()
    }
    adapted.write_spec(adapted.spec(), adapted.record() | noted)
