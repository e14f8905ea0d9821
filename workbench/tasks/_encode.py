"""From texts to token ids, and back to the texts of a record.

All texts of a data set, of a person who asks, and of a sentence that is looked into become tokens
here: as plain text, in which no control token of the model is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..spec import RunSpec
from ._control import Copy, controls_of, copy_of, pattern_of
from ._records import Outcome, Record, Setup

Texts = str | list[str]
# Longer texts are measured by their beginning: they are cut far before that anyway.
CHARACTERS_A_TOKEN = 40


@dataclass(frozen=True)
class TextEncoder:
    """Turns texts into tokens as the tokenizer does, but for the control tokens in them.

    Those in `kept` stay control tokens, or all where it is None, and so do those in `prefix`,
    where a text begins with that. All others are plain text.
    """

    tokenizer: Any
    kept: frozenset[str] | None = frozenset()
    prefix: str = ""

    def __call__(
        self, texts: Texts, pairs: Texts | None = None, target: bool = False, **how: Any
    ) -> Any:
        """Return what the tokenizer returns of texts, or pairs; `how` as for that.

        Those that are a `target` are marked as the tokenizer marks what is to be written.
        """
        given = [*_listed(texts), *_listed(pairs)]
        if self.kept is None or not any(map(self._found, given)):
            if target:
                return self.tokenizer(text_target=texts, **how)
            return self.tokenizer(texts, pairs, **how)
        if self.tokenizer.is_fast:
            return self._by_copy(texts, pairs, target, how)
        return self._in_pieces(texts, pairs, target, how)

    def chat(self, text: str, said: list[tuple[int, int]]) -> Any:
        """Return the tokens of what a template wrote around what was `said`, with their places.

        None from a tokenizer that knows no places.
        """
        how = {"add_special_tokens": False, "return_offsets_mapping": True, "verbose": False}
        if not self.tokenizer.is_fast:
            return None
        if not any(self.found(text[start:end]) for start, end in said):
            return self.tokenizer(text, **how)
        copy = copy_of(self.tokenizer, [text])
        parts, place = [], 0
        for start, end in said:
            parts += [copy.renamed(text[place:start]), copy.renamed(text[start:end], self.kept)]
            place = end
        return copy.tokenizer("".join([*parts, copy.renamed(text[place:])]), **how)

    def found(self, text: str) -> list[str]:
        """Return the control tokens in a text that become plain text."""
        return [] if self.kept is None else self._found(text)

    def _found(self, text: str) -> list[str]:
        rest = text.removeprefix(self.prefix)
        return [
            one for one in controls_of(self.tokenizer).found(rest) if one not in (self.kept or ())
        ]

    def _by_copy(self, texts: Texts, pairs: Texts | None, target: bool, how: Any) -> Any:
        copy = copy_of(self.tokenizer, [*_listed(texts), *_listed(pairs)])
        backend = copy.tokenizer.backend_tokenizer
        if target:
            backend.post_processor = _around_targets(self.tokenizer)
        else:
            backend.post_processor = self.tokenizer.backend_tokenizer.post_processor
        copy.tokenizer.model_max_length = self.tokenizer.model_max_length
        given = (_each(one, lambda text: self._meant(text, copy)) for one in (texts, pairs))
        return copy.tokenizer(*given, **how)

    def _meant(self, text: str, copy: Copy) -> str:
        """Return a text in which the control tokens that are meant have their new names."""
        before = self.prefix if text.startswith(self.prefix) else ""
        return copy.renamed(before) + copy.renamed(text[len(before) :], self.kept)

    def _in_pieces(self, texts: Texts, pairs: Texts | None, target: bool, how: Any) -> Any:
        """Encode with a tokenizer written in Python, which offers no copy of itself."""
        if target:
            return self.tokenizer(text_target=texts, split_special_tokens=True, **how)
        how = {name: value for name, value in how.items() if name != "return_offsets_mapping"}
        beside: list[Any] = _listed(pairs) or [None] * len(_listed(texts))
        rows = [
            self.tokenizer.prepare_for_model(
                self._pieces(text), None if pair is None else self._pieces(pair), **how
            )
            for text, pair in zip(_listed(texts), beside, strict=True)
        ]
        if isinstance(texts, str):
            return rows[0]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _pieces(self, text: str) -> list[int]:
        numbers = controls_of(self.tokenizer).numbers
        # Tokens that were added to stand for text are found in it all the same.
        words = {
            name: number
            for name, number in self.tokenizer.added_tokens_encoder.items()
            if name not in numbers
        }
        before = self.prefix if text.startswith(self.prefix) else ""
        parts = [(part, True) for part in _cut(before, numbers)]
        kept = self.kept or ()
        found = _cut(text[len(before) :], [*kept, *words])
        parts += [(part, part in kept or part in words) for part in found]
        known = numbers | words
        ids: list[int] = []
        for part, meant in parts:
            ids += [known[part]] if meant and part in known else self._plain(part)
        return ids

    def _plain(self, text: str) -> list[int]:
        """Return the tokens of a piece of text; if need be, control tokens are cut in two."""
        tokenizer, controls = self.tokenizer, controls_of(self.tokenizer)
        ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text, split_special_tokens=True))
        forbidden = set(controls.numbers.values()) - {tokenizer.unk_token_id}
        if forbidden.isdisjoint(ids):
            return ids
        place = controls.pattern.search(text)
        if place is None:
            return [one for one in ids if one not in forbidden]
        middle = place.start() + 1
        return [*self._plain(text[:middle]), *self._plain(text[middle:])]


def _listed(texts: Texts | None) -> list[str]:
    return [] if texts is None else [texts] if isinstance(texts, str) else list(texts)


def _each(texts: Texts | None, change: Callable[[str], str]) -> Texts | None:
    if texts is None or isinstance(texts, str):
        return texts if texts is None else change(texts)
    return [change(text) for text in texts]


def _cut(text: str, tokens: Any) -> list[str]:
    """Cut a text before and after each of some tokens."""
    parts, place = [], 0
    for match in pattern_of(tokens).finditer(text):
        parts += [text[place : match.start()], match[0]]
        place = match.end()
    return [part for part in [*parts, text[place:]] if part]


def _around_targets(tokenizer: Any) -> Any:
    """Return what puts around a text the tokens that stand around one to be written."""
    from tokenizers.processors import TemplateProcessing

    shown = tokenizer(text_target="a", return_special_tokens_mask=True)
    names = tokenizer.convert_ids_to_tokens(shown["input_ids"])
    marked = list(zip(names, shown["input_ids"], shown["special_tokens_mask"], strict=True))
    first = next(place for place, (_, _, special) in enumerate(marked) if not special)
    last = max(place for place, (_, _, special) in enumerate(marked) if not special)
    single = [*names[:first], "$A", *names[last + 1 :]]
    around = {name: number for name, number, special in marked if special}
    return TemplateProcessing(single=single, special_tokens=list(around.items()))


def encoder_for(spec: RunSpec, tokenizer: Any, masks: bool = False) -> TextEncoder:
    """Return what encodes the texts of a run; with `masks`, a mask in a text stays one."""
    kept = frozenset([tokenizer.mask_token] if masks and tokenizer.mask_token else [])
    keeps_all = spec.data.special_tokens_in_text == "keep"
    return TextEncoder(tokenizer, None if keeps_all else kept, spec.data.prefix)


def encoder_of(setup: Setup, masks: bool = False) -> TextEncoder:
    """Return what encodes the texts of a setup; with `masks`, a mask in a text stays one."""
    return encoder_for(setup.spec, setup.tokenizer, masks)


def encode_texts(
    setup: Setup, texts: list[str], pairs: list[str] | None = None
) -> dict[str, list[Any]]:
    """Turn texts, or pairs of texts, into token ids, cut at `max_tokens` and not padded.

    Of a pair, the longer text is cut first.
    """
    encoded = encoder_of(setup)(texts, pairs, truncation=True, max_length=setup.max_tokens)
    return {name: encoded[name] for name in setup.tokenizer.model_input_names if name in encoded}


def texts_of(outcome: Outcome, roles: tuple[str, ...] = ("text", "text_pair")) -> list[Record]:
    """Return `row` and texts of each example: the beginning of a prediction record."""
    known = [name for name in ("row", *roles) if name in outcome.table.column_names]
    return [{name: row[name] for name in known} for row in outcome.table.select_columns(known)]


def count_tokens(setup: Setup, texts: list[str], pairs: list[str] | None = None) -> list[int]:
    """Return the tokens of texts, or pairs of texts, special ones included, before any cut."""
    limit = CHARACTERS_A_TOKEN * (setup.max_tokens + 10)
    first = [text[:limit] for text in texts]
    second = None if pairs is None else [text[:limit] for text in pairs]
    # `verbose` off: the tokenizer would warn of texts beyond its limit, which we count.
    encoded = encoder_of(setup)(first, second, truncation=False, verbose=False)
    return [len(ids) for ids in encoded["input_ids"]]
