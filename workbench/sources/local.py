"""A path on this machine: a data file, a folder of them, a model folder, or `path#file.gguf`.

Data may be several: a pattern such as `reviews/*.csv` (`**` for all folders below), or places
joined by semicolons.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import SourceError, shorten
from . import _gguf
from .contract import FoundData, FoundModel, Progress, Source
from .paths import (
    DATA_SUFFIXES,
    PATTERN_MARKS,
    SEVERAL,
    is_data_file,
    is_gguf,
    is_path,
    no_such_file,
    show,
    split_gguf,
)

# Files that stand beside data without being data.
_COMPANIONS = ("readme", "license", "licence", "notice", "source", "changelog", "citation")
# Feeds and pages: any element may be a row, or none.
MARKUP_SUFFIXES = (".xml", ".html", ".htm", ".rss", ".atom")
_METADATA = ("dataset_infos.json", "dataset_info.json", "state.json", "dataset_dict.json")


def claims(text: str) -> bool:
    """Say whether the text is a path: something is there, or it looks like one."""
    return is_path(text)


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Return the file, the data files of the folder, or those of several places.

    In a folder those at its top count; only if there are none are those below it taken. Plain
    text counts only where there are no tables.

    Raises:
        SourceError: nothing is there, or nothing that could be data.
    """
    several = SEVERAL in text and not Path(text).expanduser().exists()
    places = [part.strip() for part in text.split(SEVERAL)] if several else [text]
    found = [file for place in places if place for file in _files_at(place)]
    files = list(dict.fromkeys(found))
    if not files:
        raise no_such_file(text)
    title = Path(places[0]).name + (", …" if len(places) > 1 else "")
    size = sum(file.stat().st_size for file in files)
    return FoundData(
        place=text, kind="local", files=files, about={"title": title, "size_bytes": size}
    )


def _files_at(place: str) -> list[Path]:
    """Return the data files that a path or a pattern stands for."""
    path = Path(place).expanduser()
    if not path.exists() and any(mark in place for mark in PATTERN_MARKS):
        return _matching(place)
    path = _existing(place)
    if path.is_file():
        if path.suffix and not is_data_file(path):  # without one, its content tells
            markup = path.suffix.lower() in MARKUP_SUFFIXES
            raise SourceError(
                "{place} is markup, which does not say what its rows are"
                if markup
                else "{place} is not a data file that can be read",
                "convert it to one of {endings} (each also as .gz)",
                place=show(place),
                endings=", ".join(DATA_SUFFIXES),
            )
        return [path]
    files = _data_files(hub_snapshot(path))
    if not files:
        raise SourceError(
            "the folder {place} holds no data files",
            "give one with {endings} files (each also as .gz)",
            place=show(place),
            endings=", ".join(DATA_SUFFIXES),
        )
    return files


def _matching(pattern: str) -> list[Path]:
    """Return the data files that match a pattern, in order."""
    path = Path(pattern).expanduser()
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
    path = Path(text).expanduser()
    if not path.exists():
        raise no_such_file(text)
    return path


def _data_files(folder: Path) -> list[Path]:
    top = [path for path in folder.iterdir() if _is_data(path)]
    files = top or [
        path
        for path in folder.rglob("*")
        if _is_data(path)
        and not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    ]
    tables = [path for path in files if ".txt" not in path.suffixes[-2:]]
    return sorted(tables or files)


def _is_data(path: Path) -> bool:
    name = path.name.lower()
    return (
        path.is_file()
        and is_data_file(path)
        and not name.startswith((".", "_", *_COMPANIONS))
        and name not in _METADATA
    )


SOURCE = Source(kind="local", claims=claims, data=data, model=model)
