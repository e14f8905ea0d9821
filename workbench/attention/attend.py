"""Where a model looks in any text: that of a run, a source, or one at hand, or two of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError, ModelError
from ..models import load_model, load_tokenizer, load_trained
from ..models.classes import default_class
from ..models.fit import limits_in, require_known_tokens
from ..models.folder import (
    read_config,
    read_shapes,
    refuse_foreign_code,
    refuse_unsafe_weights,
)
from ..models.load import kind_in
from ..models.new_tokens import make_room
from ..models.padding import follow_tokenizer
from ..models.reading import quiet, readable
from ..models.sanity import require_weights_for
from ..models.trimmed import as_trimmed
from ..runs import RunFolder
from ..sources import FoundModel, find_model
from ..spec import RunSpec
from ..tasks import load_task
from ..tasks._encode import TextEncoder, encoder_for
from .budget import trimmed
from .capture import capture, unwrapped
from .collect import Chosen
from .compare import compared, moved_most
from .packing import pack
from .reading import read_json
from .record import AttentionRecord
from .texts import Reading, read, read_text, with_prefix

Source = Any
"""A run, a path, a source as in `spec.model.source`, `(model, tokenizer)` or a `LoadedModel`."""

# The text is cut after so many tokens unless something else is asked for.
MAX_TOKENS = 512

# Rollout, formula and lens come unasked while they are small.
LIGHT_BYTES = 60_000

# Heads that moved most, whose maps are kept whole when two models are compared on a long text.
MOVED = 3


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to be looked into; `prefix` stood before each text it learned from.

    Without an `encoder`, masks in a text are masks, and all else is plain text.
    """

    model: Any
    tokenizer: Any
    label: str = ""
    max_tokens: int = MAX_TOKENS
    step: int = 0
    prefix: str = ""
    encoder: TextEncoder | None = None

    def asked(self, text: str) -> str:
        """Return a text as the model learned to read texts."""
        return with_prefix(text, self.prefix)

    def capture(self, text: str, pair: str | None = None, **how: Any) -> AttentionRecord:
        """Return where it looks in one text; `how` as for `capture`."""
        asked: dict[str, Any] = {"max_tokens": self.max_tokens, "label": self.label}
        asked |= {"step": self.step, "encoder": self.encoder}
        return capture(self.model, self.tokenizer, text, pair, **asked | how)


def attend(
    source: Source,
    text: str,
    pair: str | None = None,
    against: Source | None = None,
    max_tokens: int | None = None,
    max_new_tokens: int = 0,
    pinned: list[Chosen] | None = None,
    budget_bytes: int | None = None,
    formula: Chosen | None = None,
) -> list[AttentionRecord]:
    """Return where a model looks in a text, of any architecture; with `against`, two records.

    Against another model its record comes first, and the second knows how far each head moved.
    `against="before"` is the model of a run as it was before fine-tuning.

    Raises:
        InputError: there is no such run or model, or it has no attention to show.
    """
    after = open_source(source)
    text = after.asked(text)
    how: dict[str, Any] = {"max_new_tokens": max_new_tokens, "rollout": True}
    if max_tokens is not None:
        how["max_tokens"] = max_tokens
    if against is None:
        how |= {"pinned": pinned, "budget_bytes": budget_bytes, "formula": formula}
        return [capture_all(after, text, pair, **how)]
    if against == "before":
        before, after = open_before(source), replace(after, label="after")
    else:
        before = open_source(against)
    return capture_pair(before, after, text, pair, pinned, budget_bytes, formula=formula, **how)


def capture_all(
    watched: LoadedModel,
    text: str,
    pair: str | None = None,
    formula: Chosen | None = None,
    **how: Any,
) -> AttentionRecord:
    """Return a record with all that comes free: rollout, a formula, a decoder's words by layer."""
    config = watched.model.config
    decoder = watched.model.can_generate() and not config.is_encoder_decoder
    record = watched.capture(
        text, pair, lens=decoder, formula="last" if formula is None else formula, **how
    )
    return _light(record, keep_formula=formula is not None)


def capture_pair(
    before: LoadedModel,
    after: LoadedModel,
    text: str,
    pair: str | None = None,
    pinned: list[Chosen] | None = None,
    budget_bytes: int | None = None,
    **how: Any,
) -> list[AttentionRecord]:
    """Return the records of two models on one text; the second knows how far each head moved.

    Raises:
        InputError: they do not read the same tokens, or have not the same heads.
    """
    limit, count = how.pop("max_tokens", before.max_tokens), how.pop("max_new_tokens", 0)
    own = read_text(after.model, after.tokenizer, text, pair, limit, after.encoder)
    # What the second model would write may differ; both read what the first one wrote.
    reading = read(before.model, before.tokenizer, text, pair, limit, count, before.encoder)
    require_same_text(reading, own, before.label, after.label)
    how |= {"keep_all": True, "reading": reading}
    first, second = (capture_all(one, text, pair, **how) for one in (before, after))
    second = compared(first, second)
    if pinned is None:
        rows = moved_most(first, second, MOVED)
        names = [block.name for block in second.blocks]
        pinned = [(names.index(r["block"]), r["layer"] - 1, r["head"] - 1) for r in rows] or None
    return [trimmed(record, pinned, budget_bytes) for record in (first, second)]


def require_same_text(one: Reading, other: Reading, name: str, other_name: str) -> None:
    """Refuse two models whose tokenizers cut the text into different tokens.

    Raises:
        InputError: naming both.
    """
    ids = other.ids
    if one.ids[: len(ids)] != ids or one.sequences["source"].tokens[: len(ids)] != (
        other.sequences["source"].tokens
    ):
        raise InputError(
            "{name} and {other} tokenize the text differently",
            "compare models that share a tokenizer",
            name=name,
            other=other_name,
        )


def open_source(source: Source) -> LoadedModel:
    """Load what a source names, ready to be looked into.

    Raises:
        InputError: there is no such run or model, or it cannot be loaded.
    """
    if isinstance(source, LoadedModel):
        return source
    if isinstance(source, tuple):
        model, tokenizer = source
        kind = model.config.model_type
        require_known_tokens(tokenizer, limits_in(unwrapped(model)), kind)
        return LoadedModel(model, tokenizer, kind)
    if isinstance(source, RunFolder):
        return _open_run(source)
    path = Path(str(source))
    if (path / "spec.yaml").is_file():
        return _open_run(RunFolder(path))
    found = find_model(str(source))
    return LoadedModel(_load(found), load_tokenizer(found), str(source))


def open_before(source: Source) -> LoadedModel:
    """Load the model of a run as it was before fine-tuning: its head drawn from the same seed.

    Raises:
        InputError: it is no run, or its model cannot be found.
    """
    run = source if isinstance(source, RunFolder) else RunFolder(Path(str(source)))
    if isinstance(source, tuple | LoadedModel) or not run.spec_path.is_file():
        raise ModelError(
            "only a run knows its model before fine-tuning",
            "give a run, or name the other model",
        )
    spec: RunSpec = run.spec()
    found = find_model(spec.model.source, spec.model.revision)
    if spec.model.tokenizer != "pretrained":  # trained for the run; it lies with its model
        found = replace(found, path=run.model_path)
    found = as_trimmed(found, run.path)
    model = load_model(
        found,
        load_task(spec.task)
        .for_model(spec, kind_in(found, spec.model.trust_remote_code))
        .auto_class,
        run.record().get("labels") or [],
        spec.train.seed,
        trust_remote_code=spec.model.trust_remote_code,
    )
    own = run.model_path if spec.model.add_tokens else found
    tokenizer = load_tokenizer(own, spec.model.trust_remote_code)
    make_room(model, spec, tokenizer)
    follow_tokenizer(model, tokenizer)
    return LoadedModel(
        model.eval(), tokenizer, "before", spec.inspect.probe_max_tokens, prefix=spec.data.prefix,
        encoder=asking_encoder(spec, tokenizer),
    )  # fmt: skip


def asking_encoder(spec: RunSpec, tokenizer: Any) -> TextEncoder:
    """Return what encodes the sentences that a person asks a run's model."""
    return encoder_for(spec, tokenizer, load_task(spec.task).masks)


def attend_run(run: RunFolder, text: str, max_tokens: int | None = None) -> AttentionRecord:
    """Return the attention of a run's best model on `text`.

    Raises:
        InputError: the run has no model, or the model gives no attention maps.
    """
    return attend(run, text, max_tokens=max_tokens)[0]


def stored_records(run: RunFolder) -> list[AttentionRecord]:
    """Return the attention kept with a run: each probe sentence before and after, in order."""
    before_first = sorted(
        run.attention_path.glob("probe-*.json"),
        key=lambda path: (path.stem.rsplit("-", 1)[0], "after" in path.stem),
    )
    return [read_json(path.read_text("utf-8")) for path in before_first]


def _open_run(run: RunFolder) -> LoadedModel:
    spec = run.spec()
    trust = spec.model.trust_remote_code
    tokenizer = load_tokenizer(run.model_path, trust)
    return LoadedModel(
        load_trained(run.model_path, trust, spec.model.quantization),
        tokenizer,
        run.name,
        spec.inspect.probe_max_tokens,
        prefix=spec.data.prefix,
        encoder=asking_encoder(spec, tokenizer),
    )


def _load(found: FoundModel) -> Any:
    """Load a model with the head that it was saved with; a decoder with its words."""
    import torch
    import transformers

    folder = found.path
    plain = read_config(folder)
    refuse_foreign_code(folder, plain, trust_remote_code=False)
    if found.pretrained:
        refuse_unsafe_weights(folder, plain)
    with readable(folder), quiet():
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    named: Any = getattr(transformers, (config.architectures or [""])[0], None)
    kind = named if hasattr(named, "from_pretrained") else default_class(config)
    if found.pretrained and kind is named:
        try:
            return load_trained(folder)
        except ModelError:
            kind = transformers.AutoModel  # the head that the config names was not saved
    devices = list(range(torch.cuda.device_count()))
    with readable(folder), torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        if found.pretrained:
            model = load_model_quietly(kind, folder)
        else:
            model = kind.from_config(config) if hasattr(kind, "from_config") else kind(config)
            model = model.float()
    return model.eval()


def load_model_quietly(kind: Any, folder: Path) -> Any:
    """Load weights with an Auto class, without its reports and bars.

    Raises:
        ModelError: they cannot be loaded.
    """
    import torch
    import transformers

    stored = read_shapes(folder)
    with readable(folder), quiet():
        if hasattr(kind, "from_config"):
            config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
            with torch.device("meta"):
                skeleton = kind.from_config(config)
            require_weights_for(folder, skeleton, stored)
        return kind.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )


def _light(record: AttentionRecord, keep_formula: bool) -> AttentionRecord:
    """Return the record without the extras that are too heavy to come unasked."""
    rollout, formula, lens = record.rollout, record.formula, record.lens
    if rollout and sum(len(pack(one)["data"]) for one in rollout.values()) > LIGHT_BYTES:
        rollout = None
    if formula and not keep_formula and len(json.dumps(formula.to_dict())) > LIGHT_BYTES:
        formula = None
    if lens and len(json.dumps(lens)) > LIGHT_BYTES:
        lens = None
    return replace(record, rollout=rollout, formula=formula, lens=lens)
