"""Folders in which each file is one text and its folder's name the label: `train/pos/1.txt`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..language import text as say
from ..sources.paths import bare_name
from .encoding import decode
from .packed import read_bytes
from .splits import ROLES, role_of
from .table import Detected

# Folders of texts that nobody has labelled, as in the IMDb reviews.
_WITHOUT_LABEL = frozenset(("unsup", "unlabeled", "unlabelled", "unsupervised"))

Labelled = list[tuple[str, Path]]


def class_folders(files: Sequence[Path]) -> dict[str, Labelled]:
    """Return, by split, files with their folders' names; nothing where folders are no classes.

    They are where each file is plain text, lies in one of several folders that are not called as
    splits are, and most folders have several.
    """
    if any(not bare_name(file.name).endswith(".txt") and file.suffix.strip(".").isalpha()
           for file in files):  # fmt: skip
        return {}
    folders: dict[tuple[str, str], Labelled] = defaultdict(list)
    for file in files:
        label, above = file.parent.name, file.parent.parent.name
        if role_of(label, whole=True):
            return {}
        folders[role_of(above, whole=True), label].append((label, file))
    labels = {label for _, label in folders}
    if len(labels) < 2 or len(files) <= len(folders):
        return {}
    splits = {split for split, _ in folders}
    if "" in splits and len(splits) > 1:
        return {}
    found: dict[str, Labelled] = defaultdict(list)
    for (split, _), held in sorted(folders.items(), key=lambda one: one[0][1]):
        found[split or "all"] += held
    return {name: found[name] for name in (*ROLES, "all") if name in found}


def read_documents_into(labelled: Labelled, encoding: str) -> tuple[Any, Detected]:
    """Return a frame of texts, labels and file names, and what was detected.

    Raises:
        DataError: a file is damaged, or no text.
    """
    import pandas

    rows = []
    encodings: dict[str, None] = {}
    empty = 0
    for label, file in labelled:
        try:
            found = decode(read_bytes(file), encoding, file.name)
        except DataError:
            if file.stat().st_size:
                raise
            empty += 1
            continue
        encodings[found.encoding] = None
        known = "" if label.casefold() in _WITHOUT_LABEL else label
        rows.append({"text": found.text.strip(), "label": known, "file": file.name})
    labels = ", ".join(dict.fromkeys(label for label, _ in labelled))
    notes = [say("data.note.documents", count=f"{len(rows):,}", labels=labels)]
    if empty:
        notes.append(say("data.note.empty_files", count=f"{empty:,}"))
    frame = pandas.DataFrame(rows, dtype=object, index=range(1, len(rows) + 1))
    return frame, Detected(encoding=", ".join(encodings), rows=len(rows), notes=notes)
