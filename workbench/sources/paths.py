"""Which texts are paths, and what to say when nothing is there."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from ..errors import SourceError, shorten
from ..language import text, told
from ..runs.names import expanded

PREFIXES = ("wheel", "scratch")
DATA_SUFFIXES = (
    ".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow",
    ".xlsx", ".xlsm", ".xls", ".txt",
)  # fmt: skip
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz")
# What files with a word and its tag on each line are often called; tasks know how to read them.
GGUF = ".gguf"
TAGGED_SUFFIXES = (
    ".conll", ".conllu", ".bio", ".bmes", ".bioes", ".iob", ".iob2", ".char", ".train", ".dev",
    ".test", ".testa", ".testb", ".annotated",
)  # fmt: skip
_FILE_SUFFIXES = (
    *DATA_SUFFIXES, *ARCHIVES, *TAGGED_SUFFIXES, ".safetensors", ".bin", ".yaml", GGUF
)  # fmt: skip
_DATABASE = re.compile(
    r"(sqlite|postgresql|mysql|mariadb|mssql|oracle|duckdb|snowflake|redshift|bigquery)(\+\w+)?://"
)
PATTERN_MARKS = "*?["
SEVERAL = ";"
_PATH_STARTS = ("./", "../", ".\\", "..\\", "/", "\\", "~")


def show(path: Path | str) -> str:
    """Return a path fit for a message, on one line and long enough to tell where it is."""
    return shorten(path, 300)


def has_prefix(text: str, prefix: str) -> bool:
    """Say whether `text` is `prefix:NAME`."""
    return text.startswith(f"{prefix}:")


def is_path(text: str) -> bool:
    """Say whether `text` names a place on this machine: it exists, or it looks like a path."""
    if not text or is_database(text) or any(has_prefix(text, prefix) for prefix in PREFIXES):
        return False
    place, _ = split_gguf(text)
    exists = Path(place).exists() or bool(split_part(text)[1])
    return exists or looks_like_path(place)


def split_gguf(text: str) -> tuple[str, str]:
    """Return the place and the file of `place#file.gguf`; of any other text, that and nothing."""
    place, mark, file = text.rpartition("#")
    if not mark or not place or not is_gguf(file) or is_database(text) or Path(text).exists():
        return text, ""
    return place, file


def is_gguf(name: str) -> bool:
    """Say whether a file is called as GGUF files are."""
    return name.lower().endswith(GGUF)


def split_part(text: str) -> tuple[str, str]:
    """Divide `book.xlsx#sheet` and `folder:config` into the path and what is meant in it."""
    if expanded(text).exists():
        return text, ""
    for mark in "#:":
        place, found, part = text.rpartition(mark)
        if found and part and len(place) > 1 and expanded(place).exists():
            return place, part
    return text, ""


def bare_name(name: str) -> str:
    """Return a file's name in lower case, without the ending of a compressed file."""
    lower = name.lower()
    return next((lower[: -len(end)] for end in COMPRESSED if lower.endswith(end)), lower)


def is_database(text: str) -> bool:
    """Say whether `text` begins with the URL of a database, as SQLAlchemy writes it."""
    return _DATABASE.match(text) is not None


def looks_like_path(text: str) -> bool:
    """Say whether `text` can only be meant as a path, whether or not something is there."""
    lower = bare_name(text)
    return (
        text in (".", "..")
        or text.startswith(_PATH_STARTS)
        or re.match(r"[A-Za-z]:[\\/]", text) is not None
        or "\\" in text
        or text.count("/") > 1
        or text.endswith("/")
        or any(mark in text for mark in PATTERN_MARKS)
        or lower.endswith(_FILE_SUFFIXES)
    )


def is_data_file(path: Path) -> bool:
    """Say whether the name is that of a data file, compressed or not."""
    return bare_name(path.name).endswith((*DATA_SUFFIXES, *TAGGED_SUFFIXES))


def no_such_file(text: str) -> SourceError:
    """Return the error for a path where nothing is, naming what is nearest to it."""
    path = expanded(text)
    folder = path.parent
    if folder.is_dir():
        near = _nearest(folder, path.name)
        what, remedy = "no such file: {path}", "the folder {folder} is empty"
    else:
        existing = next((p for p in path.parents if p.is_dir()), Path())
        near = _nearest(existing, path.relative_to(existing).parts[0] if existing != Path() else "")
        what = "no such file: {path} (its folder {folder} does not exist either)"
        remedy = "check the path"
    return SourceError(
        what,
        "{near}" if near else remedy,
        path=show(text),
        folder=show(folder),
        near=near,
    )


def _nearest(folder: Path, name: str) -> str:
    """Name what is in `folder`: the names like `name` first, else a few of all."""
    try:
        names = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    except OSError:
        return ""
    close = {lower: original for original in names if (lower := original.lower())}
    near = [close[match] for match in get_close_matches(name.lower(), close, n=3, cutoff=0.5)]
    if near:
        return told("did you mean {near}?", near=text("spec.or").join(near))
    some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    if not names:
        return ""
    return told("{folder} holds {names}", folder=show(folder), names=shorten(some, 200))
