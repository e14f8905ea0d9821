"""Which number format the matrix products use, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Precision:
    """The format in force (`fp32`, `bf16`, `fp16`), the device, and the reason in a sentence."""

    name: str
    device: str
    reason: str


def choose_precision(wish: str = "auto") -> Precision:
    """Return the number format to train in.

    `auto` takes bf16 autocast where the processor or GPU multiplies bf16 in hardware; weights
    and optimiser stay in fp32. Elsewhere bf16 would be emulated, slower than fp32.
    """
    import torch

    if torch.cuda.is_available():
        device = "cuda"
        name = torch.cuda.get_device_name()
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        found = f"{name} {'has' if fast else 'has no'} bf16 units"
    elif torch.backends.mps.is_available():
        device, fast, found = "mps", False, "on Apple GPUs fp32 is the safe format"
    else:
        device = "cpu"
        # `get_capabilities` also answers on Arm, where the instruction is called bf16.
        has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        units = [unit for unit in ("amx_bf16", "avx512_bf16", "bf16", "arm_bf16") if has.get(unit)]
        fast = bool(units)
        found = (
            f"the processor has {units[0]}" if fast else "the processor has no bf16 instructions"
        )
    if wish == "auto":
        return Precision("bf16" if fast else "fp32", device, found)
    if wish == "fp16" and device != "cuda":
        return Precision("fp32", device, f"fp16 was asked for, but needs a CUDA GPU; {found}")
    return Precision(wish, device, f"as asked; {found}")
