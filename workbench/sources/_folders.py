"""Folders of data: sets saved by the datasets library, the splits that a data card names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..errors import SourceError, shorten
from ..language import text as say
from .paths import show

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def saved_tables(folder: Path) -> dict[str, Any]:
    """Return the splits of a folder that `save_to_disk` wrote; none of any other folder.

    Raises:
        SourceError: a file is missing, damaged, or outside of the folder.
    """
    several = (folder / "dataset_dict.json").is_file()
    if not several and not _is_saved(folder):
        return {}
    from datasets import load_from_disk

    try:
        splits = (
            json.loads((folder / "dataset_dict.json").read_text("utf-8"))["splits"]
            if several
            else ["all"]
        )
        places = {str(name): folder / str(name) if several else folder for name in splits}
        for place in places.values():
            _require_inside(place, folder)
        return {name: load_from_disk(str(place)) for name, place in places.items()}
    except SourceError:
        raise
    except Exception as error:  # a damaged arrow file makes it fail in any way
        raise SourceError(
            "{place} is a damaged dataset ({reason})",
            "save it again with save_to_disk",
            place=show(folder),
            reason=shorten(error),
        ) from None


def _is_saved(folder: Path) -> bool:
    return (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()


def _require_inside(place: Path, folder: Path) -> None:
    state = json.loads((place / "state.json").read_text("utf-8"))
    files = [place / str(one["filename"]) for one in state["_data_files"]]
    root = folder.resolve()
    if outside := next((f for f in files if not f.resolve().is_relative_to(root)), None):
        raise SourceError(
            "{place} names a file outside its own folder ({name})",
            "nothing was read; do not trust it",
            place=show(folder),
            name=show(outside),
        )


def card_splits(folder: Path, wanted: str) -> tuple[dict[str, list[Path]], list[str]]:
    """Return the files by split that a folder's data card names, and what is to be said of it.

    Of several configs, the wanted one; else the one called default or marked as such.

    Raises:
        SourceError: there is no such config, or none is wanted where there are several.
    """
    configs = _configs(folder)
    if not configs:
        if wanted:
            raise SourceError(
                "{place} has no config {config!r}: its README.md names none",
                "give the folder alone, or a file in it",
                place=show(folder),
                config=shorten(wanted),
            )
        return {}, []
    names = [str(one.get("config_name", "default")) for one in configs]
    marked = [name for name, one in zip(names, configs, strict=True) if one.get("default") is True]
    candidates = [
        *marked,
        *[name for name in names if name == "default"],
        *names[: len(names) == 1],
    ]
    chosen = wanted or next(iter(candidates), "")
    if chosen not in names:
        raise SourceError(
            "{place} has no config {config!r}" if wanted else "{place} has several configs",
            "write it as {place}:{first}; there are {configs}",
            place=show(folder),
            config=shorten(wanted),
            first=names[0],
            configs=shorten(", ".join(names), 200),
        )
    found = _files(folder, configs[names.index(chosen)])
    others = [name for name in names if name != chosen]
    if not others:
        return found, []
    return found, [say("data.note.config", config=chosen, others=shorten(", ".join(others), 200))]


def _configs(folder: Path) -> list[dict[str, Any]]:
    """Return the configs with files that the card of a folder names."""
    import yaml

    card = folder / "README.md"
    try:
        front = _FRONT.match(card.read_text("utf-8", "replace")) if card.is_file() else None
        held = yaml.safe_load(front[1]) if front else {}
    except yaml.YAMLError:
        return []
    listed = held.get("configs") if isinstance(held, dict) else None
    configs = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [one for one in configs if one.get("data_files")]


def _files(folder: Path, config: dict[str, Any]) -> dict[str, list[Path]]:
    """Return the files that a config names: a pattern, several, or those of each split."""
    held, base = config["data_files"], str(config.get("data_dir") or "")
    if isinstance(held, dict):
        named = [(str(split), paths) for split, paths in held.items()]
    elif isinstance(held, list) and all(isinstance(one, dict) for one in held):
        named = [(str(one.get("split", "train")), one.get("path")) for one in held]
    else:
        named = [("train", held)]
    found: dict[str, list[Path]] = {}
    root = folder.resolve()
    for split, paths in named:
        patterns = [str(one) for one in (paths if isinstance(paths, list) else [paths])]
        files: list[Path] = []
        for pattern in patterns:
            relative = Path(base) / pattern
            inside = not relative.is_absolute() and ".." not in relative.parts
            matches = sorted(folder.glob(str(relative))) if inside else []
            files += [
                one for one in matches if one.is_file() and one.resolve().is_relative_to(root)
            ]
        if not files:
            raise SourceError(
                "the README.md of {place} names files of the split {split!r} that are not there: "
                "{pattern}",
                "correct its configs, or give the files themselves",
                place=show(folder),
                split=shorten(split),
                pattern=shorten(", ".join(patterns)),
            )
        found.setdefault(split, []).extend(dict.fromkeys(files))
    return found
