"""The attention desk against transformers' own eager attention, over every family of the zoo.

    python -m tests.attention.against_eager            # all: one line a family, then the sums
    python -m tests.attention.against_eager t5 llama   # some

Each model is written to a folder, opened and shown as `workbench attend FOLDER TEXT` does, and read
again with `attn_implementation="eager", output_attentions=True` by plain transformers. A family is
`equal` when no weight differs by more than `TOLERANCE`, or `refused` with the reason that a user
reads; anything else is a fault. `not built` are those that transformers cannot make tiny.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.zoo.families import OUT_OF_SCOPE, Family, families
from workbench.attention.attend import attend, open_source
from workbench.errors import InputError

TEXT = "the film was wonderful and the crew was kind, is the sky blue?"
TARGET = "the food was terrible"
HEADS = ("AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModelForSeq2SeqLM")
TOLERANCE = 0.01
FIELDS = {
    "self": "attentions",
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}


@dataclass(frozen=True)
class Answer:
    """How one family did: `equal`, `refused`, `not built` or `fault`, with the figure or reason."""

    family: Family
    outcome: str
    largest: float = 0.0
    reason: str = ""

    def __str__(self) -> str:
        """Return one line."""
        result = f"{self.largest:.5f}" if self.outcome == "equal" else self.reason
        return f"{self.family.name:44} {self.outcome:10} {result}"


def every() -> list[Family]:
    """Return the families that have attention to show: causal, masked, encoder-decoder."""
    return [one for one in families() if one.auto_class in HEADS]


def compare(family: Family, folder: Path) -> Answer:
    """Show a family's attention, and hold it against eager attention."""
    if family.model_type in OUT_OF_SCOPE:
        return Answer(family, "not built", reason=OUT_OF_SCOPE[family.model_type])
    try:
        family.make(folder)
    except Exception as error:
        return Answer(family, "not built", reason=one_line(error))
    try:
        watched = open_source(str(folder))
        target = TARGET if watched.model.config.is_encoder_decoder else None
        (record,) = attend(watched, TEXT, target)
    except InputError as error:
        return Answer(family, "refused", reason=str(error).replace(str(folder), "FOLDER"))
    except Exception as error:
        return Answer(family, "fault", reason=one_line(error))
    try:
        wanted = eager_maps(watched, folder, record)
    except Exception as error:
        return Answer(family, "fault", reason=f"eager: {one_line(error)}")
    largest, count = 0.0, 0
    for number, block in enumerate(record.blocks):
        maps = [one for one in wanted[block.name] if getattr(one, "ndim", 0) == 4]
        places = [at for at, layer in enumerate(block.layers) if not layer.missing]
        if len(maps) == len(block.layers) > len(places):
            maps = [maps[at] for at in places]
        if len(maps) != len(places):
            reason = f"{block.name}: {len(places)} layers shown, {len(maps)} in eager mode"
            return Answer(family, "fault", reason=reason)
        for at, weights in zip(places, maps, strict=True):
            if block.layers[at].heads != weights.shape[1]:
                return Answer(family, "fault", reason=f"heads of {block.name} layer {at}")
            for head, one in enumerate(weights[0].float().numpy()):
                largest = max(largest, float(np.abs(record.map(number, at, head) - one).max()))
                count += 1
    outcome = "equal" if count and largest <= TOLERANCE else "fault"
    return Answer(family, outcome, largest, f"differs by {largest:.4f} in {count} maps")


def eager_maps(watched: Any, folder: Path, record: Any) -> dict[str, list[Any]]:
    """Return the maps that plain transformers gives for the same tokens."""
    import torch

    from workbench.attention.texts import read

    model = type(watched.model).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    inputs = read(model, watched.tokenizer, record.text, record.text_pair, 512).inputs
    # FSMT's decoder sees what follows unless it is told that nothing is cached.
    taken = inspect.signature(model.forward).parameters
    whole = {"use_cache": False} if "use_cache" in taken else {}
    with torch.no_grad():
        output = model.eval()(**inputs, **whole, output_attentions=True)
    return {name: list(getattr(output, field, None) or ()) for name, field in FIELDS.items()}


def one_line(error: BaseException) -> str:
    """Return an error's kind, text and place, short."""
    import traceback

    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:110]
    return f"{type(error).__name__}: {text} ({Path(place.filename).name}:{place.lineno})"


def main(names: list[str]) -> int:
    """Print a line a family, and how many were what; return 1 if one is at fault."""
    import torch
    from transformers.utils import logging

    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    answers = []
    for family in every():
        if names and family.model_type not in names and family.name not in names:
            continue
        with tempfile.TemporaryDirectory() as home:
            answers.append(compare(family, Path(home) / "model"))
        print(answers[-1], flush=True)
    sums = dict.fromkeys(("equal", "refused", "not built", "fault"), 0)
    for answer in answers:
        sums[answer.outcome] += 1
    largest = max((one.largest for one in answers if one.outcome == "equal"), default=0)
    print(", ".join(f"{count} {name}" for name, count in sums.items()), f"largest {largest:.5f}")
    return int(sums["fault"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
