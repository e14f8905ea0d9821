"""A model is asked in batches by length, and answers come in the order of the rows."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.evaluation.inference import run_model
from workbench.training.precision import Precision

CPU = Precision("fp32", "cpu", "")


class Rows:
    """An encoded table: a column by its name, a row by its place."""

    def __init__(self, lengths: list[int]) -> None:
        self.lengths = lengths

    def __getitem__(self, key):
        if key == "length":
            return self.lengths
        return {"place": key, "length": self.lengths[key]}


class LoadedModel:
    """A task that notes what it is asked; each answer is the place of the row times ten."""

    def __init__(self, as_list: bool = False, fail: bool = False) -> None:
        self.as_list, self.fail = as_list, fail
        self.batches: list[list[int]] = []
        self.seen: list[SimpleNamespace] = []

    def collate(self, chosen, setup):
        assert setup is not None
        self.batches.append([row["length"] for row in chosen])
        return {"input_ids": torch.tensor([[float(row["place"])] for row in chosen])}

    def infer(self, model, inputs, chosen, setup):
        if self.fail:
            raise ValueError("broken")
        product = model(inputs["input_ids"])
        self.seen.append(
            SimpleNamespace(
                training=model.training, graph=product.requires_grad, dtype=product.dtype,
                rows=[row["place"] for row in chosen], setup=setup,
            )
        )  # fmt: skip
        numbers = inputs["input_ids"].numpy() * 10
        return [int(n) for n in numbers[:, 0]] if self.as_list else numbers


def asked(lengths, task, batch=3, precision=CPU, model=None, **named):
    model = model or torch.nn.Linear(1, 1)
    return run_model(model, Rows(lengths), task, "the setup", precision, batch, **named)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(1, 7), st.booleans())
def test_answers_come_in_the_order_of_the_rows(lengths, batch, as_list):
    task = LoadedModel(as_list)
    found = asked(lengths, task, batch)
    expected = [10 * place for place in range(len(lengths))]
    assert (found if as_list else found[:, 0].tolist()) == expected
    assert isinstance(found, list if as_list else np.ndarray)
    flat = [length for own in task.batches for length in own]
    assert flat == sorted(lengths, reverse=True)
    assert [len(own) for own in task.batches[:-1]] == [batch] * (len(task.batches) - 1)
    assert sorted(place for one in task.seen for place in one.rows) == list(range(len(lengths)))


def test_a_batch_holds_sixty_four_rows_where_nothing_is_said():
    task = LoadedModel()
    run_model(torch.nn.Linear(1, 1), Rows([1] * 65), task, "the setup", CPU)
    assert [len(own) for own in task.batches] == [64, 1]
    # Rows of one length come in one order, whatever sorts them.
    assert [place for one in task.seen for place in one.rows] == list(range(65))[::-1]


def test_model_and_batches_go_to_the_device_in_force():
    seen = []

    class Model:
        training = False

        def eval(self):
            return self

        def train(self, on):
            return self

        def to(self, device):
            seen.append(("model", device))
            return self

    class Tensor:
        def to(self, device):
            seen.append(("batch", device))
            return self

    task = SimpleNamespace(
        collate=lambda chosen, setup: {"input_ids": Tensor()},
        infer=lambda model, inputs, chosen, setup: np.zeros(len(chosen)),
    )
    run_model(Model(), Rows([1, 2]), task, None, Precision("fp32", "cpu", ""), 1)
    assert seen == [("model", "cpu"), ("batch", "cpu"), ("batch", "cpu")]


@pytest.mark.parametrize("training", [True, False])
def test_a_model_answers_without_dropout_and_is_as_before_afterwards(training):
    model = torch.nn.Linear(1, 1).train(training)
    task = LoadedModel()
    asked([1, 2, 3, 4], task, model=model)
    assert [(one.training, one.graph) for one in task.seen] == [(False, False)] * 2
    assert [one.setup for one in task.seen] == ["the setup"] * 2
    assert model.training is training
    with pytest.raises(ValueError, match="broken"):
        asked([1], LoadedModel(fail=True), model=model)
    assert model.training is training


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_the_format_of_the_products_is_the_one_in_force(name, dtype):
    task = LoadedModel()
    asked([1], task, precision=Precision(name, "cpu", ""))
    assert task.seen[0].dtype == dtype
    assert torch.get_autocast_dtype("cpu") == torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")


def test_arrays_keep_their_type_and_further_dimensions():
    class Pairs(LoadedModel):
        def infer(self, model, inputs, chosen, setup):
            return np.array([[[row["place"], -1]] for row in chosen], np.float32)

    found = asked([3, 9, 5], Pairs(), batch=2)
    assert found.dtype == np.float32
    assert found.tolist() == [[[0, -1]], [[1, -1]], [[2, -1]]]
