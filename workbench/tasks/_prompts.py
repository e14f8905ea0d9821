"""From instruction rows and conversations to a prompt and the answer that is to follow it.

A tokenizer with a chat template of its own is given that. For one without, a plain template:
`### Instruction:`, where there is one `### Input:`, then `### Response:`, each on a line of its
own above its text. Of a conversation all answers are learned, or the last alone
(`train.assistant_turns`): their text and the token that ends the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ._chat import Message, Span, tokens_of, turn_of, write
from ._encode import encoder_of
from ._records import Batch, Record, RowError, Setup

SPEAKERS = {
    "system": "system", "developer": "system", "user": "user", "human": "user",
    "prompter": "user", "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant",
    "bot": "assistant", "model": "assistant", "ai": "assistant",
}  # fmt: skip
# Who speaks where a model calls a function, and what answers it.
TOOLS = frozenset(
    ("tool", "tool_call", "tool_calls", "tool_response", "tool_result", "function",
     "function_call", "function_response", "observation", "ipython", "environment")
)  # fmt: skip
HEADINGS = {
    "system": "{content}",
    "user": "### Instruction:\n{content}",
    "assistant": "### Response:\n{content}",
}


INPUT = "### Input:\n{content}"
# What a chat template begins with that a run saved for a tokenizer without one of its own.
MARK = "{# the plain template #}"


def has_template(tokenizer: Any) -> bool:
    """Say whether a tokenizer has a chat template of its own."""
    template = getattr(tokenizer, "chat_template", None)
    return bool(template) and not str(template).startswith(MARK)


def template_texts(columns: Collection[str]) -> list[str]:
    """Return the words of the plain template, where rows with these columns are written in it."""
    if not {"instruction", "messages"} & {*columns}:
        return []
    parts = (HEADINGS["user"], INPUT, HEADINGS["assistant"])
    return ["\n\n".join(part.format(content="") for part in parts)]


@dataclass(frozen=True)
class Prompt:
    """A conversation up to a question, and the answer to it.

    `asked` is the question as the row has it, `reference` the answer, None where none is known.
    `given` is what stands beside the question, unless the template has them in one.
    """

    asked: str
    messages: list[Message]
    given: str
    reference: str | None


@dataclass(frozen=True)
class Tokens:
    """The tokens of a conversation, which of them are learned, and where its last answer begins."""

    ids: list[int]
    learned: list[bool]
    answer: int


def read_row(values: Record, repaired: Callable[[str, object], None]) -> Record:
    """Check a conversation, and write it as a list of `role` and `content`; other rows stay.

    Raises:
        RowError: it is no list of messages, or does not end with an answer.
    """
    if "messages" not in values:
        return values
    held = values["messages"]
    if not isinstance(held, list) or not held:
        raise RowError("no_messages", held)
    if tools := _tools(held):
        raise RowError("tool_turns", ", ".join(tools))
    messages = [_message(one) for one in held]
    if messages[-1]["role"] != "assistant" or len(messages) < 2:
        raise RowError("no_reply", messages[-1]["content"])
    return values | {"messages": messages}


def _tools(held: list[Any]) -> list[str]:
    """Return the roles of turns that call a tool or bring its result, each once."""
    found: dict[str, None] = {}
    for one in (one for one in held if isinstance(one, dict)):
        speaker = str(one.get("role") or one.get("from")).casefold()
        if speaker in TOOLS or one.get("tool_calls"):
            found[speaker if speaker in TOOLS else f"{speaker}: tool_calls"] = None
    return list(found)


def _message(held: Any) -> dict[str, str]:
    known = held if isinstance(held, dict) else {}
    speaker = str(known.get("role") or known.get("from")).casefold()
    role = SPEAKERS.get(speaker)
    content = known.get("content") or known.get("value")
    if role is None or not isinstance(content, str) or not content.strip():
        raise RowError("no_messages", held)
    return {"role": role, "content": content}


def prompts_of(batch: Batch, setup: Setup) -> list[Prompt]:
    """Return the prompt of each row of instructions or conversations."""
    columns = {name: values for name, values in batch.items() if name != "row"}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [_prompt(row, has_template(setup.tokenizer)) for row in rows]


def _prompt(row: Record, in_one: bool) -> Prompt:
    if "messages" in row:
        messages = [dict(one) for one in row["messages"]]
        ends = messages[-1]["role"] == "assistant"
        reference = messages.pop()["content"] if ends else None
        return Prompt(messages[-1]["content"], messages, "", reference)
    asked, given = row["instruction"], row.get("input") or ""
    shown = f"{asked}\n\n{given}" if given.strip() else asked
    message = {"role": "user", "content": shown if in_one else asked}
    return Prompt(shown, [message], "" if in_one else given, row.get("output"))


def asked_tokens(prompt: Prompt, setup: Setup) -> list[int]:
    """Return the tokens after which the model is to write its answer.

    Raises:
        DataError: the template does not take such a conversation.
    """
    if not has_template(setup.tokenizer):
        return _plain(prompt, setup)[0].ids
    asked = write(setup.tokenizer, prompt.messages, ask=True)
    return tokens_of(encoder_of(setup), asked.text, asked.said, [])[0]


def whole_tokens(prompt: Prompt, setup: Setup) -> Tokens:
    """Return the tokens of a conversation with its last answer, where there is one.

    Raises:
        DataError: as `asked_tokens`.
    """
    if prompt.reference is None:
        ids = asked_tokens(prompt, setup)
        return Tokens(ids, [False] * len(ids), len(ids))
    if not has_template(setup.tokenizer):
        return _plain(prompt, setup)[1]
    tokenizer = setup.tokenizer
    messages = [*prompt.messages, {"role": "assistant", "content": prompt.reference}]
    asked = write(tokenizer, prompt.messages, ask=True)
    written = write(tokenizer, messages, ask=False)
    text, said = written.text, written.said
    last = turn_of(tokenizer, messages, len(messages) - 1, written)
    if last is None or not text.startswith(asked.text):
        # Some templates write an answer of the past otherwise than one to come.
        text = asked.text + prompt.reference
        written, said = asked, [*asked.said, (len(asked.text), len(text))]
        last = (len(asked.text), len(text))
    turns = _turns(setup, messages[:-1], written)
    encoder = encoder_of(setup)
    ids, learned = tokens_of(encoder, text, said, [*turns, last])
    _, in_last = tokens_of(encoder, text, said, [last])
    first = next((place for place, one in enumerate(in_last) if one), len(ids))
    if (end := setup.tokenizer.eos_token_id) is not None and end not in ids[first:]:
        # What the template writes after its last answer is written, too, before the end.
        learned = [*learned[:first], *[True] * (len(ids) - first), True]
        ids = [*ids, end]
    return Tokens(ids, learned, first)


def _turns(setup: Setup, messages: list[Message], written: Any) -> list[Span]:
    """Return where the answers before the last stand that are learned."""
    if setup.spec.train.assistant_turns == "last":
        return []
    answers = [n for n, one in enumerate(messages) if one["role"] == "assistant"]
    found = [turn_of(setup.tokenizer, messages, number, written) for number in answers]
    return [span for span in found if span is not None]


def _plain(prompt: Prompt, setup: Setup) -> tuple[Tokens, Tokens]:
    """Return the tokens up to the answer, and those with it, in the plain template.

    Each answer that is learned is followed by the token that ends a text.
    """
    start, end = start_of(setup), end_of(setup)
    encoder = encoder_of(setup)
    ids, learned = list(start), [False] * len(start)
    parts: list[str] = []

    def put(text: str, is_learned: bool) -> None:
        found = encoder(text, add_special_tokens=False, verbose=False)["input_ids"]
        found = [*found, *end] if is_learned else found
        ids.extend(found)
        learned.extend([is_learned] * len(found))

    for one in prompt.messages:
        if one["role"] == "assistant" and setup.spec.train.assistant_turns != "last":
            put("\n\n".join([*parts, HEADINGS["assistant"].format(content="")]), False)
            put(one["content"].strip(), True)
            parts = [""]
        else:
            parts.append(HEADINGS[one["role"]].format(content=one["content"].strip()))
    if prompt.given.strip():
        parts.append(INPUT.format(content=prompt.given.strip()))
    put("\n\n".join([*parts, HEADINGS["assistant"].format(content="")]), False)
    asked = Tokens(list(ids), list(learned), len(ids))
    if prompt.reference is None:
        return asked, asked
    put(prompt.reference, True)
    return asked, Tokens(ids, learned, len(asked.ids))


def start_of(setup: Setup) -> list[int]:
    """Return the token that begins a text, where it is not the one that also ends it."""
    start, end = setup.tokenizer.bos_token_id, setup.tokenizer.eos_token_id
    return [] if start is None or start == end else [start]


def end_of(setup: Setup) -> list[int]:
    """Return the token that ends a text, where there is one."""
    end = setup.tokenizer.eos_token_id
    return [] if end is None else [end]
