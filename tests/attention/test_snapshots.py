"""Along the way: snapshots at each evaluation, few pictures, none of them twice."""

import json
import re

import pytest

from tests.attention.zoo import make, tokenizer
from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.attention.attend import attend, stored_records
from workbench.attention.snapshots import (
    MOST_PICTURES,
    PICTURE_BYTES,
    keep_snapshots,
    read_snapshots,
    steps_path,
)
from workbench.runs import RunFolder, read_state

TEXT = "the film was wonderful"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(tiny_spec(tmp_path_factory.mktemp("run")))


def test_each_evaluation_leaves_a_snapshot_of_each_probe_sentence(run):
    evaluated = [event["step"] for event in run.events() if event["event"] == "evaluated"]
    result = [event for event in run.events() if event["event"] == "probe_snapshot"]
    assert [event["step"] for event in result] == evaluated != []
    assert {event["path"] for event in result} == {"attention/probe-00-steps.jsonl"}
    kept = read_snapshots(run, 0)
    assert [record.step for record in kept] == [0, *evaluated]
    assert all(record.tokens == kept[0].tokens for record in kept)


def test_the_last_snapshot_is_what_the_model_does_then(run):
    best = read_state(run).best_step
    snapshot = next(record for record in read_snapshots(run) if record.step == best)
    after = stored_records(run)[-1]
    assert (after.model, after.step) == ("after", best)
    assert snapshot.blocks[0].statistics == after.blocks[0].statistics


def test_the_model_before_fine_tuning_can_be_asked_again(run):
    text = run.spec().inspect.probes[0]
    before, after = attend(run, text, against="before")
    assert (before.model, after.model) == ("before", "after")
    stored = stored_records(run)
    assert before.blocks[0].statistics == stored[0].blocks[0].statistics
    assert after.blocks[0].statistics == stored[-1].blocks[0].statistics
    assert max(max(row) for row in after.divergence["blocks"][0]) > 0


def test_a_snapshot_changes_nothing_that_training_goes_on_from(tmp_path):
    import torch

    model = make("bert").train()
    inputs = tokenizer()(TEXT, return_tensors="pt")
    model(**inputs, labels=torch.tensor([1])).loss.backward()
    weights = {name: one.clone() for name, one in model.state_dict().items()}
    gradients = [one.grad.clone() for one in model.parameters() if one.grad is not None]
    rng = torch.get_rng_state()
    keep(tmp_path, model, 1)
    assert torch.equal(torch.get_rng_state(), rng)
    assert model.training
    assert all(torch.equal(weights[name], one) for name, one in model.state_dict().items())
    after = [one.grad for one in model.parameters() if one.grad is not None]
    assert all(map(torch.equal, after, gradients))
    model(**inputs, labels=torch.tensor([1])).loss.backward()


def keep(folder, model, step):
    return keep_snapshots(RunFolder(folder), model, tokenizer(), [TEXT], step, 64)


def test_a_step_taken_again_after_a_break_is_not_kept_twice(tmp_path):
    model = make("bert")
    assert len(keep(tmp_path, model, 10)) == 1
    content = steps_path(RunFolder(tmp_path), 0).read_bytes()
    assert keep(tmp_path, make("bert", seed=1), 10) == []
    assert steps_path(RunFolder(tmp_path), 0).read_bytes() == content


def test_pictures_are_few_and_statistics_are_of_every_step(tmp_path):
    model = make("bert")
    steps = list(range(1, 3 * MOST_PICTURES))
    for step in steps:
        keep(tmp_path, model, step)
    kept = read_snapshots(RunFolder(tmp_path))
    assert [record.step for record in kept] == steps
    assert all(record.blocks[0].statistics["entropy"][0] for record in kept)
    drawn = [record.step for record in kept if record.blocks[0].maps]
    assert MOST_PICTURES / 2 <= len(drawn) <= MOST_PICTURES
    assert drawn[0] == 1
    assert drawn[-1] == steps[-1]
    size = steps_path(RunFolder(tmp_path), 0).stat().st_size
    assert size < MOST_PICTURES * PICTURE_BYTES + len(steps) * 4000


def test_a_torn_last_line_is_passed_over_and_written_over(tmp_path):
    model = make("bert")
    keep(tmp_path, model, 1)
    path = steps_path(RunFolder(tmp_path), 0)
    with path.open("a") as file:
        file.write('{"step": 2, "rec')
    assert [record.step for record in read_snapshots(RunFolder(tmp_path))] == [1]
    keep(tmp_path, model, 2)
    assert [record.step for record in read_snapshots(RunFolder(tmp_path))] == [1, 2]
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2]


def test_a_damaged_snapshot_is_left_out(tmp_path):
    keep(tmp_path, make("bert"), 1)
    path = steps_path(RunFolder(tmp_path), 0)
    path.write_text(path.read_text() + '{"step": 2, "record": {"version": 2}}\n[]\n')
    assert [record.step for record in read_snapshots(RunFolder(tmp_path))] == [1]


def test_a_decoder_beside_an_encoder_reads_the_same_at_each_step(tmp_path):
    run = RunFolder(tmp_path)
    keep(tmp_path, make("t5"), 1)
    keep(tmp_path, make("t5", seed=5), 2)
    first, second = read_snapshots(run)
    assert first.sequences["target"].tokens == second.sequences["target"].tokens


def test_a_model_without_attention_is_trained_without_a_picture(tmp_path, caplog):
    from transformers import MambaConfig, MambaForCausalLM

    config = MambaConfig(vocab_size=300, hidden_size=16, num_hidden_layers=1, state_size=4)
    with caplog.at_level("INFO"):
        assert keep(tmp_path, MambaForCausalLM(config), 1) == []
    assert re.search("a mamba model returns no attention maps", caplog.text)
    assert not steps_path(RunFolder(tmp_path), 0).exists()
