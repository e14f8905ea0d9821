"""Carrying out what people ask of a run, between two steps, and writing down what was done.

Acts come from three places: requests in `control.jsonl`, as they arrive; the log of another run
that is replayed; and, when a run goes on after a break, its own log, for what was done after the
checkpoint. Each is done at a step boundary, so the same acts at the same steps give the same run.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from shutil import disk_usage
from typing import Any

from ..errors import Interrupted, RunError
from ..runs import Event, EventWriter
from ..runs.control import FULL_DISK, Request, Requests
from ..runs.telling import tell
from .hyperparameters import set_hyperparameter
from .loop import TrainingLoop

POLL_SECONDS = 0.1

# Done once, at the moment; it leaves nothing that a later process would have to do again.
_MOMENTS = ("paused",)


class Steering:
    """The hand on the wheel: called by the loop between steps.

    `own` are the acts already in the run's own log, which goes on to the step `logged`;
    `replayed` are those of another run. `on_probe`
    is called with the loop and a new sentence. `interrupted` tells whether the process was
    asked to end; then a checkpoint is written and `KeyboardInterrupt` goes up.
    """

    def __init__(
        self,
        writer: EventWriter,
        requests: Requests,
        own: Iterable[Event] = (),
        logged: int = 0,
        replayed: Iterable[Event] = (),
        replayed_from: str = "",
        on_probe: Callable[[TrainingLoop, str], None] = lambda loop, text: None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._writer = writer
        self._requests = requests
        self._own = [act for act in own if act["knob"] not in _MOMENTS]
        self._done_before = len(self._own)
        self._logged = logged
        self._asked: deque[Request] = deque()
        self._replayed = deque(act for act in replayed if act["knob"] != "paused")
        self._replayed_from = replayed_from
        self._on_probe = on_probe
        self._interrupted = interrupted
        self.paused = False
        self.stopped: str = ""

    def __call__(self, loop: TrainingLoop) -> None:
        """Do what is due before the next step; hold it while the run is paused."""
        step = loop.step
        if not loop.run.spec_path.exists():
            raise RunError(
                "the run's folder {path} was removed while it trained",
                "train again: the model is lost",
                path=loop.run.path,
            )
        while loop.requests_taken < self._done_before:
            act = self._own[loop.requests_taken]
            if act["step"] > step:
                break
            self._do(loop, act["knob"], act["new"])
            loop.requests_taken += 1
        # The checkpoint that a stopped run leaves already counts its stop as taken.
        for act in self._own:
            if act["knob"] == "stop" and act["step"] <= step:
                self._do(loop, "stop", act["new"])
                return
        while self._replayed and self._replayed[0]["step"] <= step:
            act = self._replayed.popleft()
            self._act(loop, act["knob"], act["new"], f"{self._replayed_from}: {act['who']}")
        while True:
            together = loop.together
            self._asked.extend(together.share(list(self._requests.new())))
            waiting: list[Request] = []
            for asked in self._asked:
                # Steps that are taken again must go as the log has them: what is asked meanwhile
                # waits until the log goes on. A pause changes no step.
                if step < self._logged and asked.act != "paused":
                    waiting.append(asked)
                else:
                    self._act(loop, asked.act, asked.value, asked.who, asked.number)
            self._asked = deque(waiting)
            if together.sum(int(self._interrupted())):
                loop.save_now()
                raise Interrupted("asked to end")
            if not self.paused or self.stopped:
                return
            time.sleep(POLL_SECONDS)

    def wait_for_room(self, loop: TrainingLoop) -> None:
        """Pause until the disk has room for a checkpoint, or the process is asked to end."""
        needed = 16 * sum(p.numel() for p in loop.model.parameters())
        where = loop.run.path
        tell(f"the disk of {where} is full; training waits for {needed:,} bytes")
        self._note(loop, "paused", False, True, FULL_DISK)
        while disk_usage(where).free < needed:
            if self._interrupted():
                raise Interrupted(FULL_DISK)
            time.sleep(10 * POLL_SECONDS)
        self._note(loop, "paused", True, False, FULL_DISK)

    def _act(
        self, loop: TrainingLoop, name: str, value: Any, who: str, request: int | None = None
    ) -> None:
        old, new = self._do(loop, name, value)
        if name not in _MOMENTS:
            loop.requests_taken += 1
        self._note(loop, name, old, new, who, request)
        if name == "rollback":
            loop.save_now(again=True)  # a run that goes on later starts after this

    def _note(
        self, loop: TrainingLoop, name: str, old: Any, new: Any, who: str,
        request: int | None = None,
    ) -> None:  # fmt: skip
        self._writer.write(
            "steered", loop.step, knob=name, old=old, new=new, who=who,
            total_steps=loop.total_steps, request=request,
        )  # fmt: skip

    def _do(self, loop: TrainingLoop, name: str, value: Any) -> tuple[Any, Any]:
        """Do one act; return the value before and after."""
        match name:
            case "paused":
                old, self.paused = self.paused, value
                return old, value
            case "evaluate":
                if loop.evaluate_now():
                    loop.save_now()
            case "checkpoint":
                loop.save_now()
            case "probe":
                self._on_probe(loop, value)
            case "rollback":
                return None, loop.restore_best()
            case "stop":
                self.stopped = value
                loop.discard = value == "discard"
                loop.stopping = True
            case _:
                return set_hyperparameter(loop, name, value), value
        return None, value
