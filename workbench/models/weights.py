"""A model's weights on disk, read back after each save and compared with those in memory.

For going on, `save_state` and `load_state` keep every tensor under the name that it has in memory:
nothing is converted on the way. For everyone else, `save_standard` writes transformers' own layout,
in which tensors of some models have other names and shapes.

With an adapter, both keep what peft would save: the adapter and the modules that learn beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from ..errors import ModelError, RunError, shorten
from . import adapters
from .bases import write_record
from .folder import WEIGHTS
from .reading import quiet, readable

# Noted in a file's header; a file without it was written by transformers.
_NAMES_OF_MEMORY = {"format": "pt", "names": "memory"}


def save_state(model: Any, folder: Path) -> None:
    """Write config and weights of a model that is to go on; tied weights once.

    Raises:
        RunError: what was read back is not what the model holds.
    """
    from safetensors.torch import load_file, save_file

    if hasattr(model, "peft_config"):
        _save_adapter(model, folder)
        return
    save_config(model, folder)
    held = {names[0]: tensor.contiguous() for names, tensor in _shared(model)}
    save_file(held, folder / WEIGHTS, metadata=_NAMES_OF_MEMORY)
    _require_same(folder, held, load_file(folder / WEIGHTS))


def load_state(model: Any, folder: Path) -> None:
    """Put weights that `save_state` wrote into a model of the same shape, all of them.

    Folders that earlier versions wrote in transformers' layout are taken, too, where it has the
    same names; what never changed, the model holds already.

    Raises:
        RunError: a weight is missing, unexpected, or does not fit; it is named.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    if hasattr(model, "peft_config"):
        try:
            adapters.load_weights(model, folder)
        except ModelError as error:
            raise RunError(
                "{folder} does not fit the model ({error.what})",
                "train again",
                folder=folder,
                error=error,
            ) from None
        return
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            ours = (file.metadata() or {}).get("names") == _NAMES_OF_MEMORY["names"]
        stored = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise _misfit(folder, shorten(error, 160)) from None
    wrong = set(stored)
    for names, tensor in _shared(model):
        found = next((stored[name] for name in names if name in stored), None)
        wrong -= set(names)
        if found is None:
            fits = not ours and not tensor.requires_grad
        else:
            fits = (found.shape, found.dtype) == (tensor.shape, tensor.dtype)
            stored |= dict.fromkeys(names, found)
        if not fits:
            wrong.add(names[0])
    if wrong:
        raise _misfit(folder, ", ".join(sorted(wrong)[:3]))
    model.load_state_dict(stored, strict=ours)


def _shared(model: Any) -> list[tuple[list[str], Any]]:
    """Return every tensor that a model holds once, with all of its names."""
    found: dict[Any, tuple[list[str], Any]] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        place = (tensor.data_ptr() or name, tensor.device, tensor.shape, tensor.stride())
        found.setdefault(place, ([], tensor))[0].append(name)
    return list(found.values())


def save_standard(model: Any, folder: Path, unused: Mapping[str, Any] | None = None) -> None:
    """Write a model in transformers' layout, or an adapter in peft's, and read it back.

    `unused` are weights that the model does without, kept for whoever goes on from it.

    Raises:
        RunError: what was read back is not what the model holds.
    """
    import torch
    import transformers

    if hasattr(model, "peft_config"):
        _save_adapter(model, folder)
        return
    further = {"state_dict": model.state_dict() | unused} if unused else {}
    model.save_pretrained(folder, **further)
    devices = list(range(torch.cuda.device_count()))
    with quiet(), readable(folder), torch.random.fork_rng(devices=devices):
        loaded, report = type(model).from_pretrained(
            folder,
            dtype=model.dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    strange = set(report["unexpected_keys"]) - set(unused or ())
    wrong = sorted({*report["missing_keys"], *strange})
    if wrong := wrong or differences(model.state_dict(), loaded.state_dict()):
        raise RunError(
            "read back by transformers {version}, a {kind} model is not the one that was saved: "
            "{count} weights differ ({names})",
            "choose another model, or another version of transformers",
            version=transformers.__version__,
            kind=model.config.model_type,
            count=len(wrong),
            names=shorten(", ".join(wrong[:3]), 160),
        )


def save_config(model: Any, folder: Path) -> None:
    """Write the config that says of which class a model is, and how it writes texts."""
    config = deepcopy(model.config)
    config.architectures = [type(model).__name__]
    if hasattr(config, "quantization_config"):  # how the base was held is no part of the model
        del config.quantization_config
    config.save_pretrained(folder)
    if model.can_generate():
        model.generation_config.save_pretrained(folder)


def differences(held: Mapping[str, Any], stored: Mapping[str, Any]) -> list[str]:
    """Return the names of the tensors that are not the same in both, bit by bit."""
    return sorted(
        name
        for name in {**held, **stored}
        if name not in held or name not in stored or not _same(held[name], stored[name])
    )


def _same(one: Any, two: Any) -> bool:
    """Say whether two tensors have the same bits: a NaN equals itself."""
    import torch

    if one.dtype != two.dtype or one.shape != two.shape:
        return False
    one, two = (tensor.detach().cpu().contiguous().reshape(-1) for tensor in (one, two))
    return torch.equal(one.view(torch.uint8), two.view(torch.uint8))


def _save_adapter(model: Any, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = adapters.tensors_of(model)
    save_file(tensors, folder / adapters.WEIGHTS, metadata={"format": "pt"})
    model.peft_config["default"].save_pretrained(str(folder))
    if record := getattr(model, "base_record", None):
        write_record(record, folder)
    save_config(model.get_base_model(), folder)
    _require_same(folder, tensors, load_file(folder / adapters.WEIGHTS))


def _require_same(folder: Path, held: Mapping[str, Any], stored: Mapping[str, Any]) -> None:
    if wrong := differences(held, stored):
        raise RunError(
            "read back from {folder}, {count} weights are not those of the model ({names})",
            "check the disk, then: workbench runs resume",
            folder=folder,
            count=len(wrong),
            names=shorten(", ".join(wrong[:3]), 160),
        )


def _misfit(folder: Path, reason: str) -> RunError:
    return RunError(
        "{folder} does not fit the model ({reason})", "train again", folder=folder, reason=reason
    )
