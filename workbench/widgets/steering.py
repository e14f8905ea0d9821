"""The controls of a run that trains in another process: buttons, knobs, and what was done.

The panel asks through the run's control file and reads the run's events, at most twice a second;
what it shows follows from these two files alone. So several panels, terminals and kernels may
steer one run, and each sees what the others asked.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from .. import language as languages
from ..errors import InputError
from ..runs import Event, RunFolder, RunState, ask
from ..runs.alerts import Alert, describe, find_alerts
from ..runs.control import Requests, parse, unused_hyperparameters
from ..runs.lock import is_locked
from ..runs.reader import RunReader
from ..runs.summary import summarise
from ..static import script, style
from .entries import number
from .hyperparameters import describe_hyperparameter, movable, starting_values
from .messages import AlertView, Alive, Answered, Controls, HyperparameterValue, Received
from .routing import use_subshell
from .words import attach_line

SECONDS_BETWEEN_UPDATES = 0.5
SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_BETWEEN_SIGNS = 3.0
STEPS_BETWEEN_ALERTS = 50

_STEERABLE = ("new", "running", "paused")
_RESUMABLE = ("interrupted", "failed")
_ACTS = ("paused", "evaluate", "checkpoint", "rollback", "probe", "stop")

_LABELS = (
    "panel", "acts", "pause", "go_on", "evaluate", "checkpoint", "rollback", "stop_keep",
    "stop_discard", "sure_keep", "sure_discard", "yes_keep", "yes_discard", "train_on", "resume",
    "slider", "more", "keys", "probe", "probe_hint", "add", "alert", "dismiss", "lost",
)  # fmt: skip


class SteeringPanel(anywidget.AnyWidget):
    """Buttons and knobs of a run: each asks for one act, and shows when it took effect.

    `update` looks at the run once, `start` does so in a thread until the run is over. `on_resume`
    starts a process for a run that nobody writes any more; without it such a run has no button.
    """

    _esm = script("steering.js")
    _css = style("controls.css", "steering.css")
    labels = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    shown: Any = traitlets.Dict().tag(sync=True)  # `Controls`

    def __init__(
        self,
        run: RunFolder,
        language: str | None = None,
        on_resume: Callable[[RunFolder], Any] | None = None,
    ) -> None:
        self._run = run
        self._language = languages.resolve(language or languages.current())
        self._on_resume = on_resume
        self._reader = RunReader(run)
        self._requests = Requests(run)
        self._beginnings = self._commands_taken = 0
        self._asked: list[tuple[int, str, Any, str]] = []
        self._values = starting_values(run)
        self._changed: dict[str, Event] = {}
        self._useless: dict[str, str] = {}
        self._useless_of = 0
        self._stopping = self._resuming = False
        self._status, self._looked_at = "new", 0.0
        self._alerts: list[Alert] = []
        self._dismissed: set[str] = set()
        self._alerts_of = (0, 0)
        # The watching thread, and the subshell's thread that handlers run on, meet in these.
        self._lock = threading.RLock()
        self._closing = threading.Event()
        super().__init__(
            labels={name: self._text(name) for name in _LABELS} | {"attach": attach_line(run)},
            rows=[
                describe_hyperparameter(knob, self._values[knob.name], self._language)
                for knob in movable()
            ],
        )
        self.on_msg(self._received)
        use_subshell(self)
        self.update()

    @property
    def ended(self) -> bool:
        """Whether the run is over for good, and the panel at rest."""
        return self._state.ended and self._state.status != "failed"

    def start(self) -> threading.Thread:
        """Watch the run until it is over or the panel is closed."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        return thread

    def update(self) -> None:
        """Read what is new in the run and show it."""
        with self._lock:
            self._reader.update()
            self._follow_record()
            self._follow_beginnings()
            self._follow_commands()
            self._check_writer()
            self._follow_requests()
            self._follow_alerts()
            self.shown = self._describe()

    def close(self) -> None:
        """Stop watching and take the panel away."""
        self._closing.set()
        super().close()

    def _watch(self) -> None:
        last_shown = 0.0
        while not self._closing.is_set() and not self.ended:
            self.update()
            if time.monotonic() - last_shown > SECONDS_BETWEEN_SIGNS:
                last_shown = time.monotonic()
                alive: Alive = {"kind": "alive"}
                self.send(alive)
            self._closing.wait(SECONDS_BETWEEN_UPDATES)

    def _received(self, _: Any, content: Received, __: Any) -> None:
        """Do what a button or a knob asks for, and answer with the fault, if it has one."""
        act, fault = str(content.get("act", "")), ""
        try:
            match content.get("kind"):
                case "ask":
                    self._ask(act, content.get("value"))
                case "resume":
                    self._resume()
                case "dismiss":
                    with self._lock:
                        self._dismissed |= {alert.kind for alert in self._alerts[:1]}
        except (InputError, OSError) as error:
            fault = str(error)
        self.update()
        answered: Answered = {"kind": "answered", "act": act, "fault": fault}
        self.send(answered)

    def _ask(self, act: str, value: Any) -> None:
        self.update()
        with self._lock:
            if self._phase() not in _STEERABLE:
                raise InputError(self._text("nobody_trains", run=self._run.name))
        if act in self._values:
            act, value = parse(f"{act}={value}")
        ask(self._run, act, value.strip() if isinstance(value, str) else value)

    def _resume(self) -> None:
        with self._lock:
            if self._on_resume is None or self._phase() not in _RESUMABLE:
                return
            self._on_resume(self._run)
            self._resuming, self._looked_at = True, 0.0

    def _check_writer(self) -> None:
        now = time.monotonic()
        if self.ended or (self._looked_at and now - self._looked_at < SECONDS_BETWEEN_LOOKS):
            return
        self._looked_at = now
        if self._status == "interrupted" and not (self._resuming or is_locked(self._run)):
            return  # to be sure of that again, the whole log would have to be read
        before, self._status = self._status, summarise(self._run).status
        if self._status == "new" and self._state.started:
            # Announced again; but a run that goes on has only not had its first beat yet.
            self._resuming = self._resuming or before in _RESUMABLE
            self._status = "new" if self._resuming else "running"
        elif self._resuming and self._status in _RESUMABLE and is_locked(self._run):
            self._status = "new"  # taken over; its log goes on when the model is ready

    @property
    def _state(self) -> RunState:
        return self._reader.state

    def _follow_record(self) -> None:
        """Read anew which knobs have no effect; that is known once the run has its model."""
        try:
            written = self._run.spec_path.stat().st_mtime_ns
        except OSError:  # the folder is gone, or its disk
            return
        if written != self._useless_of:
            self._useless, self._useless_of = unused_hyperparameters(self._run), written

    def _follow_beginnings(self) -> None:
        state = self._state
        beginnings = 2 * (bool(state.started) + len(state.breaks)) + (state.status == "failed")
        if beginnings != self._beginnings:
            self._beginnings = beginnings
            self._stopping = self._resuming = False
            self._looked_at = 0.0

    def _follow_commands(self) -> None:
        state = self._state
        began = (state.breaks[-1] if state.breaks else state.started).get("seq", -1)
        for act in state.commands[self._commands_taken :]:
            knob = act["knob"]
            if knob == "stop":
                self._stopping = act["seq"] > began
            elif knob in self._values and _is_number(act.get("new")):
                self._values[knob] = act["new"]
                self._changed[knob] = act
        self._commands_taken = len(state.commands)

    def _follow_requests(self) -> None:
        self._asked += self._requests.new()
        done = max((act.get("request") or 0 for act in self._state.commands), default=0)
        self._asked = [request for request in self._asked if request[0] > done]

    def _follow_alerts(self) -> None:
        evaluations, steps = len(self._state.evaluations), self._state.step
        if (evaluations, steps // STEPS_BETWEEN_ALERTS) != self._alerts_of:
            self._alerts_of = (evaluations, steps // STEPS_BETWEEN_ALERTS)
            self._alerts = find_alerts(self._state)
            # What was dismissed may be told again once it has passed and come back.
            self._dismissed &= {alert.kind for alert in self._alerts}

    def _phase(self) -> str:
        """Return the run's status; `stopping` once it was told to stop and has not ended."""
        status = self._state.status
        if self.ended:
            return status
        if self._status == "new":
            return "new"
        if status != "failed" and self._status != "interrupted":
            return "stopping" if self._stopping else status
        return "failed" if status == "failed" else "interrupted"

    def _describe(self) -> Controls:
        phase = self._phase()
        steerable = phase in _STEERABLE
        asked = {name: (value, who) for _, name, value, who in self._asked} if steerable else {}
        return {
            "phase": phase,
            "words": self._text(f"phase.{phase}", failure=self._state.failure),
            "steerable": steerable,
            "resumable": phase in _RESUMABLE and self._on_resume is not None,
            "paused": phase == "paused",
            "asked": [name for name in asked if name not in self._values],
            "useless": [name for name in self._values if name in self._useless],
            "values": {name: self._describe_value(name, asked.get(name)) for name in self._values},
            "news": self._news(asked),
            "alert": self._describe_alert() if steerable else None,
        }

    def _describe_value(self, name: str, asked: tuple[Any, str] | None) -> HyperparameterValue:
        value, event, note = self._values[name], self._changed.get(name), ""
        if name in self._useless:
            note = self._text("note.no_effect", what=self._useless[name])
        elif asked is not None:
            value, note = asked[0], self._text("note.asked", who=asked[1])
        elif event is not None:
            old: Any = event.get("old")
            who = event.get("who")
            last_shown = number(old) if _is_number(old) else "-"
            note = self._text("note.changed", step=event["step"], old=last_shown, who=who)
        elif value is None:
            note = self._text("note.model")
        return {"entry": "" if value is None else number(value), "note": note}

    def _news(self, asked: dict[str, tuple[Any, str]]) -> str:
        """Return in words the last act that is not a knob: asked for, or done."""
        waiting = [name for name in asked if name not in self._values]
        if waiting:
            return self._text("news.asked", act=self._act_words(waiting[-1], *asked[waiting[-1]]))
        done = [act for act in self._state.commands[-20:] if act["knob"] in _ACTS]
        if not done:
            return ""
        last = done[-1]
        if last["knob"] == "rollback" and last.get("new") is None:
            return self._text("news.no_best", step=last["step"])
        words = self._act_words(last["knob"], last.get("new"), last.get("who"))
        return self._text("news.done", step=last["step"], act=words)

    def _act_words(self, knob: str, value: Any, who: Any) -> str:
        paused = "paused" if value else "going_on"
        stop = "stop_discard" if value == "discard" else "stop_keep"
        name = {"paused": paused, "stop": stop}.get(knob, knob)
        return self._text(f"act.{name}", value=value, who=who)

    def _describe_alert(self) -> AlertView | None:
        alert = next((a for a in self._alerts if a.kind not in self._dismissed), None)
        if alert is None:
            return None
        act, value = alert.action
        name = f"stop_{value}" if act == "stop" else act
        label = self._text(name if act in ("stop", "rollback") else f"set.{act}", value=value)
        return {"words": describe(alert, self._language), "act": act, "value": value, "do": label}

    def _text(self, key: str, **values: Any) -> str:
        return languages.text(f"steering.{key}", self._language, **values)


def show_steering(
    run: RunFolder,
    handle: Any = None,
    language: str | None = None,
    on_resume: Callable[[RunFolder], Any] | None = None,
) -> SteeringPanel:
    """Show the controls of a run in this cell, or where `handle`, a display handle, is."""
    from IPython.display import display

    panel = SteeringPanel(run, language, on_resume)
    if handle is None:
        display(panel)
    else:
        handle.update(panel)
    if not panel.ended:
        panel.start()
    return panel


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
