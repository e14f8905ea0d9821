"""A conversation in the words of the tokenizer's chat template, and where in them it stands.

Templates are programs: they trim, leave out, or cut what was said. So what is said is put between
private characters, the template is run, and they are taken out again: between them stands plain
text, and around it what the template wrote, whose control tokens alone are special.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ..errors import DataError, shorten
from ._control import FIRST_PRIVATE, Controls, controls_of

Message = dict[str, str]
Span = tuple[int, int]


@dataclass
class Written:
    """A conversation as the template writes it.

    `said` are the places of what was said, in which nothing is a control token. `starts` and `ends`
    are where each message begins and ends, by its number, as far as that is known.
    """

    text: str
    said: list[Span] = field(default_factory=list)
    starts: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)


def write(tokenizer: Any, messages: list[Message], ask: bool) -> Written:
    """Return a conversation in the template, with what asks for an answer where `ask` says so.

    Raises:
        DataError: the template does not take such a conversation.
    """

    def run(contents: list[str]) -> str:
        plain = [one | {"content": text} for one, text in zip(messages, contents, strict=True)]
        return _run(tokenizer, plain, ask)

    contents = [one["content"] for one in messages]
    marks = _Marks(messages, controls_of(tokenizer))
    found = marks.read(run([marks.around(n) for n in range(len(messages))]))
    text = run(contents)
    if found.text != text:  # the template looks at what is said: only control tokens are marked
        return marks.read(run([marks.within(n) for n in range(len(messages))]))
    broken = found.starts.keys() ^ found.ends.keys()
    if not broken:
        return found
    return marks.read(run([marks.around(n, within=n in broken) for n in range(len(messages))]))


def _run(tokenizer: Any, messages: list[Message], ask: bool) -> str:
    try:
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=ask)
    except Exception as error:  # templates are small programs that may fail in any way
        asked = [one for one in messages if one["role"] != "assistant"] or messages
        raise DataError(
            "the chat template of the model's tokenizer does not take the conversation "
            "{text!r} ({reason})",
            "let user and assistant take turns, with at most one system message in front",
            text=shorten(_unmarked(asked[-1]["content"]), 40),
            reason=shorten(_unmarked(str(error))),
        ) from error


def _unmarked(text: str) -> str:
    return "".join(one for one in text if ord(one) < FIRST_PRIVATE)


class _Marks:
    """Private characters that stand in none of the contents: two for each, two for tokens."""

    def __init__(self, messages: list[Message], controls: Controls) -> None:
        contents = [one["content"] for one in messages]
        used = {ord(one) for content in contents for one in content}
        count = 2 * len(contents) + 2
        base = FIRST_PRIVATE
        while not used.isdisjoint(range(base, base + count)):
            base += count
        self._contents = contents
        # What a template takes out of answers and writes anew, such as <think>, is its own.
        self._patterns = [
            controls.special if one["role"] == "assistant" else controls.pattern for one in messages
        ]
        self._base, self._count = base, count

    def around(self, number: int, within: bool = False) -> str:
        """Return a content with marks around it; blanks at its ends stay outside of them."""
        content = self._contents[number]
        core = content.strip()
        before, _, after = content.partition(core) if core else (content, "", "")
        inside = self._tokens(number, core) if within else core
        first, last = (chr(self._base + 2 + 2 * number + n) for n in (0, 1))
        return f"{before}{first}{inside}{last}{after}" if core else content

    def within(self, number: int) -> str:
        """Return a content with marks around the control tokens in it."""
        return self._tokens(number, self._contents[number])

    def _tokens(self, number: int, text: str) -> str:
        first, last = chr(self._base), chr(self._base + 1)
        return self._patterns[number].sub(lambda match: f"{first}{match[0]}{last}", text)

    def read(self, text: str) -> Written:
        """Take the marks out of what a template wrote."""
        found, parts, length = Written(""), [], 0
        opened: dict[int, int] = {}
        for one in text:
            place = ord(one) - self._base
            if not 0 <= place < self._count:
                parts.append(one)
                length += 1
                continue
            number, closes = place // 2 - 1, place % 2
            if not closes:
                opened[number] = length
            elif number in opened:
                found.said.append((opened.pop(number), length))
            if number >= 0:
                (found.ends if closes else found.starts)[number] = length
        found.text = "".join(parts)
        found.said = _joined(found.said)
        return found


def _joined(spans: list[Span]) -> list[Span]:
    """Return spans in their order, those that overlap as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span[0] < found[-1][1]:
            first, last = found.pop()
            found.append((first, max(last, span[1])))
        else:
            found.append(span)
    return found


def turn_of(tokenizer: Any, messages: list[Message], number: int, written: Written) -> Span | None:
    """Return where the answer with this number stands, with the token that ends its turn.

    None where the template has not written it, or not so that it could be found.
    """
    text, content = written.text, messages[number]["content"]
    start, end = written.starts.get(number), written.ends.get(number)
    if start is None and number:
        asked = write(tokenizer, messages[:number], ask=True).text
        start = len(asked) if text.startswith(asked) else None
    elif start:
        before = content[: len(content) - len(content.lstrip())]
        start -= len(before) if text[:start].endswith(before) else 0
    if end is None:
        whole = write(tokenizer, messages[: number + 1], ask=False).text
        end = len(whole.rstrip()) if text.startswith(whole.rstrip()) else None
    if start is None or end is None or end <= start:
        return None
    closing = controls_of(tokenizer).pattern.search(text, end)
    if closing is not None and not text[end : closing.start()].strip():
        end = closing.end()
    return start, end


def tokens_of(
    encoder: Any, text: str, said: list[Span], learned: list[Span]
) -> tuple[list[int], list[bool]]:
    """Return the tokens of what a template wrote, and which of them belong to what is learned."""
    encoded = encoder.chat(text, said)
    if encoded is not None:
        marks = [
            any(start < last and end > first for first, last in learned) and end > start
            for start, end in encoded["offset_mapping"]
        ]
        return encoded["input_ids"], marks
    ids: list[int] = []
    marks = []
    edges = sorted({0, len(text), *(edge for span in [*said, *learned] for edge in span)})
    for start, end in pairwise(edges):
        plain = any(first <= start and end <= last for first, last in said)
        part = _ids(encoder if plain else encoder.tokenizer, text[start:end])
        ids += part
        marks += [any(a <= start and end <= b for a, b in learned)] * len(part)
    return ids, marks


def _ids(encode: Callable[..., Any], text: str) -> list[int]:
    return encode(text, add_special_tokens=False, verbose=False)["input_ids"]
