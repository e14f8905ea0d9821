"""Reading a record that anybody may have written: every part is checked before it is believed."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import numpy as np

from ..errors import InputError, shorten
from ..language import translate
from .packing import unpack
from .record import STATISTICS, VERSION, AttentionRecord, Block, Formula, Layer, TokenSequence

# What all arrays of a record may unfold to together.
MAX_BYTES = 256_000_000


def read_json(text: str) -> AttentionRecord:
    """Return the record in a JSON text.

    Raises:
        InputError: it is not a record, or a damaged one.
    """
    try:
        plain = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise _fault("no JSON") from None
    return read_record(plain)


def read_record(plain: Any) -> AttentionRecord:
    """Return the record that `AttentionRecord.to_dict` gave as plain data.

    Raises:
        InputError: it is not a record, or a damaged one.
    """
    if isinstance(plain, dict) and "version" not in plain and "weights" in plain:
        raise InputError(
            "the attention record was written by an earlier version",
            "record it again: workbench attend MODEL_OR_RUN TEXT --out FILE.json",
        )
    try:
        return _Reader().record(plain)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise _fault(_reason(error)) from None


class _Reader:
    """Reads one record and keeps count of its bytes."""

    def __init__(self) -> None:
        self.room = MAX_BYTES

    def record(self, plain: Any) -> AttentionRecord:
        if plain["version"] != VERSION:
            raise ValueError(f"version {shorten(plain['version'], 20)}, {VERSION} is known")
        sequences = {name: _sequence(one) for name, one in plain["sequences"].items()}
        if "source" not in sequences or set(sequences) - {"source", "target"}:
            raise ValueError("other sequences than source and target")
        blocks = [self.block(one, sequences) for one in plain["blocks"]]
        if not blocks:
            raise ValueError("no blocks")
        count = len(sequences["source"])
        rollout = plain["rollout"]
        return AttentionRecord(
            text=_text(plain["text"]),
            text_pair=None if plain["text_pair"] is None else _text(plain["text_pair"]),
            sequences=sequences,
            blocks=blocks,
            model=_text(plain["model"]),
            architecture=_text(plain["architecture"]),
            step=_whole(plain["step"]),
            prediction=_text(plain["prediction"]),
            probabilities=[(_text(name), _number(p)) for name, p in plain["probabilities"]],
            notes=[_text(note) for note in plain["notes"]],
            formula=None if plain["formula"] is None else self.formula(plain["formula"], blocks),
            rollout=None
            if rollout is None
            else {
                name: self.array(rollout[name], (count, count))
                for name in ("with_sinks", "without_sinks")
            },
            lens=None if plain["lens"] is None else _lens(plain["lens"]),
            occlusion=None if plain["occlusion"] is None else _occlusion(plain["occlusion"]),
            divergence=None
            if plain.get("divergence") is None
            else _divergence(plain["divergence"], blocks),
            error=_number(plain["error"]),
        )

    def block(self, plain: dict[str, Any], sequences: dict[str, TokenSequence]) -> Block:
        queries, keys = plain["queries"], plain["keys"]
        layers = [_layer(one) for one in plain["layers"]]
        heads = max((layer.heads for layer in layers), default=0)
        shape = (len(sequences[queries]), len(sequences[keys]))
        small = plain["thumbnails"]
        maps = {}
        for one in plain["maps"]:
            layer, head = _whole(one["layer"]), _whole(one["head"])
            if layer >= len(layers) or head >= layers[layer].heads:
                raise ValueError(f"a map of layer {layer}, head {head}, which there is not")
            maps[layer, head] = self.array(one["data"], shape)
        return Block(
            name=_text(plain["name"]),
            queries=queries,
            keys=keys,
            causal=bool(plain["causal"]),
            layers=layers,
            statistics={name: _statistic(plain["statistics"][name], layers) for name in STATISTICS},
            norms=None
            if plain["norms"] is None
            else self.array(plain["norms"], (len(layers), heads, shape[1])),
            thumbnails=None
            if small is None
            else self.array(
                small["data"],
                (len(layers), heads, _whole(small["rows"]), _whole(small["columns"])),
            ),
            maps=maps,
        )

    def formula(self, plain: dict[str, Any], blocks: list[Block]) -> Formula:
        number, layer, head = (_whole(plain[name]) for name in ("block", "layer", "head"))
        if head >= blocks[number].layers[layer].heads:
            raise ValueError(f"the formula of head {head}, which there is not")
        q, k, v, mask = (self.array(plain[name]) for name in ("q", "k", "v", "mask"))
        bias = None if plain["bias"] is None else self.array(plain["bias"])
        if q.shape[1] != k.shape[1] or len(v) != len(k):
            raise ValueError("a formula whose Q, K and V do not fit")
        if any(one is not None and one.shape != (len(q), len(k)) for one in (mask, bias)):
            raise ValueError("a formula whose mask or bias does not fit")
        softcap, sink = (
            None if plain.get(name) is None else _number(plain[name])
            for name in ("softcap", "sink")
        )
        return Formula(
            number, layer, head, _number(plain["scale"]), q=q, k=k, v=v, mask=mask, bias=bias,
            softcap=softcap, sink=sink, error=_number(plain.get("error", 0.0)),
        )  # fmt: skip

    def array(self, packed: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
        array = unpack(packed, 2 if shape is None else len(shape), self.room)
        self.room -= array.nbytes
        if shape is not None and (array.shape != shape or array.dtype != np.uint8):
            raise ValueError(f"an array of {array.shape} where {shape} bytes are needed")
        return array


def _sequence(plain: dict[str, Any]) -> TokenSequence:
    tokens = [_text(token) for token in plain["tokens"]]
    count = len(tokens)
    others = {name: plain[name] for name in ("special", "words", "spans", "segments")}
    if not count or any(len(values) != count for values in others.values()):
        raise ValueError("a sequence whose parts differ in length")
    return TokenSequence(
        tokens=tokens,
        special=[bool(one) for one in others["special"]],
        words=[None if one is None else _whole(one) for one in others["words"]],
        spans=[None if one is None else _span(one) for one in others["spans"]],
        segments=[_whole(one) for one in others["segments"]],
        prompt=None if plain["prompt"] is None else _whole(plain["prompt"]),
    )


def _span(plain: Any) -> tuple[int, int]:
    start, end = plain
    return _whole(start), _whole(end)


def _layer(plain: dict[str, Any]) -> Layer:
    return Layer(
        number=_whole(plain["number"]),
        module=_text(plain["module"]),
        heads=_whole(plain["heads"]),
        kv_heads=_whole(plain["kv_heads"]),
        window=None if plain["window"] is None else _whole(plain["window"]),
        missing=_text(plain["missing"]),
    )


def _statistic(plain: list[Any], layers: list[Layer]) -> list[list[float | None] | None]:
    if len(plain) != len(layers):
        raise ValueError("a statistic that does not fit the layers")
    rows = [
        None if row is None else [None if one is None else _number(one) for one in row]
        for row in plain
    ]
    for row, layer in zip(rows, layers, strict=True):
        if row is not None and len(row) != layer.heads:
            raise ValueError("a statistic that does not fit the heads")
    return rows


def _lens(plain: dict[str, Any]) -> dict[str, Any]:
    words = [[_text(word) for word in row] for row in plain["words"]]
    chances = [[_number(p) for p in row] for row in plain["probabilities"]]
    layers = [_whole(number) for number in plain["layers"]]
    if not len(words) == len(chances) == len(layers) or list(map(len, words)) != list(
        map(len, chances)
    ):
        raise ValueError("a logit lens whose parts differ in length")
    return {"layers": layers, "words": words, "probabilities": chances}


def _divergence(plain: dict[str, Any], blocks: list[Block]) -> dict[str, Any]:
    rows = plain["blocks"]
    if len(rows) != len(blocks):
        raise ValueError("a divergence that does not fit the blocks")
    checked = [_statistic(one, b.layers) for one, b in zip(rows, blocks, strict=True)]
    return {"against": _text(plain["against"]), "blocks": checked}


def _occlusion(plain: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": _text(plain["method"]),
        "importance": [_number(one) for one in plain["importance"]],
        "spearman": None if plain["spearman"] is None else _number(plain["spearman"]),
        "compared_with": _text(plain["compared_with"]),
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shorten(value, 30)!r} where a text is needed")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{shorten(value, 30)!r} where a count is needed")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{shorten(value, 30)!r} where a number is needed")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        name = shorten(error.args[0], 30) if error.args else ""
        return translate("without {name!r}", name=name) if name else translate("incomplete")
    return (
        shorten(error, 100) if isinstance(error, ValueError) else translate("parts of another kind")
    )


def _fault(reason: str) -> InputError:
    return InputError(
        "this is not an attention record, or a damaged one ({reason})",
        "use a file that `workbench attend MODEL_OR_RUN TEXT --out FILE.json` wrote",
        reason=reason,
    )
