"""What leaves a run against the run: every task, adapter and format, read without the workbench.

    python -m tests.correctness.exports [TASK ...]     # the whole matrix, as a table

A tiny run of each task and adapter is trained, exported in each format, and read by transformers,
peft or onnxruntime alone. Each of 200 probes is answered by `predict_texts` and by what was read:
probabilities, shares and numbers (in deviations of the data) are compared, words must be the same.
An export that is refused counts with its sentence.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import transformers

from tests.correctness.comparison import Outcome
from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_runs import BAD, GOOD, THINGS, tiny_spec
from tests.tiny_writers import make_tiny_t5
from workbench import pipeline
from workbench.errors import InputError
from workbench.evaluation.run import predict_texts
from workbench.export import export_run
from workbench.runs import RunFolder
from workbench.tasks import load_task

TOLERANCE = 1e-4
PROBES = 200
ADAPTERS = ("none", "lora", "dora", "ia3", "prompt_tuning")
FORMATS = ("folder", "merged", "onnx")
WRITTEN = 8  # tokens
Answer = tuple[Any, list[float]]  # words that must be the same, numbers that must be near
Reader = Callable[[dict[str, Any]], Any]


def matrix(
    folder: Path,
    tasks: Iterable[str],
    adapters: Iterable[str] = ADAPTERS,
    formats: Iterable[str] = FORMATS,
    probes: int = PROBES,
) -> Iterator[Outcome]:
    """Train, export, read and compare; one outcome for each cell."""
    for task in tasks:
        for adapter in adapters:
            home = folder / f"{task}-{adapter}"
            home.mkdir()
            try:
                run = pipeline.train(spec_of(home, task, adapter))
            except InputError as error:
                yield from (
                    Outcome((task, adapter, one), why=f"refused: {error}") for one in formats
                )
                continue
            asked = probes_of(task, probes)
            wanted = [answered(task, record, run) for record in predict_texts(run, asked)]
            for one in formats:
                yield _compared(run, task, adapter, one, asked, wanted)


def _compared(
    run: RunFolder, task: str, adapter: str, kind: str, asked: list[Any], wanted: list[Answer]
) -> Outcome:
    try:
        out = export_run(run, kind).path
    except InputError as error:
        return Outcome((task, adapter, kind), why=f"refused: {error}")
    read = reader_of(run, task, adapter, kind, out)
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    given = [ASK[task](read, tokenizer, probe) for probe in asked]
    difference = 0.0
    for (words, numbers), (own_words, own_numbers) in zip(given, wanted, strict=True):
        if words != own_words or len(numbers) != len(own_numbers):
            return Outcome((task, adapter, kind), float("inf"))
        pairs = zip(numbers, own_numbers, strict=True)
        difference = max([difference, *(abs(one - two) for one, two in pairs)])
    return Outcome((task, adapter, kind), difference)


# --- the runs ------------------------------------------------------------------------------------


def spec_of(home: Path, task: str, adapter: str) -> Any:
    """Return the spec of a tiny run, with its model and its data written to `home`."""
    auto_class = load_task(task).auto_class
    make = {"AutoModelForCausalLM": make_tiny_llama, "AutoModelForSeq2SeqLM": make_tiny_t5}
    if auto_class in make:
        make[auto_class](home / "base")
    else:
        make_tiny_bert(home / "base", spread=0.3)
    (home / "rows.json").write_text(json.dumps(rows_of(task)), "utf-8")
    short = {"train.max_steps": 8, "train.eval_steps": 4, "evaluate.baselines": False}
    writes = {"generate.max_new_tokens": WRITTEN} if load_task(task).is_generative else {}
    return tiny_spec(
        home, task=task,
        **{
            "data.source": str(home / "rows.json"), "model.source": str(home / "base"),
            "data.max_tokens": 64, "inspect.probes": [], "adapter.peft_method": adapter, **short,
            **writes, **({"adapter.num_virtual_tokens": 3} if adapter == "prompt_tuning" else {}),
        },
    )  # fmt: skip


def rows_of(task: str) -> list[dict[str, Any]]:
    """Return labelled rows for a task."""
    facts = [
        (f"the {thing} was {word}", thing, word, word in GOOD)
        for word in (*GOOD, *BAD)
        for thing in THINGS
    ]
    rows: dict[str, Callable[[str, str, str, bool], dict[str, Any]]] = {
        "text-classification": lambda t, thing, word, good: {"text": t, "label": str(good)},
        "text-regression": lambda t, thing, word, good: {
            "text": t, "label": 1000 + 10.0 * good + len(thing),
        },
        "token-classification": lambda t, thing, word, good: {
            "tokens": t.split(), "tags": ["O", "B-THING", "O", "B-GOOD" if good else "B-BAD"],
        },
        "question-answering": lambda t, thing, word, good: {
            "question": "what was it?", "context": t,
            "answers": {"text": [word], "answer_start": [t.index(word)]},
        },
        "summarization": lambda t, thing, word, good: {"source": t, "target": f"{thing} {word}"},
        "translation": lambda t, thing, word, good: {"source": t, "target": f"{word} {thing}"},
        "text-generation": lambda t, thing, word, good: {
            "instruction": f"was the {thing} {word}?", "output": t,
        },
        "fill-mask": lambda t, thing, word, good: {"text": t},
    }  # fmt: skip
    return [rows[task](*fact) for fact in facts]


def probes_of(task: str, count: int) -> list[Any]:
    """Return texts of several lengths to be asked, in the roles of the task."""
    rng, texts = Random(1), []
    for _ in range(count):
        parts = [
            f"the {rng.choice(THINGS)} was {rng.choice([*GOOD, *BAD])}"
            for _ in range(rng.randint(1, 4))
        ]
        texts.append(" and ".join(parts))
    if task == "question-answering":
        return [{"question": "what was it?", "context": text} for text in texts]
    if task == "fill-mask":
        return [text.replace(" was ", " [MASK] ", 1) for text in texts]
    if task == "token-classification":
        return [{"tokens": text.split()} for text in texts]
    return texts


def answered(task: str, record: dict[str, Any], run: RunFolder) -> Answer:
    """Return what a run answered in the form in which it is compared."""
    if task == "text-classification":
        return record["predicted"], record["probabilities"]
    if task == "text-regression":
        config = json.loads((run.model_path / "config.json").read_text("utf-8"))
        return "", [one / std for one, std in zip(record["predicted"], config["target_std"],
                                                  strict=True)]  # fmt: skip
    if task == "token-classification":
        return record["predicted"], [record["confidence"]]
    if task == "fill-mask":
        return record["predicted"][0], [record["shares"][0][0]]
    return record["predicted"], []


# --- reading what left ---------------------------------------------------------------------------


@dataclass
class Read:
    """A model that was read: it answers a batch, and, if it can, writes by itself."""

    call: Reader
    config: Any
    generate: Callable[..., Any] | None = None


def reader_of(run: RunFolder, task: str, adapter: str, kind: str, out: Path) -> Read:
    """Read an export with the libraries that anybody has."""
    config = transformers.AutoConfig.from_pretrained(out)
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(out / "model.onnx"))
        names = [one.name for one in session.get_outputs()]
        inputs = [one.name for one in session.get_inputs()]

        def call(batch: dict[str, Any]) -> dict[str, Any]:
            given = session.run(names, {name: batch[name].numpy() for name in inputs})
            return dict(zip(names, map(torch.from_numpy, given), strict=True))

        return Read(call, config)
    auto = getattr(transformers, load_task(task).auto_class)
    if kind == "folder" and adapter != "none":
        import peft

        base = auto.from_pretrained(run.spec().model.source, config=config)
        model = peft.PeftModel.from_pretrained(base, out).eval()
        if (out / "generation_config.json").is_file():
            base.generation_config = transformers.GenerationConfig.from_pretrained(out)
    else:
        model = auto.from_pretrained(out).eval()

    def forward(batch: dict[str, Any]) -> Any:
        with torch.no_grad():
            return model(**batch)

    return Read(forward, config, getattr(model, "generate", None))


def _encoded(tokenizer: Any, *texts: Any, **how: Any) -> dict[str, Any]:
    return dict(tokenizer(*texts, return_tensors="pt", truncation=True, max_length=64, **how))


def ask_classes(read: Read, tokenizer: Any, text: str) -> Answer:
    """Return the likeliest class and the probabilities."""
    shares = torch.softmax(read.call(_encoded(tokenizer, text))["logits"][0].double(), -1)
    return read.config.id2label[int(shares.argmax())], shares.tolist()


def ask_numbers(read: Read, tokenizer: Any, text: str) -> Answer:
    """Return the numbers, in deviations of the data."""
    numbers = read.call(_encoded(tokenizer, text))["logits"][0].tolist()
    return "", [one / std for one, std in zip(numbers, read.config.target_std, strict=True)]


def ask_tags(read: Read, tokenizer: Any, probe: dict[str, Any]) -> Answer:
    """Return the tag of each word, read at its first piece, and the least of their shares."""
    encoded = tokenizer(probe["tokens"], is_split_into_words=True, return_tensors="pt")
    words = encoded.word_ids()
    logits = read.call(dict(encoded))["logits"][0]
    shares = torch.softmax(logits[[words.index(n) for n in range(len(probe["tokens"]))]], -1)
    tags = [read.config.id2label[int(n)] for n in shares.argmax(-1)]
    return tags, [float(shares.max(-1).values.min())]


def ask_span(read: Read, tokenizer: Any, probe: dict[str, Any]) -> Answer:
    """Return the best span of the context, or none where that scores higher."""
    encoded = tokenizer(
        probe["question"], probe["context"], return_tensors="pt", return_offsets_mapping=True
    )
    offsets, sides = encoded.pop("offset_mapping")[0].tolist(), encoded.sequence_ids()
    given = read.call(dict(encoded))
    start, end = given["start_logits"][0], given["end_logits"][0]
    inside = [place for place, side in enumerate(sides) if side == 1]
    score, first, last = max(
        (float(start[a] + end[b]), a, b) for a in inside for b in inside if a <= b < a + 30
    )
    if float(start[0] + end[0]) > score:
        return "", []
    return probe["context"][offsets[first][0] : offsets[last][1]], []


def ask_mask(read: Read, tokenizer: Any, text: str) -> Answer:
    """Return the likeliest word for the mask, and its share."""
    batch = _encoded(tokenizer, text)
    (place,) = (batch["input_ids"][0] == tokenizer.mask_token_id).nonzero()
    logits = read.call(batch)["logits"][0, int(place)]
    shares = torch.softmax(logits.double(), -1)
    return tokenizer.decode([int(shares.argmax())]).strip(), [float(shares.max())]


def ask_writer(read: Read, tokenizer: Any, text: str) -> Answer:
    """Return what a model with an encoder writes to a text."""
    batch = _encoded(tokenizer, text)
    batch.pop("token_type_ids", None)
    if read.generate is not None:
        ids = read.generate(**batch)[0].tolist()
    else:
        ids = [read.config.decoder_start_token_id]
        while len(ids) <= WRITTEN and ids[-1] != read.config.eos_token_id:
            result = batch | {"decoder_input_ids": torch.tensor([ids])}
            ids.append(int(read.call(result)["logits"][0, -1].argmax()))
    return tokenizer.decode(ids, skip_special_tokens=True).strip(), []


def ask_chat(read: Read, tokenizer: Any, text: str) -> Answer:
    """Return what a model answers to a message."""
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], add_generation_prompt=True, return_dict=False
    )
    ids = torch.tensor([asked])
    mask = torch.ones_like(ids)
    if read.generate is not None:
        found = read.generate(input_ids=ids, attention_mask=mask)[0].tolist()
        written = found[len(asked) :]
    else:
        written = []
        while len(written) < WRITTEN and tokenizer.eos_token_id not in written:
            ids = torch.tensor([[*asked, *written]])
            logits = read.call({"input_ids": ids, "attention_mask": torch.ones_like(ids)})["logits"]
            written.append(int(logits[0, -1].argmax()))
    return tokenizer.decode(written, skip_special_tokens=True).strip(), []


ASK: dict[str, Callable[[Read, Any, Any], Answer]] = {
    "text-classification": ask_classes,
    "text-regression": ask_numbers,
    "token-classification": ask_tags,
    "question-answering": ask_span,
    "summarization": ask_writer,
    "translation": ask_writer,
    "text-generation": ask_chat,
    "fill-mask": ask_mask,
}


def main(names: list[str]) -> int:
    """Print a line for each cell; the exit code is 1 if one failed."""
    from workbench.training.run import quiet_libraries

    counts: Counter[str] = Counter()
    with TemporaryDirectory() as folder, warnings.catch_warnings(), quiet_libraries():
        warnings.simplefilter("ignore")
        for one in matrix(Path(folder), names or ASK):
            print(one, flush=True)
            counts[one.verdict.partition(":")[0]] += 1
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return int("failed" in counts)


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main(sys.argv[1:]))
