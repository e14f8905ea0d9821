"""Model folders in which somebody has mangled a file of settings, one field at a time.

    python -m tests.models.mangled bert t5 --count 50    # so many changes of each
    python -m tests.models.mangled bert                  # every field with every value

Each change is tried with all that opens a model, within bounds of memory and of processor time
that the operating system holds: what asks for more is refused it, or ends there. A line of JSON
for each change says what came of it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.attention.zoo import make, tokenizer

KINDS = {
    "bert": "AutoModelForSequenceClassification",
    "roberta": "AutoModelForTokenClassification",
    "distilbert": "AutoModelForQuestionAnswering",
    "albert": "AutoModelForMaskedLM",
    "electra": "AutoModelForSequenceClassification",
    "deberta-v2": "AutoModelForSequenceClassification",
    "modernbert": "AutoModelForMaskedLM",
    "gpt2": "AutoModelForCausalLM",
    "llama": "AutoModelForCausalLM",
    "qwen2": "AutoModelForCausalLM",
    "mistral": "AutoModelForCausalLM",
    "gemma2": "AutoModelForCausalLM",
    "t5": "AutoModelForSeq2SeqLM",
    "bart": "AutoModelForSeq2SeqLM",
    "bert2bert": "AutoModelForSeq2SeqLM",
}
FILES = ("config.json", "generation_config.json", "tokenizer_config.json")
NONSENSE = (
    0, -1, 3, 1_000_000, 10**9, 10**12, 10**40, 1e9, 0.5, -0.5, "x", "", "3", None, True, False,
    [], [1], [0] * 100_000, ["x", None], {}, {"a": 1}, {"a": {"b": [[{}]]}}, [[[]]],
    float("nan"), float("inf"),
)  # fmt: skip
# Tiny models: all that they need beside the libraries is far below these.
MEMORY_BYTES = 1_500_000_000
CPU_SECONDS = 60
RANK = ("loads", "refused", "FAULT")
_SAID_OF_MEMORY = ("MemoryError", "not enough memory", "can't allocate", "Cannot allocate")


def make_folder(kind: str, path: Path) -> Path:
    """Write a tiny model of a kind."""
    model = composed() if kind == "bert2bert" else make(kind)
    model.save_pretrained(path)
    tokenizer().save_pretrained(path)
    return path


def composed() -> Any:
    """Return an encoder with a decoder like itself, each with a config of its own."""
    from transformers import EncoderDecoderConfig, EncoderDecoderModel

    reader, writer = make("bert").config, make("bert").config
    both = EncoderDecoderConfig.from_encoder_decoder_configs(reader, writer)
    both.decoder_start_token_id, both.pad_token_id, both.eos_token_id = 2, 0, 3
    return EncoderDecoderModel(config=both).eval()


def mutations(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Any]]:
    """Mangle the settings of a folder so many times; yield what became what; then mend it."""
    there = [name for name in FILES if (folder / name).exists()]
    wholes = {name: (folder / name).read_text("utf-8") for name in there}
    every = [
        (name, place, value)
        for name, whole in wholes.items()
        for place in _places(json.loads(whole))
        for value in NONSENSE
    ]
    for name, place, value in random.Random(seed).sample(every, min(count, len(every))):
        changed = json.loads(wholes[name])
        inner = changed[place[0]] if len(place) > 1 else changed
        inner[place[-1]] = value
        (folder / name).write_text(json.dumps(changed), "utf-8")
        try:
            yield f"{name} {'.'.join(place)}", value
        finally:
            (folder / name).write_text(wholes[name], "utf-8")


def _places(plain: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the fields of settings, with those one below."""
    inner = [(a, b) for a, held in plain.items() if isinstance(held, dict) for b in held]
    return [(name,) for name in plain] + inner


def openings(folder: Path, head: str) -> list[Callable[[], Any]]:
    """Return all that opens a model."""
    from workbench.attention.attend import open_source
    from workbench.cli import main
    from workbench.errors import InputError
    from workbench.models import load_model, load_tokenizer, load_trained
    from workbench.models.load import load_skeleton
    from workbench.sources import FoundModel

    found = FoundModel(place=str(folder), kind="local", path=folder)
    labels = ["a", "b"] if "Classification" in head else []

    def shown() -> None:
        if code := main(["models", "show", str(folder)]):
            raise (InputError if code == 2 else AssertionError)(f"exit code {code}")

    return [
        shown,
        lambda: load_tokenizer(found),
        lambda: load_skeleton(found, head, labels),
        lambda: load_model(found, head, labels, 1),
        lambda: load_trained(folder),
        lambda: open_source(str(folder)),
    ]


def outcome(opening: Callable[[], Any]) -> str:
    """Return what comes of an opening: `loads`, `refused` or `FAULT`, and what is said."""
    from workbench.errors import InputError

    said, result = io.StringIO(), "loads"
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            opening()
        text = said.getvalue()
    except InputError as error:
        text, result = said.getvalue() + str(error), "refused"
        if "\n" in str(error):
            return f"FAULT: several lines: {text}"
    except BaseException:
        return f"FAULT: {traceback.format_exc()}"
    if "Traceback" in text or any(word in text for word in _SAID_OF_MEMORY):
        return f"FAULT: {text}"
    return f"{result}: {text}"


def _bound_memory() -> None:
    """Let this process have no more than so much beyond what the libraries have taken."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    taken = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES,) * 2)
    assert outcome(lambda: bytearray(2 * MEMORY_BYTES)).startswith("FAULT")


def _bound_time() -> float:
    """Let what comes next have so many seconds of processor time; return those spent."""
    spent = _spent()
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent) + CPU_SECONDS, hard))
    return spent


def _spent() -> float:
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def main() -> None:
    """Mangle the kinds that are asked for, and say what came of each change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", choices=KINDS, nargs="+")
    parser.add_argument("--count", type=int, default=10**9, help="so many changes of each kind")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    with TemporaryDirectory() as home:
        folders = {kind: make_folder(kind, Path(home) / kind) for kind in asked.kinds}
        for kind, folder in folders.items():  # so that all libraries are loaded
            for opening in openings(folder, KINDS[kind]):
                assert outcome(opening).startswith("loads")
        _bound_memory()
        for kind, folder in folders.items():
            for field, value in mutations(folder, asked.count, asked.seed):
                before = _bound_time()
                said = [outcome(opening) for opening in openings(folder, KINDS[kind])]
                line = {
                    "kind": kind,
                    "field": field,
                    "value": repr(value)[:60],
                    "outcome": max(said, key=lambda one: RANK.index(one.partition(":")[0])),
                    "seconds": round(_spent() - before, 1),
                }
                print(json.dumps(line), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    main()
