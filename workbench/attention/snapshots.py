"""Along the way: where the model looked in the probe sentences at each evaluation of a run.

`attention/probe-00-steps.jsonl` in the run's folder has one line a snapshot, `{"step": n, "record":
...}`, and is only ever appended to, whole lines at a time; a torn last line is passed over.
Statistics are kept of every snapshot, pictures of about twenty: when there are more, every other
one is dropped and the file written anew.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError, ModelError
from ..runs import RunFolder, write_text
from ..tasks._encode import TextEncoder
from .reading import read_json, read_record
from .record import AttentionRecord

MOST_PICTURES = 20

# What the pictures of one snapshot may take.
PICTURE_BYTES = 16_000


def keep_record(
    run: RunFolder, number: int, model: Any, tokenizer: Any, text: str, max_tokens: int,
    when: str, step: int, encoder: TextEncoder | None = None,
) -> Path | None:  # fmt: skip
    """Write where `model` looks in a probe sentence, `attention/probe-00-WHEN.json`.

    Returns the file; None for a model that has no attention to show.
    """
    record = _capture(
        run, number, model, tokenizer, text, max_tokens, encoder, label=when, step=step
    )
    if record is None:
        return None
    path = run.attention_path / f"probe-{number:02d}-{when}.json"
    write_text(path, record.to_json())
    return path


def keep_snapshots(
    run: RunFolder, model: Any, tokenizer: Any, probes: list[str], step: int, max_tokens: int,
    encoder: TextEncoder | None = None,
) -> list[tuple[int, Path]]:  # fmt: skip
    """Keep where `model` looks in each probe sentence at a step; return what was written.

    A step that the run has passed before, and takes again after a break, is not kept twice.
    """
    written = []
    for number, text in enumerate(probes):
        path = steps_path(run, number)
        lines = _lines(path)
        if any(line["step"] == step for line in lines):
            continue
        record = _capture(
            run, number, model, tokenizer, text, max_tokens, encoder,
            label=f"step {step}", step=step, pinned=[], budget_bytes=PICTURE_BYTES,
        )  # fmt: skip
        if record is not None:
            _append(path, step, record, lines)
            written.append((number, path))
    return written


def _capture(
    run: RunFolder, number: int, model: Any, tokenizer: Any, text: str, max_tokens: int,
    encoder: TextEncoder | None, **how: Any,
) -> AttentionRecord | None:  # fmt: skip
    from .capture import capture

    pair = _target(run, number, model, tokenizer, text, max_tokens, encoder)
    try:
        return capture(model, tokenizer, text, pair, max_tokens, encoder=encoder, **how)
    except ModelError as error:  # a run learns without a picture of its attention
        logging.getLogger(__name__).info("no attention is kept: %s", error)
        return None


def _target(
    run: RunFolder, number: int, model: Any, tokenizer: Any, text: str, max_tokens: int,
    encoder: TextEncoder | None,
) -> str | None:  # fmt: skip
    """Return what a decoder beside an encoder reads, at every step the same, to be compared.

    It is what the model wrote when the run looked first; the text itself if it wrote nothing.
    """
    from .texts import read

    if not model.config.is_encoder_decoder:
        return None
    for record in read_snapshots(run, number)[:1]:
        return record.text_pair
    reading = read(model, tokenizer, text, None, max_tokens, encoder=encoder)
    return tokenizer.decode(reading.target_ids, skip_special_tokens=True).strip() or text


def steps_path(run: RunFolder, number: int) -> Path:
    """Return the file of one probe sentence."""
    return run.attention_path / f"probe-{number:02d}-steps.jsonl"


def read_snapshots(run: RunFolder, number: int = 0) -> list[AttentionRecord]:
    """Return the snapshots of a probe sentence by step, the model before fine-tuning first.

    Those between kept pictures have statistics alone.
    """
    records = []
    before = run.attention_path / f"probe-{number:02d}-before.json"
    plain: list[Any] = [line["record"] for line in _lines(steps_path(run, number))]
    for text in [before.read_text("utf-8")] if before.is_file() else []:
        records += _readable(lambda text=text: read_json(text))
    for one in plain:
        records += _readable(lambda one=one: read_record(one))
    return sorted(records, key=lambda record: record.step)


def without_pictures(record: AttentionRecord) -> AttentionRecord:
    """Return a record's statistics without its pictures."""
    bare = [replace(block, thumbnails=None, norms=None, maps={}) for block in record.blocks]
    return replace(record, blocks=bare)


def _append(path: Path, step: int, record: AttentionRecord, lines: list[dict[str, Any]]) -> None:
    line = _line(step, record.to_dict())
    drawn = [one for one in lines if one.get("drawn", True)]
    whole = path.is_file() and path.read_bytes()[-1:] in (b"\n", b"")
    if len(drawn) < MOST_PICTURES and (whole or not path.exists()):
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        return
    if len(drawn) >= MOST_PICTURES:
        for one in drawn[1::2]:
            bare = without_pictures(read_record(one["record"]))
            one.update(record=bare.to_dict(), drawn=False)
    kept = [_line(one["step"], one["record"], one.get("drawn", True)) for one in lines]
    write_text(path, "".join(kept) + line)


def _line(step: int, record: dict[str, Any], drawn: bool = True) -> str:
    plain = {"step": step, "drawn": drawn, "record": record}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n"


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a file."""
    if not path.is_file():
        return []
    found = []
    for text in path.read_text("utf-8", errors="replace").split("\n"):
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(plain, dict) and type(plain.get("step")) is int and "record" in plain:
            found.append(plain)
    return found


def _readable(read: Any) -> list[AttentionRecord]:
    try:
        return [read()]
    except InputError as error:
        logging.getLogger(__name__).info("a snapshot is left out: %s", error)
        return []
