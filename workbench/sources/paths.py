"""Which texts are paths, and what to say when nothing is there."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path

from ..errors import SourceError, shorten
from ..language import text as say
from ..language import translate
from ..runs.names import expanded

PREFIXES = ("wheel", "scratch")
# Says in which folder the notebook lies that is at work, where that is another than we work in.
NOTEBOOK_FOLDER = "WORKBENCH_NOTEBOOK_FOLDER"
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


def notebook_folder() -> Path | None:
    """Return the folder of the notebook that is at work, if it is another than the present one."""
    folder = Path(os.environ.get(NOTEBOOK_FOLDER) or ".").absolute()
    return None if folder == Path.cwd() or not folder.is_dir() else folder


def no_such_file(text: str) -> SourceError:
    """Return the error for a path where nothing is: where it was looked for, and what is near."""
    path = expanded(text)
    folders = [path.absolute().parent]
    if not path.is_absolute() and (notebook := notebook_folder()):
        folders.append((notebook / path).parent)
    if found := [folder for folder in folders if folder.is_dir()]:
        near = _nearest(found, path.name)
        absolute = path.is_absolute()
        what = (
            "file not found: {path}" if absolute else "file not found: {path}; searched in {tried}"
        )
        remedy = "the folder {folder} is empty"
    else:
        existing = next(p for p in folders[0].parents if p.is_dir())
        near = _nearest([existing], folders[0].relative_to(existing).parts[0])
        what = "file not found: {path} (the folder {folder} does not exist)"
        remedy = "check the path"
    return SourceError(
        what,
        "{near}" if near else remedy,
        path=show(text),
        folder=show(folders[0]),
        tried=say("spec.and").join(map(show, folders)),
        near=near,
    )


def _nearest(folders: list[Path], name: str) -> str:
    """Name what is in the folders: the names like `name` first, else a few of all."""
    held = {folder: _names(folder) for folder in folders}
    close = {one.lower(): one for names in held.values() for one in names}
    near = [close[match] for match in get_close_matches(name.lower(), close, n=3, cutoff=0.5)]
    if near:
        return translate("did you mean {near}?", near=say("spec.or").join(near))
    for folder, names in held.items():
        if names:
            some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
            return translate(
                "{folder} contains: {names}", folder=show(folder), names=shorten(some, 200)
            )
    return ""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    except OSError:
        return []
