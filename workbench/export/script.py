"""A run as a script of plain transformers: the rows it took, the weights it drew, and `train.py`.

What is written is tried before it leaves: the script's own functions encode the rows, make the
model and compute the loss of the first batch, and all of it is held against the run.
"""

from __future__ import annotations

import json
import math
import runpy
import shutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

from .. import language
from ..errors import RunError, shorten
from ..language import text as say
from ..models.dropout import attention_dropout
from ..models.trimmed import read_trimmed
from ..runs import RunFolder
from ..training.batches import epoch_batches
from ..training.encoding import in_order
from ..training.prepare import Prepared, prepare
from .card import base_of
from .script_settings import adapter_settings, frozen_prefixes, loss_settings, trainer_arguments

FILE = "train.py"
START = "start.safetensors"
TOLERANCE = 1e-4
REMEDY = "export it with --to folder"
# What a row of tokens is made of.
_INPUTS = ("input_ids", "token_type_ids", "position_ids", "groups", "labels")


def write_script(run: RunFolder, folder: Path) -> tuple[float, list[str]]:
    """Write `train.py`, its rows and its weights to begin with; return difference and notes.

    The difference is that of the first loss, without dropout, from the run's, as a share of it.
    The notes say what of the run the script does not do.

    Raises:
        InputError: the run's data or model is not there any more, or other than it was.
        RunError: the run does what no script can, or the script computes something else.
    """
    spec = run.spec()
    _require_plain(run)
    prepared = prepare(spec, trimmed=read_trimmed(run.path))
    if prepared.data.fingerprint != run.record().get("data_fingerprint"):
        raise RunError(
            "the data of the run {run} has changed: {source}",
            "restore the file, or train again",
            run=run.name,
            source=shorten(spec.data.source),
        )
    model = prepared.new_model()
    with language.using("en"):
        values = _values(run, prepared, model)
    if values["model_beside"]:
        _copy_model(prepared, folder / "model")
    plain = _write_rows(prepared, folder, values)
    if plain is None:
        values["tokens"] = True
        plain = _write_rows(prepared, folder, values)
    if plain is None:
        raise _otherwise(run, math.nan)
    own = _make_otherwise(plain, spec.train.seed)
    _write_start(model, own, folder / START)
    difference = _difference(prepared, model, plain, own)
    if not difference <= TOLERANCE:
        raise _otherwise(run, difference)
    return difference, _notes(run, prepared, values["tokens"])


def _require_plain(run: RunFolder) -> None:
    spec = run.spec()
    wanted = {
        "train.custom_loss": spec.train.custom_loss,
        "model.trust_remote_code": spec.model.trust_remote_code,
        "model.quantization": spec.model.quantization != "none",
    }
    for name, held in wanted.items():
        if held:
            raise RunError(
                "the run {run} cannot be written as a plain script: it uses {field}",
                REMEDY,
                run=run.name,
                field=name,
            )


def _otherwise(run: RunFolder, difference: float) -> RunError:
    return RunError(
        "the run {run} cannot be written as a plain script: transformers alone would compute "
        "another loss for its first batch (by {difference:.2g} of it)",
        REMEDY,
        run=run.name,
        difference=difference,
    )


def _notes(run: RunFolder, prepared: Prepared, tokens: bool) -> list[str]:
    """Return what whoever runs the script should know of it."""
    spec, names = prepared.spec, ["rows"]
    names += ["tokens"] * tokens
    steered = any(one["event"] == "steered" and one["knob"] != "paused" for one in run.events())
    names += ["steered"] * (steered or bool(spec.train.replay))
    names += ["forked"] * ("parent" in run.record())
    names += ["best"] * (spec.train.metric_for_best_model != "loss")
    names += prepared.task.script_notes
    names += ["place"] * (not _lies_beside(prepared) and not _hub_id(prepared))
    return [say(f"script.{name}") for name in names]


def _hub_id(prepared: Prepared) -> str:
    """Return the name of the model on the hub, where the run took it from there."""
    source = prepared.spec.model.source
    if prepared.found.whole is not None:  # there it has more tokens
        return ""
    return source if prepared.found.revision and base_of(prepared.spec)["hub"] == source else ""


def _values(run: RunFolder, prepared: Prepared, model: Any) -> dict[str, Any]:
    """Return what the template says, without `notes`."""
    spec, task, setup = prepared.spec, prepared.task, prepared.setup
    tokenizer, hub = prepared.tokenizer, _hub_id(prepared)
    labels = prepared.labels
    settings = task.settings(setup) | attention_dropout(
        prepared.found, spec.model.attention_dropout, spec.model.trust_remote_code
    )
    if labels:
        settings["num_labels"] = len(labels)
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    for name in ("decoder_start_token_id", "attention_type"):
        if (held := getattr(inner.config, name, None)) is not None:
            settings[name] = held
    return {
        "task": task.name,
        "auto_class": task.auto_class,
        "writes": task.is_generative and not task.is_causal,
        "labels": labels,
        "versions": {name: version(name) for name in ("transformers", "accelerate")},
        "train": spec.train,
        "max_tokens": setup.max_tokens,
        "room": min(spec.generate.max_new_tokens, int(tokenizer.model_max_length) - 1),
        "prefix": spec.data.prefix,
        "added": spec.model.add_tokens,
        "pad_id": 0 if tokenizer.pad_token_id is None else tokenizer.pad_token_id,
        "pad_type": tokenizer.pad_token_type_id,
        "model_pad_id": inner.config.get_text_config().pad_token_id,
        "means": list(setup.label_means.values()),
        "stds": list(setup.label_stds.values()),
        "settings": settings,
        "model": hub or str(prepared.found.path),
        "revision": prepared.found.revision if hub else None,
        "on_hub": bool(hub),
        "model_beside": _lies_beside(prepared),
        "random": not prepared.found.pretrained,
        "frozen": frozen_prefixes(model),
        "adapter": adapter_settings(model),
        "patience": spec.train.early_stopping_patience,
        "arguments": trainer_arguments(prepared),
        "tokens": task.script_has_tokens,
        "notes": lambda tokens: _notes(run, prepared, tokens),
        **loss_settings(prepared),
    }


def _lies_beside(prepared: Prepared) -> bool:
    """Say whether the model is found nowhere else: with random weights, or fewer tokens."""
    return not prepared.found.pretrained or prepared.found.whole is not None


def _copy_model(prepared: Prepared, folder: Path) -> None:
    """Copy config and tokenizer of a model, and its weights if it has some to begin with."""
    folder.mkdir()
    weights = ("*.safetensors",) if prepared.found.pretrained else ()
    for pattern in ("*.json", "*.txt", "*.model", "*.jinja", *weights):
        for file in prepared.found.path.glob(pattern):
            if weights or not file.name.endswith(".index.json"):
                shutil.copyfile(file, folder / file.name)


def _write_rows(prepared: Prepared, folder: Path, values: dict[str, Any]) -> Any:
    """Write script and rows; return the script's functions, None where they encode otherwise."""
    tables = {
        "train.jsonl": (prepared.data.train, prepared.train),
        "validation.jsonl": (prepared.data.validation, in_order(prepared.validation)),
    }
    for name, (table, encoded) in tables.items():
        rows = _token_rows(encoded) if values["tokens"] else _plain_rows(table, prepared)
        with (folder / name).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with language.using("en"):
        notes = values["notes"](values["tokens"])
        script = _template().render(**(values | {"notes": notes}))
    (folder / FILE).write_text(script, "utf-8")
    plain = runpy.run_path(str(folder / FILE), run_name="exported")
    try:
        same = all(
            _tokens(map(plain["encode"], plain["read"](name))) == _tokens(_token_rows(encoded))
            for name, (_, encoded) in tables.items()
        )
    except Exception:  # whatever it is: a plain tokenizer does not do it
        same = False
    return plain if same else None


def _token_rows(encoded: Any) -> Iterator[dict[str, Any]]:
    """Yield the model's inputs and labels of encoded rows."""
    names = [name for name in _INPUTS if name in encoded.column_names]
    for row in encoded.select_columns(names):
        yield {name: row[name] for name in names}


def _tokens(rows: Any) -> list[tuple[Any, ...]]:
    """Return of rows what can be compared."""
    return [tuple(row.get(name) for name in _INPUTS) for row in rows]


def _plain_rows(table: Any, prepared: Prepared) -> Iterator[dict[str, Any]]:
    """Yield rows as people read them, labels by name."""
    names = prepared.labels
    for row in table.remove_columns("row"):
        for role in ("label", "tags"):
            if prepared.task.names_labels and role in row:
                held = row[role]
                row[role] = [names[one] for one in held] if isinstance(held, list) else names[held]
        yield {name: held for name, held in row.items() if held is not None}


def _make_otherwise(plain: Any, seed: int) -> Any:
    """Return the script's model, drawn from another seed: what is drawn must differ."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        return plain["make_model"]()


def _write_start(model: Any, own: Any, path: Path) -> None:
    """Write those weights that the run began with and the script's model does not have."""
    import torch
    from safetensors.torch import save_file

    had = own.state_dict()
    news = {
        name: tensor.detach().clone().contiguous()
        for name, tensor in model.state_dict().items()
        if name not in had or not torch.equal(had[name], tensor.cpu())
    }
    if news:
        save_file(news, path)
        own.load_state_dict(news, strict=False)


def _difference(prepared: Prepared, model: Any, plain: Any, own: Any) -> float:
    """Return how far the first loss is from the run's, without dropout, as a share of it."""
    import torch

    train = prepared.spec.train
    rows = list(map(plain["encode"], plain["read"]("train.jsonl")))
    [*first] = epoch_batches(
        prepared.train["length"][:], train.per_device_train_batch_size,
        train.train_sampling_strategy, train.seed, 0,
    )[0]  # fmt: skip
    chosen = next(iter(plain["Batches"](rows)))
    if chosen != first:
        return math.inf
    found = []
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(train.seed)
        batch = prepared.collate(prepared.train.__getitems__(first))
        outputs = prepared.task.forward(model.cpu().eval(), batch)
        objective = prepared.objective()
        found.append(objective.mean(outputs, batch["labels"]).item())
        torch.manual_seed(train.seed)
        batch = plain["collate"]([rows[number] for number in chosen], own.eval())
        labels = batch.pop("labels")
        # The count that the Trainer would give, with weights and smoothing as in training.
        count = objective.count(labels)
        found.append(plain["loss"](own(**batch), labels, count).item())
    return abs(found[0] - found[1]) / max(abs(found[0]), 1e-12)


def literal(value: Any) -> str:
    """Return a value as Python writes it; nothing but plain values can get into the script."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(literal, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if value is None or type(value) in (bool, int, float, str):
        return ascii(value)
    raise TypeError(f"{type(value).__name__} is no plain value")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        autoescape=False,
    )  # fmt: skip
    environment.filters["lit"] = literal
    return environment.get_template("train.py.j2")
