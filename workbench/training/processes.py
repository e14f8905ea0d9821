"""The processes that train one run together: one as a rule, several under `torchrun`.

Each process holds the whole model and learns from its share of the batches; gradients are summed,
so that the step is that of one process with all of them. The first process, the main one, alone
writes: events, checkpoints, the model, what is printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from ..errors import InputError, RunError

Value = TypeVar("Value")

# Gradients are summed in pieces of about so many bytes: fewer, larger messages.
PIECE_BYTES = 25_000_000
# What `accelerate launch` sets for ways of training that split the model itself.
_SPLITTING = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_TP": "tensor parallelism",
}


class Processes:
    """One process, alone: what it would exchange with others stays as it is."""

    rank, size = 0, 1

    @property
    def main(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def sum(self, value: Any) -> Any:
        """Return the sum of a number, or a tensor, over all processes."""
        return value

    def sum_gradients(self, parameters: Iterable[Any]) -> None:
        """Replace each gradient by its sum over all processes; one that nobody has stays None."""

    def share(self, value: Value) -> Value:
        """Return what the main process gives."""
        return value

    def collect(self, value: Value) -> list[Value]:
        """Return what each process gives, in order."""
        return [value]

    def wait(self) -> None:
        """Go on when all processes are here."""


class SeveralProcesses(Processes):
    """One of several processes, through accelerate's public functions."""

    def __init__(self) -> None:
        import torch
        from accelerate import PartialState

        self._state = PartialState(cpu=not torch.cuda.is_available())
        self.rank, self.size = self._state.process_index, self._state.num_processes

    def sum(self, value: Any) -> Any:
        """Return the sum of a number, or a tensor, over all processes."""
        import torch
        from accelerate.utils import reduce

        if isinstance(value, torch.Tensor):
            return reduce(value, "sum")
        whole = torch.tensor(value, dtype=torch.float64 if self._on_processor else torch.float32)
        return type(value)(reduce(whole.to(self._state.device), "sum").item())

    @property
    def _on_processor(self) -> bool:
        return self._state.device.type == "cpu"

    def sum_gradients(self, parameters: Iterable[Any]) -> None:
        """Replace each gradient by its sum over all processes; one that nobody has stays None."""
        import torch

        learning = [p for p in parameters if p.requires_grad]
        there = torch.tensor([p.grad is not None for p in learning], dtype=torch.float32)
        anywhere = self.sum(there.to(self._state.device)).tolist()
        used = [p for p, count in zip(learning, anywhere, strict=True) if count]
        for piece in _pieces(used):
            flat = torch.cat(
                [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in piece]
            )
            parts = self.sum(flat).split([p.numel() for p in piece])
            for parameter, part in zip(piece, parts, strict=True):
                parameter.grad = part.view_as(parameter)

    def share(self, value: Value) -> Value:
        """Return what the main process gives."""
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def collect(self, value: Value) -> list[Value]:
        """Return what each process gives, in order."""
        from accelerate.utils import gather_object

        return gather_object([value])

    def wait(self) -> None:
        """Go on when all processes are here."""
        self._state.wait_for_everyone()


def _pieces(parameters: list[Any]) -> Iterable[list[Any]]:
    """Yield the parameters in lists of one number format and about `PIECE_BYTES` each."""
    piece: list[Any] = []
    size = 0
    for parameter in parameters:
        if piece and (size > PIECE_BYTES or parameter.dtype != piece[0].dtype):
            yield piece
            piece, size = [], 0
        piece.append(parameter)
        size += parameter.numel() * parameter.element_size()
    if piece:
        yield piece


def rank() -> int:
    """Return which of the processes this is, from the environment that its launcher made."""
    return int(os.environ.get("RANK", "0")) if launched() else 0


def launched() -> bool:
    """Say whether `torchrun` or `accelerate launch` started this process beside others."""
    return os.environ.get("WORLD_SIZE", "1").strip() not in ("", "1") and "RANK" in os.environ


@cache
def processes() -> Processes:
    """Return the processes that train together, this one among them.

    Raises:
        InputError: they were launched in a way that splits the model between them.
    """
    require_whole_model()
    return SeveralProcesses() if launched() else Processes()


def require_whole_model(environment: Any = os.environ) -> None:
    """Refuse ways of training that split the model between processes.

    Raises:
        InputError: naming the way.
    """
    for name, way in _SPLITTING.items():
        if environment.get(name, "").lower() in ("1", "true", "yes"):
            raise InputError(
                "{way} splits the model between processes, which the workbench does not do",
                "launch without it: every process then holds the whole model and trains on its"
                " share of the rows",
                way=way,
            )


def main_first(make: Callable[[], Value]) -> Value:
    """Let the main process make something first: what it fetches, the others find in the cache."""
    together = processes()
    if together.main:
        made = make()
        together.wait()
        return made
    together.wait()
    return make()


def require_same_weights(model: Any, together: Processes) -> None:
    """Refuse to begin where processes hold different models: their sum would mean nothing.

    Raises:
        RunError: saying so.
    """
    if together.size == 1:
        return
    own = [float(p.detach().double().sum()) for p in model.parameters()]
    if any(other != own for other in together.collect(own)):
        raise RunError(
            "the {count} processes begin with different weights",
            "give all of them the same model files and the same versions of the libraries",
            count=together.size,
        )
