"""Which tokens a run needs of a large vocabulary, and the model with these alone.

Needed are the tokens of the training rows, whole and not cut at `data.max_tokens`, as the task
writes them with prompts and templates, and those of the probe sentences. The validation rows have
no say: what is measured on them holds for texts that nobody has seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from ..data import LoadedData
from ..errors import ModelError
from ..language import text as say
from ..models.bases import fingerprint
from ..models.load import load_tokenizer
from ..models.new_tokens import add_tokens
from ..models.reading import give_back_memory
from ..models.trimmed import (
    Trimmed,
    kept_tokens,
    read_trimmed,
    tokenizer_tree,
    with_trimmed_vocabulary,
)
from ..sources import FoundModel, cache_dir
from ..spec import RunSpec, field_of, to_flat
from ..tasks import Setup, Task
from ..tasks._encode import encoder_for
from .encoding import encode_rows, limit_tokens, training_texts

# No text is longer, and none is cut: what is cut off has its say in how the rest is cut.
WHOLE_TOKENS = 10_000_000
COMPARED_ROWS = 500
BATCH = 1000


def trim(
    spec: RunSpec, task: Task, found: FoundModel, data: LoadedData, trimmed: Trimmed | None = None
) -> FoundModel:
    """Return the model with the tokens that a run needs; with those of `trimmed`, if it is given.

    Raises:
        ModelError: its tokenizer, or its tables, cannot be rewritten.
    """
    if trimmed is not None:
        return with_trimmed_vocabulary(found, trimmed.kept)
    note = cache_dir() / "trimmed" / f"{_key(spec, task, found, data)}.json"
    if (kept := _noted(note)) is not None:
        return with_trimmed_vocabulary(found, kept)
    tokenizer = load_tokenizer(found, spec.model.trust_remote_code)
    tree = tokenizer_tree(tokenizer, found)
    add_tokens(tokenizer, spec.model.add_tokens)
    setup = Setup(
        spec, tokenizer, data.labels, limit_tokens(tokenizer, spec.data.max_tokens, task),
        data.label_counts, data.label_means, data.label_stds, len(data.train),
    )  # fmt: skip
    kept = kept_tokens(tree, set(_used(data, task, setup)), found)
    made = with_trimmed_vocabulary(found, kept, tree)
    _require_same_pieces(made, kept, data, task, setup)
    note.write_text(json.dumps(kept), "utf-8")
    del tokenizer, tree, setup
    give_back_memory()  # a tokenizer of 250,000 pieces holds some hundred MB
    return made


def trimming_note(found: FoundModel) -> list[str]:
    """Return what is to be said of a model with fewer tokens; nothing of a whole one."""
    trimmed = read_trimmed(found.path)
    if trimmed is None:
        return []
    counts = {
        "before": f"{trimmed.tokens_before:,}", "after": f"{trimmed.tokens:,}",
        "parameters_before": _millions(trimmed.parameters_before),
        "parameters": _millions(trimmed.parameters),
    }  # fmt: skip
    known = "trimmed" if trimmed.parameters_before else "trimmed_without_weights"
    return [say(f"data.note.{known}", **counts)]


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f} M"


def _used(data: LoadedData, task: Task, setup: Setup) -> Iterator[int]:
    """Yield the tokens of all that training meets."""
    tokenizer, spec = setup.tokenizer, setup.spec
    encoder = encoder_for(spec, tokenizer, task.masks)
    texts = training_texts(data.train, task)
    texts += [text for one in spec.inspect.probes for text in (one, spec.data.prefix + one)]
    for start in range(0, len(texts), BATCH):
        for ids in encoder(texts[start : start + BATCH], verbose=False)["input_ids"]:
            yield from ids
    yield from _template(tokenizer)
    length = tokenizer.model_max_length
    tokenizer.model_max_length = WHOLE_TOKENS
    whole = replace(setup, max_tokens=WHOLE_TOKENS)
    for training in (True, False):
        yield from _numbers(encode_rows(data.train, task, whole, training))
    tokenizer.model_max_length = length


def _numbers(rows: Any) -> Iterator[int]:
    for name in ("input_ids", "decoder_input_ids"):
        if name in rows.column_names:
            for ids in rows[name][:]:
                yield from ids


def _template(tokenizer: Any) -> list[int]:
    """Return the tokens that a chat template writes around what is said, and when it asks."""
    if not getattr(tokenizer, "chat_template", None):
        return []
    said = [{"role": role, "content": "a"} for role in ("system", "user", "assistant", "user")]
    found: list[int] = []
    for messages in (said, said[1:], said[1:2]):
        try:
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        except Exception:  # it is a small program, which may refuse what it does not know
            continue
        found += tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return found


def _require_same_pieces(
    made: FoundModel, kept: list[int], data: LoadedData, task: Task, setup: Setup
) -> None:
    """Compare how some training rows are cut with how they were.

    Raises:
        ModelError: the new tokenizer, as transformers reads it, cuts them otherwise.
    """
    fewer = load_tokenizer(made, setup.spec.model.trust_remote_code)
    count, before = len(fewer), len(setup.tokenizer)
    added, _ = add_tokens(fewer, setup.spec.model.add_tokens)
    old = [*kept, *range(before - len(added), before)]
    step = max(1, len(data.train) // COMPARED_ROWS)
    table = data.train.select(range(0, len(data.train), step))
    one = encode_rows(table, task, setup, training=True)["input_ids"][:]
    two = encode_rows(table, task, replace(setup, tokenizer=fewer), training=True)["input_ids"][:]
    if one != [[old[number] for number in ids] for ids in two]:
        raise ModelError(
            "model.trim_vocabulary: the tokenizer of {name}, with {count:,} pieces, cuts texts of "
            "the training rows otherwise than with all of them",
            "set model.trim_vocabulary to false",
            name=made.place,
            count=count,
        ).at("model.trim_vocabulary", True, "cannot_be_trimmed")


def _key(spec: RunSpec, task: Task, found: FoundModel, data: LoadedData) -> str:
    """Return a name for all that the choice of tokens hangs on."""
    flat = to_flat(spec)
    known = found.revision or (fingerprint(found.path) if found.pretrained else "")
    parts = [
        found.place, known, spec.task, spec.data.model_dump(exclude={"max_tokens"}),
        spec.model.add_tokens,
        [flat[field_of(path).name] for path in task.options], spec.train.seed, spec.inspect.probes,
        data.fingerprint, version("transformers"), version("tokenizers"),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:32]


def _noted(path: Any) -> list[int] | None:
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, list) and all(type(one) is int for one in kept) else None
