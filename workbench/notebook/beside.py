"""A spec whose files lie beside the notebook, as they are called in the folder we work in."""

from __future__ import annotations

from ..sources.beside import beside_notebook
from ..spec import RunSpec


def with_files_found(spec: RunSpec) -> RunSpec:
    """Return the spec with the paths of those files that are not here, but beside the notebook."""
    held = {
        "data.source": spec.data.source,
        "data.validation_split": spec.data.validation_split,
        "data.corrections": spec.data.corrections,
        "model.source": spec.model.source,
    }
    found = {name: _found(value) for name, value in held.items()}
    changes = {name: value for name, value in found.items() if value != held[name]}
    return spec.replace(changes) if changes else spec


def _found(value: str) -> str:
    # A journal may say how much of it counts: labels.jsonl@120.
    path, mark, records = value.rpartition("@")
    if mark and records.isdecimal():
        return beside_notebook(path) + mark + records
    return beside_notebook(value)
