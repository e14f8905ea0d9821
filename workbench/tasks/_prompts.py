"""From instruction rows and conversations to a prompt and the answer that is to follow it.

A tokenizer with a chat template of its own is given that. For one without, a plain template:
`### Instruction:`, where there is one `### Input:`, then `### Response:`, each on a line of its
own above its text. Of a conversation, the last answer is learned, what was said before is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, shorten
from .contract import Batch, Record, RowError, Setup

SPEAKERS = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "bot": "assistant", "model": "assistant",
}  # fmt: skip
HEADINGS = {
    "system": "{content}",
    "user": "### Instruction:\n{content}",
    "assistant": "### Response:\n{content}",
}


@dataclass(frozen=True)
class Prompt:
    """What is given to the model, and what it shall write.

    `asked` is the question as the row has it, `text` the same in the template. `answer` is what
    follows in the template, `reference` the bare answer; both are None where none is known.
    `whole` says that the template brings the tokens that begin a text.
    """

    asked: str
    text: str
    answer: str | None
    reference: str | None
    whole: bool


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
    messages = [_message(one) for one in held]
    if messages[-1]["role"] != "assistant" or len(messages) < 2:
        raise RowError("no_reply", messages[-1]["content"])
    return values | {"messages": messages}


def _message(held: Any) -> dict[str, str]:
    known = held if isinstance(held, dict) else {}
    role = SPEAKERS.get(str(known.get("role") or known.get("from")).casefold())
    content = known.get("content") or known.get("value")
    if role is None or not isinstance(content, str) or not content.strip():
        raise RowError("no_messages", held)
    return {"role": role, "content": content}


def prompts_of(batch: Batch, setup: Setup) -> list[Prompt]:
    """Return the prompt of each row of instructions or conversations."""
    columns = {name: values for name, values in batch.items() if name != "row"}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [_prompt(row, setup.tokenizer) for row in rows]


def _prompt(row: Record, tokenizer: Any) -> Prompt:
    if "messages" in row:
        messages = [dict(one) for one in row["messages"]]
        ends = messages[-1]["role"] == "assistant"
        reference = messages.pop()["content"] if ends else None
        asked, given = messages[-1]["content"], ""
    else:
        asked, given = row["instruction"], row.get("input") or ""
        reference = row.get("output")
        messages = [{"role": "user", "content": asked}]
    if getattr(tokenizer, "chat_template", None):
        if given.strip():
            messages[-1] = {"role": "user", "content": f"{asked}\n\n{given}"}
        text, answer = _templated(messages, reference, tokenizer)
    else:
        text, answer = _plain(messages, given), reference
    shown = f"{asked}\n\n{given}" if given.strip() else asked
    return Prompt(shown, text, answer, reference, bool(getattr(tokenizer, "chat_template", None)))


def _plain(messages: list[dict[str, str]], given: str) -> str:
    parts = [HEADINGS[one["role"]].format(content=one["content"].strip()) for one in messages]
    if given.strip():
        parts.append(f"### Input:\n{given.strip()}")
    return "\n\n".join([*parts, HEADINGS["assistant"].format(content="")])


def _templated(
    messages: list[dict[str, str]], reference: str | None, tokenizer: Any
) -> tuple[str, str | None]:
    """Return prompt and answer as the tokenizer's own template writes them.

    Raises:
        DataError: the template does not take such a conversation.
    """
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        if reference is None:
            return text, None
        told = [*messages, {"role": "assistant", "content": reference}]
        whole = tokenizer.apply_chat_template(told, tokenize=False)
    except Exception as error:  # templates are small programs that may fail in any way
        raise DataError(
            "the chat template of the model's tokenizer does not take the conversation "
            "{text!r} ({reason})",
            "let user and assistant take turns, with at most one system message in front",
            text=shorten(messages[-1]["content"], 40),
            reason=shorten(error),
        ) from error
    # Some templates write an answer of the past otherwise than one to come.
    return text, whole[len(text) :] if whole.startswith(text) else reference
