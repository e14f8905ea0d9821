"""What is told of tokens: control tokens in the texts of a data set, and tokens that are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..data import LoadedData
from ..language import text as say
from ..spec import RunSpec
from ..tasks import Task
from ..tasks._encode import TextEncoder, encoder_for


def control_token_notes(data: LoadedData, task: Task, spec: RunSpec, tokenizer: Any) -> list[str]:
    """Return a note on the rows whose texts hold control tokens, if any do."""
    learned = TextEncoder(tokenizer, prefix=spec.data.prefix)
    checked = encoder_for(spec, tokenizer, task.masks)
    checked = learned if checked.kept is None else checked
    kinds = {role.name: role.kind for role in task.roles}
    counts: Counter[str] = Counter()
    hit = rows = 0
    for table, encoder in ((data.train, learned), (data.validation, checked)):
        names = [name for name in table.column_names if kinds.get(name) in ("text", "object")]
        for row in table.select_columns(names):
            found = {one for text in _texts(list(row.values())) for one in encoder.found(text)}
            counts.update(found)
            hit, rows = hit + bool(found), rows + 1
    if not hit:
        return []
    key = f"data.note.control_tokens_{spec.data.special_tokens_in_text}"
    tokens = ", ".join(name for name, _ in counts.most_common(3))
    return [say(key, count=f"{hit:,}", rows=f"{rows:,}", tokens=tokens)]


def new_token_notes(spec: RunSpec, new: list[str], known: list[str]) -> list[str]:
    """Return notes on the tokens that were to be added, and on those that will not learn."""
    notes = []
    if known:
        notes.append(say("data.note.tokens_known", tokens=", ".join(known)))
    if new:
        notes.append(say("data.note.tokens_added", count=f"{len(new):,}", tokens=", ".join(new)))
    method = spec.adapter.peft_method
    if new and (method != "none" or spec.model.freeze_embeddings):
        key = "adapter.peft_method" if method != "none" else "model.freeze_embeddings"
        value = method if method != "none" else "true"
        notes.append(say("data.note.tokens_untrained", field=key, value=value))
    return notes


def _texts(held: Any) -> Iterator[str]:
    """Yield all texts in nested lists and mappings."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, dict | list | tuple):
        for one in held.values() if isinstance(held, dict) else held:
            yield from _texts(one)
