"""Alerts: what the curves of a run say is going wrong, with the numbers that say so.

`find_alerts` looks at a run as it stands now, and an alert stands for as long as its evidence
does. A false alarm is worse than a late one: every rule wants several signs at once, and compares
medians by the scatter that the run itself shows.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from ..language import text
from ..spec import field_of
from .events import Event
from .levels import SAMPLE, History, first_after, is_number, level, loss_of, spread
from .state import RunState

KINDS = (
    "not_a_number", "divergence", "one_answer", "plateau", "overfitting", "too_good_too_soon",
    "rate_too_low",
)  # fmt: skip

# So many windows see every minimum that lasts a fiftieth of the run.
BLOCKS = 50
# Evaluations looked back on: more than any early stopping would wait.
LATEST = 200


@dataclass(frozen=True)
class Alert:
    """One thing that goes wrong: where its evidence begins, the evidence, and what answers it.

    `kind` is one of `KINDS`, and a run has at most one alert of a kind. `action` is a knob and a
    value for `control.ask`.
    """

    kind: str
    step: int
    evidence: dict[str, Any]
    action: tuple[str, Any]


def find_alerts(state: RunState) -> list[Alert]:
    """Return what is going wrong in a run, the most urgent first."""
    lost = _not_a_number(state)
    if lost:
        return [lost]  # curves with holes say nothing more
    history = History.of(state)
    rules: tuple[Callable[[RunState, History], Alert | None], ...] = (
        _divergence, _one_answer, _too_good_too_soon, _overfitting, _rate_too_low,
    )  # fmt: skip
    found = [alert for rule in rules if (alert := rule(state, history))]
    # A run that falls apart, or has not begun to learn, does not also stand still.
    if not {"divergence", "one_answer", "rate_too_low"} & {alert.kind for alert in found}:
        found += filter(None, [_plateau(state, history)])
    return found


def describe(alert: Alert, language: str | None = None) -> str:
    """Return an alert as two sentences: the numbers, and what to do."""
    act, value = alert.action
    name = alert.kind
    if alert.evidence.get("in_validation"):
        name = "not_a_number_in_validation"
    elif name == "too_good_too_soon" and "accuracy" not in alert.evidence:
        name = "too_good_too_soon_by_loss"
    values = alert.evidence | {"step": alert.step, "new_rate": value}
    seen = text(f"alerts.seen.{name}", language, **values)
    answer = text(f"alerts.answer.{alert.kind}.{act}", language, **values)
    return text("alerts.said", language, seen=seen, answer=answer)


def _not_a_number(state: RunState) -> Alert | None:
    """The latest training or validation loss is NaN or infinite."""
    steps, evaluations = state.steps, state.evaluations
    # In fp16 a step that overflows is skipped and harmless. In other formats its gradients have
    # already spoilt every weight, and one such loss is proof.
    needed = 2 if state.started.get("precision") == "fp16" else 1
    if len(steps) >= needed and not any(is_number(loss_of(event)) for event in steps[-needed:]):
        lost: Sequence[Event] = steps
    elif evaluations and not is_number(loss_of(evaluations[-1])):
        lost = evaluations
    else:
        return None
    # A loss that is no number stays so, which makes the first of them a matter of bisection.
    first = bisect_left(range(len(lost)), True, key=lambda i: not is_number(loss_of(lost[i])))
    evidence = {"in_validation": int(lost is evaluations), "best_step": state.best_step}
    # Without a good checkpoint there is nothing to go back to, and nothing worth keeping.
    action = ("rollback", True) if state.best_step else ("stop", "discard")
    return Alert("not_a_number", lost[first]["step"], evidence, action)


def _divergence(state: RunState, history: History) -> Alert | None:
    """The training loss, smoothed, is far above its earlier minimum and does not come back."""
    size, end = history.window, len(history.steps)
    if end - history.settled < 2 * size or end - history.comparable < 4 * size:
        return None
    now, before = history.latest(), history.at(end - 2 * size)
    places = spread(history.comparable, end - 2 * size, BLOCKS)
    blocks = [block for place in places if (block := history.at(place))]
    if now is None or before is None or len(blocks) < 2:
        return None
    first, best = blocks[0], min(blocks, key=lambda block: block.median)
    enough = max(
        # The lowest of 50 windows of mere noise lies 2.5 errors too low, and the latest of a
        # thousand looks 3 too high; 8 leaves room for scatter that is not normal.
        8 * max(median(block.error for block in blocks), math.hypot(now.error, best.error)),
        # Half of all that was learned is lost: a hard stretch of rows, or the rise at the peak
        # of a warm-up, stays well below that.
        0.5 * (first.median - best.median),
        # And where nothing was learned yet, the rise must at least be one that matters.
        0.25 * best.median,
    )
    coming_back = now.median < before.median - before.error
    if now.median - best.median <= enough or coming_back:
        return None
    evidence = {"best": best.median, "now": now.median, "best_step": state.best_step}
    # A checkpoint made on the way up is no place to go back to.
    good = 0 < state.best_step <= before.step
    action = ("rollback", True) if good else ("learning_rate", _within_domain(_rate(state) / 2))
    return Alert("divergence", best.step, evidence, action)


def _one_answer(state: RunState, _: History) -> Alert | None:
    """All validation rows get one answer: the model says what is commonest, whatever it reads."""
    evaluations = state.evaluations
    others = (n for n, event in enumerate(reversed(evaluations)) if not event.get("only_answer"))
    count = next(others, len(evaluations))
    # Every model begins so; with rare classes it may stay so for a while. A fifth of the run is
    # twice the usual warm-up, and a single evaluation may be at a bad moment.
    early = state.step < 0.2 * state.total_steps
    if not count or early or (count < 2 and state.step < 0.5 * state.total_steps):
        return None
    first, last = evaluations[-count], evaluations[-1]
    best = next((e for e in evaluations if e["step"] == state.best_step), first)
    rate = _rate(state)
    evidence = {
        "answer": str(last["only_answer"]),
        "evaluations": count,
        "best_step": state.best_step,
        "rate": rate,
    }
    # A third: half a decade down, as the usual search goes. What was learned before is kept.
    lower = ("learning_rate", _within_domain(rate / 3))
    action = lower if best.get("only_answer") else ("rollback", True)
    return Alert("one_answer", first["step"], evidence, action)


def _overfitting(state: RunState, history: History) -> Alert | None:
    """The validation loss turns up over several evaluations while the training loss falls."""
    evaluations = [
        event
        for event in state.evaluations[-LATEST:]
        if event["step"] > history.comparable_step and is_number(loss_of(event))
    ]
    # Three for the turn, and three before it for a minimum and for the scatter.
    if len(evaluations) < 6 or evaluations[-3]["step"] <= history.settled_step:
        return None
    losses = [loss_of(event) for event in evaluations]
    smooth = [median(losses[i : i + 3]) for i in range(len(losses) - 2)]
    lowest = min(range(len(smooth) - 3), key=smooth.__getitem__)
    changes = [after - before for before, after in pairwise(losses)]
    typical = median(changes)
    scatter = 1.4826 * median(abs(change - typical) for change in changes) / math.sqrt(2)
    # Of 200 medians of three, the lowest lies 1.8 scatters too low, and the last is seldom more
    # than 2 too high. A tenth is what surer answers alone can add, with no more of them wrong.
    enough = max(4 * scatter, 0.1 * smooth[lowest])
    coming_back = smooth[-1] < smooth[-2] - scatter
    if min(losses[-3:]) - smooth[lowest] <= enough or coming_back:
        return None
    # A model that answers better than ever is still learning, whatever its loss says.
    if any(_at_its_best(evaluations, name) for name in ("accuracy", "f1_macro", "f1")):
        return None
    turn = evaluations[lowest + 1]
    then, now = history.around(turn["step"]), history.latest()
    if then is None or now is None:
        return None
    # Falls: by more than twice the error of the difference.
    if then.median - now.median <= 2 * math.hypot(then.error, now.error):
        return None
    evidence = {
        "lowest": losses[lowest + 1],
        "now": losses[-1],
        "evaluations": len(evaluations) - lowest - 2,
        "train_then": then.median,
        "train_now": now.median,
    }
    return Alert("overfitting", turn["step"], evidence, ("stop", "keep"))


def _too_good_too_soon(state: RunState, history: History) -> Alert | None:
    """The validation is all but perfect before the model can have learned that much."""
    # A twentieth of the run: half of the usual warm-up, so the rate has not even peaked.
    limit = 0.05 * state.total_steps
    start = history.at(0)
    for event in state.evaluations:
        # A twentieth of a long run may be several epochs, and small easy sets are known by then.
        if event["step"] > limit or (event.get("epoch") or 0) >= 1:
            break
        loss, metrics = loss_of(event), event["metrics"]
        known = ((name, metrics.get(name)) for name in ("accuracy", "f1_macro"))
        scores = {name: score for name, score in known if is_number(score)}
        # On the usual public sets the best models, trained to the end, stay below 99.5 %
        # (DBpedia: 99.4 %). For tasks without an accuracy: a fiftieth of the loss at the start.
        perfect = scores.get("accuracy", 0.0) >= 0.995
        nothing_left = is_number(loss) and start is not None and loss <= 0.02 * start.median
        # Macro F1 must agree: one class alone may hold 99.5 % of the rows.
        if (perfect or nothing_left) and all(score >= 0.99 for score in scores.values()):
            evidence = {**scores, "loss": loss, "share": event["step"] / state.total_steps}
            return Alert("too_good_too_soon", event["step"], evidence, ("stop", "keep"))
    return None


def _rate_too_low(state: RunState, history: History) -> Alert | None:
    """The loss has hardly fallen since the start, but creeps the right way."""
    # A quarter of the run: the usual warm-up is a tenth, and a new head may take as long again
    # to find its direction. 80 losses make windows of ten.
    early = state.step < 0.25 * state.total_steps or len(state.steps) < 80
    if early or history.settled_step:
        return None
    first, now = history.first(), history.latest()
    if first is None or now is None:
        return None
    fallen, error = first.median - now.median, math.hypot(first.error, now.error)
    # Hardly: less than a twentieth, and surely less than a tenth.
    if fallen > 0.05 * first.median or fallen + 2 * error > 0.1 * first.median:
        return None
    # Too high a rate keeps the loss where it began, too, but then it jumps about. The validation
    # loss, always of the same rows, tells: of its ups and downs four fifths must be net descent,
    # which five evaluations of a loss that jumps about show once in twenty times.
    losses = [loss_of(event) for event in state.evaluations[-LATEST:]]
    if len(losses) < 5 or not all(map(is_number, losses)):
        return None
    descent = losses[0] - losses[-1]
    travelled = sum(abs(after - before) for before, after in pairwise(losses))
    if not 0.8 * travelled <= descent <= 0.1 * losses[0] or not travelled:
        return None
    rate = _rate(state)
    evidence = {"first": first.median, "now": now.median, "scatter": now.scatter, "rate": rate}
    # Half a decade up, the step of the usual search: 1e-5, 3e-5, 1e-4.
    return Alert("rate_too_low", now.step, evidence, ("learning_rate", _within_domain(3 * rate)))


def _plateau(state: RunState, history: History) -> Alert | None:
    """No progress over the last third of the run so far, although the loss is not small."""
    steps, end = history.steps, len(history.steps)
    start = end - (end - history.comparable) // 3
    # With fewer than 50 losses a half, the error of a median hides any ordinary progress.
    if end - start < 100 or start < history.settled:
        return None
    # A schedule that is lowering the rate already does what this alert would ask for.
    then, latest = (steps[place].get("learning_rate") for place in (start, -1))
    if not is_number(then) or not is_number(latest) or latest < 0.9 * then:
        return None
    middle = (start + end) // 2
    first, before, now = history.first(), level(steps, start, middle), level(steps, middle, end)
    # Not small: above half of where it began. Below that, to stand still is to have learned.
    if first is None or before is None or now is None or now.median <= 0.5 * first.median:
        return None
    split = first_after(state.evaluations, steps[start]["step"])
    evaluated = len(state.evaluations) - split
    if evaluated and _validation_improved(state.evaluations, split):
        return None
    # Either the validation has found nothing better six times and the training loss does not
    # contradict it, or the training loss alone is so sure that it cannot have fallen by 3 %.
    fallen, error = before.median - now.median, math.hypot(before.error, now.error)
    if fallen >= 2 * error if evaluated >= 6 else fallen + 2 * error >= 0.03 * now.median:
        return None
    evidence = {
        "steps": steps[-1]["step"] - steps[start]["step"],
        "first": first.median,
        "before": before.median,
        "now": now.median,
        "rate": _rate(state),
    }
    action = ("learning_rate", _within_domain(_rate(state) / 2))
    return Alert("plateau", steps[start]["step"], evidence, action)


def _at_its_best(evaluations: list[Event], name: str) -> bool:
    """Return whether a score has its best value in one of the last three evaluations."""
    scores = [e["metrics"].get(name) for e in evaluations]
    known = [score if is_number(score) else -math.inf for score in scores]
    return max(known) > -math.inf and max(known[-3:]) >= max(known[:-3])


def _validation_improved(evaluations: list[Event], split: int) -> bool:
    """Return whether loss or score got better from position `split` on than it was before."""
    if not split:
        return True  # nothing that it could have stood still against
    for name, sign in (("loss", -1), ("accuracy", 1), ("f1_macro", 1)):
        before, since = (
            [
                sign * value
                for place in spread(start, stop, LATEST)
                if is_number(value := evaluations[place]["metrics"].get(name))
            ]
            for start, stop in ((0, split), (split, len(evaluations)))
        )
        if before and since and max(since) > max(before):
            return True
    return False


def _rate(state: RunState) -> float:
    """Return the peak of the schedule as it stands: what was steered to, or the highest logged."""
    steered = [act["new"] for act in state.commands if act["knob"] == "learning_rate"]
    if steered:
        return steered[-1]
    places = spread(0, len(state.steps), 2 * SAMPLE)
    rates = [state.steps[place].get("learning_rate") for place in places]
    return max(filter(is_number, rates), default=0.0)


def _within_domain(rate: float) -> float:
    low, high = field_of("train.learning_rate").domain.bounds
    return min(high, max(low, float(f"{rate:.2g}")))
