"""The control tokens of a tokenizer, and a copy of the tokenizer that finds none of them in a text.

A text that somebody wrote is text: `</s>` in it is five characters, not the end. What transformers
offers for this, `split_special_tokens`, misses tokens of chat templates that are not called
special, and unigram models, which have `</s>` among their pieces. So the copy has other names for
them: private characters, as many as the token has, so that places in the text stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

# Characters that no text has a use for; where one uses them nevertheless, others are taken.
FIRST_PRIVATE, LAST_PRIVATE = 0xF0000, 0x10FFFD

_known: WeakKeyDictionary[Any, tuple[Any, Controls]] = WeakKeyDictionary()


@dataclass
class Controls:
    """The control tokens of a tokenizer with their numbers, and how they are found in a text.

    `special` finds those that the tokenizer calls so, without the others of its chat template.
    """

    numbers: dict[str, int]
    pattern: re.Pattern[str]
    special: re.Pattern[str]
    normalize: Callable[[str], str]
    copies: dict[int, Copy]

    def found(self, text: str) -> list[str]:
        """Return the control tokens in a text, as written or as the tokenizer normalises it."""
        return self.pattern.findall(text) or self.pattern.findall(self.normalize(text))


@dataclass
class Copy:
    """A tokenizer that knows each control token under its name in `names` alone."""

    tokenizer: Any
    names: dict[str, str]
    pattern: re.Pattern[str]

    def renamed(self, text: str, kept: Iterable[str] | None = None) -> str:
        """Return a text in which the control tokens that are kept, or all, have their new names."""
        pattern = self.pattern if kept is None else pattern_of(kept)
        return pattern.sub(lambda match: self.names[match[0]], text)


def controls_of(tokenizer: Any) -> Controls:
    """Return the control tokens of a tokenizer: special ones, and those of its chat template.

    White space and single characters are text: a model may end with a new line.
    """
    state = (len(tokenizer), tuple(_special(tokenizer)), str(_template(tokenizer)))
    held = _known.get(tokenizer)
    if held is None or held[0] != state:
        names = [name for name in _names(tokenizer) if len(name) > 1 and not name.isspace()]
        numbers = {name: tokenizer.convert_tokens_to_ids(name) for name in names}
        special = pattern_of(numbers.keys() & _special(tokenizer).keys())
        found = Controls(numbers, pattern_of(names), special, _normalizer(tokenizer), {})
        held = (state, found)
        _known[tokenizer] = held
    return held[1]


def _template(tokenizer: Any) -> Any:
    return getattr(tokenizer, "chat_template", None) or ""


def _special(tokenizer: Any) -> dict[str, None]:
    added = [str(token) for token in _added(tokenizer) if token.special]
    return dict.fromkeys([*added, *getattr(tokenizer, "all_special_tokens", ())])


def _added(tokenizer: Any) -> list[Any]:
    return list(getattr(tokenizer, "added_tokens_decoder", {}).values())


def _names(tokenizer: Any) -> list[str]:
    written = getattr(tokenizer, "chat_control_tokens", None)
    if written is None:
        template = str(_template(tokenizer))
        others = map(str, _added(tokenizer))
        written = [name for name in others if name in template and not name.isalnum()]
    # Marian is told the language by a token in front that it does not call special.
    codes = getattr(tokenizer, "supported_language_codes", None) or []
    return list(dict.fromkeys([*_special(tokenizer), *written, *codes]))


def pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds any of some tokens in a text, the longest first."""
    longest_first = sorted(names, key=len, reverse=True)
    if not longest_first:
        return re.compile("(?!)")
    begin = "".join(sorted({name[0] for name in longest_first}))
    # Some have thousands: they are only tried where one may begin.
    return re.compile(f"(?=[{re.escape(begin)}])(?:{'|'.join(map(re.escape, longest_first))})")


def _normalizer(tokenizer: Any) -> Callable[[str], str]:
    own = tokenizer.backend_tokenizer.normalizer if getattr(tokenizer, "is_fast", False) else None
    return (lambda text: text) if own is None else own.normalize_str


def copy_of(tokenizer: Any, texts: Iterable[str]) -> Copy:
    """Return a copy of a tokenizer of the tokenizers library that finds none in these texts."""
    controls = controls_of(tokenizer)
    used = {ord(one) for text in texts for one in text if ord(one) >= FIRST_PRIVATE}
    count = len(controls.numbers)
    base = next(
        base
        for base in range(FIRST_PRIVATE, LAST_PRIVATE - count, max(count, 1))
        if used.isdisjoint(range(base, base + count))
    )
    if base not in controls.copies:
        controls.copies[base] = _copy(tokenizer, controls, base)
    return controls.copies[base]


def _copy(tokenizer: Any, controls: Controls, base: int) -> Copy:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    names = {name: chr(base + n) * len(name) for n, name in enumerate(controls.numbers)}
    tree = json.loads(tokenizer.backend_tokenizer.to_str())
    tree["truncation"] = tree["padding"] = None
    for token in tree["added_tokens"]:
        if name := names.get(token["content"]):
            lost = name not in controls.normalize(name)  # BERT drops private characters
            token |= {"content": name, "normalized": token["normalized"] and not lost}
    _rename(tree["model"], names)
    return Copy(
        PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(json.dumps(tree)),
            model_max_length=tokenizer.model_max_length,
            model_input_names=tokenizer.model_input_names,
            truncation_side=tokenizer.truncation_side,
        ),
        names,
        controls.pattern,
    )


def _rename(model: dict[str, Any], names: dict[str, str]) -> None:
    """Rename entries of a model of the tokenizers library, as its file has it."""
    vocab = model["vocab"]
    if isinstance(vocab, dict):
        model["vocab"] = {names.get(name, name): number for name, number in vocab.items()}
    else:
        model["vocab"] = [[names.get(name, name), score] for name, score in vocab]
    if model.get("unk_token") in names:
        model["unk_token"] = names[model["unk_token"]]
    merges = [one.split(" ") if isinstance(one, str) else one for one in model.get("merges") or []]
    if merges:
        model["merges"] = [
            pair for pair in merges if names.keys().isdisjoint([*pair, "".join(pair)])
        ]
