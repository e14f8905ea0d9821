"""What a fork starts from, and what is changed in it: for the form beside a point of the curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..language import text
from ..runs import RunFolder
from ..spec import field_of
from .entries import number, parse
from .messages import ForkField, ForkOffer

# What is asked for at a click; everything else can be set with `run.fork(step, …)`.
KNOBS = ("learning_rate", "weight_decay")


def fork_offer(run: RunFolder, step: int, language: str) -> ForkOffer:
    """Return the step that a fork at `step` really leaves from, and the knobs as they were there.

    A run without a checkpoint gives its own step and values: that it cannot be forked is said
    when somebody asks for it.
    """
    at, knobs = _checkpoint_at(run, step)
    train = run.spec().train
    fields: list[ForkField] = []
    for name in KNOBS:
        low, high = map(number, field_of(f"train.{name}").domain.bounds)
        fields.append(
            {
                "name": name,
                "label": text(f"form.label.train.{name}", language),
                "entry": number(knobs.get(name, getattr(train, name))),
                "title": text("form.ui.range", language, low=low, high=high),
            }
        )
    return {"at": step if at is None else at, "fields": fields}


def fork_changes(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed as changes of the spec; what does not fit, the spec itself refuses."""
    fields = [field_of(f"train.{name}") for name in KNOBS if name in entries]
    return {
        field.path: parse(field, str(entries[field.path.partition(".")[2]])) for field in fields
    }


def _checkpoint_at(run: RunFolder, step: int) -> tuple[int | None, dict[str, Any]]:
    """Return the step of the checkpoint that a fork would take, and its knobs."""
    from ..training.checkpoints import list_checkpoints, load_progress, step_of

    found = {step_of(folder): folder for folder in list_checkpoints(run)}
    at = max((n for n in found if n <= step), default=min(found, default=None))
    if at is None:
        return None, {}
    try:
        return at, load_progress(found[at])["hyperparameters"]
    except (OSError, ValueError, KeyError):  # damaged; the fork will say so, or take another
        return at, {}
