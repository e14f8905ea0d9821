"""A path on this machine: a data file, a folder of them, a model folder, or `path#file.gguf`.

Data may be several: a pattern such as `reviews/*.csv` (`**` for all folders below), or places
joined by semicolons.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ..errors import SourceError, shorten
from ..language import text as say
from ..runs.names import expanded
from ..runs.reads import note_read
from . import _gguf
from ._archives import is_archive, unpacked
from ._folders import card_splits, saved_tables
from ._streams import spooled
from .base import FoundData, FoundModel, Progress, Source
from .paths import (
    DATA_SUFFIXES,
    PATTERN_MARKS,
    SEVERAL,
    bare_name,
    is_data_file,
    is_gguf,
    is_path,
    no_such_file,
    show,
    split_gguf,
    split_part,
)

# Files that stand beside data without being data.
_COMPANIONS = ("readme", "license", "licence", "notice", "source", "changelog", "citation")
# Feeds and pages: any element may be a row, or none.
MARKUP_SUFFIXES = (".xml", ".html", ".htm", ".rss", ".atom")
# Endings of files that are something else, whatever stands in them.
_OTHERS = (".md", ".rst", ".py", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".log", ".lock")
_FOREIGN = (
    *_OTHERS, ".pdf", ".doc", ".docx", ".ppt", ".pptx", ".odt", ".ods", ".rtf", ".ipynb", ".png",
    ".jpg", ".jpeg", ".gif", ".webp", ".mp3", ".wav", ".mp4", ".pkl", ".pickle", ".pt", ".pth",
    ".npy", ".npz", ".h5", ".safetensors", ".bin", ".gguf", ".onnx", ".7z", ".rar", ".exe",
)  # fmt: skip
_TAGGED = re.compile(rb"[ \t](?:O|[BIESLUMW][-_][^\s,]+)[ \t\r]*\Z")
_SAMPLE_BYTES = 16_384
_METADATA = ("dataset_infos.json", "dataset_info.json", "state.json", "dataset_dict.json")


def claims(text: str) -> bool:
    """Say whether the text is a path: something is there, or it looks like one."""
    return is_path(text)


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Return the file, the data files of the folder or archive, or those of several places.

    In a folder those at its top count; only if there are none are those below it taken. Plain
    text counts only where there are no tables. `folder:config` is a config of its data card,
    `book.xlsx#sheet` a sheet.

    Raises:
        SourceError: nothing is there, or nothing that could be data.
    """
    several = SEVERAL in text and not expanded(text).exists()
    places = [part.strip() for part in text.split(SEVERAL)] if several else [text]
    found = [_found_at(place) for place in places if place]
    if not found:
        raise no_such_file(text)
    first, *others = found
    if others and any(one.tables or one.splits or one.part for one in found):
        raise SourceError(
            "{place}: a saved dataset, a config or a sheet cannot be one of several places",
            "give it alone",
            place=show(text),
        )
    files = list(dict.fromkeys(file for one in found for file in one.files))
    title = Path(places[0]).name + (", …" if len(places) > 1 else "")
    size = sum(file.stat().st_size for file in files)
    about = {"title": title} | ({"size_bytes": size} if files else {})
    notes = [note for one in found for note in one.notes]
    return replace(first, place=text, files=files, about=about, notes=notes)


def _found_at(place: str) -> FoundData:
    """Return the data files that a path or a pattern stands for."""
    path = expanded(place)
    name, part = split_part(place)
    if not path.exists() and not part and any(mark in place for mark in PATTERN_MARKS):
        return FoundData(place, "local", _matching(place))
    path = _existing(name)
    if not (path.is_file() or path.is_dir()):
        return FoundData(place, "local", [spooled(path)], part=part)
    if path.is_file() and not is_archive(path):
        if bare_name(path.name).endswith(_FOREIGN) or path.suffix.lower() in MARKUP_SUFFIXES:
            markup = path.suffix.lower() in MARKUP_SUFFIXES
            raise SourceError(
                "{place} is markup, which does not say what its rows are"
                if markup
                else "{place} is not a data file that can be read",
                "convert it to one of {endings} (each also as .gz)",
                place=show(name),
                endings=", ".join(DATA_SUFFIXES),
            )
        return FoundData(place, "local", [path], part=part)
    note_read(path)
    folder = unpacked(path) if path.is_file() else hub_snapshot(path)
    if tables := saved_tables(folder):
        return FoundData(place, "local", tables=tables)
    splits, notes = card_splits(folder, part)
    files = [file for group in splits.values() for file in group] or _data_files(folder)
    if not files:
        raise SourceError(
            "the folder {place} holds no data files",
            "give one with {endings} files (each also as .gz)",
            place=show(place),
            endings=", ".join(DATA_SUFFIXES),
        )
    return FoundData(place, "local", files, splits=splits, notes=[*notes, *_skipped(folder, files)])


def _skipped(folder: Path, files: list[Path]) -> list[str]:
    """Return what is to be said of files beside the data that were not taken."""
    taken = set(files)
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path not in taken and not _is_beside(path, folder)
    )
    if not names:
        return []
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return [say("data.note.passed_by", count=f"{len(names):,}", files=shorten(shown, 200))]


def _matching(pattern: str) -> list[Path]:
    """Return the data files that match a pattern, in order."""
    path = expanded(pattern)
    matches = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    files = sorted(match for match in matches if _is_data(match))
    if not files:
        raise SourceError(
            "no data file matches {pattern}",
            "check the pattern; data files end in {endings} (each also as .gz)",
            pattern=show(pattern),
            endings=", ".join(DATA_SUFFIXES),
        )
    return files


def model(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundModel:
    """Return the model's folder; of a run, that of its best model.

    Raises:
        SourceError: nothing is there, or not a folder with a `config.json`.
    """
    place, named = split_gguf(text)
    path = _existing(place)
    if named or is_gguf(path.name):
        return _from_gguf(text, hub_snapshot(path) / named if named else path, progress)
    if path.is_file():
        raise SourceError(
            "{text} is a file, and a model is a folder",
            "give the folder that holds config.json, the tokenizer and model.safetensors",
            text=show(text),
        )
    for folder in (hub_snapshot(path), path / "model"):
        if (folder / "config.json").is_file() and not _only_gguf(folder):
            return FoundModel(place=text, kind="local", path=folder, about={"title": path.name})
    folder = hub_snapshot(path)
    if files := _only_gguf(folder):
        raise SourceError(
            "{text} holds only GGUF files: {files}",
            "name one of them: {text}#{first}",
            text=show(text),
            files=shorten(", ".join(files), 300),
            first=files[0],
        )
    raise SourceError(
        "{text} is not a model folder: it has no config.json",
        "give the folder that holds config.json, the tokenizer and model.safetensors",
        text=show(text),
    )


def _from_gguf(text: str, file: Path, progress: Progress | None) -> FoundModel:
    if not file.is_file():
        raise no_such_file(str(file))
    folder = _gguf.folder_of(file, _gguf.content_of(file), progress)
    return FoundModel(place=text, kind="local", path=folder, about={"title": file.stem})


def _only_gguf(folder: Path) -> list[str]:
    """Return the names of the GGUF files in a folder that has no other weights."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in names if name.endswith((".safetensors", ".bin"))]
    return [] if others else [name for name in names if is_gguf(name)]


def hub_snapshot(folder: Path) -> Path:
    """Return the snapshot inside a folder in the layout of the hub's cache, else the folder."""
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file() and (snapshots / main.read_text("utf-8").strip()).is_dir():
        return snapshots / main.read_text("utf-8").strip()
    commits = sorted(snapshots.iterdir(), key=lambda path: path.stat().st_mtime)
    return commits[-1] if commits else folder


def _existing(text: str) -> Path:
    path = expanded(text)
    if not path.exists():
        raise no_such_file(text)
    return path


def _data_files(folder: Path) -> list[Path]:
    top = [path for path in folder.iterdir() if _is_data(path)]
    below = [] if top else [path for path in folder.rglob("*") if not _is_hidden(path, folder)]
    files = top or [path for path in below if _is_data(path)]
    if not files:  # documents without an ending, such as 20news/sci.space/59848
        return sorted(path for path in below if path.is_file() and not _is_beside(path, folder)
                      and not path.suffix.strip(".").isalpha())  # fmt: skip
    tables = [path for path in files if not bare_name(path.name).endswith(".txt")]
    return sorted(tables or files)


def _is_data(path: Path) -> bool:
    if not path.is_file() or not _is_named(path):
        return False
    lower = bare_name(path.name)
    return is_data_file(path) or (not lower.endswith(_OTHERS) and _is_tagged(path))


def _is_named(path: Path) -> bool:
    """Say whether a file may be data by its name: no companion, nothing that a system leaves."""
    name = path.name.lower()
    return not name.startswith((".", "_", "~$", *_COMPANIONS)) and name not in _METADATA


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _is_beside(path: Path, folder: Path) -> bool:
    lower = path.name.lower()
    legal = "license" in lower or "licence" in lower
    return legal or _is_hidden(path, folder) or not _is_named(path)


def _is_tagged(path: Path) -> bool:
    """Say whether a file of an unknown ending has a word and its tag on nearly each line."""
    with path.open("rb") as file:
        start = file.read(_SAMPLE_BYTES)
    lines = [line for line in start.splitlines()[:-1] if line.strip()]
    return len(lines) > 3 and sum(map(bool, map(_TAGGED.search, lines))) > 0.8 * len(lines)


SOURCE = Source(kind="local", claims=claims, data=data, model=model)
