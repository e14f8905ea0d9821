"""Consent to code that came with a model: the present user's, never a file's.

A run folder, like any file, may say `trust_remote_code: true`; that says what its author trusted.
Whoever sits here says it again, on the command line or in this session, for one run, the source of
its model and that model's revision. What was said holds for this process and its workers.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..spec import ModelSpec

# Handed on to workers with the rest of the environment.
VARIABLE = "WORKBENCH_TRUSTED_CODE"


def give(run: Path, model: ModelSpec) -> None:
    """Trust the code that came with the model of a run, until this process ends."""
    if not given(run, model):
        os.environ[VARIABLE] = json.dumps([*_all(), _key(run, model)])


def given(run: Path, model: ModelSpec) -> bool:
    """Return whether the user trusts the code that came with the model of a run."""
    return _key(run, model) in _all()


def _key(run: Path, model: ModelSpec) -> list[str]:
    return [str(run.resolve()), model.source, model.revision or ""]


def _all() -> list[list[str]]:
    try:
        known = json.loads(os.environ.get(VARIABLE, "[]"))
    except ValueError:
        return []
    return known if isinstance(known, list) else []
