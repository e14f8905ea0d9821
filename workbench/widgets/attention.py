"""Where a model looked, layer by layer and head by head, to point at and to step through."""

from __future__ import annotations

from collections.abc import Sequence

import anywidget
import traitlets

from .. import language as languages
from ..attention.record import AttentionRecord
from ..report.parts import view_record
from . import STATIC

_PREFIX = "attention.view."


class AttentionView(anywidget.AnyWidget):
    """One map of query rows by key columns, with pickers of record, layer and head.

    Several records of one text (before and after fine-tuning) are shown one at a time under the
    same selection; `show` replaces them. The values live in the browser: no message is sent when
    the selection changes.
    """

    _esm = STATIC / "attention.js"
    records = traitlets.List().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)

    def __init__(
        self, records: Sequence[AttentionRecord] = (), language: str | None = None
    ) -> None:
        super().__init__(labels=view_labels(language))
        self.show(records)

    def show(self, records: Sequence[AttentionRecord]) -> None:
        """Show other records, the last one first."""
        self.records = [view_record(record) for record in records]


def view_labels(language: str | None = None) -> dict[str, str]:
    """Return the interface text that `static/attention.js` asks its model for."""
    strings = languages.catalogue(language or languages.current())
    return {k.removeprefix(_PREFIX): v for k, v in strings.items() if k.startswith(_PREFIX)}
