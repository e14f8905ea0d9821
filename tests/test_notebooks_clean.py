"""Notebooks in the repository hold no outputs, no widget state, and one `parameters` cell.

`make lint` and the pre-commit hook run this file as a script.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_CELL_LINES = 12


def notebooks() -> list[Path]:
    """Return the repository's notebooks."""
    found = (ROOT / "notebooks").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def faults_of(notebook: dict[str, Any]) -> list[str]:
    """Return what a notebook holds that the repository does not want."""
    faults = []
    if "widgets" in notebook["metadata"]:
        faults.append("metadata holds widget state: clear the outputs and save")
    tagged = [c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", [])]
    if len(tagged) != 1:
        faults.append(f"{len(tagged)} cells are tagged `parameters`: tag exactly one")
    if any("hide-input" not in c["metadata"]["tags"] for c in tagged):
        faults.append(
            "the parameters cell is not tagged `hide-input`: exports leave it out by that"
        )
    for number, cell in enumerate(notebook["cells"], 1):
        if cell["cell_type"] != "code":
            continue
        if cell["outputs"]:
            faults.append(f"cell {number} holds outputs: clear them")
        if cell["execution_count"] is not None:
            faults.append(f"cell {number} holds an execution count: clear the outputs")
        if leftover := set(cell["metadata"]) - {"tags", "jupyter"}:
            faults.append(f"cell {number} has metadata {sorted(leftover)}: remove it")
        lines = "".join(cell["source"]).strip().splitlines()
        if cell not in tagged and len(lines) > LONGEST_CELL_LINES:
            faults.append(f"cell {number} has {len(lines)} lines: move them into a function")
    return faults


def check() -> list[str]:
    """Return the faults of all notebooks, each with its file."""
    return [
        f"{path.relative_to(ROOT).as_posix()}: {fault}"
        for path in notebooks()
        for fault in faults_of(json.loads(path.read_text("utf-8")))
    ]


def test_there_are_notebooks():
    assert ROOT / "notebooks" / "studio.ipynb" in notebooks()


def test_notebooks_are_clean():
    assert check() == []


CLEAN: dict[str, Any] = {
    "metadata": {"kernelspec": {}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
        {"cell_type": "code", "source": ["a: int = 1\n"] * 50,
         "metadata": {"tags": ["parameters", "hide-input"]},
         "outputs": [], "execution_count": None},
        {"cell_type": "code", "metadata": {}, "source": ["print(a)"], "outputs": [],
         "execution_count": None},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda n: n["metadata"].update(widgets={}), "metadata holds widget state"),
        (lambda n: n["cells"][2]["outputs"].append({}), "cell 3 holds outputs"),
        (lambda n: n["cells"][2].update(execution_count=1), "cell 3 holds an execution count"),
        (lambda n: n["cells"][2]["metadata"].update(papermill={}), "cell 3 has metadata"),
        (lambda n: n["cells"][2].update(source=["x\n"] * 13), "cell 3 has 13 lines"),
        (lambda n: n["cells"][1]["metadata"].pop("tags"), "0 cells are tagged"),
        (lambda n: n["cells"][2]["metadata"].update(tags=["parameters"]), "2 cells are tagged"),
        (lambda n: n["cells"][1]["metadata"]["tags"].pop(), "the parameters cell is not tagged"),
    ],
)
def test_each_fault_is_found(spoil, fault):
    assert faults_of(CLEAN) == []
    spoiled = copy.deepcopy(CLEAN)
    spoil(spoiled)
    assert any(found.startswith(fault) for found in faults_of(spoiled))


if __name__ == "__main__":
    found = check()
    print("\n".join(found) or f"{len(notebooks())} notebooks are clean")
    sys.exit(1 if found else 0)
