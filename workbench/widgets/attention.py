"""The attention desk, live: where a model looked, and answers to what the record lacks."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import anywidget
import traitlets

from ..attention.record import AttentionRecord
from ..errors import InputError
from ..reporting.attention_page import alone, comparing, desk_bundle
from ..reporting.desk import desk_labels
from ..static import script, style
from .handles import make_place
from .messages import Received, ToDesk
from .routing import use_subshell

Ask = Callable[..., Any]

# Of a sentence that shares fewer of its tokens with the one before, most cells of a comparison
# would be grey: it is no edit of it, but another sentence.
EDITED_SHARE = 0.7

_VIEW = "application/vnd.jupyter.widget-view+json"


class AttentionDesk(anywidget.AnyWidget):
    """Records of one text side by side under one selection.

    `asks` says what the desk may ask for, by name, of what it does not hold; an answer is plain
    data, and an `InputError` is shown as a sentence:

    - `map(record, block, layer, head)`: one whole map, packed;
    - `formula(record, block, layer, head)`: Q, K, V and mask of a head;
    - `causal(record, method)`: the importance of each token;
    - `text(text)`: the records of another sentence, shown in place of the present ones.

    `record` is the `AttentionRecord` in question; numbers count from 0. Other changes of the
    selection send no message. `twin` is the identity of a copy that needs no kernel, which is
    hidden while the desk lives.
    """

    _esm = script("attention/widget.js")
    _css = style("attention/desk.css")
    records: traitlets.List[Any] = traitlets.List().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    live: traitlets.List[Any] = traitlets.List().tag(sync=True)
    loss: traitlets.List[Any] = traitlets.List().tag(sync=True)
    start: Any = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    twin = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        records: Sequence[AttentionRecord] = (),
        asks: Mapping[str, Ask] | None = None,
        language: str | None = None,
        loss: Sequence[tuple[int, float]] = (),
        twin: str = "",
        start: dict[str, Any] | None = None,
    ) -> None:
        self._asks = dict(asks or {})
        self._lock = threading.Lock()
        self.shown: list[AttentionRecord] = []
        self.on_shown: Callable[[Sequence[AttentionRecord]], None] = lambda records: None
        super().__init__(
            labels=desk_labels(language),
            live=sorted(self._asks),
            loss=[list(point) for point in loss],
            twin=twin or f"wb-desk-{uuid.uuid4().hex}",
        )
        self.show(records, start)
        self.on_msg(self._received)
        use_subshell(self)

    def show(self, records: Sequence[AttentionRecord], start: dict[str, Any] | None = None) -> None:
        """Show other records, the last one first; `start` sets choices, such as `against`."""
        self.shown = list(records)
        with self.hold_sync():
            self.start = start
            self.records = [record.to_dict() for record in records]

    def _received(self, _: Any, message: Received, __: Any) -> None:
        kind, number = message.get("kind"), int(message.get("id", 0))
        if kind not in self._asks:
            return
        about = {k: v for k, v in message.items() if k not in ("kind", "id")}
        if "record" in about:
            about["record"] = self.shown[about["record"]]
        try:
            # One model answers one question at a time.
            with self._lock:
                ask: Callable[..., Any] = self._look_again if kind == "text" else self._asks[kind]
                answer = ask(**about)
        except InputError as error:
            self._tell({"kind": "answer", "id": number, "fault": str(error)})
            return
        self._tell({"kind": "answer", "id": number, "answer": answer})

    def _tell(self, message: ToDesk) -> None:
        self.send(message)

    def _look_again(self, text: str) -> None:
        """Show another sentence: an edit of the one before against it, any other by itself."""
        before = self.shown[-1:]
        fresh = list(self._asks["text"](text))
        if not fresh:
            return
        last = len(before) + len(fresh) - 1
        edited = bool(before) and _share_of_tokens(before[0], fresh[-1]) > EDITED_SHARE
        self.show([*before, *fresh], comparing(last) if edited else alone(last))
        self.on_shown(self.shown)


def _share_of_tokens(one: AttentionRecord, other: AttentionRecord) -> float:
    """Return the share of the tokens that two texts have in common, in their order."""
    return SequenceMatcher(None, list(one.tokens), list(other.tokens), autojunk=False).ratio()


def show_desk(desk: AttentionDesk) -> None:
    """Display a desk and, below it and hidden while it lives, its copy that needs no kernel.

    The copy is what a saved notebook keeps: it runs where scripts do, and is a picture elsewhere.
    """
    from IPython.display import display

    view: Any = desk._repr_mimebundle_()
    widget = (view[0] if isinstance(view, tuple) else view)[_VIEW]
    display({_VIEW: widget, "text/plain": ""}, raw=True)
    handle = make_place()
    handle.update(_copy(desk), raw=True)
    desk.on_shown = lambda _: handle.update(_copy(desk), raw=True)


def _copy(desk: AttentionDesk) -> dict[str, Any]:
    return desk_bundle(desk.shown, desk.twin, loss=desk.loss, start=desk.start)
