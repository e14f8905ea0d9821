"""Dividing a source once and for all: files to learn from, to check on, and to test on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from ..errors import DataError, InputError, shorten
from ..runs import write_output
from ..sources import Progress
from ..spec import RunSpec
from .columns import text_columns
from .divide import group_values
from .duplicates import near_duplicates, text_key
from .export import write_table
from .profiling.source import Opened, Split, fingerprint, open_splits
from .splits import ROLES, Groups, find_split, hold_out

FORMATS = ("jsonl", "csv", "tsv", "parquet")


def divide_source(
    spec: RunSpec,
    folder: Path,
    validation: float = 0.1,
    test: float = 0.1,
    suffix: str = "jsonl",
    near: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write `train`, `validation` and `test` files into a folder, which is then a source itself.

    Each label gives its share to each file. Rows with the same text stay together, with `near`
    also those with nearly the same. All columns are kept; the seed is that of the spec. What was
    done is told in `split.yaml`, which lies beside the files.

    Raises:
        InputError: the shares are no shares, or the files are there already.
        DataError: the source has splits already, or too few different texts.
    """
    if not (validation >= 0 and test >= 0 and 0 < validation + test < 1):
        raise InputError(
            "with shares of {validation:g} and {test:g}, the training split or the others "
            "would be empty",
            "give two shares that add up to more than 0 and less than 1",
            validation=validation,
            test=test,
        )
    places = {role: folder / f"{role}.{suffix}" for role in ROLES}
    if there := [str(path) for path in places.values() if path.exists()]:
        raise InputError("{path} is there already", "choose another folder", path=there[0])
    opened = open_splits(spec, progress)
    split = _only(opened)
    keys = _keys(opened, split)
    together = group_values(split.table, spec.data.group_column, split.numbers)
    parts = _divided(split, keys, together, near, validation, test, spec.train.seed)
    texts = text_columns(opened.columns, opened.task)
    made_safe = 0
    for role, rows in parts.items():
        if rows:
            made_safe += write_table(split.table.frame.iloc[rows], places[role], texts)
    summary = {
        "source": spec.data.source,
        "fingerprint": fingerprint([split]),
        "seed": spec.train.seed,
        "near_duplicates_together": near,
        "rows": {role: len(rows) for role, rows in parts.items() if rows},
        "files": {role: str(places[role]) for role, rows in parts.items() if rows},
        "cells_made_safe": made_safe,
    }
    write_output(
        folder / "split.yaml", yaml.safe_dump(summary, sort_keys=False, allow_unicode=True)
    )
    return summary


def _only(opened: Opened) -> Split:
    """Return the split that is to be divided.

    Raises:
        DataError: there are several, and none was named.
    """
    names = [split.name for split in opened.splits]
    wish = opened.spec.data.train_split
    if len(names) > 1 and not wish:
        raise DataError(
            "{source} has splits already: {names}",
            "name the one to split: data.train_split",
            source=shorten(opened.spec.data.source),
            names=shorten(", ".join(names)),
        ).at("data.train_split", wish, "several_splits")
    wanted = wish if wish in names else find_split(names, "train") if wish else names[0]
    found = next((split for split in opened.splits if split.name == wanted), None)
    if found is None:
        raise DataError(
            "data.train_split: there is no split {wish!r}",
            "it has {names}",
            wish=shorten(wish),
            names=shorten(", ".join(names), 200),
        ).at("data.train_split", wish, "no_such_split")
    return found


def _keys(opened: Opened, split: Split) -> list[str]:
    """Return the texts by which rows are kept together: of a task with passages, the passages."""
    roles = [role.name for role in opened.task.inputs if role.name in opened.columns]
    together = opened.task.grouped_by or tuple(roles)
    parts = [part for role, part in zip(roles, split.parts, strict=True) if role in together]
    return list(map(text_key, *parts))


def _divided(
    split: Split,
    keys: Sequence[str],
    together: Sequence[str],
    near: bool,
    validation: float,
    test: float,
    seed: int,
) -> dict[str, list[int]]:
    """Return the positions of each part's rows.

    What nearly repeats a row need not nearly repeat a third one that this one does. So whatever
    is alike in two parts is brought together, and the rows are divided anew, until nothing is.
    """
    groups = Groups(keys)
    groups.join_equal(keys, together)
    if near:
        for i, copy in near_duplicates(keys).items():
            groups.join(keys[i], keys[copy.position])
    strata = ["\0".join(labels) for labels in split.labels]
    while True:
        parts = _drawn([groups.name(key) for key in keys], strata, validation, test, seed)
        wanted = {"train": 1.0, "validation": validation, "test": test}
        if empty := [role for role, rows in parts.items() if wanted[role] and not rows]:
            raise DataError(
                "{name} has too few different texts: none is left for {split}",
                "add rows, or choose other shares",
                name=split.table.name,
                split=empty[0],
            )
        if not (near and _joined(parts, keys, groups)):
            return parts


def _drawn(
    groups: Sequence[str], strata: Sequence[str], validation: float, test: float, seed: int
) -> dict[str, list[int]]:
    learned, tested = list(range(len(groups))), list[int]()
    if test:
        learned, tested = hold_out(groups, strata, test, seed)
    rest, checked = learned, list[int]()
    if validation:
        share = validation / (1 - test)
        inner = hold_out([groups[i] for i in learned], [strata[i] for i in learned], share, seed)
        rest, checked = ([learned[i] for i in part] for part in inner)
    return dict(zip(ROLES, (rest, checked, tested), strict=True))


def _joined(parts: dict[str, list[int]], keys: Sequence[str], groups: Groups) -> bool:
    """Join the groups of rows that are alike in two parts; say whether there were any."""
    found = False
    for one, other in combinations(parts.values(), 2):
        ours, theirs = [keys[i] for i in one], [keys[i] for i in other]
        for i, copy in near_duplicates(theirs, against=ours).items():
            groups.join(theirs[i], ours[copy.position])
            found = True
    return found
