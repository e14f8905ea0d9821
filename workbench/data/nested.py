"""Mappings in cells, spread out into columns of their own."""

from __future__ import annotations

from typing import Any


def spread(frame: Any) -> Any:
    """Return a frame in which a column of mappings is a column for each of their keys.

    `{"translation": {"en": …, "zh": …}}` has the columns `translation.en` and `translation.zh`,
    as `datasets.Dataset.flatten` names them.
    """
    nested = [
        column
        for column in frame.columns
        if frame[column].map(lambda cell: isinstance(cell, dict)).any()
        and frame[column].map(lambda cell: isinstance(cell, dict) or not _is_held(cell)).all()
    ]
    if not nested:
        return frame
    inner = {
        column: dict.fromkeys(key for cell in frame[column] if _is_held(cell) for key in cell)
        for column in nested
    }
    columns = {}
    for column in frame.columns:
        if column not in inner:
            columns[column] = frame[column]
            continue
        for key in inner[column]:
            columns[f"{column}.{key}"] = frame[column].map(
                lambda cell, key=key: cell.get(key) if _is_held(cell) else None
            )
    found = type(frame)(columns, index=frame.index, dtype=object)
    found.attrs = frame.attrs
    return spread(found)


def _is_held(cell: Any) -> bool:
    return cell is not None and cell == cell  # noqa: PLR0124  (NaN differs from itself)
