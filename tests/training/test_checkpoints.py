"""A checkpoint comes back bit by bit, is whole or not there, and says what is wrong with it."""

import json
import os
import random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny_models import make_tiny_bert
from workbench.errors import RunError
from workbench.models import weights
from workbench.runs import RunFolder
from workbench.training import checkpoints

PROGRESS = dict.fromkeys(checkpoints.PROGRESS, 1)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_tiny_bert(tmp_path_factory.mktemp("tiny") / "bert", labels=["no", "yes"])


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path / "run")


def learner(home, kind=torch.optim.AdamW, seed=0):
    """Return a model, its tokenizer, and an optimizer that has taken two steps."""
    model = AutoModelForSequenceClassification.from_pretrained(home)
    optimizer = kind(model.parameters(), lr=1e-2)
    torch.manual_seed(seed)
    for _ in range(2):
        step(model, optimizer)
    return model, AutoTokenizer.from_pretrained(home), optimizer


def step(model, optimizer) -> None:
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()


def save(run, number, model, tokenizer, optimizer, **progress):
    run.path.mkdir(exist_ok=True)
    folder = run.checkpoint_path(number)
    checkpoints.save_checkpoint(folder, model, tokenizer, optimizer, PROGRESS | progress)
    return folder


def drawn() -> list[float]:
    return [
        *torch.rand(3).tolist(), *np.random.rand(3).tolist(), np.random.standard_normal(),
        random.random(), random.gauss(0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, torch.optim.Adafactor])
def test_model_moments_and_chance_go_on_bit_by_bit(home, run, kind):
    model, tokenizer, optimizer = learner(home, kind)
    np.random.standard_normal()  # numpy and Python keep a second normal number back
    random.gauss(0, 1)
    folder = save(run, 2, model, tokenizer, optimizer, step=7)
    expected = drawn()
    step(model, optimizer)
    after = {name: value.clone() for name, value in model.state_dict().items()}

    other, _, moments = learner(home, kind, seed=1)
    progress = checkpoints.load_progress(folder)
    assert progress["step"] == 7
    assert progress.keys() >= set(checkpoints.PROGRESS)
    checkpoints.load_weights(other, folder)
    checkpoints.load_optimizer_state(moments, folder, progress)
    checkpoints.restore_rng_state(folder, progress)
    assert drawn() == expected
    step(other, moments)
    for name, value in other.state_dict().items():
        assert torch.equal(value, after[name]), name


def test_each_device_gets_its_own_chance_back(home, run, monkeypatch):
    given = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "get_rng_state", lambda index: torch.tensor([40 + index], dtype=torch.uint8)
    )
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, index: given.append((index, state.item()))
    )
    folder = save(run, 2, *learner(home))
    progress = checkpoints.load_progress(folder)
    given.clear()
    checkpoints.restore_rng_state(folder, progress)
    assert given == [(0, 40), (1, 41)]
    # On a machine with more devices than before, the others keep theirs.
    given.clear()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    checkpoints.restore_rng_state(folder, progress)
    assert given == [(0, 40), (1, 41)]


def test_numbers_beside_the_moments_come_back_as_numbers():
    flat, plain = checkpoints._split({0: {"step": 3, "avg": torch.ones(2).t()}, 11: {"step": 4}})
    assert (list(flat), plain) == (["0.avg"], {"0.step": 3, "11.step": 4})
    assert flat["0.avg"].is_contiguous()


def test_rates_are_not_those_of_the_checkpoint(home, run):
    model, tokenizer, optimizer = learner(home)
    folder = save(run, 2, model, tokenizer, optimizer)
    optimizer.param_groups[0]["lr"] = 0.25
    checkpoints.load_optimizer_state(optimizer, folder, checkpoints.load_progress(folder))
    assert optimizer.param_groups[0]["lr"] == 0.25


def test_a_checkpoint_has_a_manifest_of_all_its_files(home, run):
    folder = save(run, 2, *learner(home))
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(files) == there - {"manifest.json"}
    assert {"optimizer.safetensors", "rng_state.safetensors", "progress.json"} <= set(files)
    assert files["progress.json"]["bytes"] == (folder / "progress.json").stat().st_size
    assert checkpoints.find_fault(folder) == ""
    assert [p.name for p in run.checkpoints_path.iterdir()] == [folder.name]


def test_the_first_of_a_run_tries_the_last_layout_and_leaves_nothing_of_it(home, run, monkeypatch):
    tried = []
    keep = weights.save_standard

    def noted(model, folder, *rest):
        tried.append(folder.name)
        return keep(model, folder, *rest)

    monkeypatch.setattr(weights, "save_standard", noted)
    parts = learner(home)
    (run.checkpoints_path / ".trial").mkdir(parents=True)  # of a process that was killed
    save(run, 2, *parts)
    save(run, 4, *parts)
    assert len(tried) == 1
    assert sorted(p.name for p in run.checkpoints_path.iterdir()) == [
        "step-000002", "step-000004",
    ]  # fmt: skip

    def broken(model, folder, *rest):
        raise RunError("cannot be kept", "take another")

    monkeypatch.setattr(weights, "save_standard", broken)
    other = RunFolder(run.path.with_name("other"))
    with pytest.raises(RunError, match="cannot be kept"):
        save(other, 2, *parts)
    assert [p.name for p in other.checkpoints_path.iterdir()] == ["step-000002"]


def test_what_could_not_be_written_leaves_the_one_before_it(home, run, monkeypatch):
    model, tokenizer, optimizer = learner(home)
    folder = save(run, 2, model, tokenizer, optimizer, step=1)
    full = OSError(28, "no space left")
    with monkeypatch.context() as patch:
        patch.setattr(tokenizer, "save_pretrained", lambda path: (_ for _ in ()).throw(full))
        with pytest.raises(OSError, match="no space"):
            save(run, 2, model, tokenizer, optimizer, step=2)
    assert [p.name for p in run.checkpoints_path.iterdir()] == [folder.name]
    assert checkpoints.find_fault(folder) == ""
    assert checkpoints.load_progress(folder)["step"] == 1
    # What a killed process left behind is in nobody's way, and the next one takes its place.
    torn = run.checkpoints_path / ".step-000002.part"
    torn.mkdir()
    (torn / "rubbish").write_text("x")
    save(run, 2, model, tokenizer, optimizer, step=3)
    assert checkpoints.load_progress(folder)["step"] == 3
    assert not (folder / "rubbish").exists()
    assert not torn.exists()


def test_checkpoints_are_listed_by_their_number(run):
    run.checkpoints_path.mkdir(parents=True)
    names = ("step-000100", "step-000020", "step-3", "step-x", "other-4", "step-", "step-1000000")
    for name in names:
        (run.checkpoints_path / name).mkdir()
    (run.checkpoints_path / "step-000007").write_text("a file")
    found = checkpoints.list_checkpoints(run)
    assert [p.name for p in found] == ["step-3", "step-000020", "step-000100", "step-1000000"]
    assert [checkpoints.step_of(p) for p in found] == [3, 20, 100, 1_000_000]
    assert checkpoints.step_of(run.path / "step-x") == -1
    (run.checkpoints_path / "step-0").mkdir()
    assert checkpoints.step_of(checkpoints.list_checkpoints(run)[0]) == 0


def without(folder, name):
    (folder / name).unlink()


def longer(folder, name):
    with (folder / name).open("ab") as file:
        file.write(b"x")


def other(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def older(folder, name):
    """Leave out the last field of a progress whose manifest is whole."""
    progress = checkpoints.load_progress(folder)
    del progress["tokens"]
    (folder / name).write_text(json.dumps(progress), "utf-8")
    (folder / "manifest.json").unlink()
    checkpoints._write_manifest(folder)


def garbled(folder, name):
    (folder / name).write_text("{", "utf-8")


def foreign(folder, name):
    (folder / name).write_text('{"files": {"config.json": 3}}', "utf-8")


@pytest.mark.parametrize(
    ("damage", "name", "said"),
    [
        (without, "manifest.json", "manifest.json is missing"),
        (without, "optimizer.safetensors", "optimizer.safetensors is missing"),
        (longer, "config.json", r"config.json has [\d,]+ bytes instead of [\d,]+"),
        (other, "model.safetensors", "model.safetensors was changed after it was written"),
        (
            older,
            "progress.json",
            ("it was written by another version (progress.json has no tokens)"),
        ),
        (garbled, "manifest.json", "cannot be read ("),
        (foreign, "manifest.json", "cannot be read ("),
    ],
)
def test_a_damaged_checkpoint_says_what_is_wrong_and_the_one_before_is_taken(
    home, run, damage, name, said
):
    parts = learner(home)
    good, bad = save(run, 2, *parts), save(run, 4, *parts)
    assert checkpoints.latest_valid(run) == (bad, [])
    damage(bad, name)
    fault = checkpoints.find_fault(bad)
    if "instead" in said:
        size = (bad / name).stat().st_size
        said = f"config.json has {size:,} bytes instead of {size - 1:,}"
    assert fault.startswith(said)
    assert checkpoints.latest_valid(run) == (good, [f"step-000004: {fault}"])
    damage(good, name)
    found, faults = checkpoints.latest_valid(run)
    assert found is None
    assert [one[:11] for one in faults] == ["step-000004", "step-000002"]


@pytest.mark.parametrize("linked", [True, False])
def test_a_copy_has_some_of_its_progress_changed_and_is_whole(home, run, linked, monkeypatch):
    folder = save(run, 2, *learner(home), step=2, best_step=2)
    before = (folder / "manifest.json").read_bytes()
    if not linked:
        monkeypatch.setattr(os, "link", lambda *paths: (_ for _ in ()).throw(OSError("no links")))
    target = run.path.parent / "child" / "checkpoints" / "step-000002"
    target.parent.parent.mkdir()
    checkpoints.copy_checkpoint(folder, target, {"best_step": 0})
    assert checkpoints.find_fault(target) == ""
    assert checkpoints.load_progress(target) == checkpoints.load_progress(folder) | {"best_step": 0}
    assert (folder / "manifest.json").read_bytes() == before
    assert checkpoints.find_fault(folder) == ""
    assert {p.name for p in target.iterdir()} == {p.name for p in folder.iterdir()}
    model = target / "model.safetensors"
    assert model.samefile(folder / "model.safetensors") == linked
    manifests = [
        json.loads((path / "manifest.json").read_text("utf-8"))["files"]
        for path in (folder, target)
    ]
    changed = [name for name in manifests[0] if manifests[0][name] != manifests[1][name]]
    assert changed == ["progress.json"]


def test_a_saved_model_is_the_standard_layout_and_replaces_the_one_before(home, run):
    model, tokenizer, _ = learner(home)
    run.path.mkdir()
    folder = run.path / "model"
    folder.mkdir()
    (folder / "old").write_text("x")
    checkpoints.save_model(model, tokenizer, folder, {"bert.extra": torch.ones(2)})
    assert [p.name for p in run.path.iterdir()] == ["model"]
    assert not (folder / "old").exists()
    again = AutoModelForSequenceClassification.from_pretrained(folder)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    assert AutoTokenizer.from_pretrained(folder)("film").input_ids == tokenizer("film").input_ids
    assert torch.equal(load_file(folder / "model.safetensors")["bert.extra"], torch.ones(2))


@pytest.mark.parametrize("change", ["missing", "unexpected", "shape"])
def test_weights_are_taken_all_or_none(home, run, change):
    model, tokenizer, optimizer = learner(home)
    folder = save(run, 2, model, tokenizer, optimizer)
    held = load_file(folder / "model.safetensors")
    name = next(n for n in held if n.endswith("classifier.bias"))
    if change == "missing":
        del held[name]
    elif change == "unexpected":
        name = "bert.stray"
        held[name] = torch.ones(1)
    else:
        held[name] = torch.ones(9)
    save_file(held, folder / "model.safetensors")
    with pytest.raises(RunError, match=name.replace(".", r"\.")):
        checkpoints.load_weights(model, folder)
