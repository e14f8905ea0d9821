"""While transformers reads a model: its errors as one line, and its reports kept back."""

from __future__ import annotations

import ctypes
import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError, ModelError, shorten
from ..sources.paths import show

# What is said at each load of a Marian, and whenever a model with made-up tokens writes.
_IDLE = ("Recommended: pip install sacremoses", "Position ids are not supported for parameter")


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn what transformers says of a model it cannot load into one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # of any kind: the folder is somebody else's
        raise ModelError(
            "the model in {folder} cannot be loaded ({reason})",
            "check that it is whole, or choose another one",
            folder=show(folder),
            reason=first_line(error),
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep load reports and bars to ourselves: a new head is expected, and is noted."""
    from transformers.utils import logging

    for said in _IDLE:
        warnings.filterwarnings("ignore", said, UserWarning)
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' own chatter out of notebook and terminal; our events say it all."""
    import datasets
    import transformers

    # It speaks of models that were trained before 2021, at each loss of an EncoderDecoderModel.
    warnings.filterwarnings("ignore", "Version v4.12.0 introduces", FutureWarning)
    before = transformers.logging.get_verbosity()
    bars = datasets.utils.logging.is_progress_bar_enabled()
    model_bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(before)
        if model_bars:
            transformers.logging.enable_progress_bar()
        if bars:
            datasets.enable_progress_bars()


def give_back_memory() -> None:
    """Give memory that nothing uses any more back to the system, where the C library can.

    glibc keeps what many small objects held; so a tokenizer that is gone would go on counting.
    """
    gc.collect()
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, with the next where that ends it; else its kind.

    What says no more than a word, as a KeyError does, is told with its kind.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):
        lines[0] += f" {lines[1]}"
    said = lines[0] if lines else ""
    kind = type(error).__name__
    return shorten(said if " " in said else f"{kind}: {said}" if said else kind, 160)
