"""What packing saves and costs: padding, and tokens a second of a core, by the order of rows.

A batch of packed rows holds as many texts as one of single texts, on average. A step is forward,
loss, backward and update of a Llama of 4 layers with random weights, in fp32.

    python tests/bench/packing.py INSTRUCTIONS.json [--rows 2000] [--tokens 512] [--steps 12]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from workbench.spec import RunSpec
from workbench.tasks._forward import forward
from workbench.tasks._guessing import IGNORED
from workbench.training.prepare import prepare

BATCH = 16


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts = None
    for packing in (False, True):
        prepared = prepare(spec_of(options, packing))
        lengths = np.array(prepared.train["length"])
        texts = texts or len(lengths)
        size = BATCH if not packing else max(1, round(BATCH * len(lengths) / texts))
        for by_length in (False, True):
            batches = ordered(lengths, size, by_length)
            slots = sum(len(one) * lengths[one].max() for one in batches)
            rate = speed(prepared, batches, lengths, options.steps)
            print(
                f"packing {packing!s:5}  {'by length' if by_length else 'random':9}  "
                f"{len(lengths):5} rows  {len(batches):4} batches  "
                f"padding {1 - lengths.sum() / slots:5.1%}  {rate:6.0f} tokens/s of a core",
                flush=True,
            )


def spec_of(options: argparse.Namespace, packing: bool) -> RunSpec:
    """Return the spec of one way."""
    return RunSpec().replace(
        {
            "task": "text-generation",
            "data.source": options.source,
            "data.max_tokens": options.tokens,
            "data.packing": packing,
            "data.max_train_rows": options.rows,
            "data.max_validation_rows": 20,
            "model.source": "scratch:llama-tiny",
            "model.tokenizer": "bpe",
        }
    )


def ordered(lengths: np.ndarray, size: int, by_length: bool) -> list[np.ndarray]:
    """Return the rows of each batch, drawn; by length as transformers groups them."""
    order = np.random.default_rng(0).permutation(len(lengths))
    if by_length:
        parts = [order[at : at + 50 * size] for at in range(0, len(order), 50 * size)]
        order = np.concatenate([one[np.argsort(-lengths[one], kind="stable")] for one in parts])
    return [order[at : at + size] for at in range(0, len(order), size)]


def speed(prepared: object, batches: list[np.ndarray], lengths: np.ndarray, steps: int) -> float:
    """Return the tokens, without padding, for each second of the processor, of one core."""
    model = prepared.new_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    tokens, began = 0, time.process_time()
    for place in np.random.default_rng(0).permutation(len(batches))[:steps]:
        rows = [prepared.train[int(row)] for row in batches[place]]
        batch = prepared.collate(rows)
        labels = batch.pop("labels")
        logits = forward(model, batch).logits[:, :-1].flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(
            logits.float(), labels[:, 1:].flatten(), ignore_index=IGNORED
        )
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        tokens += int(lengths[batches[place]].sum())
    return tokens / (time.process_time() - began)


if __name__ == "__main__":
    main()
