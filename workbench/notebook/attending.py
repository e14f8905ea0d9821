"""`wb.attend`: the desk live, and the answers to what it asks of the models behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..attention.attend import LoadedModel, capture_all, capture_pair
from ..attention.packing import pack
from ..attention.record import AttentionRecord
from ..errors import ModelError, RunError
from ..runs import RunFolder, read_state


@dataclass(frozen=True)
class Answers:
    """What the models of a desk, one or before and after, answer to its questions."""

    watched: Sequence[LoadedModel]

    def asks(self) -> dict[str, Callable[..., Any]]:
        """Return the questions by name, as `AttentionDesk` wants them."""
        return {"map": self.map, "formula": self.formula, "causal": self.causal, "text": self.text}

    def text(self, text: str) -> list[AttentionRecord]:
        """Return the records of another sentence."""
        text = self.watched[-1].asked(text)
        if len(self.watched) == 1:
            return [capture_all(self.watched[0], text)]
        before, after = self.watched
        return capture_pair(before, after, text, rollout=True)

    def map(self, record: AttentionRecord, block: int, layer: int, head: int) -> dict[str, Any]:
        """Return one whole map of a record that kept it in small."""
        place = (block, layer, head)
        return pack(self._again(record, pinned=[place]).blocks[block].maps[layer, head])

    def formula(self, record: AttentionRecord, block: int, layer: int, head: int) -> dict[str, Any]:
        """Return what one head computed with."""
        found = self._again(record, pinned=[], formula=(block, layer, head)).formula
        assert found is not None
        return found.to_dict()

    def causal(self, record: AttentionRecord, method: str) -> dict[str, Any] | None:
        """Return what each token was worth to the answer."""
        from ..attention.causal import check

        watched = self._of(record)
        return check(
            watched.model, watched.tokenizer, record, method=method, encoder=watched.encoder
        ).occlusion

    def _of(self, record: AttentionRecord) -> LoadedModel:
        found = next((one for one in self.watched if one.label == record.model), None)
        if found is None:
            raise ModelError(
                "the model of {model!r} is no longer available",
                "choose the model before or after fine-tuning",
                model=record.model,
            )
        return found

    def _again(self, record: AttentionRecord, **how: Any) -> AttentionRecord:
        """Read the tokens of a record once more, keeping other parts of what is seen."""
        source, target = record.sequences["source"], record.sequences.get("target")
        pair = record.text_pair
        if target is not None and target.prompt is not None:
            pair = record.prediction
        written = 0 if source.prompt is None else len(source) - source.prompt
        return self._of(record).capture(
            record.text, pair, max_new_tokens=written, max_tokens=len(source), **how
        )


class AttentionResult(list[AttentionRecord]):
    """Attention records that do not spill their numbers when a cell ends with them."""

    def __repr__(self) -> str:
        """Return one line a record."""
        parts = [f"{one.model}: {one.layers} layers × {one.heads} heads, {len(one.tokens)} tokens"
                 for one in self]  # fmt: skip
        return "; ".join(parts)


def show_kept(run: RunFolder) -> AttentionResult:
    """Show what a run kept of its probe sentence: before, along the way, after, and its loss.

    Raises:
        RunError: the run has kept none.
    """
    records, loss = kept_records(run)
    if not records:
        raise RunError("the run {run} kept no attention", "also give a sentence", run=run.name)
    return show([], records, loss)


def kept_records(run: RunFolder) -> tuple[list[AttentionRecord], list[tuple[int, float]]]:
    """Return what a run kept of its first probe sentence, by step, and its training loss."""
    from ..reporting.attention import loss_points, probe_records
    from ..reporting.contents import read_probes

    probes = read_probes(run)
    return (probe_records(run, probes[0]) if probes else []), loss_points(read_state(run))


def show(
    watched: Sequence[LoadedModel],
    records: Sequence[AttentionRecord],
    loss: Sequence[tuple[int, float]] = (),
) -> AttentionResult:
    """Show the desk of records: live where somebody watches, else as it needs no kernel."""
    from ..reporting.attention_page import comparing
    from .kernel import in_notebook, is_live

    start = comparing(1) if len(watched) > 1 else None
    if is_live():
        from ..widgets.attention import AttentionDesk, show_desk

        asks = Answers(watched).asks() if watched else {}
        show_desk(AttentionDesk(records, asks, loss=loss, start=start))
    elif in_notebook():
        from IPython.display import display

        from ..reporting.attention_page import desk_bundle

        display(desk_bundle(records, loss=loss, start=start), raw=True)
    return AttentionResult(records)
