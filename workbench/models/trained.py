"""Loading a model that a run has trained, whole or as an adapter around its base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ModelError, shorten
from ..sources.paths import show
from . import quantization
from .adapters import is_adapter, load_weights, name_base, read_adapter_config, wrap
from .bases import base_record, find_base, read_record
from .folder import (
    read_config,
    read_shapes,
    refuse_foreign_code,
    refuse_unsafe_weights,
    require_folder,
)
from .new_tokens import SEED, resize
from .pooler import is_pooler
from .reading import quiet, readable
from .sanity import require_weights_for
from .trimmed import as_trimmed


def load_trained(folder: Path | str, trust_remote_code: bool = False, bits: str = "none") -> Any:
    """Load a fine-tuned model, head and all, in evaluation mode; adapters with their base.

    With `bits`, `8bit` or `4bit`, the base of an adapter is held in so many, where that works.

    Raises:
        ModelError: the folder is missing, incomplete or damaged, or its head was never trained.
        SourceError: the base of an adapter cannot be found.
    """
    import torch

    folder = Path(folder)
    require_folder(folder)
    if is_adapter(folder):
        return _load_adapted(folder, trust_remote_code, bits)
    plain = read_config(folder)
    refuse_foreign_code(folder, plain, trust_remote_code)
    refuse_unsafe_weights(folder, plain)
    stored = read_shapes(folder)
    architecture = _architecture(folder, plain, trust_remote_code)
    arguments = {"trust_remote_code": True} if trust_remote_code else {}
    if not trust_remote_code:
        _require_size(folder, architecture, stored)
    with readable(folder), quiet():
        model, report = architecture.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **arguments,
        )
    if missing := sorted(report["missing_keys"]):
        raise ModelError(
            "the model in {folder} lacks weights ({missing})",
            "use a model folder that a run wrote",
            folder=show(folder),
            missing=shorten(missing[0]),
        )
    strange = sorted(n for n in report["unexpected_keys"] if not is_pooler(n, model))
    if strange:
        raise ModelError(
            "the model in {folder} has weights that a {kind} model of its config has not "
            "({strange})",
            "copy config.json and model.safetensors again, both from one place",
            folder=show(folder),
            kind=model.config.model_type,
            strange=shorten(strange[0]),
        )
    return model.eval()


def _require_size(folder: Path, architecture: Any, stored: dict[str, Any]) -> None:
    """Refuse a config that describes far more than is stored, before memory is taken for it."""
    import torch
    import transformers

    with readable(folder), quiet():
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        with torch.device("meta"):
            model = architecture(config)
    require_weights_for(folder, model, stored)


def _load_adapted(folder: Path, trust_remote_code: bool, bits: str) -> Any:
    """Load the base that an adapter was made for, and put the adapter around it."""
    import torch
    import transformers

    settings, source, revision = read_adapter_config(folder)
    plain = read_config(folder)
    refuse_foreign_code(folder, plain, trust_remote_code)
    base = as_trimmed(find_base(folder, source, revision), folder)
    base_plain = read_config(base.path)
    refuse_foreign_code(base.path, base_plain, trust_remote_code)
    refuse_unsafe_weights(base.path, base_plain)
    stored = read_shapes(base.path)
    architecture = _architecture(folder, plain, trust_remote_code)
    if not trust_remote_code:
        _require_size(base.path, architecture, stored)
    arguments: dict[str, Any] = {"trust_remote_code": True} if trust_remote_code else {}
    if bits != "none" and not quantization.why_not():
        arguments["quantization_config"] = quantization.settings(
            bits, settings.modules_to_save or ()
        )
    with readable(base.path), quiet(), torch.random.fork_rng(devices=[]):
        config = transformers.AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
        size = _as_in_base(config, base_plain)
        model = architecture.from_pretrained(
            base.path,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,  # the head is the adapter's
            **arguments,
        )
        if size is not None:
            resize(model, size, getattr(config, SEED))
        if model.can_generate() and (folder / "generation_config.json").is_file():
            generation_config = transformers.GenerationConfig.from_pretrained(
                folder, local_files_only=True
            )
            model.generation_config = generation_config
        model = wrap(model, settings)
    load_weights(model, folder)
    model.base_record = read_record(folder) or base_record(base)
    name_base(model.peft_config["default"], model.base_record)
    return model.eval()


def _as_in_base(config: Any, base: dict[str, Any]) -> int | None:
    """Let a config have as many tokens as the base; return how many it had, if they were added."""
    if getattr(config, SEED, None) is None:
        return None
    text = config.get_text_config()
    size = text.vocab_size
    held = base if "vocab_size" in base else base.get("text_config", {})
    text.vocab_size = held["vocab_size"]
    return size


def _architecture(folder: Path, plain: dict[str, Any], trust_remote_code: bool) -> Any:
    """Return the class that a trained model's config names."""
    import transformers

    name = (plain.get("architectures") or [""])[0]
    architecture = getattr(transformers, name, None)
    if architecture is None and trust_remote_code:
        architecture = transformers.AutoModelForSequenceClassification
    if not hasattr(architecture, "from_pretrained"):
        raise ModelError(
            "{path} names no known architecture ({name!r})",
            "use a model folder that a run wrote",
            path=show(folder / "config.json"),
            name=shorten(name),
        )
    return architecture
