"""A pretrained model with fewer tokens: a folder like every other, made once and kept.

Most of a multilingual model is the table of its tokens, of which one data set uses a few: of the
250,000 of multilingual E5, Chinese reviews use 7,000. The rows of the others are left out, of all
tables, and the tokenizer loses their pieces (see `trimmed_pieces` for what stays, and why texts are
cut as before). The folder is made without holding the large tables in memory.

Beside the model lies `trimmed_vocabulary.json`, which says what was done. From it and the whole
model the same folder can be made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import ModelError, shorten
from ..sources import FoundModel, cache_dir
from ..sources.paths import show
from .bases import fingerprint
from .load import load_tokenizer
from .notes import read_note
from .trimmed_pieces import Tree, kept_pieces, require_pieces, with_pieces
from .trimmed_weights import require_one_vocabulary, token_numbers, write_trimmed

FILE = "trimmed_vocabulary.json"
MAX_BYTES = 50_000_000
# Folders in the cache that stay: the last ones used, and those of the last day.
KEPT_FOLDERS = 5
KEPT_SECONDS = 86_400.0
_NOT_TAKEN = (
    ".safetensors", ".model", ".spm", ".index.json", "merges.txt", "config.json", "vocab.json",
    "vocab.txt", "tokenizer.json", "added_tokens.json", "generation_config.json", ".bin", ".gguf",
)  # fmt: skip


@dataclass(frozen=True)
class Trimmed:
    """What was left of a model's vocabulary.

    `kept` are the tokens that stayed, by their numbers in the whole model, in the order of the new
    ones. Parameters are 0 for a model that has no weights yet.
    """

    kept: list[int]
    tokens_before: int
    parameters_before: int
    parameters: int

    @property
    def tokens(self) -> int:
        """How many tokens there are now."""
        return len(self.kept)


def tokenizer_tree(tokenizer: Any, found: FoundModel) -> Tree:
    """Return a tokenizer that can lose pieces, as the tree of its `tokenizer.json`.

    Raises:
        ModelError: it cannot, or the model's tables cannot.
    """
    require_one_vocabulary(found.path)
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            "model.trim_vocabulary: the tokenizer of {name} ({kind}) is written in Python, and "
            "cannot be rewritten",
            "set model.trim_vocabulary to false, or choose a model with a tokenizer.json",
            name=shorten(found.place),
            kind=type(tokenizer).__name__,
        ).at("model.trim_vocabulary", True, "cannot_be_trimmed")
    tree: Tree = json.loads(tokenizer.backend_tokenizer.to_str())
    require_pieces(tree, shorten(found.place))
    own = found.path / "tokenizer.json"
    if own.is_file():  # what was set meanwhile is no part of it
        stored = json.loads(own.read_text("utf-8"))
        tree |= {name: stored.get(name) for name in ("truncation", "padding")}
    return tree


def kept_tokens(tree: Tree, used: Iterable[int], found: FoundModel) -> list[int]:
    """Return the tokens that stay where `used` are needed, in the order of their new numbers."""
    kept = kept_pieces(tree, {*used, *token_numbers(found.path)})
    return with_pieces(tree, kept)[1]


def with_trimmed_vocabulary(
    found: FoundModel, kept: list[int], tree: Tree | None = None
) -> FoundModel:
    """Return the model with these tokens alone, from the cache if it has been made before.

    `tree` is the whole tokenizer, if it is at hand.

    Raises:
        ModelError: it cannot be made, or what was written is not what was meant.
    """
    folder = _place(found, kept)
    if (folder / FILE).is_file():
        os.utime(folder)
        return replace(found, path=folder, whole=found.path)
    if tree is None:
        tree = tokenizer_tree(load_tokenizer(found), found)
        if kept_tokens(tree, kept, found) != kept:
            raise ModelError(
                "the tokens that were noted ({count:,}) are not those of the model {name}",
                "use the model that the run began with",
                count=len(kept),
                name=shorten(found.place),
            )
    partial = folder.with_name(f".partial-{uuid4().hex}")
    try:
        partial.mkdir(parents=True)
        _write(found, partial, kept, tree)
        if not folder.exists():
            partial.rename(folder)
    except OSError as error:
        raise ModelError(
            "cannot write the model with fewer tokens to {folder} ({reason})",
            "set WORKBENCH_CACHE to a folder with room that you may write to",
            folder=show(folder.parent),
            reason=error.strerror or error,
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _drop_old(folder)
    return replace(found, path=folder, whole=found.path)


def as_trimmed(found: FoundModel, folder: Path) -> FoundModel:
    """Return a model with the tokens that are noted in a folder; whole if nothing is noted there.

    Raises:
        ModelError: as `with_trimmed_vocabulary`.
    """
    trimmed = read_trimmed(folder)
    return found if trimmed is None else with_trimmed_vocabulary(found, trimmed.kept)


def read_trimmed(folder: Path) -> Trimmed | None:
    """Return what was left of the vocabulary of the model in a folder; None if it is whole.

    Raises:
        ModelError: the note of it is damaged.
    """
    return read_note(folder / FILE, MAX_BYTES, _taken)


def _taken(note: Any) -> Trimmed:
    trimmed = Trimmed(**note)
    counts = [trimmed.tokens_before, trimmed.parameters_before, trimmed.parameters]
    if not all(type(one) is int and one >= 0 for one in [*trimmed.kept, *counts]):
        raise TypeError(FILE)
    return trimmed


def copy_trimmed(source: Path, target: Path) -> None:
    """Copy what was left of a vocabulary beside another copy of the model, if it is not whole."""
    if (source / FILE).is_file():
        shutil.copyfile(source / FILE, target / FILE)


def _place(found: FoundModel, kept: list[int]) -> Path:
    known = found.revision or (fingerprint(found.path) if found.pretrained else "")
    digest = hashlib.sha256(f"{found.place}\0{known}\0{kept}".encode())
    pieces = found.path / "tokenizer.json"
    if pieces.is_file() and not found.revision:
        digest.update(pieces.read_bytes())
    name = "".join(c if c.isalnum() else "-" for c in found.path.name)
    return cache_dir() / "trimmed" / f"{name}-{digest.hexdigest()[:16]}"


def _write(found: FoundModel, target: Path, kept: list[int], tree: Tree) -> None:
    for path in found.path.iterdir():
        if path.is_file() and not path.name.endswith(_NOT_TAKEN):
            shutil.copyfile(path, target / path.name)
    fewer, order = with_pieces(tree, kept)
    rows = require_one_vocabulary(found.path)
    before, after = write_trimmed(found.path, target, order, found.pretrained)
    (target / "tokenizer.json").write_text(json.dumps(fewer, ensure_ascii=False), "utf-8")
    _rewrite_settings(found.path, target, order)
    trimmed = Trimmed(order, rows, before, after)
    (target / FILE).write_text(json.dumps(asdict(trimmed)), "utf-8")
    names = fewer["model"]["vocab"]
    wanted = dict(names) if isinstance(names, dict) else {n: i for i, (n, _) in enumerate(names)}
    wanted |= {one["content"]: one["id"] for one in fewer["added_tokens"]}
    if load_tokenizer(target).get_vocab() != wanted:
        raise ModelError(
            "model.trim_vocabulary: the tokenizer of {name}, written with fewer pieces, is read "
            "back with others",
            "set model.trim_vocabulary to false",
            name=shorten(found.place),
        ).at("model.trim_vocabulary", True, "cannot_be_trimmed")


def _rewrite_settings(folder: Path, target: Path, order: list[int]) -> None:
    """Write `tokenizer_config.json`, in which some tokenizers number what was added to them."""
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return
    plain, new = json.loads(path.read_text("utf-8")), {old: n for n, old in enumerate(order)}
    if isinstance(added := plain.get("added_tokens_decoder"), dict):
        plain["added_tokens_decoder"] = {
            str(new[int(old)]): token for old, token in added.items() if int(old) in new
        }
    (target / path.name).write_text(json.dumps(plain, indent=1, ensure_ascii=False), "utf-8")


def _drop_old(latest: Path) -> None:
    """Remove folders that were not used for long; a run's own model is none of them."""

    def used(folder: Path) -> float:
        try:
            return folder.stat().st_mtime
        except OSError:
            return 0.0

    others = (one for one in latest.parent.iterdir() if one.is_dir() and one != latest)
    for folder in sorted(others, key=used, reverse=True)[KEPT_FOLDERS - 1 :]:
        if time.time() - used(folder) > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
