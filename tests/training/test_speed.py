"""Cheaper steps that compute the same."""

import pytest
import torch

from workbench.training.speed import Dropout16, clip_gradients, on_processor


def test_dropout_drops_its_share_and_keeps_the_expectation():
    torch.manual_seed(0)
    ones = torch.ones(1000, 1001)
    result = Dropout16(0.1).train()(ones)
    dropped = (result == 0).float().mean().item()
    assert dropped == pytest.approx(0.1, abs=0.002)
    assert result.mean().item() == pytest.approx(1.0, abs=0.002)
    assert result[result != 0].unique().numel() == 1


def test_dropout_is_repeated_by_its_seed_and_drawn_anew_by_each_call():
    layer = Dropout16(0.5).train()
    torch.manual_seed(3)
    first, second = layer(torch.ones(999)), layer(torch.ones(999))
    torch.manual_seed(3)
    assert torch.equal(first, layer(torch.ones(999)))
    assert not torch.equal(first, second)


def test_the_gradient_passes_where_the_value_passed():
    torch.manual_seed(0)
    inputs = torch.ones(64, 7, requires_grad=True)
    result = Dropout16(0.3).train()(inputs)
    result.sum().backward()
    assert torch.equal(inputs.grad, result.detach())


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (1.0, True), (0.4, False)])
def test_nothing_everything_or_no_training_is_as_in_torch(rate, training):
    layer = Dropout16(rate).train(training)
    ones = torch.ones(50)
    assert torch.equal(layer(ones), torch.nn.Dropout(rate).train(training)(ones))


def test_neighbouring_draws_are_independent():
    torch.manual_seed(0)
    kept = (Dropout16(0.5).train()(torch.ones(400_000)) != 0).float() - 0.5
    for lag in (1, 2, 3, 4, 8):
        assert abs((kept[:-lag] * kept[lag:]).mean().item()) < 0.002, lag


def test_the_model_is_as_before_afterwards():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.2))
    with on_processor(model):
        assert type(model[1]) is Dropout16
        assert model[1].p == 0.2
    assert type(model[1]) is torch.nn.Dropout


@pytest.mark.parametrize("limit", [0.5, 5.0, 0.0])
def test_gradients_are_clipped_as_torch_does_it(limit):
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
    for layer in (ours, theirs):
        torch.manual_seed(1)
        for parameter in layer.parameters():
            parameter.grad = torch.randn_like(parameter)
    norm = clip_gradients(list(ours.parameters()), limit)
    expected = torch.nn.utils.clip_grad_norm_(theirs.parameters(), limit or float("inf"))
    assert torch.equal(norm, expected)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=1e-6)
