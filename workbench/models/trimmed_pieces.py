"""A tokenizer with fewer pieces: which of them stay, and the tokenizer file without the others.

A tokenizer is taken as the tree of its `tokenizer.json`. What stays is chosen so that

- every text whose tokens are among those `used` is cut into the same pieces as before, and
- every other text becomes smaller pieces, and nothing becomes unknown that was known before.

The first holds because a cut that was the best of all stays the best of fewer: Unigram looks for
the cut with the highest score, WordPiece for the longest piece that fits, and BPE carries out the
merges in a fixed order, of which all stay that can lead to a piece that stays. For the second, all
pieces of one character stay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from typing import Any

from ..errors import ModelError

Tree = dict[str, Any]

KINDS = ("Unigram", "BPE", "WordPiece")
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


def require_pieces(tree: Tree, name: str) -> None:
    """Refuse a tokenizer that does not cut words into pieces.

    Raises:
        ModelError: naming its kind.
    """
    kind = tree["model"]["type"]
    if kind not in KINDS:
        raise ModelError(
            "model.trim_vocabulary: {name} has a tokenizer of the kind {kind}, which knows whole "
            "words only: each word that is taken out of it would be unknown",
            "set model.trim_vocabulary to false",
            name=name,
            kind=kind,
        ).at("model.trim_vocabulary", True, "cannot_be_trimmed")


def kept_pieces(tree: Tree, used: Iterable[int]) -> list[int]:
    """Return the numbers of the pieces that stay, in their order, `used` and special ones among
    them.

    Shapes:
        what is added to a tokenizer has numbers, too, as a rule beyond those of its pieces.
    """
    model = tree["model"]
    numbers = _numbers(model)
    added = {one["content"]: one["id"] for one in tree["added_tokens"]}
    names = {number: name for name, number in (numbers | added).items()}
    kept = {names[number] for number in used if number in names}
    base = set(added) | {name for name in numbers if _BYTE.fullmatch(name)}
    base |= {model["unk_token"]} if model.get("unk_token") else set()
    if model["type"] == "Unigram":
        pieces = model["vocab"]
        if model.get("unk_id") is not None:
            base.add(pieces[model["unk_id"]][0])
        # What is unknown is scored as a little worse than the worst piece.
        base.add(min(pieces, key=lambda piece: piece[1])[0])
    singles = [name for name in numbers if len(_core(name, model)) == 1]
    base |= set(singles) | _only_in_longer(numbers, singles, model)
    if _writes_bytes(tree):
        base |= {name for name in numbers if _is_character(name)}
    kept |= base
    if model["type"] == "BPE":
        kept = _with_parts(model, kept)
    # Some tokenizers have their first entries by number, as <unk> of XLM-R, which is 3.
    first = max((number for number in added.values() if number < 16), default=-1)
    kept |= {names[number] for number in range(first + 1) if number in names}
    everything = numbers | added
    return sorted(everything[name] for name in kept if name in everything)


def with_pieces(tree: Tree, kept: list[int]) -> tuple[Tree, list[int]]:
    """Return the tree of the tokenizer with these pieces only, and their old numbers by new one."""
    tree = deepcopy(tree | {"model": {}}) | {"model": dict(tree["model"])}
    model, stays = tree["model"], set(kept)
    numbers = _numbers(model)
    own = sorted(number for number in numbers.values() if number in stays)
    added = {one["id"] for one in tree["added_tokens"]} & stays
    order = [*own, *sorted(added - set(own))]
    new = {old: place for place, old in enumerate(order)}
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][old] for old in own]
        if model.get("unk_id") is not None:
            model["unk_id"] = new[model["unk_id"]]
    else:
        model["vocab"] = {name: new[old] for name, old in numbers.items() if old in stays}
    if model["type"] == "BPE":
        model["merges"] = [
            [one, two]
            for one, two, made in _merges(model)
            if {one, two, made} <= model["vocab"].keys()
        ]
    tree["added_tokens"] = [
        one | {"id": new[one["id"]]} for one in tree["added_tokens"] if one["id"] in stays
    ]
    _renumber(tree["post_processor"], new)
    if tree.get("padding"):
        tree["padding"]["pad_id"] = new[tree["padding"]["pad_id"]]
    return tree, order


def _numbers(model: Tree) -> dict[str, int]:
    vocab = model["vocab"]
    if isinstance(vocab, list):
        return {name: number for number, (name, _) in enumerate(vocab)}
    return dict(vocab)


def _core(name: str, model: Tree) -> str:
    """Return a piece without the mark that says where in a word it stands."""
    before, after = model.get("continuing_subword_prefix"), model.get("end_of_word_suffix")
    if before and name != before:
        name = name.removeprefix(before)
    return name.removesuffix(after) if after and name != after else name


def _only_in_longer(numbers: dict[str, int], singles: list[str], model: Tree) -> set[str]:
    """Return the pieces with a character that is no piece: without them it would be unknown."""
    mark = model.get("continuing_subword_prefix") or ""
    starts = {name for name in singles if not (mark and name != mark and name.startswith(mark))}
    inner = {_core(name, model) for name in singles if name not in starts} if mark else starts
    starts = {_core(name, model) for name in starts}
    needed = set()
    for name in numbers:
        core = _core(name, model)
        begins = not (mark and name != mark and name.startswith(mark))
        first, rest = core[:1], core[1:]
        known = (first in starts or not first) if begins else first in inner
        if not known or not inner.issuperset(rest):
            needed.add(name)
    return needed if model["type"] != "BPE" or model.get("ignore_merges") else set()


def _merges(model: Tree) -> list[tuple[str, str, str]]:
    """Return each merge of a BPE: the two pieces, and the one that they become."""
    mark = model.get("continuing_subword_prefix") or ""
    pairs = [one.split(" ") if isinstance(one, str) else one for one in model["merges"]]
    return [(one, two, one + (two.removeprefix(mark) if mark else two)) for one, two in pairs]


def _with_parts(model: Tree, kept: set[str]) -> set[str]:
    """Return the pieces with all that they can be merged from, whichever way."""
    parts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one, two, made in _merges(model):
        parts[made].append((one, two))
    found, open_ = set(kept), list(kept)
    while open_:
        for pair in parts.get(open_.pop(), ()):
            for part in pair:
                if part not in found:
                    found.add(part)
                    open_.append(part)
    return found


def _writes_bytes(tree: Tree) -> bool:
    """Say whether the pieces are bytes, written as characters, as GPT-2 has it."""

    def kinds(one: Any) -> Iterable[str]:
        for part in one.values() if isinstance(one, dict) else one if isinstance(one, list) else ():
            yield from kinds(part)
        if isinstance(one, dict) and "type" in one:
            yield one["type"]

    return "ByteLevel" in {*kinds(tree["pre_tokenizer"]), *kinds(tree["decoder"])}


def _is_character(name: str) -> bool:
    """Say whether a piece of bytes is one character."""
    known = _byte_of()
    try:
        return len(bytes(known[one] for one in name).decode("utf-8")) == 1
    except (KeyError, UnicodeDecodeError):
        return False


@cache
def _byte_of() -> dict[str, int]:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return {letter: number for number, letter in bytes_to_unicode().items()}


def _renumber(processor: Any, new: dict[int, int]) -> None:
    """Put the new numbers into what is written around texts."""
    if not processor:
        return
    for part in processor.get("processors", ()):
        _renumber(part, new)
    for one in (processor.get("special_tokens") or {}).values():
        one["ids"] = [new[old] for old in one["ids"]]
    for name in ("cls", "sep"):
        if isinstance(processor.get(name), list):
            token, old = processor[name]
            processor[name] = [token, new[old]]
