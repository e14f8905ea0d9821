"""Which rows are learned from and which are checked on: by split, by file, or held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from ..errors import DataError, setting_at_fault, shorten
from ..language import text as say
from ..runs.names import expanded
from ..sources.paths import is_database
from ..spec import DataSpec
from ..tasks import Task
from .cells import as_text
from .cleaning import Cleaned, clean_table, notes_of
from .columns import Columns, flat, guess_columns
from .corrections import Corrections, answerable
from .examples import Examples
from .labels import keep_labels
from .rows import take_examples
from .splits import draw, find_split, hold_out
from .tables import Table, Tables, expand, read_files


@dataclass(frozen=True)
class Part:
    """The usable examples of one split, the table they are from, and notes on both.

    The table is as it was found, and `cleaned` what cleaning made of it.
    """

    split: str
    table: Table
    examples: Examples
    notes: list[str] = field(default_factory=list)
    cleaned: Cleaned | None = None


def usable(
    table: Table, columns: Columns, task: Task, split: str, spec: DataSpec, drop: bool = True
) -> Part:
    """Return the rows of a table, corrected and cleaned, that have what the task needs.

    Without `drop`, cleaning changes cells only, and no row is dropped by it.
    """
    corrections = Corrections(table, columns, task, spec)
    cleaned = clean_table(corrections.table, columns, task, spec, drop=drop)
    examples, notes = take_examples(cleaned.table, columns, task, split, spec, corrections.answer)
    pairs = zip(examples.rows, examples.strata, strict=True)
    strata = [corrections.strata.get(row, stratum) for row, stratum in pairs]
    groups = group_values(table, spec.group_column, examples.rows)
    examples = replace(examples, strata=strata, groups=groups)
    notes = [*notes_of(cleaned, split), *notes, *corrections.notes(split, examples.rows)]
    return Part(split, table, examples, notes, cleaned)


def group_values(table: Table, column: str, rows: Sequence[int]) -> list[str]:
    """Return what `data.group_column` says of rows; nothing where no column is named.

    Raises:
        DataError: there is no such column.
    """
    if not column:
        return []
    if column not in table.frame.columns:
        near = get_close_matches(column, map(str, table.frame.columns), n=1, cutoff=0.5)
        raise DataError(
            "data.group_column: {name} has no column {column!r}; it has {columns}",
            "did you mean {near!r}?" if near else "set it to one of them",
            name=table.name,
            column=shorten(column),
            columns=shorten(", ".join(map(str, table.frame.columns)), 200),
            near=next(iter(near), ""),
        ).at("data.group_column", column, "no_such_column")
    cells = table.frame[column]
    return [as_text(cells.loc[row]).strip() for row in rows]


def with_labels(part: Part, wanted: Sequence[str]) -> Part:
    """Return the part with the wanted labels only; no wish keeps all."""
    examples, notes = keep_labels(part.examples, wanted, part.split)
    return replace(part, examples=examples, notes=[*part.notes, *notes])


def train_split(tables: Tables, spec: DataSpec) -> str:
    """Return the split to learn from: as told, else the one called train, else the only one.

    Raises:
        DataError: there is no such split.
    """
    if spec.train_split:
        with setting_at_fault("data.train_split", spec.train_split, "no_such_split"):
            return tables.match(spec.train_split, "data.train_split")
    names = list(tables.splits)
    if found := find_split(names, "train"):
        return found
    if len(names) == 1:
        return names[0]
    raise DataError(
        "{place} has no split called train; it has {names}",
        "set data.train_split to the one to train on",
        place=tables.place,
        names=shorten(", ".join(names), 200),
    ).at("data.train_split", "", "no_train_split")


def validation_part(
    tables: Tables,
    spec: DataSpec,
    task: Task,
    columns: Columns,
    train: str,
    wanted: Sequence[str],
) -> Part | None:
    """Return the split or file to check on, or None where rows are to be held out.

    Unless told, that is the validation split, else the test split if it has labels.

    Raises:
        DataError: the wished split or file does not exist, or has nothing to check on.
    """
    if spec.validation_split:
        table, name = wished(tables, spec, train, task)
        here = guess_columns(table.frame, task, columns, table.name, spec.multi_label)
        part = with_labels(usable(table, here, task, "validation", spec), wanted)
        if not len(part.examples):
            raise DataError(
                "{name} has no row with a text and a label that could be checked",
                "set data.validation_split to another, or leave it empty to hold rows out",
                name=table.name,
            ).at("data.validation_split", spec.validation_split, "no_row")
        notes = [*table.detected.notes, *part.notes]
        return Part(name, table, part.examples, notes, part.cleaned)
    names = [name for name in tables.splits if name != train]
    for role in ("validation", "test"):
        name = find_split(names, role)
        if not name:
            continue
        table = answerable(tables.read(name), task, spec)
        if not set(flat(columns)).issubset(table.frame.columns):
            continue
        part = with_labels(usable(table, columns, task, "validation", spec), wanted)
        # Splits whose labels are kept secret, as of competitions, are of no use here.
        if len(part.examples):
            notes = (
                [] if role == "validation" else [say("data.note.test_as_validation", split=name)]
            )
            notes = [*notes, *table.detected.notes, *part.notes]
            return Part(name, table, part.examples, notes, part.cleaned)
    return None


def wished(tables: Tables, spec: DataSpec, train: str, task: Task) -> tuple[Table, str]:
    """Return the split or the file that `data.validation_split` names."""
    wish = spec.validation_split
    if wish not in tables.splits:
        here = "" if is_database(tables.place) else tables.place
        beside = expanded(here).parent / wish
        for path in (expanded(wish), beside):
            if path.exists():
                table = read_files(expand([path]), spec, task)
                return replace(answerable(table, task, spec), split=path.name), path.name
        if any(mark in wish for mark in "/\\."):
            raise DataError(
                "data.validation_split: file not found: {path}",
                "check the path, or leave it empty to hold rows out",
                path=shorten(wish),
            ).at("data.validation_split", wish, "no_such_file")
    with setting_at_fault("data.validation_split", wish, "no_such_split"):
        name = tables.match(wish, "data.validation_split")
    if name == train:
        raise DataError(
            "data.validation_split: {path!r} is also the training split",
            "choose another, or leave it empty to hold rows out",
            path=shorten(wish),
        ).at("data.validation_split", wish, "same_split")
    return answerable(tables.read(name), task, spec), name


def held_out(train: Part, share: float, seed: int) -> tuple[Part, Part]:
    """Divide the examples by `hold_out`: those to learn from, those to check on.

    Raises:
        DataError: there are too few different texts.
    """
    examples = train.examples
    keys = examples.text_keys()
    learned, held = hold_out(examples.group_keys(), examples.strata, share, seed)
    if not held:
        raise DataError(
            "{name}: every class has only one distinct text, so none can be held out"
            if len(set(examples.strata)) > 1
            else "{name}: there is only one distinct text, so none can be held out",
            "add rows, or set data.validation_split",
            name=train.table.name,
        ).at("data.validation_split", "", "too_few_rows")
    notes = []
    if doubles := len(keys) - len(set(keys)):
        notes.append(say("data.note.duplicates", count=f"{doubles:,}"))
    checked = {examples.strata[i] for i in held}
    if single := [name for name in Counter(examples.strata) if name not in checked]:
        shown = shorten(", ".join(single))
        notes.append(say("data.note.single_text_classes", count=len(single), labels=shown))
    return (
        Part(
            train.split,
            train.table,
            examples.select(learned),
            [*train.notes, *notes],
            train.cleaned,
        ),
        Part("validation", train.table, examples.select(held)),
    )


def drawn(examples: Examples, count: int | None, seed: int) -> Examples:
    """Return `count` examples drawn by seed, each class by its share; all where `count` is None."""
    if count is None or count >= len(examples):
        return examples
    keys = [f"{row}\0{key}" for row, key in zip(examples.rows, examples.text_keys(), strict=True)]
    return examples.select(draw(keys, examples.strata, count, seed))
