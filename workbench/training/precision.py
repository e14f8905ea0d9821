"""Which number format the matrix products use, and why."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..language import text

# Autocast itself costs something: bf16 must be this much faster in a product alone.
GAIN = 1.2
# Below this hidden size a processor gains nothing by bf16: at 192 the steps are faster in fp32, at
# 128 as fast, and both take less memory; at 384 bf16 is the faster. Between them nobody measured.
NARROW = 256


@dataclass(frozen=True)
class Precision:
    """The format in force (`fp32`, `bf16`, `fp16`), the device, and the reason in a sentence."""

    name: str
    device: str
    reason: str


def choose_precision(wish: str = "auto", width: int = 0) -> Precision:
    """Return the number format to train in; `width` is the model's hidden size, where it is known.

    `auto` takes bf16 autocast where the hardware has it and gains by it; weights and optimiser
    stay in fp32. A processor may have bf16 instructions and still be faster in fp32, so on
    processors both are measured, in a fraction of a second, unless the model is narrow.
    """
    import torch

    if torch.cuda.is_available():
        device = "cuda"
        name = torch.cuda.get_device_name()
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        found = text(f"precision.gpu.{'fast' if fast else 'slow'}", name=name)
    elif torch.backends.mps.is_available():
        device, fast, found = "mps", False, text("precision.apple")
    else:
        device = "cpu"
        fast, found = _processor(wish == "auto", width)
    if wish == "auto":
        return Precision("bf16" if fast else "fp32", device, found)
    if wish == "fp16" and device != "cuda":
        return Precision("fp32", device, text("precision.needs_gpu", found=found))
    return Precision(wish, device, text("precision.asked", found=found))


def _processor(measure: bool, width: int) -> tuple[bool, str]:
    """Return whether bf16 pays on this processor, and what says so."""
    import torch

    # Arm answers here, too, under another name for the instructions.
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    units = [unit for unit in ("amx_bf16", "avx512_bf16", "bf16", "arm_bf16") if has.get(unit)]
    if not units:
        return False, text("precision.processor.none")
    if not measure:
        return True, text("precision.processor.has", unit=units[0])
    if 0 < width < NARROW:
        return False, text("precision.processor.narrow", width=width, least=NARROW)
    speeds = {name: _product_speed(name) for name in ("float32", "bfloat16")}
    found = text(
        "precision.processor.measured",
        unit=units[0],
        bf16=f"{speeds['bfloat16']:.0f}",
        fp32=f"{speeds['float32']:.0f}",
    )
    return speeds["bfloat16"] > GAIN * speeds["float32"], found


def _product_speed(name: str) -> float:
    """Return the GFLOP/s of a linear layer of a small encoder on one batch, the best of eight."""
    import torch

    rows, wide, narrow = 512, 1536, 384
    dtype = getattr(torch, name)
    inputs = torch.ones(rows, narrow, dtype=dtype)
    weights = torch.ones(wide, narrow, dtype=dtype)
    seconds = []
    with torch.inference_mode():
        for _ in range(8):
            began = time.perf_counter()
            torch.nn.functional.linear(inputs, weights)
            seconds.append(time.perf_counter() - began)
    return 2 * rows * wide * narrow / min(seconds) / 1e9
