"""The tables of a found source, one a split, read only when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import DataError, shorten
from ..sources import FoundData, Progress, find_data
from ..spec import DataSpec
from ..tasks import Task
from .columns import flat
from .nested import spread
from .splits import ROLES, find_split, split_files, stem
from .table import SUFFIXES, Detected, read_table

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
    splits: dict[str, Callable[[], Table]]

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
    if found.tables:
        return Tables(
            found.place,
            {
                split: lambda split=split, table=table: _from_hub(found.place, split, table, task)
                for split, table in found.tables.items()
            },
        )
    files = expand(found.files)
    if not files:
        raise DataError(
            "{place} holds no data file",
            "give {endings}, each also .gz",
            place=shorten(found.place),
            endings=", ".join(SUFFIXES),
        )
    return Tables(
        found.place,
        {
            split: lambda group=group: read_files(group, spec, task)
            for split, group in split_files(files).items()
        },
    )


def expand(files: Collection[Path]) -> list[Path]:
    """Replace folders by the data files in them, in the order of their names."""
    expanded: list[Path] = []
    for file in files:
        if file.is_dir():
            inside = sorted(path for path in file.rglob("*") if path.is_file())
            expanded += [p for p in inside if p.name.lower().removesuffix(".gz").endswith(SUFFIXES)]
        else:
            expanded.append(file)
    return expanded


def read_files(files: list[Path], spec: DataSpec, task: Task | None = None) -> Table:
    """Read files with the same columns as one table; row numbers run on from file to file.

    Where `data.columns` names a column `file`, which they lack, it holds each file's name: of
    `pos.csv` and `neg.csv`, the label.

    Raises:
        DataError: a file cannot be read, or has other columns than the first.
    """
    import pandas

    frames: list[Any] = []
    notes: list[str] = []
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
        )
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
    detected = Detected(first.encoding, first.delimiter, first.header, len(whole), notes)
    name = files[0].name if len(files) == 1 else f"{files[0].parent.name} ({len(files)} files)"
    return Table(name, whole, class_names, detected)


def _known_names(task: Task) -> set[str]:
    """Return the names that tell a header: those of all roles, and a few of columns never used."""
    usual = {name for role in task.roles for name in (role.name, *role.usual_names)}
    return usual | {"id", "idx", "index", "编号", "序号"}


def _flat(frame: Any, task: Task | None) -> Any:
    """Return a frame with no mappings in its cells, unless the task reads such."""
    if task is None or any(role.kind == "object" for role in task.roles):
        return frame
    return spread(frame)


def _from_hub(place: str, split: str, table: Any, task: Task | None) -> Table:
    # Of a list, what its items are: the tags of a sentence.
    inner = {column: getattr(f, "feature", f) for column, f in table.features.items()}
    class_names = {c: list(f.names) for c, f in inner.items() if hasattr(f, "int2str")}
    frame = _flat(table.to_pandas(), task)
    frame.index = range(1, len(frame) + 1)
    detected = Detected(rows=len(frame))
    return Table(f"{place} ({split})", frame, class_names, detected)
