"""Where a model looked, as a still picture: all heads in small, and one map, large.

The live desk (`static/attention/`) draws the same; this is what remains where no script runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..attention.record import AttentionRecord, Block, TokenSequence
from ..language import text
from . import theme
from ._drawing import Box, Drawing, Pixels, Words
from ._text import width, wrap

WIDTH = 1040
_MARGIN = 20
_SLANT = 55
_MOST_LINES = 4
_LABEL = 11
# A token may be as long as a text; what differs late still looks different.
_MOST_CHARACTERS = 32
_TICKS = (0, 0.05, 0.2, 0.5, 1)
_SIGNED = (
    "#084081", "#2b77ba", "#73afd9", "#bdd9ee", "#f3f3f3", "#fdd4a6", "#f5984b", "#cc5c0e",
    "#7f3404",
)  # fmt: skip
Head = tuple[int, int]


def attention_picture(
    record: AttentionRecord,
    against: AttentionRecord | None = None,
    block: int | None = None,
    head: Head | None = None,
) -> Drawing:
    """Draw all heads of a block and one map: of a head (from 0), or the mean of the last layer.

    With `against`, a record of the same tokens, both show the change from it. Left out, `block`
    is that from target to source, if there is one.

    Raises:
        IndexError: the record has no such block, layer or head.
    """
    number = _default_block(record) if block is None else block
    shown = record.blocks[number]
    other = _comparable(against, number, shown, record)
    chosen, name = _large(shown, head)
    drawing = Drawing(WIDTH, 0, text("attention.view.title"), text("attention.view.error_note"))
    ends = np.linspace(-1, 1, 201) if other else np.linspace(0, 1, 201)
    drawing.scale = (_change_colours if other else _weight_colours)(ends * np.abs(ends))
    foot = _heading(drawing, record, against if other else None)
    left = _atlas(drawing, shown, other, foot)
    right = _map(drawing, record, shown, other, chosen, name, foot)
    drawing.high = max(left, right) + 40
    drawing.add(
        Words(_MARGIN, drawing.high - 16, text("attention.view.error_note"), 11, room=WIDTH - 40)
    )
    return drawing


def _default_block(record: AttentionRecord) -> int:
    return next((n for n, one in enumerate(record.blocks) if one.queries != one.keys), 0)


def _comparable(
    against: AttentionRecord | None, number: int, shown: Block, record: AttentionRecord
) -> Block | None:
    """Return the same block of the other record if it has the same heads and tokens."""
    if against is None or number >= len(against.blocks):
        return None
    other = against.blocks[number]
    same = [(layer.heads, layer.missing) for layer in shown.layers] == [
        (layer.heads, layer.missing) for layer in other.layers
    ]
    tokens = all(
        record.sequences[name].tokens == against.sequences[name].tokens
        for name in {shown.queries, shown.keys}
    )
    return other if same and tokens else None


def _large(block: Block, head: Head | None) -> tuple[list[Head], str]:
    """Return the heads whose mean is the large map, and its name."""
    if head is not None:
        layer, one = head
        if not 0 <= one < block.layers[layer].heads or layer < 0:
            raise IndexError(f"layer {layer} has no head {one}")
        return [head], text(
            "attention.view.one_head", layer=block.layers[layer].number, head=one + 1
        )
    last = max((layer for layer, _ in block.maps), default=len(block.layers) - 1)
    whole = [place for place in sorted(block.maps) if place[0] == last]
    if len(whole) == block.layers[last].heads:
        number = block.layers[last].number
        return whole, text("attention.view.mean_of_layer", layer=number, heads=len(whole))
    return _large(block, whole[-1] if whole else (last, 0))


def _heading(drawing: Drawing, record: AttentionRecord, against: AttentionRecord | None) -> float:
    """Write title, text and answers; return the height below them."""
    drawing.add(Words(_MARGIN, 24, drawing.title, 17, kind="strong"))
    y = 50.0
    said = [record.text] + ([record.text_pair] if record.text_pair else [])
    for paragraph in said:
        lines = wrap(" ".join(paragraph.split()), 13, WIDTH - 2 * _MARGIN - 20)
        for line in [*lines[:_MOST_LINES], *(["…"] if len(lines) > _MOST_LINES else [])]:
            drawing.add(Words(_MARGIN + 10, y, line, 13, room=WIDTH - 50))
            y += 19
    drawing.add(Box(_MARGIN, 40, 3, y - 48, theme.BLUE))
    for one in [against, record] if against else [record]:
        whose = _model_name(one)
        answer = f"{text('attention.view.answer')} {one.prediction}" if one.prediction else ""
        line = " · ".join(part for part in (whose, answer) if part)
        if line:
            drawing.add(Words(_MARGIN, y + 4, line, 12, room=WIDTH - 40))
            y += 18
    return y + 10


def _model_name(record: AttentionRecord) -> str:
    known = record.model in ("before", "after")
    return text(f"attention.view.{record.model}") if known else record.model


def _atlas(drawing: Drawing, block: Block, other: Block | None, top: float) -> float:
    """Draw every head in small; return the height below them."""
    left, gap = _MARGIN + 26, 3
    room = 400 - left
    side = max(8.0, min(52.0, room / max(1, block.heads) - gap))
    drawing.add(Words(_MARGIN, top, text("attention.view.atlas"), 12, kind="strong", room=380))
    y = top + 34
    every = math.ceil(18 / (side + gap))
    for head in range(0, block.heads, every):
        drawing.add(
            Words(left + head * (side + gap) + side / 2, y - 10, str(head + 1), 10, "middle")
        )
    for at, layer in enumerate(block.layers):
        drawing.add(Words(left - 8, y + side / 2, str(layer.number), 10, "end"))
        if layer.missing:
            drawing.add(Box(left, y, room, side, "#888888", 0.18))
            reason = text("attention.view.missing", reason=layer.missing)
            drawing.add(Words(left + 6, y + side / 2, reason, 10, room=room - 12))
        for head in range(0 if layer.missing else layer.heads):
            small = block.thumbnail(at, head)
            before = other.thumbnail(at, head) if other else None
            if small is None or (other and (before is None or before.shape != small.shape)):
                continue
            colours = _weight_colours(small) if before is None else _change_colours(small - before)
            drawing.add(Pixels(left + head * (side + gap), y, side, side, colours))
        y += side + gap
    shared = [n for n in block.layers if 0 < n.kv_heads < n.heads]
    if shared:
        note = text("attention.view.kv_note", heads=shared[0].heads, groups=shared[0].kv_heads)
        for line in wrap(note, 10, room):
            drawing.add(Words(left, y + 8, line, 10))
            y += 14
    return y


def _map(
    drawing: Drawing, record: AttentionRecord, block: Block, other: Block | None,
    chosen: list[Head], name: str, top: float,
) -> float:  # fmt: skip
    """Draw one map with its tokens on both sides, and the scale; return the height below."""
    left = 430
    key = "zoom_change" if other else "zoom"
    title = text(f"attention.view.{key}", what=name)
    drawing.add(Words(left, top, title, 12, kind="strong", room=WIDTH - left - _MARGIN))
    weights = _mean(block.map, chosen)
    before = _mean(other.map, chosen) if other else None
    if weights is None and not other:
        weights = _mean(block.thumbnail, chosen)
        for line in wrap(text("attention.view.kept_small"), 10, WIDTH - left - _MARGIN):
            drawing.add(Words(left, top + 22, line, 10))
            top += 14
    if weights is None or (other and before is None):
        drawing.add(Words(left, top + 30, text("attention.view.not_kept"), 11,
                          room=WIDTH - left - _MARGIN))  # fmt: skip
        return top + 50
    rows = _stretches(record.sequences[block.queries], weights.shape[0])
    columns = _stretches(record.sequences[block.keys], weights.shape[1])
    across = min(150.0, _longest(columns))
    beside = min(130.0, _longest(rows))
    x = left + beside + 12
    y = top + 24 + across * math.sin(math.radians(_SLANT))
    overhang = across * math.cos(math.radians(_SLANT))
    cell = min(24.0, (WIDTH - _MARGIN - x - overhang) / len(columns), 620 / len(rows))
    values = weights if before is None else weights - before
    colours = _weight_colours(values) if before is None else _change_colours(values)
    drawing.add(Pixels(x, y, cell * len(columns), cell * len(rows), colours))
    if before is not None and cell >= 9:
        drawing.add(*_signs(values, x, y, cell))
    elif block.queries != block.keys:
        drawing.add(*_dots(values, x, y, cell))
    every = math.ceil(_LABEL / cell)
    for n in range(0, len(rows), every):
        drawing.add(Words(x - 6, y + (n + 0.5) * cell, rows[n], _LABEL, "end",
                          room=beside))  # fmt: skip
    every = math.ceil(_LABEL / cell / math.sin(math.radians(_SLANT)))
    for n in range(0, len(columns), every):
        drawing.add(Words(x + (n + 0.5) * cell, y - 6, columns[n], _LABEL,
                          turn=-_SLANT, room=across))  # fmt: skip
    return _scale(drawing, x, y + cell * len(rows) + 22, before is not None)


def _stretches(sequence: TokenSequence, count: int) -> list[str]:
    """Return the names of as many stretches of tokens as a map has rows; of each, if it can be."""
    labels, places = [_label(token) for token in sequence.tokens], np.arange(count)
    starts, ends = places * len(labels) // count, -(-(places + 1) * len(labels) // count)
    return [
        labels[start] if end - start == 1 else f"{labels[start]} … {labels[end - 1]}"
        for start, end in zip(starts, ends, strict=True)
    ]


def _mean(find: Callable[[int, int], np.ndarray | None], chosen: list[Head]) -> np.ndarray | None:
    maps = [find(layer, head) for layer, head in chosen]
    known = [one for one in maps if one is not None]
    return np.mean(known, axis=0) if known and len(known) == len(maps) else None


def _scale(drawing: Drawing, x: float, y: float, signed: bool) -> float:
    """Draw which colour is which weight; return the height below."""
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None]
    name = text("attention.view.change" if signed else "attention.view.weight")
    start = x + width(name, 11) + 14
    drawing.add(Words(x, y, name, 11))
    colours = _change_colours(np.sign(ramp * 2 - 1) * (ramp * 2 - 1) ** 2) if signed else (
        _weight_colours(ramp**2)
    )  # fmt: skip
    drawing.add(Pixels(start, y - 5, 220, 10, colours))
    marks = (
        {0: "−1", 0.25: "−0.25", 0.5: "0", 0.75: "+0.25", 1: "+1"}
        if signed
        else {math.sqrt(tick): f"{tick:g}" for tick in _TICKS}
    )
    for place, mark in marks.items():
        drawing.add(Words(start + 220 * place, y + 15, mark, 10, "middle"))
    return y + 24


def _signs(values: np.ndarray, x: float, y: float, cell: float) -> list[Words]:
    """Return a plus or minus in every cell that changed by 0.05 and more."""
    return [
        Words(x + (c + 0.5) * cell, y + (r + 0.5) * cell, "+" if values[r, c] > 0 else "−",
              min(13, cell), "middle", colour="#000000" if abs(values[r, c]) < 0.3 else "#ffffff")
        for r, c in zip(*np.nonzero(np.abs(values) >= 0.05), strict=True)
    ]  # fmt: skip


def _dots(values: np.ndarray, x: float, y: float, cell: float) -> list[Box]:
    """Return a dot on the strongest cell of each row: the alignment."""
    half = max(1.5, min(4.0, cell / 5))
    return [
        Box(x + (c + 0.5) * cell - size, y + (r + 0.5) * cell - size, 2 * size, 2 * size, colour)
        for r, c in enumerate(values.argmax(axis=1))
        for size, colour in ((half + 1, "#000000"), (half, "#ffffff"))
    ]


def _weight_colours(weights: np.ndarray) -> np.ndarray:
    return _colours(np.sqrt(np.clip(weights, 0, 1)), theme.SCALE)


def _change_colours(change: np.ndarray) -> np.ndarray:
    size = np.sqrt(np.clip(np.abs(change), 0, 1))
    return _colours((1 + np.sign(change) * size) / 2, _SIGNED)


def _colours(shares: np.ndarray, scale: Sequence[str]) -> np.ndarray:
    stops = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in scale])
    places = np.linspace(0, 1, len(stops))
    parts = [np.interp(shares, places, stops[:, part]) for part in range(3)]
    return np.stack(parts, axis=-1).round().astype(np.uint8)


def _longest(labels: list[str]) -> float:
    return max(20.0, *(width(label, _LABEL) for label in labels))


def _label(token: str) -> str:
    """Return a token with visible marks for space and line break, as the desk writes it."""
    marked = token.replace("Ġ", "␣").replace("▁", "␣")
    marked = marked.replace("Ċ", "⏎").replace("\n", "⏎") or "∅"
    if len(marked) <= _MOST_CHARACTERS:
        return marked
    return f"{marked[: _MOST_CHARACTERS - 9]}…{marked[-8:]}"
