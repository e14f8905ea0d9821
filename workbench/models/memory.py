"""How much memory a transformer needs, to run and to train, from its measures alone."""

from __future__ import annotations

from dataclasses import dataclass

_FP32_BYTES = 4


@dataclass(frozen=True)
class Memory:
    """What a model needs, part by part.

    Units: bytes. `run` and `train` are the sums for prediction and for training.
    """

    weights: int
    gradients: int
    optimizer: int
    run_activations: int
    train_activations: int

    @property
    def run(self) -> int:
        """Memory to predict one batch."""
        return self.weights + self.run_activations

    @property
    def train(self) -> int:
        """Memory to train on one batch."""
        return self.weights + self.gradients + self.optimizer + self.train_activations


def estimate_memory(
    parameters: int,
    layers: int,
    hidden_size: int,
    heads: int,
    batch: int = 16,
    tokens: int = 128,
    intermediate_size: int | None = None,
    decoder_layers: int = 0,
    written_tokens: int = 0,
    vocabulary: int = 0,
) -> Memory:
    """Estimate the memory of fine-tuning all weights with AdamW in fp32.

    Per parameter: 4 bytes of weight, 4 of gradient, 8 of optimiser state (two moments).
    Activations kept for the backward pass, per layer, in numbers of 4 bytes:
    `B·T·(14·D + 2·F) + 2·B·H·T²`, where F is the width of the feed-forward block: its two
    activations of width F; of width D the inputs of all products and norms, queries, keys, values
    and dropout masks; and the attention's weights before and after dropout. For prediction only
    the widest layer is held: `B·T·(4·D + 2·F) + B·H·T²`. A layer of a decoder beside an encoder
    keeps the same of its own `W` tokens, and for looking at the source
    `B·(5·W·D + 2·T·D) + 2·B·H·W·T`. A model that says words out of a `vocabulary` of V also holds
    their scores at each place, the logarithms of their shares, and the gradient of the scores:
    `3·B·T·V`, with a decoder beside an encoder `3·B·W·V`; for prediction the scores alone. The
    libraries themselves (some 0.5 GB) come on top; bf16 autocast needs rather less.

    Shapes:
        legend `B` batch, `T` tokens, `D` hidden size, `H` heads, `L` layers, `W` written tokens,
        `V` vocabulary.

    Units: all results in bytes.

    Source: after Korthikanti et al. 2022, "Reducing Activation Recomputation in Large
    Transformer Models", equation 1, for fp32.
    """
    wide = intermediate_size or 4 * hidden_size

    def kept(count: int) -> int:
        return batch * (count * (14 * hidden_size + 2 * wide) + 2 * heads * count * count)

    written = written_tokens
    looking_back = batch * hidden_size * (5 * written + 2 * tokens)
    looking_back += 2 * batch * heads * written * tokens
    activations = layers * kept(tokens) + decoder_layers * (kept(written) + looking_back)
    attention = batch * heads * tokens * tokens
    said = batch * (written if decoder_layers else tokens) * vocabulary
    widest = max(batch * tokens * (4 * hidden_size + 2 * wide) + attention, said)
    return Memory(
        weights=_FP32_BYTES * parameters,
        gradients=_FP32_BYTES * parameters,
        optimizer=2 * _FP32_BYTES * parameters,
        run_activations=_FP32_BYTES * widest,
        train_activations=_FP32_BYTES * (activations + 3 * said),
    )
