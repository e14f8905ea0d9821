"""One model, or two of which the second is held against the first, and where they look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..models.reading import quiet_libraries
from ..runs import open_run
from .attend import LoadedModel, attend, open_before, open_source
from .record import AttentionRecord


def open_models(source: Any, against: Any = None) -> list[LoadedModel]:
    """Load one model, or two of which the second is looked at against the first.

    Raises:
        InputError: there is no such run or model.
    """
    source, against = _found(source), _found(against)
    after = open_source(source)
    if against is None:
        return [after]
    if against == "before":
        return [open_before(source), replace(after, label="after")]
    return [open_source(against), after]


def open_and_attend(
    source: Any, text: str, pair: str | None = None, against: Any = None, check: str | None = None
) -> tuple[list[LoadedModel], list[AttentionRecord]]:
    """Return the models, one or before and after, and where each looked in a text.

    Raises:
        InputError: there is no such run or model, or it has no attention to show.
    """
    with quiet_libraries():
        watched = open_models(source, against)
    before = watched[0] if len(watched) > 1 else None
    records = attend(watched[-1], text, pair, against=before)
    if check is not None:
        from . import causal

        records = [
            causal.check(one.model, one.tokenizer, record, method=check, encoder=one.encoder)
            for one, record in zip(watched, records, strict=True)
        ]
    return watched, records


def _found(source: Any) -> Any:
    """Return the run that a name or folder stands for; all else as it is."""
    if not isinstance(source, str | Path) or source == "before":
        return source
    try:
        return open_run(source)
    except RunError:
        return source
