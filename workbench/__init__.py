"""A workbench for fine-tuning transformer models in Jupyter: `import workbench as wb`.

The verbs: `studio`, `train`, `start`, `adapt`, `attach`, `evaluate`, `predict`, `playground`,
`attend`, `compare`, `label`, `label_issues`, `report`, `trust`, each usable without the others.
Importing the package loads none of the heavy libraries; each verb does when it is called.
"""

from __future__ import annotations

import warnings
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
        label_issues,
        playground,
        predict,
        profile,
        report,
        split,
        start,
        studio,
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
    "label_issues": "notebook",
    "playground": "notebook",
    "predict": "notebook",
    "profile": "notebook",
    "report": "notebook",
    "split": "notebook",
    "start": "notebook",
    "studio": "notebook",
    "train": "notebook",
    "trust": "notebook",
}

# Earlier names, which still work.
_DEPRECATED = {"suspects": "label_issues"}

__all__ = [
    "RunSpec", "adapt", "attach", "attend", "audit", "clean", "compare", "evaluate", "label",
    "label_issues", "playground", "predict", "profile", "report", "split", "start", "studio",
    "train", "trust",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a verb's module when the verb is first asked for."""
    if name in _DEPRECATED:
        warnings.warn(
            f"wb.{name} is called wb.{_DEPRECATED[name]} now", DeprecationWarning, stacklevel=2
        )
        name = _DEPRECATED[name]
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
