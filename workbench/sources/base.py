"""What a source is: a place that data or models come from.

Each file in this folder that holds a constant `SOURCE` is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Progress = Callable[[int, int, str], None]
"""Called as `progress(done_bytes, total_bytes, text)`; the total is 0 while it is unknown."""


@dataclass(frozen=True)
class FoundData:
    """Data that lies on this machine, ready to be read.

    `place` is the source as it was given. Local files are in `files`; sets that come as tables
    already are in `tables`, by split (`datasets.Dataset`). `columns` (role → column), `labels`
    (those to keep, in order) and `hints` (encoding, delimiter, header) are what is known
    beforehand, and empty when nothing is. `splits` groups the files where a data card does;
    `part` is the sheet of a workbook that is meant; `notes` are sentences on what was taken and
    what was passed by. `revision` pins what was found: a commit or a version.
    `about` is for show: title, licence, rows, size_bytes, language, as far as known.
    """

    place: str
    kind: str
    files: list[Path] = field(default_factory=list)
    tables: Mapping[str, Any] = field(default_factory=dict)
    columns: dict[str, str | list[str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    revision: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    splits: dict[str, list[Path]] = field(default_factory=dict)
    part: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FoundModel:
    """A model's folder on this machine, in the standard layout of transformers.

    `pretrained` is false when there are no weights, only a config and a tokenizer. `about` is
    for show, and may hold title, licence, language and pretraining_data. `whole` is the folder of
    the model with all of its tokens where that in `path` has fewer.
    """

    place: str
    kind: str
    path: Path
    pretrained: bool = True
    revision: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    whole: Path | None = None


@dataclass(frozen=True)
class Source:
    """One kind of source, as a record of functions.

    `claims(text)` says whether the text names something of this kind; at most one source claims
    a text. `data` and `model` take `(text, revision, progress)`; a source that has no such thing
    raises `SourceError` with what to write instead.
    """

    kind: str
    claims: Callable[[str], bool]
    data: Callable[[str, str | None, Progress | None], FoundData]
    model: Callable[[str, str | None, Progress | None], FoundModel]
