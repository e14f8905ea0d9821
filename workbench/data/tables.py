"""The tables of a found source, one a split, read only when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import DataError, setting_at_fault, shorten
from ..language import text as say
from ..sources import FoundData, Progress, find_data
from ..sources.paths import is_data_file
from ..spec import DataSpec
from ..tasks import Task
from .arrow_files import named_classes
from .cells import as_text
from .columns import flat
from .documents import class_folders, read_documents_into
from .nested import spread
from .shapes import shaped
from .splits import ROLES, find_split, role_of, split_files, stem
from .table import SUFFIXES, Detected, read_table
from .workbooks import split_sheets

_FILE = "file"


@dataclass(frozen=True)
class Table:
    """One split: rows numbered from 1 in the frame's index, and what was detected.

    `name` is for messages. `class_names` holds the names behind numbered classes, by column.
    `split` is what the source calls it: what a journal of labels knows the rows by.
    """

    name: str
    frame: Any
    class_names: dict[str, list[str]] = field(default_factory=dict)
    detected: Detected = field(default_factory=Detected)
    split: str = ""


@dataclass(frozen=True)
class Tables:
    """What a source holds: names of splits in order, and how to read each."""

    place: str
    splits: Mapping[str, Callable[[], Table]]

    def read(self, split: str) -> Table:
        """Read one split."""
        return replace(self.splits[split](), split=split)

    def match(self, wanted: str, field_name: str) -> str:
        """Return the split called `wanted`.

        Raises:
            DataError: there is none.
        """
        if wanted in self.splits:
            return wanted
        for role in ROLES:
            if find_split([wanted], role) and (found := find_split(self.splits, role)):
                return found
        raise DataError(
            "{field}: {place} has no split {split!r}",
            "it has {splits}; leave the field empty to find one",
            field=field_name,
            place=self.place,
            split=shorten(wanted),
            splits=shorten(", ".join(self.splits), 200),
        )


def find_tables(
    spec: DataSpec, task: Task, progress: Progress | None = None
) -> tuple[FoundData, DataSpec, Tables]:
    """Find a spec's source; return it, the spec with what is known of its files, and its tables.

    Raises:
        DataError: there is no file that could be read.
        SourceError: the source cannot be found or fetched.
    """
    with setting_at_fault("data.source", spec.source, "not_found"):
        found = find_data(spec.source, spec.revision, progress)
    names = ("encoding", "delimiter", "header")
    known = {n: found.hints[n] for n in names if n in found.hints and getattr(spec, n) == "auto"}
    spec = spec.model_copy(update=known)
    return found, spec, open_tables(found, spec, task)


def open_tables(found: FoundData, spec: DataSpec, task: Task | None = None) -> Tables:
    """List the splits of a source: those of a hub set, or those that its files are named after.

    The task knows what columns are usually called, and may know file formats of its own.

    Raises:
        DataError: there is no file that could be read.
    """
    notes = list(found.notes)
    if found.tables:
        return Tables(
            found.place,
            {
                split: partial(_from_hub, found.place, split, table, spec, task, notes)
                for split, table in found.tables.items()
            },
        )
    files = found.files if found.splits else expand(found.files)
    if not files:
        raise DataError(
            "{place} holds no data file",
            "give {endings}, each also .gz",
            place=shorten(found.place),
            endings=", ".join(SUFFIXES),
        )
    documents = class_folders(files) if task is None or _has_label(task) else {}
    if documents:
        return Tables(found.place, {split: partial(read_documents, split, labelled, spec, notes)
                                    for split, labelled in documents.items()})  # fmt: skip
    groups = found.splits or split_files(files)
    alone = len(files) == 1 and not (found.part or found.splits)
    if alone and (sheets := split_sheets(files[0])):
        return Tables(found.place, {
            split: partial(read_files, files, spec, task, sheet, notes)
            for split, sheet in sheets.items()
        })  # fmt: skip
    readers = {
        split: partial(read_files, group, spec, task, found.part, notes)
        for split, group in groups.items()
    }
    if len(readers) == 1 and not spec.train_split:
        (split, read), *_ = readers.items()
        table = read()
        return Tables(found.place, split_by_column(table) or {split: lambda: table})
    return Tables(found.place, readers)


def _has_label(task: Task) -> bool:
    return any(role.kind == "label" for role in task.roles)


def expand(files: Collection[Path]) -> list[Path]:
    """Replace folders by the data files in them, in the order of their names."""
    expanded: list[Path] = []
    for file in files:
        if file.is_dir():
            inside = sorted(path for path in file.rglob("*") if path.is_file())
            expanded += [path for path in inside if is_data_file(path)]
        else:
            expanded.append(file)
    return expanded


def read_files(
    files: list[Path],
    spec: DataSpec,
    task: Task | None = None,
    sheet: str = "",
    notes: Collection[str] = (),
) -> Table:
    """Read files with the same columns as one table; row numbers run on from file to file.

    Where `data.columns` names a column `file`, which they lack, it holds each file's name: of
    `pos.csv` and `neg.csv`, the label. `notes` are told first, `sheet` is that of a workbook.

    Raises:
        DataError: a file cannot be read, or has other columns than the first.
    """
    import pandas

    frames: list[Any] = []
    notes = list(notes)
    offset = 0
    first: Detected | None = None
    for file in files:
        frame, detected = read_table(
            file,
            spec.encoding,
            spec.delimiter,
            spec.header,
            _known_names(task) if task else (),
            task.read_file if task else None,
            spec.format,
            sheet,
            spec.bad_rows,
        )
        frame, more = shaped(frame, task, spec, file.name)
        detected = replace(detected, notes=[*detected.notes, *more])
        frame = _flat(frame, task)
        if _FILE in flat(spec.columns) and _FILE not in frame.columns:
            frame[_FILE] = stem(file)
        first = first or detected
        if frames and set(frame.columns) != set(frames[0].columns):
            raise DataError(
                "{file} has the columns {columns}, but {other} has {others}",
                "give one file as data.source, and another as data.validation_split",
                file=file.name,
                columns=shorten(", ".join(frame.columns)),
                other=files[0].name,
                others=shorten(", ".join(frames[0].columns)),
            )
        several = len(files) > 1
        notes += [f"{file.name}: {note}" if several else note for note in detected.notes]
        class_names = frame.attrs.get("class_names", {})
        frame.index = frame.index + offset
        offset = int(frame.index[-1])
        frames.append(frame)
    whole = pandas.concat(frames) if len(frames) > 1 else frames[0]
    detected = replace(first or Detected(), rows=len(whole), notes=notes)
    name = files[0].name if len(files) == 1 else f"{files[0].parent.name} ({len(files)} files)"
    return Table(name, whole, class_names, detected)


def read_documents(
    split: str, labelled: list[tuple[str, Path]], spec: DataSpec, notes: Collection[str]
) -> Table:
    """Read files, each of them one text, labelled by their folders' names."""
    frame, detected = read_documents_into(labelled, spec.encoding)
    name = split if split != "all" else labelled[0][1].parent.parent.name
    return Table(
        f"{name} ({len(labelled):,} files)",
        frame,
        {},
        replace(detected, notes=[*notes, *detected.notes]),
    )


# How a column is called that says which split a row belongs to.
_SPLIT_COLUMNS = frozenset(
    ("split", "set", "subset", "partition", "part", "phase", "usage", "fold", "dataset", "mode",
     "data_split", "dataset_split", "划分", "数据集", "数据划分")
)  # fmt: skip


def split_by_column(table: Table) -> dict[str, Callable[[], Table]]:
    """Return the splits that a column of a table names, as training, validation and test do."""
    for column in table.frame.columns:
        if str(column).strip().casefold() not in _SPLIT_COLUMNS:
            continue
        cells = table.frame[column].map(lambda cell: as_text(cell).strip())
        names = list(dict.fromkeys(cell for cell in cells if cell))
        roles = {role_of(name, whole=True) for name in names}
        if "" in roles or "train" not in roles or len(roles) < 2:
            continue
        counts = {name: int((cells == name).sum()) for name in names}
        shown = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        note = say("data.note.split_column", column=column, splits=shown)
        if lacking := int((cells == "").sum()):
            note = f"{note} {say('data.note.no_split', count=f'{lacking:,}')}"
        return {
            name: partial(_rows_of, table, cells == name, str(column), [note] if first else [])
            for first, name in ((name == _first_train(names), name) for name in names)
        }
    return {}


def _first_train(names: Sequence[str]) -> str:
    return next(name for name in names if role_of(name, whole=True) == "train")


def _rows_of(table: Table, chosen: Any, column: str, notes: Collection[str]) -> Table:
    frame = table.frame[chosen].drop(columns=column)
    detected = replace(
        table.detected, rows=len(frame), notes=[*(table.detected.notes if notes else []), *notes]
    )
    return replace(table, frame=frame, detected=detected)


def _known_names(task: Task) -> set[str]:
    """Return the names that tell a header: those of all roles, and a few of columns never used."""
    common = {name for role in task.roles for name in (role.name, *role.common_names)}
    return common | {"id", "idx", "index", "编号", "序号"}


def _flat(frame: Any, task: Task | None) -> Any:
    """Return a frame with no mappings in its cells, unless the task reads such."""
    if task is None or any(role.kind == "object" for role in task.roles):
        return frame
    return spread(frame)


def reshaped(table: Table, task: Task, spec: DataSpec) -> Table:
    """Return a table that was read for no task as a task has it.

    Raises:
        DataError: the rows are for something else than the task.
    """
    frame, more = shaped(table.frame, task, spec, table.name)
    detected = replace(table.detected, rows=len(frame), notes=[*table.detected.notes, *more])
    return replace(table, frame=_flat(frame, task), detected=detected)


def _from_hub(
    place: str, split: str, table: Any, spec: DataSpec, task: Task | None, notes: Collection[str]
) -> Table:
    features = table.features.to_dict() if hasattr(table.features, "to_dict") else {}
    class_names = named_classes(features)
    frame = table.to_pandas()
    frame.attrs["class_names"] = class_names
    frame.columns = [str(column) for column in frame.columns]
    frame.index = range(1, len(frame) + 1)
    frame, more = shaped(frame, task, spec, place)
    frame = _flat(frame, task)
    detected = Detected(rows=len(frame), notes=[*notes, *more])
    return Table(f"{place} ({split})", frame, class_names, detected)
