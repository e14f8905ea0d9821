"""The model beneath an adapter: noted when the adapter is made, and found again when it is loaded.

Beside an adapter lies `adapter_base.json`. A base from the hub or the catalogue is named by its
source and revision, which pin it. One in a folder of this machine is noted with its path, that
path as seen from the adapter, and the sha256 of its weights; it is looked for in both places,
beside the adapter, and in the folders that WORKBENCH_MODELS names. Another model in one of these
places is never taken for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import ModelError, SourceError, shorten
from ..runs.names import expanded
from ..sources import FoundModel, entries, find_model
from ..sources.paths import show, split_gguf
from .folder import weight_files
from .notes import read_note

FILE = "adapter_base.json"
FOLDERS = "WORKBENCH_MODELS"
_SNAPSHOT = re.compile(r"/models--([^/]+)/snapshots/([0-9a-f]+)")
MAX_BYTES = 100_000


def base_record(found: FoundModel) -> dict[str, str]:
    """Return what is noted of the model that an adapter is made for.

    Raises:
        ModelError: its weights cannot be read.
    """
    if found.kind != "local":
        record = {
            "source": found.place,
            "revision": found.revision or "",
            "hub": hub_id(found.place),
        }
        if found.pretrained and not record["hub"]:
            record["path"] = str((found.whole or found.path).absolute())
    else:
        path = (found.whole or found.path).absolute()
        name = path.parent.name if path.name == "model" else path.name
        record = {"name": name, "path": str(path), "sha256": fingerprint(path)}
    if found.whole is not None:
        record["trimmed"] = str(found.path.absolute())
    return {name: held for name, held in record.items() if held}


def hub_id(source: str) -> str:
    """Return the hub id of a source that is no path; an empty text if it has none.

    One unpacked from other weights has none: what the hub has is another model.
    """
    entry = next((one for one in entries("model") if one.source == source), None)
    if entry is not None:
        return "" if entry.layout else entry.origin
    return "" if ":" in source or split_gguf(source)[1] else source


def name_for_peft(record: dict[str, str]) -> tuple[str, str | None]:
    """Return how peft's own config names a base, and its revision: by a hub id, if it has one.

    A base with fewer tokens by its folder: with the whole one, peft would look up other tokens.
    """
    if trimmed := record.get("trimmed", ""):
        return trimmed, None
    if hub := record.get("hub", ""):
        return hub, record.get("revision") if record.get("source") == hub else None
    return record.get("path") or record.get("source") or record.get("name", ""), None


def write_record(record: dict[str, str], folder: Path) -> None:
    """Write a base's record beside an adapter, with the way there from the adapter."""
    if path := record.get("path"):
        record = record | {"relative": _relative(path, folder)}
    (folder / FILE).write_text(json.dumps(record, indent=1, ensure_ascii=False), "utf-8")


def without_paths(record: dict[str, str]) -> dict[str, str]:
    """Return what of a record is told to others: nothing of the folders of this machine."""
    paths = ("path", "relative", "trimmed")
    return {name: held for name, held in record.items() if name not in paths}


def read_record(folder: Path) -> dict[str, str] | None:
    """Return the record of an adapter's base; None beside an adapter that has none.

    Raises:
        ModelError: it is damaged.
    """
    return read_note(folder / FILE, MAX_BYTES, _taken)


def _taken(record: Any) -> dict[str, str]:
    if not isinstance(record, dict) or not all(isinstance(v, str) for v in record.values()):
        raise TypeError(type(record).__name__)
    return record


def find_base(folder: Path, named: str, revision: str | None) -> FoundModel:
    """Find the model that the adapter in a folder was made for.

    `named` and `revision` are what peft's own config says: all that is known of adapters without a
    record.

    Raises:
        ModelError: it is not where it was, or what is there is another model.
        SourceError: it cannot be fetched.
    """
    record = read_record(folder)
    if record is None:
        return _find_named(named, revision)
    if source := record.get("source"):
        return find_model(source, record.get("revision"))
    name, wanted = record.get("name", named), record.get("sha256", "")
    others: list[str] = []
    for path in _places(folder, record, name):
        try:
            found = find_model(str(path))
            if fingerprint(found.path) == wanted:
                return found
            others.append(str(found.path))
        except (SourceError, ModelError):
            continue
    if others:
        raise _other_weights(folder, others[0], wanted)
    raise ModelError(
        "the adapter in {folder} was made for the model {name}, which is not found",
        "put the folder {name} (its weights have the sha256 {sha256}) beside the adapter, or set "
        "WORKBENCH_MODELS to the folder that holds it",
        folder=show(folder),
        name=shorten(name),
        sha256=wanted[:16],
    )


def require_same_base(record: dict[str, str], folder: Path) -> None:
    """Refuse the weights of an adapter that were learned beside another base than `record` names.

    Raises:
        ModelError: naming it.
    """
    wanted = (read_record(folder) or {}).get("sha256", "")
    known = record.get("sha256", "")
    if wanted and known and wanted != known:
        raise _other_weights(folder, record.get("path") or record.get("name", ""), wanted)


def _other_weights(folder: Path, place: str, wanted: str) -> ModelError:
    return ModelError(
        "the adapter in {folder} was trained for other weights than those now in {path}",
        "bring back the model whose weights have the sha256 {sha256}, there or in a folder that "
        "WORKBENCH_MODELS names",
        folder=show(folder),
        path=show(place),
        sha256=wanted[:16],
    )


def fingerprint(folder: Path) -> str:
    """Return the sha256 of a model's weights: of the names and contents of their files.

    Raises:
        ModelError: there are none.
    """
    digest = hashlib.sha256()
    for file in weight_files(folder):
        status = file.stat()
        digest.update(f"{file.name}:{_sha256(file, status.st_size, status.st_mtime_ns)}\n".encode())
    return digest.hexdigest()


@cache
def _sha256(file: Path, size: int, changed: int) -> str:
    """Return the sha256 of a file; kept for as long as its size and time of change are the same."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _places(folder: Path, record: dict[str, str], name: str) -> Iterator[Path]:
    """Yield where a base may lie, the likeliest place first."""
    folder = folder.absolute()
    if path := record.get("path"):
        yield Path(path)
    if relative := record.get("relative"):
        yield Path(os.path.normpath(folder / relative))
    if Path(name).name == name and name not in ("", ".", ".."):
        yield from (folder / name, folder.parent / name)
        for place in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
            yield expanded(place) / name
    yield from map(Path, filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)))


def _find_named(named: str, revision: str | None) -> FoundModel:
    """Find the base of an adapter of an earlier version, which named it by its place alone."""
    plain = named.replace("\\", "/")
    if not Path(named).exists():  # it may be a path into the cache of another machine
        for entry in entries("model"):
            if f"/{entry.wheel.name}-{entry.version}/" in plain:
                return find_model(entry.source)
        if snapshot := _SNAPSHOT.search(plain):
            return find_model(snapshot[1].replace("--", "/", 1), snapshot[2])
    return find_model(named, revision)


def _relative(path: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder.absolute())).as_posix()
    except ValueError:  # on another drive
        return ""
