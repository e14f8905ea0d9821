"""What a ramp suggests, on made-up curves and on a tiny model, and that it leaves no trace."""

from __future__ import annotations

import json
import math
import random
from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import InputError
from workbench.spec import RunSpec
from workbench.training.lr_finder import Finder, explain, find_learning_rate, ramp, suggest
from workbench.training.prepare import prepare

RATES = ramp(1e-7, 1e-1, 60)


def curve(turn=1e-3, fall=0.3, scatter=0.0, seed=0):
    """Losses that fall by half of `fall` at a tenth of `turn`, and blow up above it."""
    rng = random.Random(seed)
    return [
        0.7 - fall / (1 + (turn / 10 / rate) ** 2) + (rate / turn / 3) ** 2 + rng.gauss(0, scatter)
        for rate in RATES
    ]


# --- suggest --------------------------------------------------------------------------------


def test_a_tenth_of_the_rate_at_the_minimum_is_suggested():
    losses = curve()
    found = suggest(RATES, losses)
    true_minimum = RATES[losses.index(min(losses))]
    assert found.reason == "minimum"
    assert found.lowest == pytest.approx(true_minimum, rel=0.5)
    assert found.rate == pytest.approx(found.lowest / 10, rel=0.05)


# wheel:e5-multilingual on wheel:reviews-zh, embeddings frozen, 48 tokens, 1e-6 to 1e-2: measured.
MEASURED = [
    0.691, 0.694, 0.696, 0.689, 0.697, 0.696, 0.693, 0.692, 0.695, 0.688, 0.690, 0.697, 0.688,
    0.690, 0.691, 0.687, 0.693, 0.717, 0.693, 0.686, 0.685, 0.690, 0.675, 0.666, 0.623, 0.659,
    0.893, 0.751, 0.696, 0.695, 0.720, 0.690, 0.718, 0.646, 0.778, 0.623, 0.784, 0.695, 0.669,
    0.675,
]  # fmt: skip


def test_e5_is_given_a_rate_that_it_can_hold():
    """It learned at 1e-4, and fell back to the commonest class at 2e-4 and at 3e-4."""
    found = suggest(ramp(1e-6, 1e-2, 40), MEASURED)
    assert found.reason == "minimum"
    assert 1e-5 < found.rate < 1.5e-4


@pytest.mark.parametrize("seed", range(10))
def test_what_looks_good_after_the_weights_are_lost_does_not_count(seed):
    """As E5 on reviews: learns at 2e-4, then says one class, at the loss of chance."""
    rng = random.Random(seed)
    losses = [
        loss if rate < 3e-4 else 0.72 + rng.gauss(0, 0.06)
        for rate, loss in zip(
            RATES, curve(turn=1e-3, fall=0.12, scatter=0.004, seed=seed), strict=True
        )
    ]
    losses[50:57] = [0.5] * 7
    found = suggest(RATES, losses)
    assert found.reason == "minimum"
    assert 5e-5 < found.lowest < 3e-4
    assert found.rate < 1.5e-4


@pytest.mark.parametrize("turn", [1e-5, 1e-4, 1e-3, 1e-2])
def test_the_suggestion_moves_with_the_turn(turn):
    rates = [suggest(RATES, curve(turn, scatter=0.03, seed=seed)).rate for seed in range(20)]
    calm = suggest(RATES, curve(turn)).rate
    assert None not in rates
    assert calm / 2.5 < min(rates) and max(rates) < calm * 2.5
    assert turn / 40 < calm < turn / 5


def test_a_ramp_that_ends_before_the_loss_turns_says_so():
    found = suggest(RATES[:45], curve(turn=1)[:45])
    assert found.reason in ("flat", "still_falling")
    found = suggest(RATES, curve(turn=0.5))
    assert (found.reason, found.rate) == ("still_falling", pytest.approx(1e-2, rel=0.3))


def test_losses_that_only_rise_suggest_nothing():
    for rise in (0.02, 0.2):
        found = suggest(RATES, [0.7 + rise * n for n in range(60)])
        assert (found.rate, found.lowest, found.reason) == (None, None, "only_rises")


def test_losses_that_stay_where_they_are_suggest_nothing():
    found = suggest(RATES, [0.69] * 60)
    assert (found.rate, found.reason) == (None, "flat")


def test_scatter_is_not_taken_for_a_fall():
    reasons = []
    for seed in range(500):
        rng = random.Random(seed)
        reasons.append(suggest(RATES, [0.69 + rng.gauss(0, 0.1) for _ in RATES]).reason)
    assert reasons.count("minimum") + reasons.count("still_falling") <= 5


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_comes_after_a_loss_that_is_no_number_does_not_count(bad):
    losses = curve()
    cut = losses.index(min(losses)) + 4
    found = suggest(RATES, [*losses[:cut], bad, *losses[cut + 1 :]])
    assert len(found.smoothed) == cut
    assert found.reason == "minimum"
    assert found.rate == pytest.approx(suggest(RATES, losses).rate, rel=0.5)


def test_losses_that_are_no_numbers_from_early_on_suggest_nothing():
    assert suggest(RATES, [0.7] * 5 + [math.nan] * 55).reason == "too_short"
    assert suggest(RATES, []).reason == "too_short"


def test_an_explosion_at_the_end_does_not_move_the_minimum():
    calm = curve()
    wild = [loss if n < 55 else 1e6 for n, loss in enumerate(calm)]
    assert suggest(RATES, wild).lowest == suggest(RATES, calm).lowest


def test_a_suggestion_lies_within_the_spec():
    rates = ramp(1e-7, 1e-6, 60)
    found = suggest(rates, [0.7 + 0.01 * abs(n - 30) for n in range(60)])
    assert found.lowest == pytest.approx(3e-7, rel=0.2)
    assert found.rate == 1e-7


# --- the ramp -------------------------------------------------------------------------------


def test_a_ramp_rises_by_a_constant_factor():
    assert RATES[0] == pytest.approx(1e-7) and RATES[-1] == pytest.approx(1e-1)
    factors = [b / a for a, b in pairwise(RATES)]
    assert max(factors) == pytest.approx(min(factors))


@pytest.mark.parametrize(
    ("low", "high", "steps", "message"),
    [
        (1e-9, 1e-1, 60, "choose at least 1e-07"),
        (1e-7, 3.0, 60, "choose at most 0.1"),
        (1e-3, 1e-4, 60, "let low be below high"),
        (1e-7, 1e-1, 5, "take at least 20"),
        (math.nan, 1e-1, 60, "give a finite number"),
    ],
)
def test_rates_that_make_no_ramp_are_refused(low, high, steps, message):
    with pytest.raises(InputError, match=message):
        ramp(low, high, steps)


# --- on a model -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tiny_spec(tmp_path_factory.mktemp("finder")))


@pytest.fixture(scope="module")
def found(prepared):
    return find_learning_rate(prepared)


def test_a_tiny_model_that_learns_gets_a_rate_that_it_learns_with(prepared, found):
    assert found.reason in ("minimum", "still_falling")
    assert 1e-4 <= found.suggestion <= 1e-2
    assert found.losses[0] == pytest.approx(math.log(2), abs=0.1)
    assert len(found.rates) == len(found.losses)


def test_the_same_spec_gives_the_same_answer(prepared, found):
    torch.manual_seed(99)
    torch.rand(3)
    assert find_learning_rate(prepared) == found


def test_a_model_gets_its_weights_back_bit_by_bit(prepared):
    model = prepared.new_model().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    find_learning_rate(prepared, steps=20, model=model)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    kinds = {type(module).__name__ for module in model.modules()}
    assert "Dropout16" not in kinds


def test_the_weights_come_back_even_when_the_ramp_is_interrupted(prepared):
    model = prepared.new_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def interrupt(done, steps):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_learning_rate(prepared, model=model, progress=interrupt)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_chance_is_left_as_it_was(prepared):
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    find_learning_rate(prepared, steps=20)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.random.get_state()[1].tolist() == before[2]


def test_a_run_after_the_finder_gives_the_same_losses_as_one_without(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.num_train_epochs": 2, "evaluate.baselines": False})

    def losses(run):
        return [e["loss"] for e in run.events() if e["event"] == "step_logged"]

    without = losses(pipeline.train(spec))
    find_learning_rate(prepare(spec), steps=20)
    assert losses(pipeline.train(spec)) == without


def test_a_ramp_stops_where_the_loss_blows_up(prepared):
    class Exploding(torch.nn.Module):
        """Answers what the real model does; after 30 steps it is very sure of the opposite."""

        is_gradient_checkpointing = False

        def __init__(self, model):
            super().__init__()
            self.model, self.config, self.device, self.steps = model, model.config, model.device, 0

        def forward(self, **inputs):
            answer = self.model(**inputs)
            self.steps += self.training
            if self.steps > 30:
                answer.logits = answer.logits - 20 * answer.logits.sign()
            return answer

    found = find_learning_rate(prepared, model=Exploding(prepared.new_model()))
    assert 31 <= len(found.losses) <= 34


@pytest.mark.parametrize("optimizer", ["sgd", "adafactor", "adamw_torch"])
def test_every_optimizer_of_the_spec_can_climb(tmp_path, optimizer):
    spec = tiny_spec(tmp_path, **{"train.optim": optimizer, "train.gradient_accumulation_steps": 2})
    found = find_learning_rate(prepare(spec), steps=20)
    assert all(math.isfinite(loss) for loss in found.losses[:10])


def test_bf16_is_respected(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.precision": "bf16"})
    exact = find_learning_rate(prepare(tiny_spec(tmp_path)), steps=20).losses
    rounded = find_learning_rate(prepare(spec), steps=20).losses
    assert rounded[0] == pytest.approx(exact[0], abs=0.02)
    assert rounded[0] != exact[0]


def test_progress_is_reported_step_by_step(prepared):
    reported = []
    find_learning_rate(prepared, 1e-7, 1e-5, 20, progress=lambda *seen: reported.append(seen))
    assert reported == [(n, 20) for n in range(1, 21)]


# --- the record -----------------------------------------------------------------------------


def test_the_record_is_strict_json():
    found = Finder([1e-7, 1e-6], [0.7, math.nan], [0.7], None, None, "too_short")
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["losses"] == [0.7, None]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("reason", ["minimum", "still_falling", "flat", "only_rises", "too_short"])
def test_every_reason_is_a_sentence(reason, language):
    rate = 5e-5 if reason in ("minimum", "still_falling") else None
    said = explain(Finder(RATES, [], [], rate, rate and 10 * rate, reason), language)
    assert "{" not in said
    assert ("5.0e-05" in said) == (rate is not None)


def test_the_default_ramp_spans_what_the_spec_allows():
    domain = next(m for m in type(RunSpec().train).model_fields["learning_rate"].metadata)
    assert (RATES[0], RATES[-1]) == (pytest.approx(domain.low), pytest.approx(domain.high))
