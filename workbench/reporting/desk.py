"""The interface text of the attention desk, in the notebook and in the pages of a report."""

from __future__ import annotations

from .. import language as languages

_AREA = "attention.view."


def desk_labels(language: str | None = None) -> dict[str, str]:
    """Return the interface text that the front end asks its model for."""
    strings = languages.catalogue(language or languages.current())
    return {k.removeprefix(_AREA): v for k, v in strings.items() if k.startswith(_AREA)}
