"""Adapters, through peft: a few new weights that learn while the model's own stay as they are.

The folder of such a model has `adapter_config.json` and `adapter_model.safetensors`, in peft's own
layout, and `config.json` and the tokenizer of the whole; the base's weights are not copied.

Source: LoRA, Hu et al. 2021 (arXiv:2106.09685); DoRA, Liu et al. 2024 (arXiv:2402.09353); IA³,
Liu et al. 2022 (arXiv:2205.05638); prompt tuning, Lester et al. 2021 (arXiv:2104.08691).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import ModelError, shorten
from ..sources import FoundModel
from ..sources.paths import show
from ..spec import AdapterSpec
from .adapter_targets import feed_forward_of, targets_of
from .bases import base_record, name_for_peft, require_same_base

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# What peft calls the tasks for which it can put learned tokens before the text.
_PROMPTED = {
    "AutoModelForSequenceClassification": "SEQ_CLS",
    "AutoModelForCausalLM": "CAUSAL_LM",
    "AutoModelForSeq2SeqLM": "SEQ_2_SEQ_LM",
}
# Modules that peft keeps with learned tokens unasked, and whole.
_SAVED_ANYWAY = ("classifier", "score")
# Settings of an adapter's config that mean something to us; others must be as peft has them.
_KNOWN = {
    "LORA": (
        "r", "lora_alpha", "lora_dropout", "use_dora", "use_rslora", "target_modules",
        "modules_to_save", "fan_in_fan_out", "rank_pattern", "alpha_pattern",
    ),
    "IA3": ("target_modules", "feedforward_modules", "modules_to_save", "fan_in_fan_out"),
    "PROMPT_TUNING": (
        "num_virtual_tokens", "modules_to_save", "token_dim", "num_transformer_submodules",
        "num_attention_heads", "num_layers", "task_type",
    ),
}  # fmt: skip
_ABOUT = {
    "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "peft_type",
    "peft_version", "task_type", "init_lora_weights", "init_ia3_weights",
}  # fmt: skip


def can_prompt(auto_class: str) -> bool:
    """Say whether learned tokens can be put before the text of a model of this class."""
    return auto_class in _PROMPTED


def is_adapter(folder: Path) -> bool:
    """Say whether a folder holds an adapter in place of a whole model."""
    return (folder / CONFIG).is_file()


def add_adapter(
    model: Any, adapter: AdapterSpec, auto_class: str, found: FoundModel, seed: int
) -> Any:
    """Return the model inside a new adapter, drawn from `seed`; nothing but it will learn.

    Weights that the model's folder did not have, such as a new head, and those that stand for the
    labels learn, too, and are kept with the adapter.

    Raises:
        ModelError: the model has no such layers, or the method does not fit it.
    """
    import torch

    config = _config(model, adapter, auto_class)
    record = base_record(found)
    noted = {name: getattr(model, name, ()) for name in ("new_weights", "label_weights")}
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        try:
            adapted = wrap(model, config)
            if config.is_prompt_learning:
                _try_embeddings(adapted)
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            raise ModelError(
                "{method} cannot be put into a {kind} model ({reason})",
                "choose other adapter.target_modules, or another adapter.peft_method",
                method=adapter.peft_method,
                kind=model.config.model_type,
                reason=shorten(error, 160),
            ).at("adapter.peft_method", adapter.peft_method, "does_not_go_with") from error
    for name, held in noted.items():
        setattr(adapted, name, held)
    adapted.base_record = record
    name_base(adapted.peft_config["default"], record)
    return adapted


def _try_embeddings(model: Any) -> None:
    """Let a model read learned tokens before a text, which it must take as embeddings.

    Raises:
        RuntimeError, TypeError, ValueError: it does not.
    """
    import torch

    inner = model.get_base_model()
    if inner.device.type == "meta":  # a skeleton, which has nothing to answer with
        return
    ids = torch.ones(1, 8, dtype=torch.long, device=inner.device)
    batch = {"input_ids": ids, "attention_mask": ids}
    if inner.config.is_encoder_decoder and inner.can_generate():
        batch["decoder_input_ids"] = ids
    training = model.training
    with torch.no_grad():
        model.eval()(**batch)
    model.train(training)


def name_base(config: Any, record: dict[str, str]) -> None:
    """Let peft's config name the base as others can find it."""
    config.base_model_name_or_path, config.revision = name_for_peft(record)


def wrap(model: Any, config: Any) -> Any:
    """Put an adapter into a model, without peft's advice on names that transformers gave up."""
    import warnings

    import peft

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peft.get_peft_model(model, config)


def _config(model: Any, adapter: AdapterSpec, auto_class: str) -> Any:
    import peft

    saved = _new_modules(model)
    if adapter.peft_method == "prompt_tuning":
        saved = [name for name in saved if name.partition(".")[0] not in _SAVED_ANYWAY]
        return peft.PromptTuningConfig(
            task_type=_PROMPTED[auto_class],
            num_virtual_tokens=adapter.num_virtual_tokens,
            token_dim=model.get_input_embeddings().weight.shape[1],  # not always the hidden size
            modules_to_save=saved or None,
        )
    targets = targets_of(model, adapter, saved)
    if adapter.peft_method == "ia3":
        return peft.IA3Config(
            target_modules=targets,
            feedforward_modules=feed_forward_of(model, targets),
            modules_to_save=saved or None,
        )
    return peft.LoraConfig(
        r=adapter.lora_rank,
        lora_alpha=adapter.lora_alpha,  # type: ignore[arg-type]  # it takes fractions, too
        lora_dropout=adapter.lora_dropout,
        use_dora=adapter.peft_method == "dora",
        target_modules=targets,
        modules_to_save=saved or None,
    )


def _new_modules(model: Any) -> list[str]:
    """Return the innermost modules whose weights are new, but for those that share the tokens'.

    What stands for the labels is among them, also where the model's folder had it: its rows may
    have been reordered, so that the base alone would answer otherwise.
    """
    words = model.get_input_embeddings()
    shared = {id(parameter) for parameter in words.parameters()} if words is not None else set()
    found: list[str] = []
    for name in dict.fromkeys(weight.rpartition(".")[0] for weight in _learned_whole(model)):
        module = model.get_submodule(name)
        own = list(module.parameters(recurse=False))
        if not list(module.children()) and not any(id(one) in shared for one in own):
            found.append(name)
    return found


def _learned_whole(model: Any) -> list[str]:
    return [*model.new_weights, *getattr(model, "label_weights", ())]


def tensors_of(model: Any) -> dict[str, Any]:
    """Return what is kept of a model inside an adapter, by peft's names: the adapter's weights,
    and those of the modules that learn beside it.
    """
    from peft import get_peft_model_state_dict

    # Unasked, peft would look on the hub whether the base has the same number of tokens.
    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def load_weights(model: Any, folder: Path) -> None:
    """Put the weights of an adapter's folder into a model inside such an adapter, all of them.

    Raises:
        ModelError: a weight is missing, unexpected, or does not fit, or was learned beside another
            base.
    """
    import torch
    from peft import set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    require_same_base(getattr(model, "base_record", {}), folder)
    try:
        stored = load_file(folder / WEIGHTS)
        misfits = sorted(set(stored) ^ set(tensors_of(model)))
        if not misfits:
            set_peft_model_state_dict(model, stored)
            held = tensors_of(model)
            misfits = [name for name in stored if not torch.equal(held[name].cpu(), stored[name])]
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise ModelError(
            "{path} cannot be used ({reason})",
            "copy the folder again, or train again",
            path=show(folder / WEIGHTS),
            reason=shorten(error, 160),
        ) from error
    if misfits:
        raise ModelError(
            "{path} does not fit its adapter ({misfit})",
            "copy the folder again, or train again",
            path=show(folder / WEIGHTS),
            misfit=shorten(misfits[0]),
        )


def read_adapter_config(folder: Path) -> tuple[Any, str, str | None]:
    """Return what kind of adapter a folder holds, and the source and revision of its base.

    Raises:
        ModelError: it is damaged, pickled, or of a kind that is not known.
    """
    import peft

    remedy = "use an adapter that a run wrote"
    try:
        plain = json.loads((folder / CONFIG).read_text("utf-8"))
        kind, base = plain["peft_type"], plain["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            "{path} is damaged ({reason})", remedy, path=show(folder / CONFIG), reason=error
        ) from None
    if not (folder / WEIGHTS).is_file():
        raise ModelError(
            "the adapter in {folder} has no {weights}", remedy, folder=show(folder), weights=WEIGHTS
        )
    makers: dict[str, Any] = {
        "LORA": peft.LoraConfig, "IA3": peft.IA3Config, "PROMPT_TUNING": peft.PromptTuningConfig,
    }  # fmt: skip
    if kind not in makers or not isinstance(base, str):
        raise ModelError(
            "{path} is of a kind that is not known ({kind!r})",
            remedy,
            path=show(folder / CONFIG),
            kind=shorten(kind),
        )
    defaults = makers[kind]().to_dict()
    for name, held in plain.items():
        # What is left may be code to import, or change what the adapter computes.
        if name not in _KNOWN[kind] and name not in _ABOUT and held and held != defaults.get(name):
            raise ModelError(
                "{path} sets {name!r}, which is not known here",
                remedy,
                path=show(folder / CONFIG),
                name=shorten(name),
            )
    try:
        config = makers[kind](**{name: plain[name] for name in _KNOWN[kind] if name in plain})
    except (TypeError, ValueError) as error:
        raise ModelError(
            "{path} is damaged ({reason})", remedy, path=show(folder / CONFIG), reason=error
        ) from None
    return config, base, plain.get("revision")


def merge(model: Any) -> None:
    """Add an adapter into the weights beneath it, in place: the same answers, as fast as without.

    Raises:
        ModelError: the model has no adapter, or one that cannot be merged.
    """
    _require_mergeable(model).merge_adapter()


def unmerge(model: Any) -> None:
    """Take a merged adapter out of the weights again, in place.

    Raises:
        ModelError: as `merge`.
    """
    _require_mergeable(model).unmerge_adapter()


def merged(model: Any) -> Any:
    """Return a whole model of its own, without adapter, that answers as this one; it is used up.

    Raises:
        ModelError: the adapter cannot be merged.
    """
    if not hasattr(model, "peft_config"):
        return model
    return _require_mergeable(model).merge_and_unload()


def _require_mergeable(model: Any) -> Any:
    if not hasattr(model, "peft_config"):
        raise ModelError("the model has no adapter", "use the model of a run with an adapter")
    if model.peft_config["default"].is_prompt_learning:
        raise ModelError(
            "prompt tuning changes no weights, so there is nothing to merge into",
            "export it with --to folder, or train with adapter.peft_method lora",
        )
    return model
