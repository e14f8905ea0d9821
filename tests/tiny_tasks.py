"""A tiny spec for every task, with rows of unequal lengths: what tests that walk all tasks use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_runs import BAD, GOOD, THINGS, tiny_spec
from tests.tiny_writers import make_tiny_t5
from workbench.spec import RunSpec
from workbench.tasks import load_task

Rows = list[dict[str, Any]]


def tiny_task_spec(folder: Path, task: str, model: Path | None = None, **changes: Any) -> RunSpec:
    """Return a spec that trains a tiny model on 40 rows of a task; `model` in place of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, make = KINDS[task]
    data = folder / f"{task}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    if model is None:
        model = folder / make.__name__
        if not model.exists():
            make(model)
    return tiny_spec(
        folder,
        **{
            "task": task,
            "data.source": str(data),
            "data.max_tokens": 48,
            "model.source": str(model),
            **({"generate.max_new_tokens": 16} if load_task(task).is_generative else {}),
            "inspect.probes": [],
            "evaluate.baselines": False,
            **changes,
        },
    )


def texts() -> list[tuple[str, str, str]]:
    """Return 40 texts of 4 to 24 words, each with the thing and the word that it is about."""
    found = []
    for number, (thing, word) in enumerate((t, w) for w in (GOOD[:3] + BAD[:2]) for t in THINGS):
        more = " and we were all at home for dinner" * (number % 4)
        found.append((f"the {thing} was {word}{more}", thing, word))
    return found


def _classes() -> Rows:
    return [{"text": text, "label": "+" if word in GOOD else "-"} for text, _, word in texts()]


def _numbers() -> Rows:
    return [{"text": text, "score": 3.0 + len(text) / 10} for text, _, _ in texts()]


def _tags() -> Rows:
    return [
        {
            "tokens": text.split(),
            "tags": ["B-THING" if word == thing else "O" for word in text.split()],
        }
        for text, thing, _ in texts()
    ]


def _questions() -> Rows:
    return [
        {
            "question": "what was it?",
            "context": text,
            "answers": {"text": [word], "answer_start": [text.index(word)]},
        }
        for text, _, word in texts()
    ]


def _texts() -> Rows:
    return [{"text": text} for text, _, _ in texts()]


def _instructions() -> Rows:
    return [
        {"instruction": f"what was {word}?", "input": text, "output": f"the {thing}" * (1 + n % 3)}
        for n, (text, thing, word) in enumerate(texts())
    ]


def _summaries() -> Rows:
    return [
        {"document": text, "summary": f"{word} {thing}" * (1 + n % 3)}
        for n, (text, thing, word) in enumerate(texts())
    ]


def _pairs() -> Rows:
    return [
        {"source": text, "target": f"{word} {thing}" * (1 + n % 3)}
        for n, (text, thing, word) in enumerate(texts())
    ]


KINDS: dict[str, tuple[Callable[[], Rows], Callable[[Path], Path]]] = {
    "text-classification": (_classes, make_tiny_bert),
    "text-regression": (_numbers, make_tiny_bert),
    "token-classification": (_tags, make_tiny_bert),
    "question-answering": (_questions, make_tiny_bert),
    "fill-mask": (_texts, make_tiny_bert),
    "text-generation": (_instructions, make_tiny_llama),
    "summarization": (_summaries, make_tiny_t5),
    "translation": (_pairs, make_tiny_t5),
}
