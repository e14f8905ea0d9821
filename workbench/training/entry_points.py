"""Losses and metrics of the user's own, from packages that are installed.

A package names them as entry points, so that a run's spec holds a name and never code:

    [project.entry-points."workbench.losses"]
    asymmetric = "my_package:asymmetric_loss"

    [project.entry-points."workbench.metrics"]
    cost = "my_package:mean_cost"

A loss is a function of the model's outputs and the labels, and returns the losses of a batch as a
tensor with at least one axis; a step minimises their sum over all its batches, divided by the
number of labels. A metric is a function of what the task keeps of a validation pass (for a
classifier the logits) and of the labels, both arrays, and returns a number; it is better when
larger, unless the function has the attribute `greater_is_better = False`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any

from ..errors import InputError, shorten
from ..tasks import Objective

LOSSES, METRICS = "workbench.losses", "workbench.metrics"


def own_objective(name: str, default: Objective) -> Objective:
    """Return the loss that an installed package has under this name; it counts as the usual one.

    Raises:
        InputError: no package has one, or it cannot be imported.
    """
    losses = load(LOSSES, name)

    def total(outputs: Any, labels: Any) -> Any:
        found = losses(outputs, labels)
        if not getattr(found, "ndim", 0):  # an average, which would be divided once more
            raise InputError(
                "the loss {name} returned one number ({kind}) where a tensor of losses is expected",
                "return the loss of each row or token, not yet averaged or summed",
                name=name,
                kind=type(found).__name__,
            )
        return found.sum()

    return Objective(total, default.count)


def own_metrics(names: Sequence[str]) -> dict[str, Callable[[Any, Any], float]]:
    """Return the metrics that installed packages have under these names.

    Raises:
        InputError: no package has one of them, or it cannot be imported.
    """
    return {name: load(METRICS, name) for name in names}


def load(group: str, name: str) -> Callable[..., Any]:
    """Return the function that an installed package has under a name.

    Raises:
        InputError: no package has one, or it cannot be imported.
    """
    known = {point.name: point for point in entry_points(group=group)}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise InputError(
            "no installed package has the entry point {name!r} in the group {group}",
            "did you mean {near}?"
            if near
            else "choose from {choices}"
            if known
            else "install the package that has it",
            name=shorten(name),
            group=group,
            near=next(iter(near), ""),
            choices=", ".join(sorted(known)),
        )
    try:
        function = known[name].load()
    except Exception as error:  # the package's own code
        raise InputError(
            "the entry point {name} ({value}) cannot be loaded: {reason}",
            "repair or reinstall its package",
            name=name,
            value=known[name].value,
            reason=shorten(error, 160),
        ) from error
    if not callable(function):
        raise InputError(
            "the entry point {name} ({value}) is not a function",
            "repair or reinstall its package",
            name=name,
            value=known[name].value,
        )
    return function
