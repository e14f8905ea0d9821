"""The head of a model that was fine-tuned before: which of its rows is which label.

A head is taken over by the names of its labels, never by their places alone: where the names are
the same in another order, its rows are reordered; where they are others, the head is new.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import shorten
from ..language import text as say
from .folder import read_shapes, weight_files

_UNNAMED = re.compile(r"label_(\d+)")
_SHOWN = 8


@dataclass(frozen=True)
class Head:
    """The weights that stand for labels, and how those in the model's folder fit the data.

    `made` is the class of the model. `axes` names each weight that has a row for each label, with
    the axes along which the labels stand. `names` are the labels of the head in the folder, none
    if it has no head. `order` gives for each label of the data its place in that head; None: the
    head is new.
    """

    made: Any = None
    axes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    order: tuple[int, ...] | None = None

    @property
    def is_reordered(self) -> bool:
        """Whether the folder has the same labels in another order."""
        return self.order is not None and self.order != tuple(range(len(self.order)))

    @property
    def is_foreign(self) -> bool:
        """Whether the folder has a head that stands for other labels."""
        return self.order is None and bool(self.names)

    def others(self, folder: Path) -> dict[str, Any]:
        """Return the weights in the model's folder without those of its head."""
        from safetensors.torch import load_file

        files = [load_file(path) for path in weight_files(folder)]
        return {k: v for held in files for k, v in held.items() if k not in self.axes}

    def put_in_order(self, model: Any) -> None:
        """Reorder the rows of a loaded head to the labels of the data."""
        if not self.is_reordered:
            return
        import torch

        weights = dict(model.named_parameters())
        for name, axes in self.axes.items():
            with torch.no_grad():
                for axis in axes:
                    order = torch.tensor(self.order, device=weights[name].device)
                    weights[name].copy_(weights[name].index_select(axis, order))


def find_head(
    folder: Path | None,
    config: Any,
    own_config: Any,
    make: Callable[[Any], Any],
    skeleton: Any = None,
) -> Head:
    """Return how the head in a model's folder, if there are weights, fits the labels of the data.

    `config` is the one for the data's labels, `own_config` that of the folder; `make` builds a
    model without numbers from a config; the one for `config` may be given as `skeleton`.

    Raises:
        ModelError: the weights cannot be read.
    """
    skeleton = make(config) if skeleton is None else skeleton
    axes = label_axes(skeleton, config, make)
    stored = {} if folder is None else read_shapes(folder)
    if not axes or not all(name in stored for name in axes):
        return Head(type(skeleton), axes)
    labels, names = (
        tuple(one.id2label[number] for number in sorted(one.id2label))
        for one in (config, own_config)
    )
    shapes = {name: list(one.shape) for name, one in skeleton.named_parameters() if name in axes}
    fits = all(stored[name][0] == shape for name, shape in shapes.items())
    alone = len(labels) == 1 and config.problem_type == "regression"  # one number has one place
    order = (0,) if alone else match_names(names, labels)
    return Head(type(skeleton), axes, names, order if fits else None)


def label_axes(
    skeleton: Any, config: Any, make: Callable[[Any], Any]
) -> dict[str, tuple[int, ...]]:
    """Return the weights that grow with the number of labels, and along which axes."""
    more = deepcopy(config)
    more.num_labels = config.num_labels + 1
    larger = {name: one.shape for name, one in make(more).named_parameters()}
    found: dict[str, tuple[int, ...]] = {}
    for name, one in skeleton.named_parameters():
        other = larger.get(name, one.shape)
        axes = [axis for axis, size in enumerate(one.shape) if other[axis] != size]
        if axes:
            found[name] = tuple(axes)
    return found


def match_names(theirs: Sequence[str], ours: Sequence[str]) -> tuple[int, ...] | None:
    """Return for each of our labels its place among theirs; None where the names differ.

    Names are the same as they are written; else in the same letters, upper or lower case; else if
    `LABEL_1` on one side is `1` on the other. What two labels of a side would share is no match.
    """
    for key in (str, _plain, _numbered):
        places = {key(name): place for place, name in enumerate(theirs)}
        wanted = [key(name) for name in ours]
        clear = len(places) == len(theirs) == len(ours)
        if clear and set(places) == set(wanted):
            return tuple(places[name] for name in wanted)
    return None


def note_of(head: Head, labels: Sequence[str]) -> str:
    """Return what is to be said of a head that is not taken as it is; else nothing."""
    if not head.names or (head.order is not None and not head.is_reordered):
        return ""
    if head.is_reordered:
        return say("data.note.head_reordered", theirs=_listed(head.names), ours=_listed(labels))
    return say(
        "data.note.head_new", theirs=_listed(_without(head.names, labels) or head.names),
        ours=_listed(_without(labels, head.names) or labels),
    )  # fmt: skip


def _without(some: Sequence[str], others: Sequence[str]) -> list[str]:
    known = set(map(_numbered, others))
    return [name for name in some if _numbered(name) not in known]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(shorten(name, 40) for name in names[:_SHOWN])
    return f"{shown}, …" if len(names) > _SHOWN else shown


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", str(name)).strip().casefold()


def _numbered(name: str) -> str:
    plain = _plain(name)
    unnamed = _UNNAMED.fullmatch(plain)
    return str(int(unnamed[1])) if unnamed else plain
