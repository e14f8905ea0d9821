"""The models that the form offers, each with its size and whether this machine can fine-tune it."""

from __future__ import annotations

import psutil

from .. import language as languages
from ..models.catalogue import known_models

# fp32: each weight, its gradient and the two averages of AdamW. Activations come on top of it, so
# that some of the memory must be left.
BYTES_PER_WEIGHT = 16
SHARE_OF_MEMORY = 0.8


def models_offered(language: str) -> dict[str, str]:
    """Return the sources of the catalogue's models, each with a note for who has to choose."""
    room = SHARE_OF_MEMORY * psutil.virtual_memory().total
    return {one.source: _note(one.parameters, room, language) for one in known_models()}


def _note(parameters: int, room: float, language: str) -> str:
    needed = BYTES_PER_WEIGHT * parameters
    key = "fits" if needed <= room else "too_large"
    return languages.text(
        f"form.ui.model_{key}", language,
        parameters=f"{parameters / 1e6:,.0f}", memory=f"{needed / 1e9:,.1f}",
    )  # fmt: skip
