"""What the events of a run add up to: its state, curves, acts and progress."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from .columns import Steps
from .events import Event

# Steps that the pace is taken from: many enough to be steady, few enough to follow a change.
PACE_STEPS = 50


@dataclass
class RunState:
    """The events of a run, folded. `fold` takes more of them as they come.

    `status` is `new`, `running`, `paused`, `finished`, `early_stopped`, `stopped`, `discarded`
    or `failed`. `steps` holds the `step_logged`, `evaluations` the `evaluated` and `commands` the
    `steered` events; `started` is the first `run_started`, empty before it, `breaks` are those of
    a run that went on after a break. `active_seconds` is the time spent working, without pauses
    and breaks.
    """

    status: str = "new"
    step: int = 0
    total_steps: int = 0
    wall_seconds: float = 0.0
    active_seconds: float = 0.0
    best_step: int = 0
    failure: str = ""
    started: Event = field(default_factory=lambda: cast(Event, {}))
    steps: Steps = field(default_factory=Steps)
    evaluations: list[Event] = field(default_factory=list)
    checkpoints: list[Event] = field(default_factory=list)
    commands: list[Event] = field(default_factory=list)
    probes: list[Event] = field(default_factory=list)
    breaks: list[Event] = field(default_factory=list)
    _clock: float = 0.0
    _reached: int = 0
    _resumed_at: int = 0

    def fold(self, events: Iterable[Event]) -> RunState:
        """Take in more events, in order, and return the state itself.

        An event without a step or a time is passed over: nothing in a file may break a reader.
        """
        for event in events:
            if not (_is_number(event.get("step")) and _is_number(event.get("wall_seconds"))):
                continue
            self._pass_time(event["wall_seconds"])
            self.step = max(self.step, event["step"])
            match event["event"]:
                case "run_started":
                    self._start(event)
                case "step_logged":
                    self.steps.append(event, self.active_seconds)
                    self._reached = event["step"]
                case "evaluated" if isinstance(event.get("metrics"), dict):
                    self.evaluations.append(event)
                    if event.get("best"):
                        self.best_step = event["step"]
                case "checkpoint_saved":
                    self.checkpoints.append(event)
                case "probe_snapshot":
                    self.probes.append(event)
                case "steered" if "knob" in event:
                    self._steer(event)
                case "run_ended":
                    self.status = event.get("reason", "stopped")
                case "run_failed":
                    self.status = "failed"
                    reasons = (event.get("what"), event.get("remedy"))
                    self.failure = "; ".join(str(part) for part in reasons if part)
        return self

    def fold_steps(self, numbers: bytes) -> RunState:
        """Take in many `step_logged` events at once, as `Steps.numbers` of another state."""
        if numbers:
            self.steps.extend(numbers)
            self._clock = self.steps.value(-1, "wall_seconds")
            self.wall_seconds = max(self.wall_seconds, self._clock)
            self.active_seconds = self.steps.value(-1, "active_seconds")
            self._reached = int(self.steps.value(-1, "step"))
            self.step = max(self.step, self._reached)
        return self

    @property
    def ended(self) -> bool:
        """Whether no more events will come."""
        return self.status not in ("new", "running", "paused")

    def seconds_left(self) -> float | None:
        """Estimate the working time to the last step; None before the second step.

        The pace is that of the latest steps, with what was evaluated and saved between them;
        pauses do not count, nor what is done again after a break.
        """
        count = len(self.steps)
        # Two steps after a break tell the new pace; until then the old one must do.
        since = self._resumed_at if count - self._resumed_at > 1 else 0
        since = max(since, count - PACE_STEPS)
        if count - since < 2 or self.ended or not self.total_steps:
            return None
        steps = self.steps.value(-1, "step") - self.steps.value(since, "step")
        seconds = self.steps.value(-1, "active_seconds") - self.steps.value(since, "active_seconds")
        if not steps > 0 or not math.isfinite(seconds):
            return None
        return max(0.0, seconds / steps * (self.total_steps - self._reached))

    def _start(self, event: Event) -> None:
        self.status = "running"
        self.failure = ""
        self.total_steps = event.get("total_steps") or self.total_steps
        if not self.started:
            self.started = event
        elif (step := event.get("resumed_from")) is not None:
            self.breaks.append(event)
            self._resumed_at = len(self.steps)
            self._reached = step

    def _pass_time(self, wall_seconds: float) -> None:
        # A clock that was set back passes no time, and goes on from where it then stands.
        if self.status != "paused":
            self.active_seconds += max(0.0, wall_seconds - self._clock)
        self._clock = wall_seconds
        self.wall_seconds = max(self.wall_seconds, wall_seconds)

    def _steer(self, event: Event) -> None:
        self.commands.append(event)
        self.total_steps = event.get("total_steps") or self.total_steps
        if event["knob"] == "paused" and not self.ended:
            self.status = "paused" if event.get("new") else "running"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
