"""What a batch says of its rows, against torch's own losses and row by row in plain Python."""

import math

import pytest
import torch
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    softmax,
)

from workbench.tasks import _dynamics as dynamics

IGNORED = -100


def logits_of(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 2


def close(found: torch.Tensor, expected) -> None:
    assert found.tolist() == pytest.approx(torch.as_tensor(expected).tolist(), rel=1e-5, abs=1e-6)


def test_rows_with_one_label():
    logits, labels = logits_of(5, 3), torch.tensor([0, 2, 1, 1, 0])
    found = dynamics.of_classes(logits, labels)
    shares = softmax(logits, -1)
    close(found["loss"], cross_entropy(logits, labels, reduction="none"))
    close(found["confidence"], [shares[n, label] for n, label in enumerate(labels)])
    # The margin is that of the logits: of the log shares it is the same.
    expected = [
        row[label] - max(x for n, x in enumerate(row) if n != label)
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    close(found["margin"], expected)
    assert found["correct"].tolist() == [margin > 0 for margin in expected]
    assert len(set(found["correct"].tolist())) == 2
    assert found["predicted"].tolist() == [row.index(max(row)) for row in logits.tolist()]
    assert found["label"].tolist() == labels.tolist()
    assert found["probabilities"].flatten().tolist() == pytest.approx(shares.flatten().tolist())


def test_half_precision_is_widened_first():
    logits = torch.tensor([[1.0, 1.0009765625]])
    labels = torch.tensor([0])
    found = dynamics.of_classes(logits.half(), labels)
    assert found["loss"].dtype == torch.float32
    close(found["loss"], cross_entropy(logits, labels, reduction="none"))
    for one in (
        dynamics.of_label_sets(logits.half(), torch.tensor([[1, 0]])),
        dynamics.of_tokens(logits.half()[:, None], labels[:, None]),
        dynamics.of_spans(logits.half(), logits.half(), torch.tensor([[0, 1]])),
        dynamics.of_written(logits.half()[:, None], labels[:, None]),
    ):
        assert one["loss"].dtype == torch.float32
        assert one["confidence"].dtype == torch.float32
        assert one["loss"].item() not in (one["loss"].half().item(),)


def test_rows_with_several_labels():
    logits = torch.tensor([[2.0, -1.0, 0.5], [-1.0, -2.0, 3.0], [1.0, 1.0, 1.0]])
    labels = torch.tensor([[1, 0, 0], [0, 0, 1], [1, 1, 1]])
    found = dynamics.of_label_sets(logits, labels)
    each = binary_cross_entropy_with_logits(logits, labels.float(), reduction="none")
    close(found["loss"], each.mean(-1))
    close(found["confidence"], (-each).exp().mean(-1))
    assert found["margin"].tolist() == [-0.5, 1.0, 1.0]
    assert found["correct"].tolist() == [False, True, True]
    assert found["probabilities"].flatten().tolist() == pytest.approx(
        logits.sigmoid().flatten().tolist()
    )
    undecided = dynamics.of_label_sets(torch.zeros(1, 2), torch.tensor([[1, 1]]))
    assert not undecided["correct"].item()


def test_tokens_with_labels_and_without():
    logits = logits_of(3, 4, 3, seed=5)
    labels = torch.tensor([[0, 2, IGNORED, 1], [IGNORED] * 4, [1, IGNORED, IGNORED, IGNORED]])
    logits[2, 0] = torch.tensor([0.0, 4.0, 1.0])
    found = dynamics.of_tokens(logits, labels)
    for n, row in enumerate(labels.tolist()):
        known = [(logits[n, t], label) for t, label in enumerate(row) if label != IGNORED]
        losses = [cross_entropy(own[None], torch.tensor([label])).item() for own, label in known]
        margins = [
            (own[label] - max(x for i, x in enumerate(own.tolist()) if i != label)).item()
            for own, label in known
        ]
        count = len(known) or 1
        assert found["loss"][n].item() == pytest.approx(sum(losses) / count, rel=1e-5)
        assert found["confidence"][n].item() == pytest.approx(
            sum(math.exp(-loss) for loss in losses) / count, rel=1e-5
        )
        assert found["margin"][n].item() == pytest.approx(min(margins, default=0.0), rel=1e-5)
        assert found["correct"][n].item() == all(margin > 0 for margin in margins)
    assert found["correct"].tolist() == [False, True, True]


def test_a_token_of_class_zero_counts_and_an_even_one_is_not_right():
    logits = torch.tensor([[[1.0, 1.0]]])
    found = dynamics.of_tokens(logits, torch.tensor([[0]]))
    assert found["loss"].item() == pytest.approx(math.log(2))
    assert found["margin"].item() == 0
    assert not found["correct"].item()


def test_a_narrow_margin_is_a_margin():
    found = dynamics.of_tokens(torch.tensor([[[1.5, 1.0]]]), torch.tensor([[0]]))
    assert found["margin"].item() == 0.5
    assert found["correct"].item()


def test_tokens_that_an_adapter_put_in_front_are_left_out():
    logits, labels = logits_of(2, 5, 3), torch.tensor([[0, 1, 2], [2, IGNORED, 0]])
    plain = dynamics.of_tokens(logits[:, 2:], labels)
    for name, value in dynamics.of_tokens(logits, labels).items():
        assert torch.equal(value, plain[name])
    plain = dynamics.of_written(logits[:, 2:], labels)
    for name, value in dynamics.of_written(logits, labels).items():
        assert torch.equal(value, plain[name])


def test_windows_with_a_span():
    starts, ends = logits_of(3, 6, seed=1), logits_of(3, 6, seed=2)
    firsts, lasts = [1, starts[1].argmax().item(), starts[2].argmax().item()], [4, 0, 0]
    lasts[2] = ends[2].argmax().item()
    lasts[1] = (ends[1].argmax().item() + 1) % 6
    found = dynamics.of_spans(starts, ends, torch.tensor(list(zip(firsts, lasts, strict=True))))
    first = cross_entropy(starts, torch.tensor(firsts), reduction="none")
    last = cross_entropy(ends, torch.tensor(lasts), reduction="none")
    close(found["loss"], (first + last) / 2)
    close(found["confidence"], (-first).exp() * (-last).exp())
    assert found["correct"].tolist() == [False, False, True]
    # The last token right alone is not enough.
    place = torch.tensor([[(firsts[2] + 1) % 6, lasts[2]]])
    assert not dynamics.of_spans(starts[2:], ends[2:], place)["correct"].item()


def test_rows_whose_tokens_are_written():
    logits = logits_of(2, 4, 5, seed=3)
    labels = torch.tensor([[IGNORED, 0, 3, 2], [4, IGNORED, IGNORED, IGNORED]])
    logits[0, 1, 0] = logits[0, 2, 1] = logits[0, 3, 2] = 9
    found = dynamics.of_written(logits, labels)
    for n in range(2):
        known = [t for t in range(4) if labels[n, t] != IGNORED]
        losses = cross_entropy(logits[n, known], labels[n, known], reduction="none")
        assert found["loss"][n].item() == pytest.approx(losses.mean().item(), rel=1e-5)
        assert found["confidence"][n].item() == pytest.approx((-losses).exp().mean().item())
    assert found["correct"][0].item() == pytest.approx(2 / 3)
    assert list(found) == ["loss", "confidence", "correct"]


def test_a_row_without_tokens_to_write_says_nothing():
    found = dynamics.of_written(logits_of(1, 3, 4), torch.full((1, 3), IGNORED))
    assert all(torch.isnan(value).all() for value in found.values())


def test_rows_of_labels_and_of_logits_must_be_as_many():
    with pytest.raises(ValueError, match="argument 2"):
        dynamics.of_written(logits_of(2, 3, 4), torch.zeros(1, 3, dtype=torch.long))
