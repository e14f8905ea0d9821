"""Attention weights as bytes, and bytes as text that a JSON file can hold.

Weights are stored on a square-root scale, `w = (byte / 255)²`, because most weights are tiny: the
error is at most 0.004 for the largest weights and far less for small ones.
"""

from __future__ import annotations

import base64
import math
import zlib
from typing import Any

import numpy as np

# Half a step of the square-root scale at w = 1: 2 · 0.5/255.
LARGEST_ERROR = 0.004

_TYPES: dict[str, np.dtype[Any]] = {
    "uint8": np.dtype("u1"),
    "float16": np.dtype("<f2"),
    "float32": np.dtype("<f4"),
}


def quantise(weights: np.ndarray) -> np.ndarray:
    """Return weights in [0, 1] as bytes on the square-root scale."""
    return np.round(np.sqrt(np.clip(weights, 0.0, 1.0)) * 255).astype(np.uint8)


def dequantise(stored: np.ndarray) -> np.ndarray:
    """Return stored bytes as weights, float32."""
    return (stored.astype(np.float32) / 255) ** 2


def pack(array: np.ndarray) -> dict[str, Any]:
    """Return an array of uint8, float16 or float32 as plain data: zlib in base64."""
    name = array.dtype.name
    raw = np.ascontiguousarray(array, _TYPES[name]).tobytes()
    data = base64.b64encode(zlib.compress(raw, 6)).decode("ascii")
    return {"dtype": name, "shape": list(array.shape), "data": data}


def unpack(packed: Any, dimensions: int, limit_bytes: int) -> np.ndarray:
    """Return the array that `pack` made.

    No more is inflated than the stated shape needs, whatever the data would unfold to.

    Raises:
        ValueError: it is not such data, or larger than `limit_bytes`.
    """
    if not isinstance(packed, dict) or packed.get("dtype") not in _TYPES:
        raise ValueError("no packed array")
    shape, text = packed.get("shape"), packed.get("data")
    if (
        not isinstance(shape, list)
        or len(shape) != dimensions
        or not all(type(size) is int and 0 <= size < 2**31 for size in shape)
        or not isinstance(text, str)
    ):
        raise ValueError("a packed array without its shape or data")
    kind = _TYPES[packed["dtype"]]
    size = math.prod(shape) * kind.itemsize
    if size > limit_bytes:
        raise ValueError(f"an array of {size:,} bytes, larger than a record holds")
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(base64.b64decode(text, validate=True), size + 1)
    except (ValueError, zlib.error) as error:
        raise ValueError("an array whose bytes are damaged") from error
    if len(raw) != size or not inflater.eof:
        raise ValueError("an array whose bytes do not fill its shape")
    return np.frombuffer(raw, kind).reshape(shape)
