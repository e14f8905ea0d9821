"""What the events of a run add up to: its state, curves and progress."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .events import Event


@dataclass
class RunState:
    """The events of a run, folded. `fold` takes more of them as they come.

    `status` is `new`, `running`, `finished`, `early_stopped`, `stopped` or `failed`.
    `steps` holds the `step_logged` and `evaluations` the `evaluated` events.
    """

    status: str = "new"
    step: int = 0
    total_steps: int = 0
    wall_seconds: float = 0.0
    best_step: int = 0
    failure: str = ""
    started: Event = field(default_factory=dict)
    steps: list[Event] = field(default_factory=list)
    evaluations: list[Event] = field(default_factory=list)
    checkpoints: list[Event] = field(default_factory=list)

    def fold(self, events: Iterable[Event]) -> RunState:
        """Take in more events, in order, and return the state itself."""
        for event in events:
            self.step = max(self.step, event["step"])
            self.wall_seconds = event["wall_seconds"]
            match event["event"]:
                case "run_started":
                    self.status, self.started = "running", event
                    self.total_steps = event["total_steps"]
                case "step_logged":
                    self.steps.append(event)
                case "evaluated":
                    self.evaluations.append(event)
                    if event["best"]:
                        self.best_step = event["step"]
                case "checkpoint_saved":
                    self.checkpoints.append(event)
                case "run_ended":
                    self.status = event["reason"]
                case "run_failed":
                    self.status = "failed"
                    self.failure = "; ".join(filter(None, (event["what"], event["remedy"])))
        return self

    @property
    def ended(self) -> bool:
        """Whether no more events will come."""
        return self.status not in ("new", "running")

    def seconds_left(self) -> float | None:
        """Estimate the time to the last step from the steps so far; None before the second."""
        timed = [e for e in self.steps if e["step"] > 0]
        if len(timed) < 2 or self.ended or not self.total_steps:
            return None
        first, last = timed[0], timed[-1]
        if last["step"] == first["step"]:
            return None
        pace = (last["wall_seconds"] - first["wall_seconds"]) / (last["step"] - first["step"])
        return max(0.0, pace * (self.total_steps - last["step"]))
