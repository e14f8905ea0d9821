"""A workbench for fine-tuning transformer models in Jupyter: `import workbench as wb`.

The verbs: `studio`, `train`, `start`, `adapt`, `attach`, `evaluate`, `predict`, `playground`,
`attend`, `compare`, `label`, `suspects`, `report`, `trust`, each usable without the others.
Importing the package loads none of the heavy libraries; each verb does when it is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebook import (
        adapt,
        attach,
        attend,
        audit,
        clean,
        compare,
        evaluate,
        label,
        playground,
        predict,
        profile,
        report,
        split,
        start,
        studio,
        suspects,
        train,
        trust,
    )
    from .spec import RunSpec

_HOMES = {
    "RunSpec": "spec",
    "adapt": "notebook",
    "attach": "notebook",
    "attend": "notebook",
    "audit": "notebook",
    "clean": "notebook",
    "compare": "notebook",
    "evaluate": "notebook",
    "label": "notebook",
    "playground": "notebook",
    "predict": "notebook",
    "profile": "notebook",
    "report": "notebook",
    "split": "notebook",
    "start": "notebook",
    "studio": "notebook",
    "suspects": "notebook",
    "train": "notebook",
    "trust": "notebook",
}

__all__ = [
    "RunSpec", "adapt", "attach", "attend", "audit", "clean", "compare", "evaluate", "label",
    "playground", "predict", "profile", "report", "split", "start", "studio", "suspects", "train",
    "trust",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a verb's module when the verb is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
