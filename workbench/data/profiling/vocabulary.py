"""What a model's tokenizer makes of the texts: lengths in tokens, and what it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import InputError, shorten
from ...language import text as say
from ...models import load_tokenizer
from ...sources import Progress, find_model
from ...spec import RunSpec
from ...tasks._encode import encoder_for
from .found import finding
from .record import Finding, Tokens
from .source import Split
from .texts import scripts

LIMITS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
BATCH_ROWS = 1000
# Longer texts are measured by their beginning.
MOST_CHARACTERS = 100_000
UNKNOWN_SHARE = 0.01
SMALL_VOCABULARY = 2000
# A piece stands for three to five letters of an alphabet, and for one Chinese character or more.
PIECES_PER_CHARACTER = {"alphabet": 0.6, "other": 1.2}


def open_tokenizer(spec: RunSpec, progress: Progress | None = None) -> tuple[Any, list[str]]:
    """Return the tokenizer of the spec's model, or None and a note that says why there is none."""
    if spec.model.tokenizer != "pretrained":
        return None, [say("findings.own_tokenizer")]
    try:
        found = find_model(spec.model.source, spec.model.revision, progress)
        return load_tokenizer(found, spec.model.trust_remote_code), []
    except InputError as error:
        return None, [say("findings.no_tokenizer", reason=shorten(error, 200))]


def measure_tokens(
    sample: Sequence[tuple[Split, int]], tokenizer: Any, spec: RunSpec
) -> tuple[dict[str, list[int]], Tokens, list[Finding]]:
    """Return each sampled row's length in tokens by split, the shares, and what is to be told."""
    import numpy as np

    rows = [[part[i][:MOST_CHARACTERS] for part in split.parts[:2]] for split, i in sample]
    encoder = encoder_for(spec, tokenizer)
    pieces = [_pieces([row[place] for row in rows], encoder) for place in range(len(rows[0]))]
    special = tokenizer.num_special_tokens_to_add(pair=len(pieces) > 1)
    counts = [sum(map(len, parts)) + special for parts in zip(*pieces, strict=True)]
    lengths: dict[str, list[int]] = {}
    for (split, _), count in zip(sample, counts, strict=True):
        lengths.setdefault(split.name, []).append(count)
    everything = np.fromiter(
        (number for place in pieces for ids in place for number in ids), np.int64
    )
    tokens = _shares(everything, rows, counts, tokenizer, spec)
    splits = list({split.name: split for split, _ in sample}.values())
    return (
        lengths,
        tokens,
        [
            *_unknown(sample, splits, pieces, tokenizer, tokens),
            *fragmented(rows, tokens, len(tokenizer)),
            *_cut(sample, splits, counts, spec.data.max_tokens),
        ],
    )


def _pieces(texts: list[str], encoder: Any) -> list[list[int]]:
    found: list[list[int]] = []
    for start in range(0, len(texts), BATCH_ROWS):
        batch = texts[start : start + BATCH_ROWS]
        found += encoder(batch, add_special_tokens=False, truncation=False, verbose=False)[
            "input_ids"
        ]
    return found


def _shares(
    everything: Any, rows: list[list[str]], counts: list[int], tokenizer: Any, spec: RunSpec
) -> Tokens:
    import numpy as np

    numbers, times = np.unique(everything, return_counts=True)
    names = tokenizer.convert_ids_to_tokens(numbers.tolist())
    total = max(int(times.sum()), 1)
    single = sum(int(n) for name, n in zip(names, times, strict=True) if _is_single(str(name)))
    unknown = int(times[numbers == _unknown_id(tokenizer)].sum())
    letters = sum(len("".join(part.split())) for row in rows for part in row)
    words = sum(len(part.split()) for row in rows for part in row)
    limits = sorted({*(limit for limit in LIMITS if limit < max(counts)), spec.data.max_tokens})
    return Tokens(
        model=spec.model.source,
        pieces=int(times.sum()),
        unknown_share=unknown / total,
        single_character_share=single / total,
        per_character=total / max(letters, 1),
        per_word=total / max(words, 1),
        truncated={limit: sum(n > limit for n in counts) / len(counts) for limit in limits},
    )


def _unknown_id(tokenizer: Any) -> int:
    # Byte-level tokenizers know everything; some name a token for what never occurs.
    return -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id


def _is_single(piece: str) -> bool:
    plain = piece.strip("▁Ġ").removeprefix("##").removesuffix("</w>")
    return len(plain) == 1 and plain.isalpha()


def _unknown(
    sample: Sequence[tuple[Split, int]],
    splits: list[Split],
    pieces: list[list[list[int]]],
    tokenizer: Any,
    tokens: Tokens,
) -> list[Finding]:
    """Return the rows with pieces that the model does not know, if there are many of these."""
    if tokens.unknown_share < UNKNOWN_SHARE:
        return []
    unknown = _unknown_id(tokenizer)
    hits: dict[str, list[int]] = {}
    said: dict[tuple[str, int], str] = {}
    for (split, i), *parts in zip(sample, *pieces, strict=True):
        if count := sum(ids.count(unknown) for ids in parts):
            hits.setdefault(split.name, []).append(i)
            said[split.name, i] = f"{count} / {sum(map(len, parts))}"
    return finding(
        "unknown_tokens", splits, hits, lambda s, i: said[s.name, i], of=len(sample),
        unknown=f"{tokens.unknown_share:.1%}", model=tokens.model,
    )  # fmt: skip


def fragmented(rows: list[list[str]], tokens: Tokens, vocabulary: int) -> list[Finding]:
    """Say so where words fall into many more pieces than a model of their language would need.

    A small vocabulary is one of bytes or characters, which cuts all languages alike.
    """
    shares = scripts([part for row in rows[:2000] for part in row])
    wide = sum(shares.get(name, 0) for name in ("Han", "Hiragana", "Katakana", "Hangul", "Thai"))
    typical = PIECES_PER_CHARACTER["other" if wide > 0.5 else "alphabet"]
    if tokens.per_character <= typical or vocabulary < SMALL_VOCABULARY:
        return []
    per = f"{tokens.per_character:.1f}"
    return [Finding("fragmented", len(rows), len(rows), {"per": per, "model": tokens.model})]


def _cut(
    sample: Sequence[tuple[Split, int]], splits: list[Split], counts: list[int], limit: int
) -> list[Finding]:
    """Return the rows that are longer than the run would let them be."""
    hits: dict[str, list[int]] = {}
    said: dict[tuple[str, int], int] = {}
    for (split, i), count in zip(sample, counts, strict=True):
        if count > limit:
            hits.setdefault(split.name, []).append(i)
            said[split.name, i] = count
    return finding(
        "truncated", splits, hits, lambda s, i: f"{said[s.name, i]:,}", of=len(sample),
        limit=f"{limit:,}",
    )  # fmt: skip
