"""What a model does that goes on with what it read: losses of its tokens, and what it writes.

Shapes:
    B rows, T tokens, V entries of the vocabulary.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ._as_written import as_saved
from ._dynamics import of_written
from ._forward import forward, write_on
from ._generating import cut_at_stop_strings, generate_settings, seed_of
from ._guessing import IGNORED, sums
from ._losses import Objective, next_token_loss
from ._padding import pad
from ._records import Record, Setup
from .base import GeneratingTask


class CausalTask(GeneratingTask):
    """How a model does a task that goes on with what it read."""

    auto_class = "AutoModelForCausalLM"
    is_causal = True
    script_loss = "next"
    script_has_tokens = True

    def settings(self, setup: Setup) -> dict[str, Any]:
        """Let the model look back only."""
        return {"is_decoder": True}

    def as_saved(self, model: Any, setup: Setup) -> AbstractContextManager[None]:
        """Save with the model how it is asked, and how it writes."""
        return as_saved(model, setup)

    def loss(self, setup: Setup) -> Objective:
        """Return the mean over the tokens that are learned, each guessed from those before it."""
        return next_token_loss(setup)

    def forward(self, model: Any, inputs: dict[str, Any]) -> Any:
        """Return what a model makes of a batch."""
        return forward(model, inputs)

    def collate(self, rows: list[Record], setup: Setup) -> dict[str, Any]:
        """Make a batch of tensors, filled on the right; one of packed rows has places, but no mask.

        Shapes:
            input_ids, attention_mask or position_ids, labels: (B, T).
        """
        batch = pad(rows, setup.tokenizer, {"labels": IGNORED, "position_ids": 0})
        if "position_ids" in batch:
            batch.pop("attention_mask")
        return batch

    def reduce_logits(self, logits: Any, labels: Any) -> Any:
        """Return the sums of the losses of a validation batch: (B, 3)."""
        logits = logits[
            :, -labels.shape[1] :
        ]  # not those of the tokens that prompt tuning puts before
        return sums(logits[:, :-1], labels[:, 1:])

    def observe(self, outputs: Any, labels: Any, setup: Setup) -> dict[str, Any]:
        """Return what a training batch says of each row, given the true tokens before each."""
        return of_written(outputs.logits[:, :-1], labels[:, 1:])

    def infer(
        self, model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup
    ) -> list[Record]:
        """Return for each row the sums of its losses, and what the model writes to its prompt."""
        found = self.reduce_logits(forward(model, inputs).logits, inputs["labels"]).cpu().numpy()
        wanted = [place for place, row in enumerate(rows) if row["written"]]
        texts = dict(
            zip(wanted, _write(model, [rows[p]["prompt"] for p in wanted], setup), strict=True)
        )
        return [{"sums": one, "written": texts.get(place)} for place, one in enumerate(found)]


def _write(model: Any, prompts: list[list[int]], setup: Setup) -> list[str]:
    """Let the model go on with prompts, as the spec says."""
    if not prompts:
        return []
    tokenizer, generate = setup.tokenizer, setup.spec.generate
    limit = int(tokenizer.model_max_length)
    longest = max(limit // 2, limit - generate.max_new_tokens)
    prompts = [ids[-longest:] for ids in prompts]
    found = write_on(
        model,
        prompts,
        [min(generate.max_new_tokens, limit - len(ids)) or 1 for ids in prompts],
        tokenizer.pad_token_id or 0,
        seed=seed_of(setup),
        eos_token_id=tokenizer.eos_token_id,
        **generate_settings(setup),
    )
    return cut_at_stop_strings(tokenizer.batch_decode(found, skip_special_tokens=True), setup)
