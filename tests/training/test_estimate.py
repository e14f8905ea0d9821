"""What a run will cost, told before it starts."""

import pytest

from tests.tiny_runs import tiny_spec
from tests.tiny_tasks import tiny_task_spec
from workbench import pipeline
from workbench.runs import RunState
from workbench.training.estimate import estimate
from workbench.training.prepare import prepare


def test_the_estimate_foretells_steps_evaluations_and_learning_rates(tmp_path):
    prepared = prepare(tiny_spec(tmp_path))
    cost = estimate(prepared)
    state = RunState().fold(pipeline.train(prepared.spec).events())
    assert cost.steps == state.total_steps == state.step
    assert cost.evaluations == len(state.evaluations)
    assert cost.effective_batch == 8
    logged = {event["step"]: event["learning_rate"] for event in state.steps}
    for step, rate in cost.schedule:
        assert logged[step] == pytest.approx(rate, rel=1e-6), step


def test_measuring_changes_no_weight_and_draws_no_chance(tmp_path):
    import torch

    prepared = prepare(tiny_spec(tmp_path))
    model = prepared.new_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    cost = estimate(prepared, model)
    assert torch.equal(torch.rand(3), wanted)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert cost.train_seconds > 0
    assert cost.evaluation_seconds > 0


@pytest.mark.parametrize("task", ["summarization", "text-generation"])
def test_the_answers_that_are_written_are_counted_and_measured(task, tmp_path):
    spec = tiny_task_spec(
        tmp_path, task, **{"evaluate.baselines": True, "evaluate.zero_shot_rows": 3}
    )
    prepared = prepare(spec)
    model = prepared.new_model()
    limit = model.generation_config.max_new_tokens
    cost = estimate(prepared, model)
    assert cost.written_rows == len(prepared.validation) + 3
    assert cost.writing_seconds > 0
    assert cost.seconds == pytest.approx(
        cost.train_seconds + cost.evaluation_seconds + cost.writing_seconds
    )
    assert model.generation_config.max_new_tokens == limit
    alone = prepare(spec.replace({"evaluate.baselines": False, "evaluate.zero_shot_rows": 200}))
    assert estimate(alone).written_rows == len(alone.validation)


def test_what_writes_nothing_costs_no_writing(tmp_path):
    cost = estimate(prepare(tiny_spec(tmp_path)))
    assert (cost.written_rows, cost.writing_seconds) == (0, 0.0)


def test_accumulation_multiplies_the_batch_and_divides_the_steps(tmp_path):
    plain = estimate(prepare(tiny_spec(tmp_path)))
    summed = estimate(prepare(tiny_spec(tmp_path, **{"train.gradient_accumulation_steps": 2})))
    assert summed.effective_batch == 2 * plain.effective_batch
    batches = plain.steps // 10  # in each of ten epochs
    assert summed.steps == 10 * -(-batches // 2)
