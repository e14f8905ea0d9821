"""Text generation: a model learns to go on with texts, or to answer instructions.

Plain texts are learned whole; what is longer than `max_tokens` fills several rows. Of
instruction rows and conversations the answer is learned, unless the spec says otherwise. An
encoder is made to look back only, or each token could see the one it is to guess.

Shapes:
    B rows, T tokens, V entries of the vocabulary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from ._causal_rows import TextRows, is_plain
from ._generating import OPTIONS as GENERATES
from ._generating import set_generation_config
from ._guessing import IGNORED, TokenCounts, means, perplexity, read_paragraphs, token_means
from ._labelling import Labelling
from ._packing import require_apart
from ._prompts import Prompt, prompts_of, read_row
from ._records import Column, Metric, Outcome, Record, Role, Setup
from ._rouge import is_exact, rouge_l
from ._scores import means_of
from ._seq2seq import text_cell
from .base import Repaired

_BESIDE = ("input", "context", "输入")


class TextGeneration(TextRows):
    """A text is gone on with, or an instruction answered."""

    name = "text-generation"
    roles = (
        Role(
            "instruction",
            "text",
            required=False,
            common_names=(
                "instruction", "prompt", "question", "query", "指令", "问题", "提问", "input",
            ),
        ),
        Role(
            "input", "text", required=False, common_names=_BESIDE, may_be_empty=True
        ),
        Role(
            "output",
            "text",
            required=False,
            common_names=(
                "output", "response", "answer", "completion", "target", "输出", "回答", "答案",
            ),
            answer=True,
        ),
        Role(
            "messages",
            "object",
            required=False,
            common_names=("messages", "conversations", "conversation", "对话"),
        ),
        Role(
            "text",
            "text",
            required=False,
            common_names=(
                "text", "content", "document", "article", "story", "passage", "body", "sentence",
                "文本", "正文", "内容",
            ),
        ),
    )  # fmt: skip
    alternatives = (
        ("messages",),
        ("instruction", "input", "output"),
        ("instruction", "output"),
        ("text",),
    )
    labelling = Labelling("text", "output")
    options = (
        "data.packing", "train.completion_only_loss", "train.assistant_turns",
        "train.label_smoothing_factor", *GENERATES,
    )  # fmt: skip
    metrics = (
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        Metric("perplexity", greater_is_better=False),
        Metric("rouge_l", share=True),
        Metric("exact_match", share=True),
    )
    leading = ("perplexity", "rouge_l", "exact_match", "loss")
    compared = ("perplexity",)
    columns = (
        Column("row", "number"),
        Column("prompt"),
        Column("reference", "right", cell=text_cell("label")),
        Column("written", "wrong", cell=text_cell("predicted")),
        Column("rouge_l", "share"),
        Column("loss", "number"),
    )

    def adapt(self, model: Any, setup: Setup) -> None:
        """Let the model write as the spec says; refuse one that would read over the edges of texts.

        Raises:
            ModelError: saying what to set.
        """
        set_generation_config(model.generation_config, setup, setup.spec.generate.max_new_tokens)
        if setup.spec.data.packing:
            require_apart(model)

    def evaluate(self, outcome: Outcome) -> dict[str, Any]:
        """Return loss and perplexity, and how near the written answers come to the references."""
        found = means(np.array([answer["sums"] for answer in outcome.outputs]))
        near: list[float] = []
        exact: list[bool] = []
        if "text" not in outcome.table.column_names:
            for record in self.predictions(outcome):
                if record["predicted"] is not None and "label" in record:
                    near.append(rouge_l(record["label"], record["predicted"]))
                    exact.append(is_exact(record["label"], record["predicted"]))
        return {
            "rows": len(outcome.table),
            "written_rows": len(near),
            "metrics": {
                **found,
                "perplexity": perplexity(found["loss"]),
                "rouge_l": float(np.mean(near)) if near else None,
                "exact_match": float(np.mean(exact)) if exact else None,
            },
        }

    def baselines(self, outcome: Outcome, train: Any) -> dict[str, list[Record]]:
        """Return what token frequencies alone give, and the prompt itself as the answer.

        Frequencies are those of the training tokens that are learned. Of plain texts there are no
        references to which a copy could be compared.
        """
        setup = outcome.setup
        encoded = self.encode(train[:], setup, training=True)["labels"]
        learned = [[one for one in labels if one != IGNORED] for labels in encoded]
        counts = TokenCounts(learned, len(setup.tokenizer))
        unigram = []
        for row in outcome.rows:
            truth = np.asarray(row["labels"])
            truth = truth[truth != IGNORED]
            right = int((truth == counts.order[0]).sum())
            unigram.append(
                {"sums": [counts.losses(truth).sum(), len(truth), right], "written": None}
            )
        if "text" in outcome.table.column_names:
            return {"unigram": unigram}
        asked = dict(zip(outcome.table["row"], prompts_of(outcome.table[:], setup), strict=True))
        copied = [
            {"sums": [0.0, 0, 0], "written": answer["written"] and asked[row["row"]].asked}
            for row, answer in zip(outcome.rows, outcome.outputs, strict=True)
        ]
        return {"unigram": unigram, "copy": copied}

    def predictions(self, outcome: Outcome) -> list[Record]:
        """Return each prompt, what was written to it, the reference, and the loss."""
        parts: dict[int, list[tuple[Record, Record]]] = defaultdict(list)
        for row, answer in zip(outcome.rows, outcome.outputs, strict=True):
            parts[row["row"]].append((row, answer))
        table, setup = outcome.table[:], outcome.setup
        plain = is_plain(table, setup)
        prompts = [None] * len(table["row"]) if plain else prompts_of(table, setup)
        return [
            _record(number, parts[number], prompt, setup)
            for number, prompt in zip(table["row"], prompts, strict=True)
        ]

    def line(self, record: Record) -> str:
        """Return a prediction as one line: what was written, then the prompt."""
        return "\t".join(" ".join(record[name].split()) for name in ("predicted", "prompt"))

    def read(self, values: Record, repaired: Repaired) -> Record:
        """Check a conversation, and write it as a list of who says what."""
        return read_row(values, repaired)

    def read_file(self, text: str, name: str) -> tuple[list[Record], list[str]] | None:
        """Read a text file whose paragraphs run over several lines."""
        return read_paragraphs(text, name)

    def rescore(self, records: list[Record]) -> Callable[[Any], dict[str, float]]:
        """Return what gives loss, perplexity and the mean ROUGE-L of some records."""
        near, losses = means_of(records, "rouge_l"), token_means(records, "perplexity")
        return lambda places: losses(places) | near(places)

    def is_wrong(self, record: Record) -> bool:
        """Say whether something was written that is not the reference."""
        return record["predicted"] not in (None, record.get("label"))


def _record(
    number: int, parts: list[tuple[Record, Record]], prompt: Prompt | None, setup: Setup
) -> Record:
    """Return what is to be told of an example that was encoded as these rows."""
    (row, answer), *_ = parts
    sums = np.array([one["sums"] for _, one in parts], float)
    loss = means(sums)["loss"]
    record = {"row": number, "predicted": answer["written"]}
    if prompt is not None:
        reference = prompt.reference
        record["prompt"] = prompt.asked
    else:
        asked, rest = row["prompt"], row["input_ids"][len(row["prompt"]) :]
        record["prompt"] = setup.tokenizer.decode(asked, skip_special_tokens=True)
        rest = rest[: setup.spec.generate.max_new_tokens]
        reference = setup.tokenizer.decode(rest, skip_special_tokens=True).strip()
    if loss is not None:
        tokens = int(sums[:, 1].sum())
        record |= {"loss": loss, "tokens": tokens, "perplexity": perplexity(loss)}
    if reference is not None and (prompt is not None or loss is not None):
        record["label"] = reference
        if prompt is not None and answer["written"] is not None:
            record["rouge_l"] = rouge_l(reference, answer["written"])
    return record


TASK = TextGeneration()
