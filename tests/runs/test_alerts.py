"""Each alert on curves that want it, on near misses that do not, and none on ordinary curves."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence

import pytest

from tests.tiny_runs import tiny_spec
from workbench.runs import RunState, control
from workbench.runs.alerts import KINDS, Alert, describe, find_alerts

LN2 = math.log(2)


def run_of(
    steps: int,
    loss: Callable[[int], float],
    validation: Callable[[int], float] | None = None,
    accuracy: Callable[[int], float] | None = None,
    *,
    total: int | None = None,
    every: int = 25,
    rate: Callable[[float], float] = lambda share: 2e-5,
    precision: str = "fp32",
    best_step: int = 0,
    acts: Sequence[tuple[int, str, object]] = (),
) -> RunState:
    """Return a run that has come to `steps` of `total`; its curves are functions of the step."""
    total = total or steps
    state = RunState(status="running", step=steps, total_steps=total, best_step=best_step)
    state.started = {"event": "run_started", "precision": precision}
    state.steps = [
        {"step": step, "loss": loss(step), "learning_rate": rate(step / total)}
        for step in range(1, steps + 1)
    ]
    if validation:
        state.evaluations = [
            {
                "step": step,
                "epoch": 3 * step / total,
                "metrics": {"loss": validation(step)}
                | ({"accuracy": accuracy(step), "f1_macro": accuracy(step)} if accuracy else {}),
            }
            for step in range(every, steps + 1, every)
        ]
    state.commands = [{"step": step, "knob": knob, "new": new} for step, knob, new in acts]
    return state


def noise(size: float, seed: int = 0) -> Callable[[], float]:
    rng = random.Random(seed)
    return lambda: rng.gauss(0, size)


def kinds(state: RunState) -> list[str]:
    return [alert.kind for alert in find_alerts(state)]


def learning(step: int) -> float:
    return 0.3 + 0.4 * math.exp(-step / 60)


def linear(share: float) -> float:
    return 5e-5 * min(share / 0.1, (1 - share) / 0.9)


# --- one answer -----------------------------------------------------------------------------


def all_alike(state: RunState, since: int, answer: str = "bad") -> RunState:
    """Say of the evaluations from a step on that all rows got one answer."""
    for event in state.evaluations:
        if event["step"] >= since:
            event["only_answer"] = answer
    return state


def test_one_answer_to_all_rows_after_learning_goes_back_to_the_best():
    state = run_of(100, learning, learning, total=200, best_step=50, rate=lambda _: 3e-4)
    (alert,) = find_alerts(all_alike(state, 75))
    assert (alert.kind, alert.step, alert.action) == ("one_answer", 75, ("rollback", True))
    assert alert.evidence == {"answer": "bad", "evaluations": 2, "best_step": 50, "rate": 3e-4}


def test_one_answer_from_the_beginning_wants_a_third_of_the_rate():
    state = run_of(100, learning, learning, total=200, best_step=25, rate=lambda _: 3e-4)
    (alert,) = find_alerts(all_alike(state, 0))
    assert (alert.kind, alert.step, alert.action) == ("one_answer", 25, ("learning_rate", 1e-4))


@pytest.mark.parametrize(
    ("steps", "total", "since"),
    [(100, 210, 100), (100, 600, 0), (25, 100, 0), (100, 200, 101)],
    ids=["once, before the middle", "as every run begins", "one evaluation", "never"],
)
def test_one_answer_that_may_pass_is_no_alert(steps, total, since):
    state = run_of(steps, learning, learning, total=total, best_step=25)
    assert "one_answer" not in kinds(all_alike(state, since))


def test_a_single_evaluation_at_the_end_is_enough():
    assert kinds(all_alike(run_of(100, learning, learning, every=100), 0)) == ["one_answer"]


def test_one_answer_that_has_passed_is_no_alert():
    state = all_alike(run_of(100, learning, learning, total=200, best_step=100), 0)
    del state.evaluations[-1]["only_answer"]
    assert find_alerts(state) == []


# --- not a number ---------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_reported_from_its_first_step(bad):
    (alert,) = find_alerts(run_of(200, lambda s: bad if s >= 120 else learning(s), best_step=100))
    assert (alert.kind, alert.step, alert.action) == ("not_a_number", 120, ("rollback", True))


def test_one_such_loss_is_proof_in_fp32_and_none_in_fp16():
    def last_one_lost(step):
        return math.nan if step == 200 else learning(step)

    assert kinds(run_of(200, last_one_lost)) == ["not_a_number"]
    assert kinds(run_of(200, last_one_lost, precision="fp16")) == []


def test_a_loss_that_is_a_number_again_is_no_alert():
    state = run_of(200, lambda s: math.nan if 100 <= s < 110 else learning(s))
    assert kinds(state) == []


def test_a_validation_loss_that_is_no_number_is_reported():
    state = run_of(200, learning, lambda s: math.nan if s >= 150 else learning(s))
    (alert,) = find_alerts(state)
    assert (alert.kind, alert.step) == ("not_a_number", 150)
    assert describe(alert, "en").startswith("The validation loss")


def test_without_a_good_checkpoint_there_is_nothing_to_go_back_to():
    (alert,) = find_alerts(run_of(50, lambda s: math.nan))
    assert alert.action == ("stop", "discard")


# --- divergence -----------------------------------------------------------------------------


def collapsing(height: float, at: int = 400, scatter: float = 0.2) -> Callable[[int], float]:
    jitter = noise(scatter)
    return lambda s: abs((learning(s) if s < at else min(height, 0.3 + (s - at) * 0.01)) + jitter())


def test_a_collapse_back_to_chance_is_a_divergence():
    (alert,) = find_alerts(run_of(520, collapsing(LN2), total=1000, best_step=375))
    assert alert.kind == "divergence"
    assert alert.evidence["best"] == pytest.approx(0.3, abs=0.12)
    assert alert.evidence["now"] == pytest.approx(LN2, abs=0.1)
    assert alert.action == ("rollback", True)


def test_a_loss_that_explodes_from_the_start_asks_for_half_the_rate():
    state = run_of(300, lambda s: LN2 + s * 0.02, total=1000, rate=lambda share: 3e-3)
    (alert,) = find_alerts(state)
    assert (alert.kind, alert.action) == ("divergence", ("learning_rate", 1.5e-3))


def test_a_checkpoint_made_on_the_way_up_is_no_place_to_go_back_to():
    (alert,) = find_alerts(run_of(520, collapsing(LN2), total=1000, best_step=510))
    assert alert.action[0] == "learning_rate"


@pytest.mark.parametrize(
    "loss",
    [
        lambda s: learning(s) + (2.0 if 500 <= s < 515 else 0.0),  # a spike of a few steps
        lambda s: learning(s) + (0.5 if s >= 590 else 0.0),  # too short to be sure
        lambda s: learning(s) + (s > 400) * s * 2e-4,  # a third of what was learned
        lambda s: learning(s) + max(0.0, 0.6 - abs(s - 400) / 400),  # a hump it is coming back from
    ],
)
def test_what_passes_is_no_divergence(loss):
    jitter = noise(0.02)
    state = run_of(600, lambda s: loss(s) + jitter(), total=2000, rate=lambda share: 1e-4)
    assert "divergence" not in kinds(state)


def test_a_small_rise_where_nothing_was_learned_yet_is_no_divergence():
    jitter = noise(0.003)
    state = run_of(600, lambda s: LN2 + s * 1e-4 + jitter(), total=2000, rate=linear)
    assert kinds(state) == []


def test_a_rate_that_was_raised_too_far_is_a_divergence_once_its_effect_can_be_seen():
    soon = run_of(440, collapsing(0.9), total=1000, acts=[(400, "learning_rate", 1e-3)])
    later = run_of(560, collapsing(0.9), total=1000, acts=[(400, "learning_rate", 1e-3)])
    assert kinds(soon) == []
    (alert,) = find_alerts(later)
    assert (alert.kind, alert.action) == ("divergence", ("learning_rate", 5e-4))


@pytest.mark.parametrize("knob", ["label_smoothing_factor", "dropout"])
def test_an_act_that_changes_what_the_loss_is_starts_a_new_count(knob):
    state = run_of(560, collapsing(0.9), total=1000, acts=[(399, knob, 0.3)])
    assert kinds(state) == []


def test_after_a_rollback_the_run_gets_time():
    state = run_of(560, collapsing(0.9), total=1000, acts=[(550, "rollback", True)])
    assert kinds(state) == []


# --- overfitting ----------------------------------------------------------------------------


def memorising(step: int) -> float:
    return 0.7 * math.exp(-step / 250)


def turning(step: int) -> float:
    return 0.35 + 0.3 * math.exp(-step / 60) + 0.0008 * max(0, step - 200)


def test_a_validation_loss_that_turns_up_while_training_falls_is_overfitting():
    jitter, wobble = noise(0.05), noise(0.01, 1)
    state = run_of(
        600, lambda s: abs(memorising(s) + jitter()), lambda s: turning(s) + wobble(),
        lambda s: 0.88 - max(0, s - 300) * 5e-5, total=800,
    )  # fmt: skip
    (alert,) = find_alerts(state)
    assert (alert.kind, alert.action) == ("overfitting", ("stop", "keep"))
    assert 150 <= alert.step <= 300
    assert alert.evidence["now"] > alert.evidence["lowest"] + 0.2
    assert alert.evidence["train_now"] < alert.evidence["train_then"]


@pytest.mark.parametrize(
    ("training", "validation", "accuracy"),
    [
        (memorising, lambda s: turning(min(s, 240)), lambda s: 0.88 - s * 1e-5),  # by < a tenth
        (lambda s: 0.3, turning, lambda s: 0.88 - s * 1e-5),  # training does not fall
        (memorising, turning, lambda s: 0.8 + s * 1e-4),  # it answers better all the time
        (memorising, lambda s: 0.4 + 0.3 * (s % 100 == 0), lambda s: 0.88 - s * 1e-5),  # jumps
        (memorising, lambda s: turning(s) if s < 500 else 0.36, lambda s: 0.88 - s * 1e-5),
        (memorising, lambda s: turning(min(s, 1000 - s)), lambda s: 0.88 - s * 1e-5),
    ],
)
def test_what_only_looks_like_it_is_no_overfitting(training, validation, accuracy):
    jitter = noise(0.01)
    state = run_of(600, lambda s: abs(training(s) + jitter()), validation, accuracy)
    assert "overfitting" not in kinds(state)


def test_validations_that_scatter_are_no_overfitting():
    raised = []
    for seed in range(200):
        wobble = noise(0.08, seed)
        validation = [0.5 + wobble() for _ in range(1001)]
        state = run_of(1000, memorising, validation.__getitem__, lambda s: 0.88 - s * 1e-5)
        raised += kinds(state)
    assert raised == []


def test_after_a_rollback_the_turn_must_show_again():
    acts = [(560, "rollback", True)]
    state = run_of(600, memorising, turning, lambda s: 0.88 - s * 1e-5, acts=acts)
    assert kinds(state) == []


def test_two_evaluations_that_are_worse_are_not_enough():
    state = run_of(250, memorising, lambda s: 0.4 + 0.3 * (s > 200), lambda s: 0.9 - s * 1e-4)
    assert kinds(state) == []


# --- too good too soon ----------------------------------------------------------------------


def leaking(scores: dict[str, float], at: int = 25, total: int = 1000) -> RunState:
    state = run_of(60, learning, total=total)
    state.evaluations = [{"step": at, "epoch": at / total, "metrics": scores}]
    return state


def test_a_perfect_score_after_a_fortieth_of_the_run_is_too_good():
    (alert,) = find_alerts(leaking({"loss": 0.02, "accuracy": 0.998, "f1_macro": 0.997}))
    assert (alert.kind, alert.step, alert.action) == ("too_good_too_soon", 25, ("stop", "keep"))
    assert alert.evidence["share"] == 0.025


def test_a_loss_of_nothing_is_too_good_where_there_is_no_accuracy():
    (alert,) = find_alerts(leaking({"loss": 0.01}))
    assert alert.kind == "too_good_too_soon"
    assert "accuracy" not in describe(alert, "en")


@pytest.mark.parametrize(
    ("scores", "at"),
    [
        ({"loss": 0.03, "accuracy": 0.993, "f1_macro": 0.992}, 25),  # an easy task, well learned
        ({"loss": 0.02, "accuracy": 0.998, "f1_macro": 0.997}, 60),  # late enough to be earned
        ({"loss": 0.01, "accuracy": 0.998, "f1_macro": 0.4995}, 25),  # one class in 500 rows
        ({"loss": 0.05}, 25),
    ],
)
def test_what_can_be_earned_is_not_too_good(scores, at):
    assert kinds(leaking(scores, at)) == []


def test_several_epochs_may_be_a_small_share_of_the_run_and_still_enough():
    state = leaking({"loss": 0.001, "accuracy": 1.0, "f1_macro": 1.0}, at=40)
    state.evaluations[0]["epoch"] = 4.0
    assert kinds(state) == []


# --- learning rate too low ------------------------------------------------------------------


def crawling(step: int) -> float:
    return LN2 - step * 2e-5


def test_a_loss_that_only_creeps_asks_for_three_times_the_rate():
    jitter = noise(0.05)
    state = run_of(
        400, lambda s: crawling(s) + jitter(), crawling, total=1000, rate=lambda share: 2e-7
    )
    (alert,) = find_alerts(state)
    assert (alert.kind, alert.action) == ("rate_too_low", ("learning_rate", 6e-7))
    assert alert.evidence["scatter"] == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize(
    ("steps", "loss", "validation"),
    [
        (240, crawling, crawling),  # the run is too young to say
        (400, crawling, lambda s: LN2 + 0.05 * math.sin(s)),  # it jumps about: rather too high
        (400, crawling, lambda s: crawling(s) - 0.1 * s / 400),  # the validation moves well
        (400, lambda s: LN2 - s * 1.2e-4, crawling),  # it falls by 7 %
    ],
)
def test_what_is_slow_for_another_reason_is_not_too_low_a_rate(steps, loss, validation):
    jitter = noise(0.02)
    state = run_of(steps, lambda s: loss(s) + jitter(), validation, total=1000, rate=linear)
    assert kinds(state) == []


def test_a_rate_that_was_moved_is_not_judged_by_the_start():
    jitter, acts = noise(0.02), [(300, "learning_rate", 1e-5)]
    state = run_of(400, lambda s: crawling(s) + jitter(), crawling, total=1000, acts=acts)
    assert kinds(state) == []


def test_scatter_that_would_hide_progress_is_no_proof_of_none():
    jitter = noise(0.4)
    state = run_of(400, lambda s: crawling(s) + jitter(), crawling, total=1000, rate=linear)
    assert kinds(state) == []


# --- plateau --------------------------------------------------------------------------------


def stuck(step: int) -> float:
    return max(0.55, LN2 - step * 0.002)


def test_no_progress_over_a_third_of_the_run_is_a_plateau():
    jitter, wobble = noise(0.1), noise(0.003, 1)
    state = run_of(
        900, lambda s: stuck(s) + jitter(),
        lambda s: stuck(s) + 0.01 * (s > 100) + abs(wobble()) * (s > 300), total=2000,
    )  # fmt: skip
    (alert,) = find_alerts(state)
    assert (alert.kind, alert.action) == ("plateau", ("learning_rate", 1e-5))
    assert alert.evidence["steps"] == 299


def test_a_plateau_can_be_seen_without_evaluations_where_the_loss_is_sure():
    jitter = noise(0.02)
    assert kinds(run_of(900, lambda s: stuck(s) + jitter(), total=2000)) == ["plateau"]


@pytest.mark.parametrize(
    ("loss", "rate"),
    [
        (lambda s: max(0.3, LN2 - s * 0.002), lambda share: 2e-5),  # it has learned its share
        (stuck, lambda share: 2e-5 * (1 - share)),  # the schedule lowers the rate already
        (lambda s: 0.69 - s * 0.0001, lambda share: 2e-5),  # slow, but moving
    ],
)
def test_what_stands_still_for_a_reason_is_no_plateau(loss, rate):
    jitter = noise(0.02)
    assert kinds(run_of(900, lambda s: loss(s) + jitter(), total=1000, rate=rate)) == []


def test_a_training_loss_that_still_falls_is_no_plateau():
    jitter = noise(0.02)
    state = run_of(900, lambda s: 0.69 - s * 1e-4 + jitter(), lambda s: 0.7, total=2000)
    assert kinds(state) == []


def test_a_validation_that_gets_better_is_no_plateau():
    jitter = noise(0.02)
    state = run_of(900, lambda s: stuck(s) + jitter(), lambda s: 0.7 - s * 1e-5, total=2000)
    assert kinds(state) == []


# --- ordinary curves ------------------------------------------------------------------------


def ordinary(seed: int) -> RunState:
    """Draw an ordinary run: any length, noise, floor, schedule, and stretch between evaluations."""
    rng = random.Random(seed)
    total = int(10 ** rng.uniform(1.5, 3.3))
    start = rng.choice([LN2, math.log(4), math.log(14), 3.6])
    floor = start * rng.uniform(0.05, 0.8)
    pace = total * rng.uniform(0.03, 0.5)
    scatter = rng.uniform(0.02, 0.5) * start
    gap, wobble = rng.uniform(0, 0.1) * start, rng.uniform(0, 0.03) * start
    falling = [linear, lambda share: 5e-5 * (1 + math.cos(math.pi * share)) / 2]

    def level(step):
        return floor + (start - floor) * math.exp(-step / pace)

    def training(step):
        spike = rng.random() < 0.01
        return max(0.0, level(step) + rng.gauss(0, scatter) + spike * start)

    def accuracy(step):
        return min(0.99, 1 - level(step) / start * 0.5 + rng.gauss(0, 0.01))

    return run_of(
        total, training, lambda s: level(s) + gap + abs(rng.gauss(0, wobble)), accuracy,
        every=max(1, total // rng.choice([3, 5, 10, 40])), rate=rng.choice(falling),
        best_step=total // 2,
    )  # fmt: skip


def cut(state: RunState, step: int) -> RunState:
    """Return the run as it was at a step."""
    return RunState(
        status="running",
        step=step,
        total_steps=state.total_steps,
        started=state.started,
        steps=state.steps[:step],
        evaluations=[e for e in state.evaluations if e["step"] <= step],
    )


@pytest.mark.parametrize("block", range(4))
def test_ordinary_runs_raise_no_alert_at_any_evaluation(block):
    raised = []
    for seed in range(block * 100, block * 100 + 100):
        state = ordinary(seed)
        for event in state.evaluations[:: max(1, len(state.evaluations) // 10)]:
            raised += [(seed, event["step"], k) for k in kinds(cut(state, event["step"]))]
    assert raised == []


@pytest.mark.parametrize("floor", [0.0, 0.6])
def test_mere_noise_under_a_falling_rate_raises_no_alert(floor):
    raised = []
    for seed in range(200):
        training, validation, score = noise(0.2, seed), noise(0.02, seed + 1), noise(0.02, seed + 2)
        state = run_of(
            400,
            lambda s, jitter=training: abs(floor + 0.2 + jitter()),
            lambda s, jitter=validation: 0.7 + jitter(),
            lambda s, jitter=score: 0.5 + jitter(),
            rate=linear,
        )
        raised += kinds(state)
    assert raised == []


def test_a_real_tiny_run_raises_no_alert(tmp_path):
    from workbench import pipeline

    run = pipeline.train(tiny_spec(tmp_path))
    assert find_alerts(RunState().fold(run.events())) == []


# --- cost, words, acts ----------------------------------------------------------------------


class Endless(Sequence):
    """Events made when asked for, so that a million of them cost nothing; counts the asking."""

    def __init__(self, length, make):
        self.length, self.make, self.asked = length, make, 0

    def __len__(self):
        return self.length

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(self.length))]
        self.asked += 1
        return self.make(place + self.length if place < 0 else place)


def test_a_million_steps_cost_no_more_than_a_few_thousand_looks():
    rng = random.Random(0)
    steps = Endless(
        1_000_000,
        lambda i: {
            "step": i + 1,
            "loss": 0.5 + rng.gauss(0, 0.1),
            "learning_rate": 1e-5,
        },
    )
    evaluations = Endless(
        40_000,
        lambda i: {
            "step": 25 * (i + 1),
            "epoch": (i + 1) / 4000,
            "metrics": {"loss": 0.5 + rng.gauss(0, 0.01), "accuracy": 0.8},
        },
    )
    state = RunState(status="running", step=1_000_000, total_steps=1_000_000)
    state.steps, state.evaluations = steps, evaluations
    began = time.perf_counter()
    find_alerts(state)
    assert time.perf_counter() - began < 0.5
    assert steps.asked + evaluations.asked < 12_000


EXAMPLES = [
    Alert("not_a_number", 120, {"in_validation": 0, "best_step": 100}, ("rollback", True)),
    Alert("not_a_number", 120, {"in_validation": 1, "best_step": 0}, ("stop", "discard")),
    Alert("divergence", 80, {"best": 0.31, "now": 0.69, "best_step": 75}, ("rollback", True)),
    Alert("divergence", 80, {"best": 0.31, "now": 0.69, "best_step": 0}, ("learning_rate", 5e-5)),
    Alert(
        "one_answer", 100, {"answer": "负面", "evaluations": 3, "best_step": 50, "rate": 3e-4},
        ("rollback", True),
    ),
    Alert(
        "one_answer", 50, {"answer": "bad", "evaluations": 2, "best_step": 50, "rate": 3e-4},
        ("learning_rate", 1e-4),
    ),
    Alert(
        "plateau", 600, {"steps": 299, "first": 0.69, "before": 0.55, "now": 0.55, "rate": 2e-5},
        ("learning_rate", 1e-5),
    ),
    Alert(
        "overfitting", 200,
        {"lowest": 0.35, "now": 0.6, "evaluations": 12, "train_then": 0.3, "train_now": 0.05},
        ("stop", "keep"),
    ),
    Alert(
        "too_good_too_soon", 25, {"loss": 0.02, "accuracy": 0.998, "share": 0.025},
        ("stop", "keep"),
    ),
    Alert("too_good_too_soon", 25, {"loss": 0.004, "share": 0.025}, ("stop", "keep")),
    Alert(
        "rate_too_low", 400, {"first": 0.693, "now": 0.685, "scatter": 0.05, "rate": 2e-7},
        ("learning_rate", 6e-7),
    ),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("alert", EXAMPLES, ids=lambda alert: f"{alert.kind}-{alert.action[0]}")
def test_an_alert_is_two_sentences_with_its_numbers(alert, language):
    said = describe(alert, language)
    assert said.count("。" if language == "zh" else ". ") == (2 if language == "zh" else 1)
    assert "{" not in said
    if alert.action[0] == "learning_rate":
        assert f"{alert.action[1]:.2g}" in said


def test_the_words_of_one_alert():
    assert describe(EXAMPLES[2], "en") == (
        "The training loss is diverging: about 0.31 around step 80, now 0.69. Restore the best "
        "checkpoint (step 75), and halve the learning rate if it happens again."
    )
    assert describe(next(a for a in EXAMPLES if a.kind == "overfitting"), "zh") == (
        "从第 200 步起的 12 次评估中，验证损失由 0.35 升至 0.6，训练损失却由 0.3 降到 0.05。"
        "建议停止并保留最佳模型：继续训练只会过拟合。"
    )


def test_every_kind_has_an_example_and_every_action_can_be_asked():
    assert {alert.kind for alert in EXAMPLES} == set(KINDS)
    for alert in EXAMPLES:
        assert control.check(*alert.action) == alert.action[1]
