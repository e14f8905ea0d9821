"""How a model writes: the `generate` section of the spec in the words of transformers.

An answer that is drawn is drawn by itself, from the seed anew: what stands beside it in a batch,
and what was drawn before it, changes nothing, and `torch.manual_seed` before `model.generate` gives
the same answer outside of the workbench.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._records import Setup

OPTIONS = (
    "generate.max_new_tokens", "generate.do_sample", "generate.temperature", "generate.top_p",
    "generate.top_k", "generate.sampling_seed", "generate.repetition_penalty",
    "generate.stop_strings", "generate.num_beams", "generate.length_penalty",
    "generate.no_repeat_ngram_size", "evaluate.zero_shot_rows",
)  # fmt: skip


def set_generation_config(config: Any, setup: Setup, room: int) -> None:
    """Write into a generation config what the spec says; at most `room` tokens are written.

    What the model's own folder asked for (BART's summarisers for beams and a least length) is set
    aside. Stop strings are not kept there: `generate` would refuse to write without a tokenizer.
    """
    asked = setup.spec.generate
    config.do_sample = asked.do_sample
    config.temperature, config.top_k, config.top_p = None, None, None
    if asked.do_sample:
        config.temperature, config.top_k, config.top_p = asked.temperature, asked.top_k, asked.top_p
    config.repetition_penalty = asked.repetition_penalty
    config.num_beams, config.early_stopping = asked.num_beams, None
    config.length_penalty = asked.length_penalty if asked.num_beams > 1 else None
    config.no_repeat_ngram_size = asked.no_repeat_ngram_size
    config.max_length, config.min_length, config.max_new_tokens = None, None, room
    config.stop_strings = None


def generate_settings(setup: Setup) -> dict[str, Any]:
    """Return what `generate` is given to write as the spec says, but for the number of tokens."""
    asked = setup.spec.generate
    found: dict[str, Any] = {
        name: getattr(asked, name)
        for name in ("do_sample", "repetition_penalty", "num_beams", "no_repeat_ngram_size")
    }
    if asked.do_sample:
        found |= {name: getattr(asked, name) for name in ("temperature", "top_k", "top_p")}
    if asked.num_beams > 1:
        found["length_penalty"] = asked.length_penalty
    return found | stop_settings(setup)


def stop_settings(setup: Setup) -> dict[str, Any]:
    """Return what `generate` is given to stop where the spec says so, and the further arguments."""
    stops = setup.spec.generate.stop_strings
    further = dict(setup.generate_arguments)
    return further | ({"stop_strings": list(stops), "tokenizer": setup.tokenizer} if stops else {})


def seed_of(setup: Setup) -> int | None:
    """Return from where chance begins for each answer; None where nothing is drawn."""
    asked = setup.spec.generate
    return asked.sampling_seed if asked.do_sample else None


@contextmanager
def seeded(seed: int | None, model: Any) -> Iterator[None]:
    """Let chance begin at a seed, and go on as before afterwards; None: leave it alone."""
    if seed is None:
        yield
        return
    import torch

    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def cut_at_stop_strings(texts: list[str], setup: Setup) -> list[str]:
    """Return texts as they are shown: up to the first stop string, without blanks at the ends."""
    found = []
    for text in texts:
        places = [text.find(stop) for stop in setup.spec.generate.stop_strings]
        end = min((place for place in places if place >= 0), default=len(text))
        found.append(text[:end].strip())
    return found
