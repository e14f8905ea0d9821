"""A row alone against the same row in a batch of 64, for every architecture, task and adapter.

    python -m tests.correctness.batches [MODEL_TYPE ...] [ADAPTER ...]     # a table; all if none

The rows are short and long ones, mixed. Compared are the answers of `run_model`,
logits and written texts, and the loss that training minimises.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tests.correctness.comparison import Outcome
from tests.tiny_models import SENTENCES
from tests.zoo.families import OUT_OF_SCOPE, Family, families, tokenizer
from workbench.errors import InputError
from workbench.evaluation.inference import run_model
from workbench.models.adapters import add_adapter, can_prompt
from workbench.models.classes import require_any_length
from workbench.sources import FoundModel
from workbench.spec import AdapterSpec, RunSpec
from workbench.tasks import Setup, load_task
from workbench.training.encoding import encode_rows
from workbench.training.precision import Precision

TOLERANCE = 1e-4
ROWS, MAX_TOKENS = 64, 100
SIZES = (1, 2, 3, 60, 90)  # words of the first rows
ADAPTERS = ("none", "lora", "dora", "ia3", "prompt_tuning")
CPU = Precision("fp32", "cpu", "")
# Writers made of encoders are in tests/tasks/test_seq2seq.py.
UNLIKE = {"encoder-decoder": "the decoder of the tiny one looks ahead, as no real one does"}
FURTHER_TASKS = {"text-classification": ("text-regression",)}


class NoAnswerError(Exception):
    """A model does not answer even a row alone, so there is nothing to compare."""


def walk(chosen: Iterable[Family], adapters: Iterable[str] = ADAPTERS) -> Iterator[Outcome]:
    """Yield what comes of each family with each of its tasks and adapters."""
    for family in chosen:
        for adapter in adapters:
            yield try_one(family, family.task, adapter)
        for task in FURTHER_TASKS.get(family.task, ()):
            yield try_one(family, task, "none")


def try_one(family: Family, task: str, adapter: str) -> Outcome:
    """Compare one family on one task inside one adapter."""
    named = (family.name, task, adapter)
    if (why := (OUT_OF_SCOPE | UNLIKE).get(family.model_type)) is not None:
        return Outcome(named, why=f"out of scope: {why}")
    try:
        require_any_length(Path(family.model_type), family.config(), family.auto_class)
        model = make(family, adapter)
    except InputError as error:
        return Outcome(named, why=f"refused: {error.what}")
    except Exception as error:
        return Outcome(named, why=f"cannot be built: {_said(error)}")
    try:
        return Outcome(named, difference=difference(model, setup_of(task, model)))
    except InputError as error:
        return Outcome(named, why=f"refused: {error.what}")
    except NoAnswerError as error:
        return Outcome(named, why=f"no answer to a row alone: {error}")
    except Exception as error:
        return Outcome(named, why=f"failed: {_said(error)}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {' '.join(str(error).split())[:120]}"


def make(family: Family, adapter: str = "none", **changes: Any) -> Any:
    """Return a tiny model of a family, ready to answer, inside an adapter that does something."""
    import torch

    causal = family.auto_class == "AutoModelForCausalLM"
    model = family.model(**({"is_decoder": True} if causal else {}), **changes)
    if family.auto_class == "AutoModelForSeq2SeqLM":
        for result in (model.config, model.generation_config):
            if getattr(result, "decoder_start_token_id", None) is None:
                result.decoder_start_token_id = tokenizer().cls_token_id
    if adapter == "none":
        return model
    if adapter == "prompt_tuning" and not can_prompt(family.auto_class):
        raise InputError("prompt tuning is for texts as a whole", "choose lora")
    model.new_weights = []
    spec = AdapterSpec(peft_method=adapter, num_virtual_tokens=4)
    found = FoundModel("tiny", "hub", Path("tiny"))
    adapted = add_adapter(model, spec, family.auto_class, found, 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for parameter in adapted.parameters():
            if parameter.requires_grad:  # an adapter begins as if it were not there
                parameter.data.add_(0.1 * torch.randn_like(parameter))
    return adapted.eval()


def setup_of(task: str, model: Any) -> Setup:
    """Return what a task is told, for the rows of `rows_of`."""
    spec = RunSpec(task=task).replace({"generate.max_new_tokens": 3})
    labels = ["O", "B-X"] if task == "token-classification" else ["negative", "positive"]
    words = tokenizer("token_type_ids" in _inputs_of(model))
    return Setup(spec, words, labels, MAX_TOKENS)


def difference(model: Any, setup: Setup, batch_size: int = ROWS) -> float:
    """Return how far the answers to rows that stand alone, and in a batch, are apart at most."""
    rows = rows_of(setup.spec.task, tuple(setup.tokenizer.model_input_names))
    task = load_task(setup.spec.task)
    if task.is_generative:
        task.adapt(model, setup)
    lonely = [n for n in range(len(rows)) if n < len(SIZES) or n % 8 == 0]
    try:
        alone = run_model(model, rows.select(lonely), task, setup, CPU, 1)
    except Exception as error:
        raise NoAnswerError(_said(error)) from error
    together = run_model(model, rows, task, setup, CPU, batch_size)
    losses = (_loss(model, rows.select(lonely), setup, size) for size in (1, batch_size))
    return max(apart(list(alone), [together[n] for n in lonely]), apart(*losses))


def _loss(model: Any, rows: Any, setup: Setup, size: int) -> float:
    """Return the mean loss over rows, as training minimises it, in batches of a size."""
    import torch

    task = load_task(setup.spec.task)
    objective, total, count = task.loss(setup), 0.0, 0
    for start in range(0, len(rows), size):
        batch = task.collate([rows[n] for n in range(start, min(start + size, len(rows)))], setup)
        with torch.no_grad():
            total += float(objective.total(task.forward(model, batch), batch["labels"]))
        count += objective.count(batch["labels"])
    return total / max(count, 1)


def apart(one: Any, two: Any) -> float:
    """Return the largest difference of two answers, for their size; infinite between two texts."""
    if isinstance(one, dict):
        return max(apart(one[name], two[name]) for name in one if name != "guesses")
    if isinstance(one, list):
        return max(map(apart, one, two), default=0.0)
    if one is None or isinstance(one, str):
        return 0.0 if one == two else np.inf
    one, two = np.asarray(one, float), np.asarray(two, float)
    if one.shape != two.shape or (np.isfinite(one) != np.isfinite(two)).any():
        return np.inf
    known = np.isfinite(one)
    return float((np.abs(one - two)[known] / np.maximum(1, np.abs(one[known]))).max(initial=0.0))


@cache
def rows_of(task: str, inputs: tuple[str, ...]) -> Any:
    """Return short and long rows, mixed, encoded for a task."""
    from datasets import Dataset

    words = tokenizer("token_type_ids" in inputs)
    spec = RunSpec(task=task)
    setup = Setup(spec, words, ["O", "B-X"], MAX_TOKENS)
    table = Dataset.from_dict(_columns(task) | {"row": list(range(1, ROWS + 1))})
    return encode_rows(table, load_task(task), setup, training=False)


def _columns(task: str) -> dict[str, list[Any]]:
    rng = Random(7)
    vocabulary = [word for one in SENTENCES for word in one.split()]
    sizes = [*SIZES, *(rng.randint(1, 70) for _ in range(ROWS - len(SIZES)))]
    texts = [" ".join(rng.choices(vocabulary, k=size)) for size in sizes]
    labels = [rng.randint(0, 1) for _ in texts]
    if task == "text-classification":
        return {"text": texts, "label": labels}
    if task == "text-regression":
        return {"text": texts, "label": [[float(one), -1.0] for one in labels]}
    if task == "token-classification":
        tags = [[rng.randint(0, 1) for _ in text.split()] for text in texts]
        return {"tokens": [text.split() for text in texts], "tags": tags}
    if task == "question-answering":
        firsts = [text.split()[0] for text in texts]
        answers = [{"text": [first], "start": [0]} for first in firsts]
        return {"question": ["is it blue?"] * ROWS, "context": texts, "answers": answers}
    if task == "summarization":
        return {"source": texts, "target": [" ".join(text.split()[::3]) for text in texts]}
    return {"text": texts}


def _inputs_of(model: Any) -> frozenset[str]:
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    segments = (getattr(inner.config, "type_vocab_size", 0) or 0) >= 2
    names = inspect.signature(type(inner).forward).parameters
    return frozenset(name for name in names if segments or name != "token_type_ids")


def main(arguments: list[str]) -> int:
    """Walk all families, or some, and print a line each; the exit code is 1 if one failed."""
    from workbench.training.run import quiet_libraries

    counts: Counter[str] = Counter()
    with warnings.catch_warnings(), quiet_libraries():
        warnings.simplefilter("ignore")
        adapters = [name for name in arguments if name in ADAPTERS] or ADAPTERS
        names = [name for name in arguments if name not in ADAPTERS]
        for one in walk(families(*names), adapters):
            print(one, flush=True)
            counts[one.verdict.partition(":")[0]] += 1
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return int("failed" in counts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
