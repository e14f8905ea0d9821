"""Parquet, Feather and Arrow files, and the class names that the datasets library notes in them."""

from __future__ import annotations

import io
import json
from typing import Any

from ..errors import DataError, shorten

STARTS = {b"PAR1": "parquet", b"ARROW1": "feather", b"FEA1": "feather"}
# A stream, as the datasets library writes it, begins with the length of its schema.
_STREAM = b"\xff\xff\xff\xff"


def is_arrow(raw: bytes) -> bool:
    """Say whether the bytes are a table of one of these formats."""
    return raw.startswith((*STARTS, _STREAM))


def read_arrow(raw: bytes, name: str) -> Any:
    """Read a file into a frame, with the names behind numbered classes in its `attrs`.

    Raises:
        DataError: it is damaged.
    """
    import pyarrow

    kind = next((kind for start, kind in STARTS.items() if raw.startswith(start)), "arrow")
    try:
        table = _table(raw, kind)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            "{name} is a damaged {kind} file ({reason})",
            "write or fetch it again",
            name=name,
            kind=kind,
            reason=shorten(error),
        ) from None
    metadata = table.schema.metadata or {}
    frame = table.to_pandas(ignore_metadata=True)
    frame.columns = [str(column) for column in frame.columns]
    frame.index = range(1, len(frame) + 1)
    frame.attrs["class_names"] = _class_names(metadata.get(b"huggingface", b"{}"))
    return frame


def _table(raw: bytes, kind: str) -> Any:
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet

    if kind == "parquet":
        return pyarrow.parquet.read_table(io.BytesIO(raw))
    if kind == "feather":
        return pyarrow.feather.read_table(io.BytesIO(raw))
    return pyarrow.ipc.open_stream(raw).read_all()


def _class_names(metadata: bytes) -> dict[str, list[str]]:
    try:
        return named_classes(json.loads(metadata)["info"]["features"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def named_classes(features: Any, column: str = "") -> dict[str, list[str]]:
    """Return the names of classes by column, at any depth; `a.b` is the key `b` in column `a`.

    `features` are as `datasets.Features.to_dict` gives them. A list has the names of its items.
    """
    if not isinstance(features, dict):
        return {}
    if features.get("_type") == "ClassLabel":
        return {column: list(map(str, features["names"]))}
    if isinstance(inner := features.get("feature"), dict) and "_type" in features:
        return named_classes(inner, column)
    found: dict[str, list[str]] = {}
    for name, inner in features.items():
        below = inner[0] if isinstance(inner, list) and inner else inner
        found |= named_classes(below, f"{column}.{name}" if column else str(name))
    return found
