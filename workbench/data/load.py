"""`load_data`: from a spec to the two tables that a run learns from and is checked on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from ..errors import DataError, shorten
from ..labelling.journal import open_journal
from ..language import text as say
from ..language import translate
from ..sources import Progress
from ..spec import DataSpec
from ..tasks import Task
from .columns import (
    Columns,
    Given,
    columns_of,
    columns_of_zeros_and_ones,
    given_columns,
    guess_columns,
    unused_columns,
)
from .corrections import answerable
from .divide import Part, drawn, held_out, train_split, usable, validation_part, with_labels
from .examples import Examples, check_enough, fingerprint, to_dataset
from .labels import check_seen, check_wanted, name_labels, name_numbers
from .splits import find_split
from .tables import Table, find_tables


@dataclass(frozen=True)
class LoadedData:
    """What a run works with.

    `train` and `validation` are `datasets.Dataset` tables with a column for each role (labels as
    a ClassLabel) and `row` (the number in the source, from 1, a header not counted). `labels`
    names the classes, or the columns of numbers. `columns` says which column of the source plays
    which role. `detected` and `notes` are for show. `sizes` counts the usable rows of each split
    before any were drawn; `splits` tells what the source calls the two. `corrections` is the
    version of the journal that was applied. `label_counts`, `label_means` and `label_stds` are
    of the training rows that were drawn. `cleaning` says, for each split, what each step of
    cleaning did, and `dropped` holds a record of each row that it dropped.
    """

    train: Any
    validation: Any
    labels: list[str]
    columns: dict[str, str | list[str]]
    detected: dict[str, str]
    notes: list[str]
    fingerprint: str
    revision: str | None
    corrections: str = ""
    splits: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    label_counts: dict[str, int] = field(default_factory=dict)
    label_means: dict[str, float] = field(default_factory=dict)
    label_stds: dict[str, float] = field(default_factory=dict)
    cleaning: dict[str, Any] = field(default_factory=dict)
    dropped: list[dict[str, Any]] = field(default_factory=list)


def load_data(
    spec: DataSpec, task: Task, seed: int, progress: Progress | None = None
) -> LoadedData:
    """Find, read, check, divide and draw the data of a run.

    The same spec, seed and files give the same rows in the same order everywhere.

    Raises:
        DataError: a file, column or label is at fault, or there is too little to learn from.
        SourceError: the source cannot be found or fetched.
    """
    found, spec, tables = find_tables(spec, task, progress)
    split = train_split(tables, spec)
    table = answerable(tables.read(split), task, spec)
    given = given_columns(found.columns, task, spec.columns)
    columns = guess_columns(table.frame, task, given, table.name, spec.multi_label)
    wanted = spec.labels or found.labels
    train = usable(table, columns, task, "train", spec)
    check_enough(train.examples, table, [*table.detected.notes, *train.notes])
    if task.names_labels:
        check_wanted(train.examples, wanted, table)
        train = with_labels(train, wanted)
        check_enough(train.examples, table)
    labels = _names(train, task, wanted, columns)
    validation = validation_part(tables, spec, task, columns, split, wanted)
    if validation is None:
        train, validation = held_out(train, spec.validation_share, seed)
        share = f"{spec.validation_share:.0%}"
        divided, used = say("data.split.held_out", share=share, seed=seed), {split}
    else:
        if task.names_labels:
            check_seen(
                validation.examples, labels, validation.table, translate("the training rows")
            )
        shown = table.name if split == "all" else split
        divided = say("data.split.given", train=shown, validation=validation.split)
        used = {split, validation.split}
    drawn_train = drawn(train.examples, spec.max_train_rows, seed)
    drawn_validation = drawn(validation.examples, spec.max_validation_rows, seed)
    # Rows are drawn by their stratum; where that is the label, each must have its share.
    counted = set(labels) & set(train.examples.strata)
    if missing := sorted(counted - set(drawn_train.strata)):
        raise DataError(
            "data.max_train_rows: {limit} rows leave none for the label {missing!r}; there are "
            "{count} classes",
            "raise it to at least {count}",
            limit=spec.max_train_rows,
            missing=shorten(missing[0], 40),
            count=len(labels),
        ).at("data.max_train_rows", spec.max_train_rows, "too_few_rows")
    return LoadedData(
        train=to_dataset(drawn_train, task, labels),
        validation=to_dataset(drawn_validation, task, labels),
        labels=labels,
        columns=columns,
        detected={**table.detected.shown(), "split": divided},
        notes=[
            *_notes(train, validation, [name for name in tables.splits if name not in used]),
            *column_notes(table, columns, task, given, spec.group_column),
        ],
        fingerprint=fingerprint(drawn_train, drawn_validation),
        revision=found.revision,
        corrections=open_journal(spec.corrections).version if spec.corrections else "",
        splits={"train": split, "validation": validation.table.split},
        about=dict(found.about),
        sizes={"train": len(train.examples), "validation": len(validation.examples)},
        label_counts=_label_counts(drawn_train, task),
        label_means=_of_numbers(drawn_train, task, labels, fmean),
        label_stds=_of_numbers(drawn_train, task, labels, pstdev),
        **_cleaning({split: train, validation.split: validation}),
    )


def load_further(
    source: str | Path,
    task: Task,
    labels: Sequence[str],
    columns: Given,
    spec: DataSpec,
) -> Any:
    """Load all rows of a further labelled file, for a model that knows `labels`.

    `columns` are those of the run; a column that this file lacks is looked for anew. Of a source
    with several splits, the test split is taken, else the validation split, else the first. Where
    the run was told which labels to keep, rows with others are left out here too. Texts and labels
    are cleaned as those of the run were, but no row is dropped by it.

    Raises:
        DataError: the file cannot be read, or holds a label that the model does not know.
        SourceError: the source cannot be found or fetched.
    """
    if (source := str(source)) != spec.source:
        # Corrections are of other rows, and so is the revision.
        other = {"source": source, "revision": None, "corrections": ""}
        spec = spec.model_copy(update=other)
    found, spec, tables = find_tables(spec, task)
    names = list(tables.splits)
    split = find_split(names, "test") or find_split(names, "validation") or names[0]
    table = answerable(tables.read(split), task, spec)
    here = set(table.frame.columns)
    present = {role: place for role, place in columns.items() if {*columns_of(place)} <= here}
    guessed = guess_columns(table.frame, task, present, table.name, spec.multi_label)
    if lacking := [role for role in columns if role not in guessed]:
        raise DataError(
            "{name} has no column {column!r} for the {role}, which the run learned with; it has "
            "{columns}",
            "rename the column to that",
            name=table.name,
            column=_missing(columns[lacking[0]], here),
            role=lacking[0],
            columns=shorten(", ".join(table.frame.columns), 200),
        )
    wanted = labels if spec.labels or found.labels else []
    roles = {role: guessed[role] for role in columns}
    part = usable(table, roles, task, "test", spec, drop=False)
    examples = with_labels(part, wanted if task.names_labels else []).examples
    if not len(examples):
        raise DataError(
            "{name} has no row with a text and a label that could be checked",
            "add some, or give another file",
            name=table.name,
        )
    if task.names_labels:
        check_seen(examples, labels, table, translate("the model"))
    return to_dataset(examples, task, list(labels))


def _missing(place: int | Sequence[str | int], here: set[str]) -> str:
    return shorten(next(column for column in columns_of(place) if column not in here))


def _names(train: Part, task: Task, wanted: Sequence[str], columns: Columns) -> list[str]:
    """Return the names of the classes, or of what each number in a row is.

    Raises:
        DataError: there is only one class, or rows differ in how many numbers they hold.
    """
    if task.names_labels:
        role = next(role for role in task.roles if role.kind in ("label", "labels"))
        return name_labels(train.examples, wanted, train.table, columns_of(columns[role.name])[0])
    for role in task.roles:
        if role.kind == "numbers" and role.name in columns:
            return name_numbers(
                train.examples, role.name, columns_of(columns[role.name]), train.table
            )
    return []


def _label_counts(examples: Examples, task: Task) -> dict[str, int]:
    """Return how often each label, or tag, stands in the rows."""
    counts: Counter[str] = Counter()
    for role in task.roles:
        if role.kind in ("label", "labels"):
            for held in examples.values.get(role.name, ()):
                counts.update([held] if isinstance(held, str) else held)
    return dict(counts)


def _of_numbers(
    examples: Examples, task: Task, names: list[str], measure: Callable[[Sequence[float]], float]
) -> dict[str, float]:
    """Return a measure of each column of numbers, by name."""
    for role in task.roles:
        if role.kind == "numbers" and role.name in examples.values:
            columns = zip(*examples.values[role.name], strict=True)
            return {name: measure(column) for name, column in zip(names, columns, strict=True)}
    return {}


def _cleaning(parts: Mapping[str, Part]) -> dict[str, Any]:
    """Return what cleaning did to each split, and the rows that it dropped."""
    cleaned = {name: part.cleaned for name, part in parts.items() if part.cleaned}
    return {
        "cleaning": {name: one.to_dict() for name, one in cleaned.items() if one.done},
        "dropped": [
            {"split": name, **record} for name, one in cleaned.items() for record in one.dropped
        ],
    }


def _notes(train: Part, validation: Part, unused: list[str]) -> list[str]:
    """Return everything worth telling, in the order in which it happened."""
    notes = [*train.table.detected.notes, *train.notes, *validation.notes]
    known = set(train.examples.text_keys())
    if shared := sum(key in known for key in validation.examples.text_keys()):
        notes.append(say("data.note.shared_texts", count=f"{shared:,}"))
    if groups := set(train.examples.groups) & set(validation.examples.groups) - {""}:
        shown = shorten(", ".join(sorted(groups)))
        notes.append(say("data.note.shared_groups", count=f"{len(groups):,}", groups=shown))
    if unused:
        notes.append(say("data.note.unused_splits", splits=shorten(", ".join(unused))))
    return list(dict.fromkeys(notes))


def column_notes(
    table: Table, columns: Columns, task: Task, given: Given, group_column: str = ""
) -> list[str]:
    """Return what is to be said of columns: those that play no role, and given ones not there."""
    spare = [group_column, "file"] if group_column else ["file"]
    unused = unused_columns(table.frame, columns, spare)
    notes = []
    if unused:
        shown = ", ".join(unused[:10]) + (", …" if len(unused) > 10 else "")
        notes.append(say("data.note.unused_columns", columns=shorten(shown, 200)))
    if sets := columns_of_zeros_and_ones(table.frame, columns, task, unused):
        shown = shorten(", ".join(sets), 200)
        notes.append(say("data.note.maybe_labels", columns=shown))
    missing = [role for role in given if role not in columns and task.role(role).may_be_empty]
    return notes + [
        say("data.note.optional_column", role=role, column=shorten(given[role])) for role in missing
    ]
