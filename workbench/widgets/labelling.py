"""The labelling widget: a session in the browser, one row at a time, keyboard first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..errors import InputError, shorten
from ..labelling.session import Session
from ..language.direction import isolated
from ..static import script, style
from .messages import Asked, LabellingState, Received
from .routing import use_subshell

_WORDS = (
    "title", "guidelines", "all_done", "save", "no_answer", "skip", "undo", "note", "note_hint",
    "back", "next", "find", "write", "was", "others", "selection", "no_kernel",
)  # fmt: skip
SHOWN_CHARACTERS = 120


class LabellingDesk(anywidget.AnyWidget):
    """What a session asks, and the keys that answer it.

    The browser shows the next row only when the last decision is in the journal: `state` changes
    then, and its `turn`, which comes back with every act, tells a key pressed twice.
    """

    _esm = script("labelling/panel.js")
    _css = style("controls.css", "labelling.css")
    state: Any = traitlets.Dict().tag(sync=True)  # a `LabellingState`
    question = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    guidelines = traitlets.Unicode().tag(sync=True)

    def __init__(self, session: Session, language: str | None = None) -> None:
        self.session = session
        self._language = languages.resolve(language or languages.current())
        self.on_act: Callable[[Session], None] = lambda session: None
        asked = session.question
        super().__init__(
            question={
                "kind": asked.kind,
                "labels": list(asked.labels),
                "several": asked.several,
                "scale": list(asked.scale) if asked.scale else None,
                "drafts": f"wb-draft:{session.journal.path.absolute()}:{session.who}",
            },
            words=self._words(),
            guidelines=asked.guidelines,
            state=self._state(0),
        )
        self.on_msg(self._received)
        use_subshell(self)

    def _received(self, _: Any, content: Received, __: Any) -> None:
        turn = self.state["turn"]
        if content.get("turn") != turn:
            return
        said = fault = ""
        try:
            said = self._act(content)
        except InputError as error:
            fault = str(error)
        self.state = self._state(turn + 1, said, fault)
        self.on_act(self.session)

    def _act(self, content: Received) -> str:
        """Do what the browser asks for and return what is to be said of it."""
        session = self.session
        match content.get("kind"):
            case "move":
                session.move(int(content.get("steps", 0)))
            case "undo":
                undone = session.undo()
                if undone is None:
                    return self._say("nothing_to_undo")
                return self._say("undone", row=f"{undone.row:,}")
            case "decide" if session.item is not None:
                made = session.decide(content.get("value"))
                return self._say("saved", value=display_value(made.value) or self._say("nothing"))
            case "skip" if session.item is not None:
                session.skip()
                return self._say("skipped")
            case "note" if session.item is not None:
                session.note(str(content.get("text", "")))
                return self._say("noted")
        return ""

    def _state(self, turn: int, said: str = "", fault: str = "") -> LabellingState:
        progress = self.session.progress()
        counts = progress.pop("counts")
        return {
            "turn": turn,
            "said": said,
            "fault": fault,
            "item": self._item(),
            "progress": progress
            | {
                "text": self._say("progress", **progress),
                "tally": " · ".join(
                    f"{isolated(str(name))} {count}" for name, count in counts.items()
                ),
            },
        }

    def _item(self) -> Asked | None:
        session, item = self.session, self.session.item
        if item is None:
            return None
        mine, inside = session.mine, session.question.inside
        suggestion = session.suggestions.get(item.place)
        place = self._say("position", position=session.at + 1, total=len(session.items))
        return {
            "place": f"{place} · {self._say('row', row=f'{item.row:,}')}",
            "texts": [
                {"name": name if len(item.texts) > 1 else "", "text": text,
                 "marked": name == inside}
                for name, text in item.texts.items()
            ],
            "value": mine.value if mine is not None and mine.act == "label" else None,
            "was": None if session.blind else item.was,
            "id": f"{item.split}:{item.row}:{item.key}",
            "suggestion": None if suggestion is None else {
                "value": suggestion.value,
                "text": self._say("suggested") if suggestion.confidence is None
                else self._say("sure", percent=f"{100 * suggestion.confidence:.0f}"),
            },
            "others": [
                {"who": who, "text": display_value(value) or self._say("nothing")}
                for who, value in session.others.get(item.place, {}).items()
            ],
            "notes": session.journal.notes().get(item.place, []),
        }  # fmt: skip

    def _words(self) -> dict[str, str]:
        asked = self.session.question
        words = {name: languages.text(f"labelling.{name}", self._language) for name in _WORDS}
        keys = "several" if asked.kind == "class" and asked.several else asked.kind
        if asked.kind == "spans" and not asked.labels:
            words["selection_name"] = self._say("answer")
        return words | {
            "by": self._say("by", who=self.session.who),
            "keys": f"{self._say(f'keys.{keys}')} · {self._say('keys.common')}",
        }

    def _say(self, key: str, **values: Any) -> str:
        return languages.text(f"labelling.{key}", self._language, **values)


def display_value(value: Any) -> str:
    """Return a decision as a line of plain text."""
    if isinstance(value, list):
        return ", ".join(display_value(one) for one in value)
    if isinstance(value, dict):
        return " ".join(filter(None, (shorten(value["text"], 40), value.get("label", ""))))
    return f"{value:g}" if isinstance(value, float) else shorten(value, SHOWN_CHARACTERS)
