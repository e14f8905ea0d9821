"""The learning-rate finder: a few steps at ever higher rates, and what their losses suggest.

Source: Leslie N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2015,
arXiv:1506.01186), section 3.3: the range test. The ramp is exponential, as Jeremy Howard and
Sylvain Gugger have it in fastai.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count, islice
from statistics import median
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..language import text
from ..spec import field_of

if TYPE_CHECKING:
    from .prepare import Prepared

LOW, HIGH, STEPS = 1e-7, 1e-1, 60
LEAST_STEPS = 20

# The loss has blown up when it is so many times what it was at its best (as in fastai).
BLOWN_UP = 4.0
# The curve is smoothed over so many of the ramp's steps to either side: a fifth of a decade.
SMOOTHING = 1 / 30
# A fall counts when it is so many times the scatter around the smoothed curve: of mere scatter
# the lowest of sixty smoothed values lies about one below.
CERTAIN = 3.0


@dataclass(frozen=True)
class Suggestion:
    """What the losses of a ramp say: the rate to take, or None, and why.

    `lowest` is the rate at the minimum of the `smoothed` losses, which begin with the ramp and end
    before the first loss that is no number. `reason` is `minimum` (the loss fell, then rose),
    `still_falling` (the ramp ended before it rose), `flat`, `only_rises` or `too_short`.
    """

    rate: float | None
    lowest: float | None
    smoothed: list[float]
    reason: str


@dataclass(frozen=True)
class Finder:
    """A finished ramp: the rate of each step, the loss before it, and what they suggest."""

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None
    lowest: float | None
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data, with None for losses that are no numbers."""
        losses = [loss if math.isfinite(loss) else None for loss in self.losses]
        return asdict(self) | {"losses": losses}


def explain(found: Finder, language: str | None = None) -> str:
    """Return what was found, and why, as a sentence or two."""
    values = {"suggestion": found.suggestion, "lowest": found.lowest, "steps": len(found.rates)}
    return text(f"finder.reason.{found.reason}", language, **values)


def find_learning_rate(
    prepared: Prepared,
    low: float = LOW,
    high: float = HIGH,
    steps: int = STEPS,
    model: Any = None,
    progress: Callable[[int, int], None] = lambda done, steps: None,
) -> Finder:
    """Train for a few steps on real batches while the rate rises from `low` to `high`.

    Each rate is a constant factor above the one before. The ramp ends early when the loss blows
    up. A `model` that is given gets its weights back, bit by bit; the optimizer is the ramp's own,
    and all chance is drawn apart from that of a run. The same spec gives the same answer.

    Raises:
        InputError: the rates do not fit the spec's domain, or there are too few steps.
    """
    rates = ramp(low, high, steps)
    losses: list[float] = []
    for loss in islice(_losses(prepared, rates, model), len(rates)):
        losses.append(loss)
        progress(len(losses), len(rates))
        if _blown_up(losses):
            break
    found = suggest(rates[: len(losses)], losses)
    return Finder(
        rates[: len(losses)], losses, found.smoothed, found.rate, found.lowest, found.reason
    )


def ramp(low: float, high: float, steps: int) -> list[float]:
    """Return `steps` rates from `low` to `high`, each the same factor above the one before.

    Raises:
        InputError: the rates do not fit the spec's domain, or there are too few steps.
    """
    domain = field_of("train.learning_rate").domain
    for rate in (low, high):
        code, remedy = domain.refuse(rate)
        if remedy:
            raise InputError(
                "learning rate {rate:g} lies outside the range",
                "{remedy}",
                rate=rate,
                remedy=remedy,
            ).at("train.learning_rate", rate, code)
    if not low < high:
        raise InputError(
            "the rates cannot rise from {low:g} to {high:g}",
            "let low be below high",
            low=low,
            high=high,
        )
    if steps < LEAST_STEPS:
        raise InputError(
            "{steps} steps are too few to distinguish a fall from noise",
            "take at least {least}",
            steps=steps,
            least=LEAST_STEPS,
        )
    factor = (high / low) ** (1 / (steps - 1))
    return [low * factor**step for step in range(steps)]


def suggest(rates: Sequence[float], losses: Sequence[float]) -> Suggestion:
    """Return the rate that the losses of a ramp suggest: a tenth of that at their minimum.

    Where the smoothed loss is lowest, the rate is already too high to be held: there the falling
    has just stopped, after no more than a few steps at such rates. The other usual choice, the
    rate at which it falls most steeply, is a slope, and the slope of a few noisy batches has more
    of chance in it: for MiniLM on tweets, four seeds put the minimum within 0.2 decades and the
    steepest descent within 0.4.
    """
    known = next((n for n, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
    if known < LEAST_STEPS // 2:
        return Suggestion(None, None, [], "too_short")
    # Rates at the low end move nothing: their losses are where training begins.
    idle = max(5, known // 6)
    start = median(losses[:idle])
    scale = abs(start) or 1.0
    # What blows up at the end must not leak into the minimum before it.
    smoothed = _smooth([min(loss, start + scale) for loss in losses[:known]])
    lowest = min(range(known), key=smoothed.__getitem__)
    before = zip(losses[: lowest + 5], smoothed, strict=False)
    scatter = 1.4826 * median(abs(loss - level) for loss, level in before)
    # A fiftieth of the loss is the least that is worth being called a fall.
    enough = max(CERTAIN * scatter, 0.02 * scale)
    # Once it has fallen and is back where it began, the weights are lost: to give all rows one
    # answer costs no more than that, and a lucky batch may look better than what was learned.
    lost = next(
        (n for n in range(known) if smoothed[n] >= start > min(smoothed[: n + 1]) + enough), known
    )
    lowest = min(range(lost), key=smoothed.__getitem__)
    if lowest < idle or start - smoothed[lowest] <= enough:
        risen = smoothed[-1] - start > enough or known < len(losses)
        return Suggestion(None, None, smoothed, "only_rises" if risen else "flat")
    rose = max(smoothed[lowest:]) - smoothed[lowest] > enough or known < len(losses)
    least, _ = field_of("train.learning_rate").domain.bounds
    rate = max(least, float(f"{rates[lowest] / 10:.2g}"))
    return Suggestion(rate, rates[lowest], smoothed, "minimum" if rose else "still_falling")


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the average of each value and its neighbours, weighted by a normal curve."""
    wide = max(1.0, SMOOTHING * len(values))
    reach = math.ceil(3 * wide)
    weights = [math.exp(-0.5 * (n / wide) ** 2) for n in range(reach + 1)]
    result = []
    for at in range(len(values)):
        near = range(max(0, at - reach), min(len(values), at + reach + 1))
        total = sum(weights[abs(n - at)] for n in near)
        result.append(sum(weights[abs(n - at)] * values[n] for n in near) / total)
    return result


def _blown_up(losses: list[float]) -> bool:
    latest = losses[-5:]
    if not math.isfinite(losses[-1]):
        return True
    # The mean of the last five: one hard batch is no explosion.
    best = min(median(losses[max(0, n - 4) : n + 1]) for n in range(len(losses)))
    return len(losses) > LEAST_STEPS // 2 and sum(latest) / len(latest) > BLOWN_UP * best > 0


def _losses(prepared: Prepared, rates: Sequence[float], model: Any) -> Iterator[float]:
    """Take one optimizer step at each rate, and yield the loss before it."""
    import torch

    from .processes import Processes
    from .run import quiet_libraries
    from .speed import on_processor
    from .step import Stepper

    train = prepared.spec.train
    with torch.random.fork_rng(), quiet_libraries():
        model = prepared.new_model() if model is None else model
        torch.manual_seed(train.seed)
        with _borrowed(model, train.activation_checkpointing), on_processor(model):
            model.train()
            take = Stepper(
                model, prepared.task, prepared.objective(), train, prepared.precision, Processes()
            )
            batches = _batches(prepared)
            for rate in rates:
                parts = list(islice(batches, train.gradient_accumulation_steps))
                yield take(parts, rate).loss.item()


@contextmanager
def _borrowed(model: Any, checkpointing: bool) -> Iterator[None]:
    """Give a model back as it was: weights, mode, and no gradients."""
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    was_training = model.training
    switch = checkpointing and not model.is_gradient_checkpointing
    if switch:
        model.activation_checkpointing_enable()
    try:
        yield
    finally:
        if switch:
            model.activation_checkpointing_disable()
        model.load_state_dict(weights)
        model.zero_grad()
        model.train(was_training)


def _batches(prepared: Prepared) -> Iterator[dict[str, Any]]:
    """Yield the batches of training, epoch after epoch."""
    from .batches import epoch_batches

    train, lengths = prepared.spec.train, prepared.train["length"][:]
    for epoch in count():
        for rows in epoch_batches(
            lengths,
            train.per_device_train_batch_size,
            train.train_sampling_strategy,
            train.seed,
            epoch,
        ):
            yield prepared.collate(prepared.train.__getitems__(rows))
