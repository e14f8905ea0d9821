"""Ways in which a run folder can be other than it was written: by accident, or on purpose."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ODD: list[Any] = [
    None, True, False, -1, 0, 1, 3.5, 2**31, 10**30, -(10**400), float("nan"), float("inf"), "",
    "x" * 5000, "\x1b]0;OWNED\x07", "\u202e", "$(touch x)", "; touch x", "../" * 9, [], {}, [[]],
    {"a": 1}, ["a"], [1, "a", None], "nan", "1e999",
]  # fmt: skip


def mutate(run: Path, outside: Path, rng: random.Random) -> str:
    """Change something in a run folder and say what."""
    files = sorted(path for path in run.rglob("*") if path.is_file())
    file = rng.choice(files)
    how = rng.choice(_WAYS)
    how(file, outside, rng)
    return f"{how.__name__.lstrip('_')} {file.relative_to(run).as_posix()}"


def _flip(file: Path, outside: Path, rng: random.Random) -> None:
    content = bytearray(file.read_bytes()) or bytearray(b"?")
    for _ in range(rng.choice((1, 1, 8, 64))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    _write(file, bytes(content))


def _cut(file: Path, outside: Path, rng: random.Random) -> None:
    content = file.read_bytes()
    _write(file, content[: rng.randrange(len(content) + 1)])


def _empty(file: Path, outside: Path, rng: random.Random) -> None:
    _write(file, b"")


def _remove(file: Path, outside: Path, rng: random.Random) -> None:
    file.unlink()


def _fold(file: Path, outside: Path, rng: random.Random) -> None:
    file.unlink()
    file.mkdir()


def _link(file: Path, outside: Path, rng: random.Random) -> None:
    file.unlink()
    file.symlink_to(outside / "key")


def _link_folder(file: Path, outside: Path, rng: random.Random) -> None:
    folder = file.parent
    if (folder / "checkpoints").exists():  # the run itself
        _link(file, outside, rng)
        return
    shutil.rmtree(folder)
    folder.symlink_to(outside)


def _pipe(file: Path, outside: Path, rng: random.Random) -> None:
    file.unlink()
    os.mkfifo(file)


def _nest(file: Path, outside: Path, rng: random.Random) -> None:
    mark = rng.choice(("[", '{"a":', "- "))
    _write(file, (mark * rng.choice((50, 5000))).encode())


def _noise(file: Path, outside: Path, rng: random.Random) -> None:
    _write(file, rng.randbytes(rng.choice((1, 100, 10_000))))


def _swap(file: Path, outside: Path, rng: random.Random) -> None:
    other = rng.choice([path for path in file.parent.iterdir() if path.is_file()])
    _write(file, other.read_bytes())


def _value(file: Path, outside: Path, rng: random.Random) -> None:
    """Put another value in a note: an odd one, or a path that leads outside."""
    odd = rng.choice([*ODD, str(outside / "key"), str(outside), os.path.relpath(outside, file)])
    text = file.read_bytes().decode("utf-8", "replace")
    try:
        if file.suffix == ".yaml":
            tree = yaml.safe_load(text)
            _put(tree, odd, rng)
            changed = yaml.safe_dump(tree, sort_keys=False)
        elif file.suffix == ".jsonl":
            lines = text.splitlines()
            at = rng.randrange(len(lines))
            tree = json.loads(lines[at])
            _put(tree, odd, rng)
            lines[at] = json.dumps(tree)
            changed = "\n".join(lines) + "\n"
        else:
            tree = json.loads(text)
            _put(tree, odd, rng)
            changed = json.dumps(tree)
    except (ValueError, yaml.YAMLError, IndexError, KeyError):
        _flip(file, outside, rng)
        return
    _write(file, changed.encode("utf-8", "backslashreplace"))


def _put(tree: Any, odd: Any, rng: random.Random) -> None:
    """Replace or remove one value, at any depth."""
    held = tree
    while True:
        keys = list(held) if isinstance(held, dict) else list(range(len(held)))
        key = rng.choice(keys)
        if isinstance(held[key], dict | list) and held[key] and rng.random() < 0.8:
            held = held[key]
            continue
        if rng.random() < 0.15:
            del held[key]
        else:
            held[key] = odd
        return


def _write(file: Path, content: bytes) -> None:
    file.unlink()
    file.write_bytes(content)


_WAYS: list[Callable[[Path, Path, random.Random], None]] = [
    _flip, _cut, _empty, _remove, _fold, _link, _link_folder, _pipe, _nest, _noise, _swap,
    *[_value] * 12,
]  # fmt: skip
