"""Weights held in 8 or 4 bits, through bitsandbytes, where it works.

Source: LLM.int8(), Dettmers et al. 2022 (arXiv:2208.07339); QLoRA, Dettmers et al. 2023
(arXiv:2305.14314).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import shorten
from ..language import translate

# Rounding the last layer would cost more than its few bytes are worth.
OUTPUT_LAYERS = ("lm_head", "embed_out")
INSTALL = 'pip install "model-workbench[quantization]"'


def why_not() -> str:
    """Return in a few words why weights cannot be quantized here; empty where they can.

    The library is tried out on a small layer: that it can be imported does not say that it works.
    """
    if missing := why_missing():
        return missing
    reason = _try_out()
    if not reason:
        return ""
    return translate("bitsandbytes does not work on this machine ({reason})", reason=reason)


def why_missing() -> str:
    """Return that the library is not installed, if so: what can be said without importing it."""
    if find_spec("bitsandbytes"):
        return ""
    return translate("bitsandbytes is not installed: {command}", command=INSTALL)


@cache
def _try_out() -> str:
    """Return what the library says where it does not work."""
    try:
        import bitsandbytes
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        for layer in (
            bitsandbytes.nn.Linear4bit(64, 64, compute_dtype=torch.float32),
            bitsandbytes.nn.Linear8bitLt(64, 64, has_fp16_weights=False),
        ):
            layer.to(device)(torch.ones(2, 64, device=device, requires_grad=True)).sum().backward()
    except Exception as error:  # of whatever kind its native code fails with
        return shorten(error, 120) or type(error).__name__
    return ""


def settings(bits: str, whole: Iterable[str]) -> Any:
    """Return what `from_pretrained` needs to hold weights in `8bit` or `4bit`.

    Modules named in `whole`, which are to learn, and output layers stay as they are.
    """
    import torch
    from transformers import BitsAndBytesConfig

    skipped = [*whole, *OUTPUT_LAYERS]
    if bits == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skipped)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.float32,
        llm_int8_skip_modules=skipped,
    )
