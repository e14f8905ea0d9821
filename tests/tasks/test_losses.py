"""What is minimised, against torch's losses, scikit-learn's weights, and sums in plain Python."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from workbench.errors import DataError
from workbench.spec import RunSpec
from workbench.tasks import Setup
from workbench.tasks import _losses as losses

IGNORED = -100


def setup(labels=("a", "b", "c"), counts=None, rows=0, **changes) -> Setup:
    multi = changes.pop("multi_label", False)
    spec = RunSpec().replace(
        {f"train.{name}": value for name, value in changes.items()} | {"data.multi_label": multi}
    )
    return Setup(spec, None, list(labels), 128, label_counts=counts or {}, train_rows=rows)


def logits_of(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 2


def said(logits: torch.Tensor) -> SimpleNamespace:
    return SimpleNamespace(logits=logits)


def by_hand(logits, labels, smoothing=0.0, weights=None, gamma=0.0) -> float:
    """Return the sum over rows and classes of -w q (1 - p)^γ log p, in double precision."""
    total = 0.0
    for row, label in zip(logits.double().tolist(), labels.tolist(), strict=True):
        if label == IGNORED:
            continue
        high = max(row)
        norm = high + math.log(sum(math.exp(x - high) for x in row))
        for place, x in enumerate(row):
            share = math.exp(x - norm)
            target = (place == label) * (1 - smoothing) + smoothing / len(row)
            weight = 1.0 if weights is None else weights[place]
            total -= weight * target * (1 - share) ** gamma * (x - norm)
    return total


LABELS = torch.tensor([0, 2, 1, IGNORED, 2])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 3.0]])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 3.0])
def test_the_loss_of_classes_is_its_formula(smoothing, weights, gamma):
    logits = logits_of(5, 3)
    found = losses.class_losses(logits, LABELS, smoothing, weights, gamma)
    expected = by_hand(logits, LABELS, smoothing, weights, gamma)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_rows_and_tokens_alike_are_summed_and_counted():
    logits = logits_of(2, 4, 3)
    labels = torch.tensor([[0, IGNORED, 2, 1], [IGNORED, IGNORED, 1, 0]])
    objective = losses.class_loss(setup())
    expected = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
    assert objective.total(said(logits), labels).item() == pytest.approx(expected.item())
    assert objective.count(labels) == 5
    mean = cross_entropy(logits.flatten(0, 1), labels.flatten())
    assert objective.mean(said(logits), labels).item() == pytest.approx(mean.item())
    longer = torch.cat([logits_of(2, 3, 3, seed=9), logits], dim=1)  # of prompt tuning
    assert objective.total(said(longer), labels).item() == pytest.approx(expected.item())


def test_the_mean_over_one_label_is_its_loss():
    logits, labels = logits_of(1, 3), torch.tensor([2])
    found = losses.class_loss(setup()).mean(said(logits), labels)
    assert found.item() == pytest.approx(cross_entropy(logits, labels).item())


def test_a_batch_without_labels_has_no_loss():
    objective = losses.class_loss(setup())
    labels = torch.full((1, 2), IGNORED)
    assert objective.count(labels) == 0
    assert objective.mean(said(logits_of(1, 2, 3)), labels).item() == 0


def test_what_the_spec_says_of_the_loss_reaches_it():
    logits, labels = logits_of(5, 3), LABELS
    for changes, options in (
        ({}, {}),
        ({"label_smoothing_factor": 0.3}, {"smoothing": 0.3}),
        ({"loss": "focal", "focal_gamma": 1.5}, {"gamma": 1.5}),
        ({"focal_gamma": 1.5}, {}),
        ({"loss": "focal", "label_smoothing_factor": 0.1}, {"gamma": 2.0, "smoothing": 0.1}),
    ):
        found = losses.class_loss(setup(**changes)).total(said(logits), labels)
        assert found.item() == pytest.approx(by_hand(logits, labels, **options), rel=1e-5)
    weighted = losses.class_loss(setup(), [1.0, 4.0, 1.0]).total(said(logits), labels)
    expected = by_hand(logits, labels, weights=[1.0, 4.0, 1.0])
    assert weighted.item() == pytest.approx(expected, rel=1e-5)


SETS = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1]])


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 0.5])
def test_several_labels_are_smoothed_each_towards_one_half(smoothing):
    logits = logits_of(4, 3, seed=2)
    targets = torch.where(SETS > 0, 1 - smoothing / 2, smoothing / 2)
    expected = binary_cross_entropy_with_logits(logits, targets, reduction="sum")
    objective = losses.label_set_loss(setup(multi_label=True, label_smoothing_factor=smoothing))
    assert objective.total(said(logits), SETS).item() == pytest.approx(expected.item(), rel=1e-5)
    assert objective.count(SETS) == 12


def test_the_weights_of_several_labels_count_where_a_label_is_given():
    logits = logits_of(4, 3, seed=3)
    made = setup(multi_label=True, label_weights={"a": 3.0, "c": 0.5})
    expected = binary_cross_entropy_with_logits(
        logits, SETS.float(), pos_weight=torch.tensor([3.0, 1.0, 0.5]), reduction="sum"
    )
    found = losses.label_set_loss(made).total(said(logits), SETS)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_loss_of_several_labels_is_its_formula(gamma):
    logits = logits_of(4, 3, seed=4)
    share = torch.where(SETS > 0, logits.sigmoid(), 1 - logits.sigmoid()).double()
    expected = -((1 - share) ** gamma * share.log()).sum()
    made = setup(multi_label=True, loss="focal", focal_gamma=gamma)
    found = losses.label_set_loss(made).total(said(logits), SETS)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_certain_answer_has_a_finite_slope():
    for made, labels in (
        (losses.class_loss(setup(loss="focal", focal_gamma=0.5)), torch.tensor([0])),
        (losses.label_set_loss(setup(multi_label=True, loss="focal", focal_gamma=0.5)),
         torch.tensor([[1, 0, 0]])),
    ):  # fmt: skip
        logits = torch.tensor([[200.0, -200.0, -200.0]], requires_grad=True)
        made.total(said(logits), labels).backward()
        assert logits.grad.isfinite().all()


def test_the_next_token_is_predicted_from_those_before_it():
    logits = logits_of(2, 4, 5)
    labels = torch.tensor([[1, 2, IGNORED, 3], [4, IGNORED, 0, 1]])
    expected = cross_entropy(
        logits[:, :3].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum"
    ).item()
    objective = losses.next_token_loss(setup())
    assert objective.total(said(logits), labels).item() == pytest.approx(expected)
    assert objective.count(labels) == 4
    longer = torch.cat([logits_of(2, 2, 5, seed=9), logits], dim=1)
    assert objective.total(said(longer), labels).item() == pytest.approx(expected)
    smoothed = losses.next_token_loss(setup(label_smoothing_factor=0.2))
    expected = cross_entropy(
        logits[:, :3].flatten(0, 1), labels[:, 1:].flatten(), reduction="sum", label_smoothing=0.2
    ).item()
    assert smoothed.total(said(logits), labels).item() == pytest.approx(expected)


def test_balanced_weights_are_those_of_scikit_learn():
    rows = ["a"] * 5 + ["b"] * 3 + ["c"] * 2
    counts = {"a": 5, "b": 3, "c": 2}
    expected = compute_class_weight("balanced", classes=np.array(["a", "b", "c"]), y=rows)
    made = setup(counts=counts, rows=10, class_weights="balanced")
    assert losses.label_weights(made) == pytest.approx(expected.tolist())
    both = setup(counts=counts, rows=10, class_weights="balanced", label_weights={"b": 3.0})
    assert losses.label_weights(both) == pytest.approx([expected[0], 3 * expected[1], expected[2]])
    assert losses.label_weights(setup(counts=counts, rows=10)) == [1, 1, 1]
    rare = setup(counts={"a": 5, "b": 5}, rows=10, class_weights="balanced")
    assert losses.label_weights(rare) == pytest.approx([10 / 15, 10 / 15, 1])


def test_balanced_weights_of_several_labels_are_rows_without_by_rows_with():
    made = setup(counts={"a": 8, "b": 2}, rows=10, class_weights="balanced", multi_label=True)
    assert losses.label_weights(made) == pytest.approx([2 / 8, 8 / 2, 1])
    both = setup(
        counts={"a": 8, "b": 2}, rows=10, class_weights="balanced", multi_label=True,
        label_weights={"b": 3.0},
    )  # fmt: skip
    assert losses.label_weights(both) == pytest.approx([2 / 8, 3 * 8 / 2, 1])


def test_weights_that_do_not_fit_are_refused():
    losses.check_weights(setup(label_weights={"a": 0.0, "c": 2.0}))
    with pytest.raises(DataError, match=r"label_weights: no row has the label 'd'; there are a, b"):
        losses.check_weights(setup(label_weights={"d": 1.0}))
    with pytest.raises(DataError, match=r"a has the weight -0\.5; choose at least 0"):
        losses.check_weights(setup(label_weights={"a": -0.5}))
