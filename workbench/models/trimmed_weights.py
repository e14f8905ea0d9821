"""The weights and the config of a model for fewer tokens: the rows of those that stay.

Which tensors have a row for each token is read off the model, built without numbers twice, once
with one token more. The large ones are read a stretch at a time, so that they are never in memory
whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from math import prod
from pathlib import Path
from typing import Any

from ..errors import ModelError
from ..sources.paths import show
from .classes import classes_of
from .folder import WEIGHTS_INDEX, read_config, read_shapes, weight_files
from .reading import quiet, readable

Axes = dict[str, tuple[int, ...]]

STRETCH_BYTES = 16_000_000
_FURTHER_VOCABULARIES = (
    "src_vocab_size", "tgt_vocab_size", "decoder_vocab_size", "vocab_size_per_layer_input",
)  # fmt: skip
# The heads that may have a row for each token.
_WRITERS = ("AutoModelForMaskedLM", "AutoModelForCausalLM", "AutoModelForSeq2SeqLM")
_NAMED = ("_token_id", "_token_ids", "_token_index")
_LISTS = ("suppress_tokens", "begin_suppress_tokens", "bad_words_ids")
_TABLES = ("lang_code_to_id", "lang_to_id")


def token_numbers(folder: Path) -> set[int]:
    """Return the tokens that the configs of a model name by number."""
    found: set[int] = set()

    def note(number: int) -> int:
        found.add(number)
        return number

    for plain in (_config(folder).to_dict(), read_config(folder), _generation(folder)):
        _map_tokens(plain, note)
    return {number for number in found if number >= 0}


def require_one_vocabulary(folder: Path) -> int:
    """Return how many tokens a model knows, if one table says it.

    Raises:
        ModelError: it has several such tables, or none.
    """
    config = _config(folder)
    sizes = {getattr(owner, "vocab_size", None) for owner in _owners(config)}
    plain = config.to_dict()
    others = [name for name in _FURTHER_VOCABULARIES if plain.get(name)]
    size = sizes.pop() if len(sizes) == 1 and not others else None
    if not isinstance(size, int):
        raise _several_tables(config, folder)
    return size


def _several_tables(config: Any, folder: Path) -> ModelError:
    return ModelError(
        "model.trim_vocabulary: a {kind} model ({folder}) has no table, or more than one, of the "
        "tokens that it knows",
        "set model.trim_vocabulary to false",
        kind=config.model_type,
        folder=show(folder),
    ).at("model.trim_vocabulary", True, "cannot_be_trimmed")


def write_trimmed(
    folder: Path, target: Path, order: list[int], pretrained: bool
) -> tuple[int, int]:
    """Write weights and config of the model in `folder` for the tokens of `order` alone.

    Returns how many weights there were, and how many there are.

    Raises:
        ModelError: a weight has another size than the config says.
        OSError: there is no room for it.
    """
    rows = require_one_vocabulary(folder)
    before = after = 0
    if pretrained:
        axes = _stored_axes(folder, rows)
        for file in weight_files(folder):
            held = dict(_read(file, axes, order))
            _write(held, target / file.name)
        stored = read_shapes(folder)
        for name, (shape, kind) in stored.items():
            if not kind.startswith(("I", "U", "B")):
                before += prod(shape)
                new = [len(order) if n in axes.get(name, ()) else s for n, s in enumerate(shape)]
                after += prod(new)
        if (folder / WEIGHTS_INDEX).is_file():
            shutil.copyfile(folder / WEIGHTS_INDEX, target / WEIGHTS_INDEX)
    _write_configs(folder, target, rows, order)
    return before, after


def _config(folder: Path) -> Any:
    from transformers import AutoConfig

    with readable(folder), quiet():
        return AutoConfig.from_pretrained(folder, local_files_only=True)


def _generation(folder: Path) -> dict[str, Any]:
    path = folder / "generation_config.json"
    try:
        plain = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _owners(config: Any) -> list[Any]:
    """Return the configs that say how many tokens there are, of a model in two halves both."""
    halves = (getattr(config, name, None) for name in ("encoder", "decoder"))
    parts = {id(one): one for one in (config, config.get_text_config(), *halves)}
    return [one for one in parts.values() if hasattr(one, "vocab_size")]


def _grown(config: Any, count: int) -> Any:
    more = deepcopy(config)
    for owner in _owners(more):
        owner.vocab_size += count
    return more


def _stored_axes(folder: Path, rows: int) -> Axes:
    """Return which stored tensors have a row for each token, and along which axes."""
    import torch
    import transformers

    config, plain = _config(folder), read_config(folder)
    named = getattr(transformers, (plain.get("architectures") or [""])[0] or "AutoModel", None)
    makers: list[Any] = [transformers.AutoModel.from_config]
    makers += [kind for name in _WRITERS if (kind := classes_of(name).get(type(config), None))]
    makers += [named] if hasattr(named, "config_class") else []
    known: dict[str, tuple[int, ...]] = {}
    others: set[int] = set()
    for make in makers:
        try:
            with quiet(), torch.device("meta"):
                one, more = make(deepcopy(config)), make(_grown(config, 1))
        except Exception:  # a type without that head: the others say enough
            continue
        larger = {name: tensor.shape for name, tensor in more.state_dict().items()}
        body = f"{one.base_model_prefix}."
        for name, tensor in one.state_dict().items():
            other = larger.get(name, tensor.shape)
            found = tuple(n for n, size in enumerate(tensor.shape) if other[n] != size)
            others |= {size for n, size in enumerate(tensor.shape) if n not in found}
            for same in (name, f"{body}{name}", name.removeprefix(body)):
                known.setdefault(same, found)
    axes: Axes = {}
    for name, (shape, _) in read_shapes(folder).items():
        found = known.get(name) or ()
        if name not in known:  # called otherwise in the file than in memory
            found = tuple(n for n, size in enumerate(shape) if size == rows and rows not in others)
        if any(shape[n] != rows for n in found):
            raise _several_tables(config, folder)
        if found:
            axes[name] = found
    return axes


def _read(file: Path, axes: Axes, order: list[int]) -> Iterator[tuple[str, Any]]:
    """Yield each tensor of a file, of those with a row for each token the rows that stay."""
    import torch
    from safetensors import safe_open

    kept = torch.tensor(order)
    with safe_open(file, framework="pt") as opened:
        names = list(opened.keys())
        for name in names:
            if name not in axes:
                yield name, opened.get_tensor(name)
    for name in names:
        if axis := axes.get(name):
            tensor = _rows(file, name, kept) if 0 in axis else None
            if tensor is None:
                with safe_open(file, framework="pt") as opened:
                    tensor = opened.get_tensor(name)
            for one in axis:
                tensor = tensor if one == 0 else tensor.index_select(one, kept)
            yield name, tensor.contiguous()


def _rows(file: Path, name: str, kept: Any) -> Any:
    """Return rows of a stored tensor.

    The file is opened anew for each stretch of it, for as long as it is open, what was read of it
    counts as memory.
    """
    import torch
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        shape = opened.get_slice(name).get_shape()
        first = opened.get_slice(name)[0:1]
    stretch = max(1, STRETCH_BYTES // max(1, first.element_size() * prod(shape[1:])))
    taken = torch.empty(len(kept), *shape[1:], dtype=first.dtype)
    for start in range(0, shape[0], stretch):
        end = min(shape[0], start + stretch)
        places = ((kept >= start) & (kept < end)).nonzero()[:, 0]
        if len(places):
            with safe_open(file, framework="pt") as opened:
                taken[places] = opened.get_slice(name)[start:end][kept[places] - start]
    return taken


def _write(held: dict[str, Any], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(held, path, metadata={"format": "pt"})


def _write_configs(folder: Path, target: Path, rows: int, order: list[int]) -> None:
    """Write the configs, in which tokens have their new numbers; what has none is left out."""
    new = {old: place for place, old in enumerate(order)}

    def renumbered(old: int) -> int:
        return new.get(old, old)  # what is no token of the tokenizer means something else

    config, plain = _config(folder), read_config(folder)
    size = config.attribute_map.get("vocab_size", "vocab_size")
    updated = _map_tokens(config.to_dict(), renumbered) | _map_tokens(plain, renumbered)
    plain = _merged(plain, updated)
    _resize(plain, {size, "vocab_size"}, rows, len(order))
    if [one is config for one in _owners(config)] == [True]:
        plain[size] = len(order)  # or the class would have its own again
    _write_json(target / "config.json", plain)
    if generation := _generation(folder):
        generation = _merged(generation, _map_tokens(generation, renumbered))
        _write_json(target / "generation_config.json", generation)


def _map_tokens(plain: Any, change: Any) -> dict[str, Any]:
    """Return the fields, however deep, that name tokens by number, with other numbers."""
    found: dict[str, Any] = {}
    for name, held in plain.items():
        if isinstance(held, dict):
            if name in _TABLES:
                found[name] = {token: _each(number, change) for token, number in held.items()}
            elif inner := _map_tokens(held, change):
                found[name] = inner
        elif held is not None and (str(name).endswith(_NAMED) or name in _LISTS):
            found[name] = _each(held, change)
    return found


def _each(held: Any, change: Any) -> Any:
    if isinstance(held, list):
        return [new for one in held if (new := _each(one, change)) is not None]
    return change(held) if type(held) is int else held


def _merged(plain: dict[str, Any], updated: dict[str, Any]) -> dict[str, Any]:
    both = dict(plain)
    for name, held in updated.items():
        inner = plain.get(name)
        both[name] = _merged(inner, held) if isinstance(inner, dict) else held
    return both


def _resize(plain: dict[str, Any], names: set[str], rows: int, size: int) -> None:
    for name, held in plain.items():
        if isinstance(held, dict):
            _resize(held, names, rows, size)
        elif name in names and held == rows:
            plain[name] = size


def _write_json(path: Path, plain: dict[str, Any]) -> None:
    path.write_text(json.dumps(plain, indent=1, ensure_ascii=False), "utf-8")
