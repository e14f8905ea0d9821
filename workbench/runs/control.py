"""Control: what people ask of a run while it trains.

One JSON object a line in `control.jsonl`, append-only: `act` (one of `live_commands`), `value`,
and, if known, `who` and `time`. Any number of kernels and terminals may append, and so may an
editor or `echo '{"act": "learning_rate", "value": 1e-5}' >> control.jsonl`; their order is the
order in which the training process carries them out, each between two steps. What it did stands
in the events; a line that it cannot follow is told on its stderr (`worker.log`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

from ..errors import InputError, shorten
from ..language import text, translate
from ..spec import Domain, find, parse_value
from .append_log import AppendLog, LineReader
from .folder import RunFolder
from .lock import whoami
from .telling import tell

# These fields of `spec.train` can be moved while the run trains.
LIVE_HYPERPARAMETERS = (
    "learning_rate",
    "weight_decay",
    "max_grad_norm",
    "label_smoothing_factor",
    "gradient_accumulation_steps",
    "num_train_epochs",
    "eval_steps",
)

# What earlier versions called `unused_hyperparameters` in the record of a run.
EARLIER_UNUSED = "knobs_without_effect"

# Who pauses a run when a checkpoint finds no room on its disk.
FULL_DISK = "full disk"


@dataclass(frozen=True)
class LiveCommand:
    """What can be asked: a value of `type` within `domain`."""

    name: str
    type: type
    domain: Domain


def live_commands() -> dict[str, LiveCommand]:
    """Return everything that can be asked of a running run, by name.

    The first are numbers to move; the others are acts: `paused` (true, false), `evaluate` and
    `checkpoint` (true: now), `probe` (a sentence), `rollback` (true: to the best checkpoint),
    `stop` (`keep` the best model, or `discard` what was learned).
    """
    found = [
        LiveCommand(name, field.type, field.domain)
        for name in LIVE_HYPERPARAMETERS
        if (field := find(f"train.{name}")) is not None
    ]
    found += [
        LiveCommand("dropout", float, Domain("share of activations dropped", 0.0, 0.9, step=0.01)),
        LiveCommand("paused", bool, Domain("hold the training, or let it go on")),
        LiveCommand("evaluate", bool, Domain("evaluate now")),
        LiveCommand("checkpoint", bool, Domain("save a checkpoint now")),
        LiveCommand("probe", str, Domain("keep the attention of one more sentence")),
        LiveCommand("rollback", bool, Domain("go back to the best checkpoint's weights")),
        LiveCommand("stop", str, Domain("end the run", choices=("keep", "discard"))),
    ]
    return {knob.name: knob for knob in found}


def check(name: str, value: Any) -> Any:
    """Return `value` as the knob's own type.

    Raises:
        InputError: there is no such knob, or the value does not fit it.
    """
    known = live_commands()
    knob = known.get(name.removeprefix("train."))
    if knob is None:
        near = get_close_matches(name, known, n=1, cutoff=0.7)
        hint = (
            text("spec.did_you_mean", near=near[0])
            if near
            else text("spec.choose", choices=", ".join(known))
        )
        what = text("spec.cannot_be_steered", name=repr(shorten(name)))
        raise InputError("{what}", "{hint}", what=what, hint=hint)
    fits = type(value) is knob.type or (knob.type is float and type(value) is int)
    if fits:
        code, remedy = knob.domain.refuse(value)
    else:
        code = f"not_{knob.type.__name__}"
        remedy = translate("give a value of type {type}", type=knob.type.__name__)
    if remedy:
        what = text("spec.does_not_fit", field=name, value=shorten(repr(value), 60))
        error = InputError("{what}", "{remedy}", what=what, remedy=remedy)
        path = f"train.{knob.name}"  # some knobs are acts, and no settings
        raise error.at(path, value, code) if find(path) else error
    return knob.type(value)


def parse(text: str) -> tuple[str, Any]:
    """Turn `learning_rate=1e-5` into a name and a value.

    Raises:
        InputError: there is no `=`, no such knob, or the value does not fit.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError("{text!r} has no '='", "write NAME=VALUE", text=shorten(text))
    name = name.strip().removeprefix("train.")
    knob = live_commands().get(name)
    if knob is None or knob.type is str:
        return name, check(name, value)
    if knob.type is bool:
        return name, check(name, {"true": True, "false": False}.get(value.strip().lower(), value))
    return name, check(
        name, parse_value(value, f"train.{name}" if name in LIVE_HYPERPARAMETERS else name)
    )


def unused_hyperparameters(run: RunFolder) -> dict[str, str]:
    """Return the knobs that change nothing in this run, as its record says, each with the reason.

    The reason is what has no use for the knob: a task, a loss, a type of model.
    """
    record = run.record() if run.spec_path.is_file() else {}
    recorded = record.get("unused_hyperparameters", record.get(EARLIER_UNUSED))
    return (
        {str(k): shorten(str(v), 120) for k, v in recorded.items()}
        if isinstance(recorded, dict)
        else {}
    )


def require_effect(run: RunFolder, act: str) -> None:
    """Refuse a knob that changes nothing in this run.

    Raises:
        InputError: saying what has no use for it.
    """
    name, useless = act.removeprefix("train."), unused_hyperparameters(run)
    if name in useless:
        raise InputError(
            "{name} has no effect in {run}: {what} does not use it",
            "leave it as it is",
            name=name,
            run=run.name,
            what=useless[name],
        )


def ask(run: RunFolder, act: str, value: Any = True, who: str = "") -> None:
    """Append one request for the process that trains `run`.

    Raises:
        InputError: there is no such knob, the value does not fit, or it would change nothing.
        OSError: the run folder cannot be written to.
    """
    request = {
        "act": act.removeprefix("train."),
        "value": check(act, value),
        "who": who or whoami(),
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    require_effect(run, act)
    line = json.dumps(request, ensure_ascii=False) + "\n"
    with AppendLog.shared(run.control_path, run.path / ".control.lock", end_torn=True) as log:
        log.append(line.encode("utf-8", "backslashreplace"))


class Request(NamedTuple):
    """What somebody asks of a run: the number of its line (from 1), the act, its value, and who."""

    number: int
    act: str
    value: Any
    who: str


class Requests:
    """Reads `control.jsonl` as it grows; `taken` says how many lines have been read so far."""

    def __init__(self, run: RunFolder, taken: int = 0) -> None:
        self._run = run
        self._path = run.control_path
        self._lines = LineReader(run.control_path)
        self._skip = taken
        self.taken = 0

    def new(self) -> Iterator[Request]:
        """Yield each request not yet read.

        A line that asks for nothing known, or for what has no effect, is passed over, with a word
        on stderr: nothing that stands in a file may break a run.
        """
        for line in self._lines.new():
            self.taken += 1
            if self.taken <= self._skip:
                continue
            try:
                request = json.loads(line)
                act = str(request["act"]).removeprefix("train.")
                who = str(request.get("who") or self._path.name)
                asked = Request(self.taken, act, check(act, request["value"]), who)
                require_effect(self._run, act)
            except (ValueError, KeyError, TypeError, RecursionError, InputError) as error:
                place = f"{self._path.name}, line {self.taken}"
                tell(f"passing over {place}: {shorten(repr(error), 200)}")
                continue
            yield asked
