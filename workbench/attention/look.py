"""Where the model of a run looks in any text."""

from __future__ import annotations

from ..models import load_tokenizer, load_trained
from ..runs import RunFolder
from .capture import capture
from .record import AttentionRecord


def attend_run(run: RunFolder, text: str, max_tokens: int | None = None) -> AttentionRecord:
    """Return the attention of a run's best model on `text`.

    Raises:
        InputError: the run has no model, or the model gives no attention maps.
    """
    limit = max_tokens or run.spec().inspect.probe_max_tokens
    tokenizer = load_tokenizer(run.model_path)
    return capture(load_trained(run.model_path), tokenizer, text, None, limit, run.name)


def stored_records(run: RunFolder) -> list[AttentionRecord]:
    """Return the attention kept with a run: each probe sentence before and after, in order."""
    before_first = sorted(
        run.attention_path.glob("probe-*.json"),
        key=lambda path: (path.stem.rsplit("-", 1)[0], "after" in path.stem),
    )
    return [AttentionRecord.from_json(path.read_text("utf-8")) for path in before_first]
