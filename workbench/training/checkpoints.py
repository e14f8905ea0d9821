"""Checkpoints: a step of a run, whole, with everything that going on from it needs.

A folder `checkpoints/step-000120/` with config, tokenizer and weights, the tensors under the names
that they have in memory (with an adapter, its weights alone), and beside it
`optimizer.safetensors`, `rng_state.safetensors` (random states), `progress.json` and, written last,
`manifest.json` with size and sha256 of every file. Folders appear complete or not at all; nothing
in them is a pickle. All weights are read back and compared with those in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from ..language import translate
from ..models import weights
from ..models.trimmed import copy_trimmed
from ..runs import RunFolder, follow_umask, read_json
from .ending import writing
from .meter import Counted

MANIFEST = "manifest.json"
RNG_STATE = "rng_state.safetensors"

# What earlier versions called the file of random states, and fields of `progress.json`.
EARLIER_RNG_STATE = "chance.safetensors"
EARLIER_FIELDS = {
    "knobs": "hyperparameters",
    "acts_taken": "requests_taken",
    "watcher": "meter",
    "python_chance": "python_rng_state",
}


class MeterState(Counted):
    """What was counted, and how many evaluations in a row were no better than the best."""

    worse: int


class Progress(TypedDict):
    """What going on from a checkpoint needs beside weights and moments: its `progress.json`.

    `max_steps` is None in a fork, whose spec says how many there are.
    """

    step: int
    epoch: int
    batch: int
    batches_per_epoch: int
    optim: str
    max_steps: int | None
    hyperparameters: dict[str, Any]
    requests_taken: int
    best_metric: float | None
    best_step: int
    tokens: int
    loss_sum: float
    last_logged: int
    evaluated_at: int
    meter: MeterState
    scaler: dict[str, Any] | None


class SavedProgress(Progress):
    """The file itself, with what is not a tensor of the optimizer's and the random states."""

    optimizer_scalars: dict[str, Any]
    python_rng_state: list[Any]


PROGRESS = tuple(SavedProgress.__annotations__)


def save_checkpoint(
    folder: Path, model: Any, tokenizer: Any, optimizer: Any, progress: Progress
) -> None:
    """Write a checkpoint, whole or not at all.

    The first of a run also tries what will be written last, the layout of `model/`: who trains for
    a day learns in the first minutes that transformers cannot keep this model.

    Raises:
        OSError: the disk is full or the folder cannot be written.
        RunError: the weights, read back, are not those of the model.
    """
    folder.parent.mkdir(exist_ok=True)
    first = not any(folder.parent.glob("step-*"))
    with _beside(folder) as temporary:
        weights.save_state(model, temporary)
        tokenizer.save_pretrained(temporary)
        tensors, scalars = _split(optimizer.state_dict()["state"])
        save_file(tensors, temporary / "optimizer.safetensors")
        save_file(_rng_state(), temporary / RNG_STATE)
        python = _listed(random.getstate())
        saved: SavedProgress = {
            **progress, "optimizer_scalars": scalars, "python_rng_state": python
        }  # fmt: skip
        (temporary / "progress.json").write_text(json.dumps(saved), "utf-8")
        _write_manifest(temporary)
    if first:
        trial = folder.with_name(".trial")
        try:
            trial.mkdir(exist_ok=True)
            weights.save_standard(model, trial)
        finally:
            shutil.rmtree(trial, ignore_errors=True)


def save_model(
    model: Any,
    tokenizer: Any,
    folder: Path,
    unused: dict[str, torch.Tensor] | None = None,
    source: Path | None = None,
) -> None:
    """Save a model and its tokenizer in the standard layout, whole or not at all.

    `unused` are weights that the model does without, kept for whoever goes on from it. `source` is
    the folder that the model came from.

    Raises:
        RunError: the weights, read back, are not those of the model.
    """
    with _beside(folder) as temporary:
        weights.save_standard(model, temporary, unused)
        tokenizer.save_pretrained(temporary)
        if source is not None:
            copy_trimmed(source, temporary)


def latest_valid(run: RunFolder) -> tuple[Path | None, list[str]]:
    """Return the newest checkpoint whose files are as they were written, and what was passed by.

    The second tells of each newer one why it is not used.
    """
    faults: list[str] = []
    for folder in reversed(list_checkpoints(run)):
        fault = find_fault(folder)
        if not fault:
            return folder, faults
        faults.append(f"{folder.name}: {fault}")
    return None, faults


def list_checkpoints(run: RunFolder) -> list[Path]:
    """Return the folders of a run's checkpoints, the earliest first."""
    found = [p for p in run.checkpoints_path.glob("step-*") if step_of(p) >= 0 and p.is_dir()]
    return sorted(found, key=step_of)


def step_of(folder: Path) -> int:
    """Return the step that a checkpoint's folder is named for; -1 for another folder."""
    digits = folder.name.removeprefix("step-")
    return int(digits) if digits.isdecimal() else -1


def copy_checkpoint(folder: Path, target: Path, changes: Mapping[str, Any]) -> None:
    """Copy a checkpoint with some of its progress changed; the large files are shared, if the
    disk allows it.
    """
    target.parent.mkdir(exist_ok=True)
    with _beside(target) as temporary:
        for file in folder.iterdir():
            if file.name in ("progress.json", MANIFEST):
                continue
            try:
                os.link(file, temporary / file.name)
            except OSError:
                shutil.copy2(file, temporary / file.name)
        progress = {**load_progress(folder), **changes}
        (temporary / "progress.json").write_text(json.dumps(progress), "utf-8")
        known = read_json(folder / MANIFEST)["files"]
        _write_manifest(temporary, known | {"progress.json": None})


def find_fault(folder: Path) -> str:
    """Return what is wrong with a checkpoint's files, or an empty string."""
    try:
        files = read_json(folder / MANIFEST)["files"]
        for name, expected in files.items():
            if fault := _file_fault(folder, name, expected):
                return fault
        held = load_progress(folder)
        if lacking := [name for name in PROGRESS if name not in held]:
            return translate(
                "it was written by another version (progress.json has no {field})", field=lacking[0]
            )
    except FileNotFoundError:
        return translate("{file} is missing", file=MANIFEST)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return translate("cannot be read ({reason})", reason=error)
    return ""


def _file_fault(folder: Path, name: str, expected: dict[str, Any]) -> str:
    file = folder / name
    if not file.is_file():
        return translate("{file} is missing", file=name)
    if file.stat().st_size != expected["bytes"]:
        return translate(
            "{file} has {count:,} bytes instead of {expected:,}",
            file=name,
            count=file.stat().st_size,
            expected=expected["bytes"],
        )
    if _sha256(file) != expected["sha256"]:
        return translate("{file} was changed after it was written (its sha256 differs)", file=name)
    return ""


def load_progress(folder: Path) -> SavedProgress:
    """Return a checkpoint's progress: step, position in the data, live hyperparameters, scores.

    Fields that an earlier version wrote have the names of this one.
    """
    progress = read_json(folder / "progress.json")
    renamed = {EARLIER_FIELDS.get(name, name): value for name, value in progress.items()}
    return cast("SavedProgress", renamed)


def load_weights(model: Any, folder: Path) -> None:
    """Put a checkpoint's weights into a model of the same shape, all of them.

    Raises:
        RunError: a weight is missing, unexpected, or does not fit.
    """
    weights.load_state(model, folder)


def load_optimizer_state(optimizer: Any, folder: Path, progress: SavedProgress) -> None:
    """Put a checkpoint's moments and step counts into an optimizer; its rates stay as they are."""
    state: dict[int, dict[str, Any]] = {}
    tensors = load_file(folder / "optimizer.safetensors")
    for name, value in (tensors | progress["optimizer_scalars"]).items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def restore_rng_state(folder: Path, progress: SavedProgress) -> None:
    """Set all random states to what they were when the checkpoint was written."""
    file = next(f for f in (folder / RNG_STATE, folder / EARLIER_RNG_STATE) if f.is_file())
    tensors = load_file(file)
    torch.set_rng_state(tensors["torch"])
    for index in range(torch.cuda.device_count()):
        if (state := tensors.get(f"cuda.{index}")) is not None:
            torch.cuda.set_rng_state(state, index)
    place, has_gauss, gauss = tensors["numpy_rest"].tolist()
    keys = tensors["numpy"].numpy().view(np.uint32)
    np.random.set_state(("MT19937", keys, int(place), int(has_gauss), gauss))
    version, numbers, gauss_next = progress["python_rng_state"]
    random.setstate((version, tuple(numbers), gauss_next))


def _rng_state() -> dict[str, torch.Tensor]:
    _, keys, place, has_gauss, gauss = np.random.get_state()
    tensors = {
        "torch": torch.get_rng_state(),
        "numpy": torch.from_numpy(np.asarray(keys).view(np.int32).copy()),
        "numpy_rest": torch.tensor([place, has_gauss, gauss], dtype=torch.float64),
    }
    for index in range(torch.cuda.device_count()):
        tensors[f"cuda.{index}"] = torch.cuda.get_rng_state(index)
    return tensors


def _split(state: dict[int, dict[str, Any]]) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Take an optimizer's state apart into tensors and plain numbers, by `INDEX.KEY`."""
    flat = {f"{index}.{key}": v for index, values in state.items() for key, v in values.items()}
    tensors = {name: v.contiguous() for name, v in flat.items() if isinstance(v, torch.Tensor)}
    return tensors, {name: v for name, v in flat.items() if not isinstance(v, torch.Tensor)}


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _write_manifest(folder: Path, known: dict[str, Any] | None = None) -> None:
    """Write size and sha256 of every file; of those that are `known`, take them from there."""
    files = dict(known or {})
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        size = file.stat().st_size
        files[name] = files.get(name) or {"bytes": size, "sha256": _sha256(file)}
    (folder / MANIFEST).write_text(json.dumps({"files": files}, indent=1), "utf-8")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield a folder beside its final place, moved there when all of it is written."""
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    writing.set()
    try:
        temporary.mkdir()
        yield temporary
        follow_umask(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    finally:
        writing.clear()
        shutil.rmtree(temporary, ignore_errors=True)
