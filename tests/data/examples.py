"""Small files and the task that the tests of the data floor share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.data import LoadedData, load_data
from workbench.spec import DataSpec
from workbench.tasks import load_task

TASK = load_task("text-classification")
SHARED = Path(__file__).parents[3] / "shared" / "data"


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    """Write a file just as it is given, line ends included, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows(count: int, labels: tuple[str, ...] = ("neg", "pos")) -> list[tuple[str, str]]:
    """Return rows of text and label, the labels in turn."""
    return [(f"this is sentence number {i}", labels[i % len(labels)]) for i in range(count)]


def csv(pairs: list[tuple[str, str]], header: str = "text,label") -> str:
    """Return rows as comma-separated text."""
    return "\n".join([header, *(f"{text},{label}" for text, label in pairs)]) + "\n"


def load(path: Path, seed: int = 42, **fields: Any) -> LoadedData:
    """Load a file or folder with some fields of the spec set."""
    return load_data(DataSpec(source=str(path), **fields), TASK, seed)
