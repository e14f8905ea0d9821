"""Text classification: one label for a sentence, or for a pair of sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._scores import all_scores, cross_entropy, quick_scores, softmax
from .contract import Batch, Role, Task


def encode(batch: Batch, tokenizer: Any, max_tokens: int) -> dict[str, list[Any]]:
    """Turn texts, or pairs of texts, into token ids, cut at `max_tokens` and not padded.

    Of a pair, the longer text is cut first.
    """
    encoded = tokenizer(
        batch["text"], batch.get("text_pair"), truncation=True, max_length=max_tokens
    )
    inputs = {name: encoded[name] for name in tokenizer.model_input_names if name in encoded}
    if "label" in batch:
        inputs["labels"] = batch["label"]
    return inputs


def predictions(
    logits: np.ndarray, names: list[str], labels: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """Return each row's likeliest label, its probability, all probabilities, and the loss."""
    records: list[dict[str, Any]] = [
        {
            "predicted": names[int(row.argmax())],
            "confidence": float(row.max()),
            "probabilities": [float(p) for p in row],
        }
        for row in softmax(logits)
    ]
    if labels is not None:
        for record, label, loss in zip(records, labels, cross_entropy(logits, labels), strict=True):
            record |= {"label": names[int(label)], "loss": float(loss)}
    return records


TASK = Task(
    name="text-classification",
    roles=(
        Role(
            "text",
            "text",
            required=True,
            usual_names=(
                "text", "sentence", "sentence1", "sentence_a", "question1", "question", "premise",
                "review", "content", "message", "tweet", "comment", "body", "document", "input",
                "#1 string", "文本", "句子", "内容", "正文", "评论", "评论内容", "留言",
            ),
        ),
        Role(
            "text_pair",
            "text",
            required=False,
            usual_names=(
                "text_pair", "sentence2", "sentence_b", "question2", "hypothesis", "passage",
                "context", "#2 string", "文本2", "句子2",
            ),
        ),
        Role(
            "label",
            "label",
            required=True,
            usual_names=(
                "label", "labels", "sentiment", "airline_sentiment", "class", "category", "target",
                "answer", "polarity", "rating", "stars", "quality", "y", "标签", "类别", "分类",
                "情感", "评分星级",
            ),
        ),
    ),
    auto_class="AutoModelForSequenceClassification",
    encode=encode,
    metrics=quick_scores,
    evaluate=all_scores,
    predictions=predictions,
)  # fmt: skip
