"""Files with a text on each line, one file for each label, as rows with both."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ._cache import cache_dir, locked, member_path, write_whole
from .catalogue import Entry


def labelled_lines(entry: Entry) -> Path:
    """Return a file with a row for each line that is not blank: `text`, and the file's `label`."""
    mark = hashlib.sha256(json.dumps([entry.sha256, entry.line_labels]).encode()).hexdigest()
    path = cache_dir() / "lines" / f"{entry.name}-{mark[:12]}.jsonl"
    rows = [
        {"text": line.strip(), "label": entry.line_labels[member.path]}
        for member in entry.members
        for line in member_path(entry.wheel, member).read_text("utf-8").split("\n")
        if line.strip()
    ]
    content = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(f"lines-{entry.name}"):  # written anew each time: the wheel is checked, this is not
        write_whole(path, content)
    return path
