"""Text generation: a model learns to go on with texts, or to answer instructions.

Plain texts are learned whole; what is longer than `max_tokens` fills several rows. Of
instruction rows and conversations the answer is learned, unless the spec says otherwise. An
encoder is made to look back only, or each token could see the one it is to guess.

Shapes:
    B rows, T tokens, V entries of the vocabulary.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from ._dynamics import of_written
from ._guessing import IGNORED, TokenCounts, followed, means, pad, perplexity, read_paragraphs, sums
from ._labelling import Labelling
from ._prompts import Prompt, prompts_of, read_row
from ._rouge import is_exact, rouge_l
from .contract import Batch, Column, CutAnswers, Metric, Outcome, Record, Role, Setup, Task

# Writing takes far longer than judging: of each thousand validation rows so many are written for.
WRITTEN_ROWS = 64
# Of a plain text, so many tokens are given, at most half of it, and the rest is to be written.
OPENING_TOKENS = 32


def encode(batch: Batch, setup: Setup, training: bool) -> dict[str, list[Any]]:
    """Turn texts, or prompts and answers, into token ids and labels.

    With `data.packing`, training rows are filled up to `max_tokens` with several texts one after
    the other. Rows to be checked also have the tokens of the `prompt`, and whether something is
    to be `written` for them.
    """
    rows = _text_rows(batch, setup) if _is_plain(batch, setup) else _answer_rows(batch, setup)
    for row in rows:
        row["labels"][0] = IGNORED  # nothing stands before it from which to guess it
    if training:
        rows = [{name: row[name] for name in ("row", "input_ids", "labels")} for row in rows]
        if setup.spec.data.packing:
            rows = _packed(rows, setup.max_tokens)
    return {name: [row[name] for row in rows] for name in rows[0]}


def _is_plain(batch: Batch, setup: Setup) -> bool:
    """Say whether texts are to be gone on with; a bare question means what the run learned."""
    learned = setup.spec.data.columns
    return "text" in batch or ("text" in learned and "instruction" in batch)


def _text_rows(batch: Batch, setup: Setup) -> list[Record]:
    opening = "text" not in batch  # something to go on with, not a text to be judged
    rows = []
    for place, text in enumerate(batch["instruction" if opening else "text"]):
        ids = [*_start(setup), *_ids(setup, text), *([] if opening else _end(setup))]
        if opening:
            ids = ids[-setup.max_tokens :]
        for start in range(0, len(ids), setup.max_tokens):
            part = ids[start : start + setup.max_tokens]
            size = len(part) if opening else max(1, min(OPENING_TOKENS, len(part) // 2))
            rows.append(
                {
                    "row": batch["row"][place],
                    "input_ids": part,
                    "labels": [IGNORED] * len(part) if opening else list(part),
                    "prompt": part[:size],
                    "written": opening or (start == 0 and place < WRITTEN_ROWS),
                }
            )
    return rows


def _answer_rows(batch: Batch, setup: Setup) -> list[Record]:
    rows = []
    for place, prompt in enumerate(prompts_of(batch, setup)):
        asked, answer = _cut(*_prompt_ids(prompt, setup), setup.max_tokens)
        learned = setup.spec.train.completion_only_loss or prompt.answer is None
        rows.append(
            {
                "row": batch["row"][place],
                "input_ids": [*asked, *answer],
                "labels": [*([IGNORED] * len(asked) if learned else asked), *answer],
                "prompt": asked,
                "written": prompt.answer is None or place < WRITTEN_ROWS,
            }
        )
    return rows


def _prompt_ids(prompt: Prompt, setup: Setup) -> tuple[list[int], list[int]]:
    asked = [*([] if prompt.whole else _start(setup)), *_ids(setup, prompt.text)]
    if prompt.answer is None:
        return asked, []
    answer, end = _ids(setup, prompt.answer), _end(setup)
    return asked, answer if end and end[0] in answer else [*answer, *end]


def _cut(asked: list[int], answer: list[int], limit: int) -> tuple[list[int], list[int]]:
    """Cut what is too long: the beginning of the prompt, but not below half, then the answer."""
    room = max(limit - len(answer), limit // 2) if answer else limit
    asked = asked[-room:]
    return asked, answer[: limit - len(asked)]


def _ids(setup: Setup, text: str) -> list[int]:
    return setup.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]


def _start(setup: Setup) -> list[int]:
    """Return the token that begins a text, where it is not the one that also ends it."""
    start, end = setup.tokenizer.bos_token_id, setup.tokenizer.eos_token_id
    return [] if start is None or start == end else [start]


def _end(setup: Setup) -> list[int]:
    end = setup.tokenizer.eos_token_id
    return [] if end is None else [end]


def _packed(rows: list[Record], size: int) -> list[Record]:
    """Fill rows of `size` tokens with one text after the other; each is named after its first."""
    flat = [
        (row["row"], one, label)
        for row in rows
        for one, label in zip(row["input_ids"], row["labels"], strict=True)
    ]
    packed = []
    for start in range(0, len(flat), size):
        numbers, ids, labels = zip(*flat[start : start + size], strict=True)
        packed.append({"row": numbers[0], "input_ids": list(ids), "labels": [IGNORED, *labels[1:]]})
    return packed


def lengths(batch: Batch, setup: Setup) -> list[int]:
    """Return the tokens of each row before any cut; texts are not cut, but fill several rows."""
    if _is_plain(batch, setup):
        found = [len(_ids(setup, text)) + 2 for text in batch["text"]]
        return [min(length, setup.max_tokens) for length in found]
    return [sum(map(len, _prompt_ids(prompt, setup))) for prompt in prompts_of(batch, setup)]


def cut_answers(batch: Batch, setup: Setup) -> CutAnswers:
    """Return the tokens of answers longer than may be written, and of rows whose answer is cut.

    The latter are prompt and answer together, where less than the whole answer is learned.
    """
    if _is_plain(batch, setup):
        return {}
    written, learned = setup.spec.generate.max_new_tokens, setup.max_tokens
    too_long, cut = [], []
    for prompt in prompts_of(batch, setup):
        asked, answer = _prompt_ids(prompt, setup)
        kept = _cut(asked, answer, learned)[1]
        too_long.append(len(answer) if len(answer) > written else 0)
        cut.append(len(asked) + len(answer) if len(kept) < len(answer) else 0)
    why = "learned" if learned == setup.spec.data.max_tokens else "model"
    return {"written": (written, too_long), why: (learned, cut)}


def collate(rows: list[Record], setup: Setup) -> dict[str, Any]:
    """Make a batch of tensors, filled on the right.

    Shapes:
        input_ids, attention_mask, labels: (B, T).
    """
    rows = [row | {"attention_mask": [1] * len(row["input_ids"])} for row in rows]
    fill = {"input_ids": setup.tokenizer.pad_token_id or 0, "attention_mask": 0, "labels": IGNORED}
    return pad(rows, fill)


def keep(logits: Any, labels: Any) -> Any:
    """Return the sums of the losses of a validation batch: (B, 3)."""
    logits = logits[0] if isinstance(logits, tuple) else logits
    return sums(logits[:, :-1], labels[:, 1:])


def score(kept: np.ndarray, labels: np.ndarray, setup: Setup) -> dict[str, float]:
    """Return the loss and the share of tokens that were the likeliest, given those before."""
    return followed(kept)


def infer(model: Any, inputs: dict[str, Any], rows: list[Record], setup: Setup) -> list[Record]:
    """Return for each row the sums of its losses, and what the model writes to its prompt."""
    labels = inputs.pop("labels")
    found = keep(model(**inputs).logits, labels).cpu().numpy()
    wanted = [place for place, row in enumerate(rows) if row["written"]]
    texts = dict(
        zip(wanted, _write(model, [rows[p]["prompt"] for p in wanted], setup), strict=True)
    )
    return [{"sums": one, "written": texts.get(place)} for place, one in enumerate(found)]


def _write(model: Any, prompts: list[list[int]], setup: Setup) -> list[str]:
    """Let the model go on with prompts, taking the likeliest token each time, or by beams."""
    import torch

    if not prompts:
        return []
    tokenizer, generate = setup.tokenizer, setup.spec.generate
    limit = int(tokenizer.model_max_length)
    longest = max(limit // 2, limit - generate.max_new_tokens)
    prompts = [ids[-longest:] for ids in prompts]
    width = max(map(len, prompts))
    padding = tokenizer.pad_token_id or 0
    ids = torch.tensor([[*[padding] * (width - len(p)), *p] for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    beams = {"length_penalty": generate.length_penalty} if generate.num_beams > 1 else {}
    found = model.generate(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        max_new_tokens=min(generate.max_new_tokens, limit - width) or 1,
        num_beams=generate.num_beams,
        no_repeat_ngram_size=generate.no_repeat_ngram_size,
        do_sample=False,
        pad_token_id=padding,
        eos_token_id=tokenizer.eos_token_id,
        **beams,
    )
    texts = tokenizer.batch_decode(found[:, width:], skip_special_tokens=True)
    return [text.strip() for text in texts]


def evaluate(outcome: Outcome) -> dict[str, Any]:
    """Return loss and perplexity, and how near the written answers come to the references."""
    found = means(np.array([answer["sums"] for answer in outcome.outputs]))
    near: list[float] = []
    exact: list[bool] = []
    if "text" not in outcome.table.column_names:
        for record in predictions(outcome):
            if record["predicted"] is not None and "label" in record:
                near.append(rouge_l(record["label"], record["predicted"]))
                exact.append(is_exact(record["label"], record["predicted"]))
    return {
        "rows": len(outcome.table),
        "written_rows": len(near),
        "metrics": {
            **found,
            "perplexity": perplexity(found["loss"]),
            "rouge_l": float(np.mean(near)) if near else None,
            "exact_match": float(np.mean(exact)) if exact else None,
        },
    }


def baselines(outcome: Outcome, train: Any) -> dict[str, list[Record]]:
    """Return what token frequencies alone give, and the prompt itself as the answer.

    Frequencies are those of the training tokens that are learned. Of plain texts there are no
    references to which a copy could be compared.
    """
    setup = outcome.setup
    encoded = encode(train[:], setup, training=True)["labels"]
    learned = [[one for one in labels if one != IGNORED] for labels in encoded]
    counts = TokenCounts(learned, len(setup.tokenizer))
    usual = []
    for row in outcome.rows:
        truth = np.asarray(row["labels"])
        truth = truth[truth != IGNORED]
        right = int((truth == counts.order[0]).sum())
        usual.append({"sums": [counts.losses(truth).sum(), len(truth), right], "written": None})
    if "text" in outcome.table.column_names:
        return {"unigram": usual}
    asked = dict(zip(outcome.table["row"], prompts_of(outcome.table[:], setup), strict=True))
    copied = [
        {"sums": [0.0, 0, 0], "written": answer["written"] and asked[row["row"]].asked}
        for row, answer in zip(outcome.rows, outcome.outputs, strict=True)
    ]
    return {"unigram": usual, "copy": copied}


def predictions(outcome: Outcome) -> list[Record]:
    """Return each prompt, what was written to it, the reference, and the loss."""
    parts: dict[int, list[tuple[Record, Record]]] = defaultdict(list)
    for row, answer in zip(outcome.rows, outcome.outputs, strict=True):
        parts[row["row"]].append((row, answer))
    table, setup = outcome.table[:], outcome.setup
    plain = _is_plain(table, setup)
    prompts = [None] * len(table["row"]) if plain else prompts_of(table, setup)
    return [
        _record(number, parts[number], prompt, setup)
        for number, prompt in zip(table["row"], prompts, strict=True)
    ]


def _record(
    number: int, parts: list[tuple[Record, Record]], prompt: Prompt | None, setup: Setup
) -> Record:
    """Return what is to be told of an example that was encoded as these rows."""
    (row, answer), *_ = parts
    loss = means(np.array([one["sums"] for _, one in parts]))["loss"]
    record = {"row": number, "predicted": answer["written"]}
    if prompt is not None:
        reference = prompt.reference
        record["prompt"] = prompt.asked
    else:
        asked, rest = row["prompt"], row["input_ids"][len(row["prompt"]) :]
        record["prompt"] = setup.tokenizer.decode(asked, skip_special_tokens=True)
        rest = rest[: setup.spec.generate.max_new_tokens]
        reference = setup.tokenizer.decode(rest, skip_special_tokens=True).strip()
    if loss is not None:
        record |= {"loss": loss, "perplexity": perplexity(loss)}
    if reference is not None and (prompt is not None or loss is not None):
        record["label"] = reference
        if prompt is not None and answer["written"] is not None:
            record["rouge_l"] = rouge_l(reference, answer["written"])
    return record


def line(record: Record) -> str:
    """Return a prediction as one line: what was written, then the prompt."""
    return "\t".join(" ".join(record[name].split()) for name in ("predicted", "prompt"))


def _told(name: str) -> Any:
    return lambda record: "–" if record.get(name) is None else record[name]


TASK = Task(
    name="text-generation",
    roles=(
        Role(
            "instruction",
            "text",
            required=False,
            usual_names=("instruction", "prompt", "question", "query", "指令", "问题", "提问"),
        ),
        Role(
            "input", "text", required=False, usual_names=("input", "输入"), may_be_empty=True
        ),
        Role(
            "output",
            "text",
            required=False,
            usual_names=(
                "output", "response", "answer", "completion", "target", "输出", "回答", "答案",
            ),
            answer=True,
        ),
        Role(
            "messages",
            "object",
            required=False,
            usual_names=("messages", "conversations", "conversation", "对话"),
        ),
        Role(
            "text",
            "text",
            required=False,
            usual_names=(
                "text", "content", "document", "article", "story", "passage", "body", "sentence",
                "文本", "正文", "内容",
            ),
        ),
    ),
    alternatives=(
        ("messages",), ("instruction", "input", "output"), ("instruction", "output"), ("text",),
    ),
    labelling=Labelling("text", "output"),
    auto_class="AutoModelForCausalLM",
    encode=encode,
    metrics=(
        Metric("loss", followed=True, greater_is_better=False),
        Metric("token_accuracy", followed=True, share=True),
        Metric("perplexity", greater_is_better=False),
        Metric("rouge_l", share=True),
        Metric("exact_match", share=True),
    ),
    score=score,
    evaluate=evaluate,
    baselines=baselines,
    predictions=predictions,
    columns=(
        Column("row", "number"),
        Column("prompt"),
        Column("reference", "right", cell=_told("label")),
        Column("written", "wrong", cell=_told("predicted")),
        Column("rouge_l", "share"),
        Column("loss", "number"),
    ),
    figures=(),
    leading=("perplexity", "rouge_l", "exact_match", "loss"),
    compared=("perplexity",),
    options=(
        "data.packing", "train.completion_only_loss", "generate.max_new_tokens",
        "generate.num_beams", "generate.length_penalty", "generate.no_repeat_ngram_size",
    ),
    data_figures=("length_histogram",),
    read=read_row,
    read_file=read_paragraphs,
    lengths=lengths,
    cut_answers=cut_answers,
    settings=lambda setup: {"is_decoder": True},
    collate=collate,
    keep=keep,
    observe=lambda outputs, labels, setup: of_written(outputs.logits[:, :-1], labels[:, 1:]),
    infer=infer,
    is_wrong=lambda record: record["predicted"] not in (None, record.get("label")),
    line=line,
)  # fmt: skip
