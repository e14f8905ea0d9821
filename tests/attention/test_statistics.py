"""Statistics of maps made by hand, and of maps in another order."""

import numpy as np
import pytest
import torch

from tests.attention.zoo import make, tokenizer
from workbench.attention.capture import capture
from workbench.attention.modules import ModuleLocator
from workbench.attention.record import STATISTICS
from workbench.attention.statistics import head_statistics, induction
from workbench.attention.texts import read_text, repeated

T = 6
SEPARATORS = [3, 5]


def rows(*where):
    """Return a map in which query i looks at key where[i] alone."""
    return torch.eye(T)[list(where)]


SHIFT = rows(0, *range(T - 1))
SEP = torch.zeros(T, T)
SEP[:, SEPARATORS] = 0.5

KNOWN = {
    "identity": (torch.eye(T), {
        "entropy": 0, "distance": 0, "previous": 0, "first": 0, "separators": 2 / 6, "diagonal": 1,
    }),
    "the token before": (SHIFT, {
        "entropy": 0, "distance": 5 / 6, "previous": 1, "first": 1 / 5, "separators": 1 / 6,
        "diagonal": 1 / 6,
    }),
    "all alike": (torch.full((T, T), 1 / T), {
        "entropy": np.log2(6), "distance": 70 / 36, "previous": 1 / 6, "first": 1 / 6,
        "separators": 2 / 6, "diagonal": 1 / 6,
    }),
    "sink": (rows(*[0] * T), {
        "entropy": 0, "distance": 15 / 6, "previous": 1 / 5, "first": 1, "separators": 0,
        "diagonal": 1 / 6,
    }),
    "separators": (SEP, {
        "entropy": 1, "distance": (4 + 3 + 2 + 1 + 1 + 1) / 6, "previous": 0.5 / 5, "first": 0,
        "separators": 1, "diagonal": 1 / 6,
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_a_map_of_a_known_kind_has_known_statistics(name):
    weights, wanted = KNOWN[name]
    found = head_statistics(weights[None], SEPARATORS, one_text=True)
    assert {key: float(value) for key, value in found.items()} == pytest.approx(wanted, abs=1e-6)


def test_a_head_that_finds_what_followed_before_has_induction_one():
    start, period = 1, 3
    weights = torch.eye(8)
    for place in range(start + period, start + 2 * period):
        weights[place] = torch.eye(8)[place - period + 1]
    assert float(induction(weights[None], start, period)) == 1
    assert float(induction(torch.eye(8)[None], start, period)) == 0
    uniform = torch.full((1, 8, 8), 1 / 8)
    assert float(induction(uniform, start, period)) == pytest.approx(1 / 8)


def test_the_text_is_repeated_between_its_special_tokens():
    model = make("bert")
    reading = read_text(model, tokenizer(), "the film was", None, 64)
    inputs, places = repeated(reading, model)
    ids = reading.ids
    assert inputs["input_ids"][0].tolist() == [*ids[:-1], *ids[1:-1], ids[-1]]
    assert places == {"source": (1, len(ids) - 2)}


def test_a_text_of_one_token_has_no_induction():
    statistics = capture(make("bert"), tokenizer(), "film").blocks[0].statistics
    assert statistics["induction"] == [None, None]
    assert None not in statistics["entropy"]


def test_between_two_texts_only_what_has_a_meaning_is_counted():
    weights = torch.zeros(1, 3, 5)
    for query, key in enumerate((0, 2, 4)):
        weights[0, query, key] = 1
    found = head_statistics(weights, [4], one_text=False)
    assert {name for name, value in found.items() if value is None} == {"distance", "previous"}
    assert float(found["diagonal"]) == 1
    assert float(found["separators"]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", range(3))
def test_permuting_heads_permutes_their_statistics(seed):
    rng = np.random.default_rng(seed)
    weights = torch.tensor(rng.dirichlet(np.full(7, 0.3), size=(5, 7)), dtype=torch.float32)
    order = rng.permutation(5)
    plain = head_statistics(weights, [6], True)
    permuted = head_statistics(weights[list(order)], [6], True)
    for name, values in plain.items():
        assert torch.allclose(values[list(order)], permuted[name])


def test_permuting_the_heads_of_a_model_permutes_its_statistics():
    model = make("bert")
    before = capture(model, tokenizer(), "the film was wonderful").blocks[0].statistics
    order = [2, 0, 3, 1]
    attention = model.bert.encoder.layer[0].attention
    lines = [8 * head + at for head in order for at in range(8)]
    with torch.no_grad():
        for part in (attention.self.query, attention.self.key, attention.self.value):
            part.weight[:], part.bias[:] = part.weight[lines], part.bias[lines]
        dense = attention.output.dense
        dense.weight[:] = dense.weight[:, lines]
    after = capture(model, tokenizer(), "the film was wonderful").blocks[0].statistics
    for name in STATISTICS:
        assert after[name][0] == pytest.approx([before[name][0][h] for h in order], abs=2e-4)
        assert after[name][1] == pytest.approx(before[name][1], abs=2e-4)


def test_groups_of_heads_give_what_all_heads_at_once_give(monkeypatch):
    from workbench.attention import interface

    model = make("llama")
    whole = capture(model, tokenizer(), "the film was wonderful", rollout=True)
    monkeypatch.setattr(interface, "GROUP_BYTES", 1)
    single = capture(model, tokenizer(), "the film was wonderful", rollout=True)
    assert single.blocks[0].statistics == whole.blocks[0].statistics
    assert single.to_json() == whole.to_json()


def test_a_module_outside_every_list_is_still_placed():
    places = ModuleLocator(make("bert"))
    assert places.of(torch.nn.Linear(1, 1)).layer == 0
