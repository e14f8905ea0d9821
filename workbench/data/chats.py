"""Conversations in all the ways in which people write them down, as lists of role and content.

ShareGPT's `from` and `value`, OpenAI's `role` and `content` (also in parts), pairs of question and
answer, Alpaca's `history`, prompts and completions that are messages. What stands beside the turns
and belongs to them, such as a system prompt, is made part of them; nothing is learned as JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import DataError, shorten
from ..language import text as say
from ..tasks import Task
from .cells import as_text
from .columns import column_called
from .values import structure

Turn = dict[str, Any]

_SPEAKERS = ("role", "from", "speaker", "author", "sender")
_CONTENTS = ("content", "value", "text", "message", "utterance")
# Keys of an object that holds both a question and its answer.
_PAIRS = (
    ("human", "assistant"), ("user", "assistant"), ("human", "gpt"), ("prompt", "response"),
    ("instruction", "output"), ("question", "answer"), ("input", "output"), ("query", "response"),
)  # fmt: skip
_SYSTEM = ("system", "system_prompt", "system_message", "sys")
_HISTORY = ("history", "past", "previous_turns")
_LISTS = (
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "chat",
    "turns",
    "对话",
    "data",
)
_CHOSEN = ("chosen", "accepted", "preferred", "chosen_response", "response_chosen", "response_j")
_REJECTED = (
    "rejected", "dispreferred", "rejected_response", "response_rejected", "response_k",
)  # fmt: skip
_TRUTHS = frozenset(("true", "false"))
# Keys beside role and content that a conversation may go without.
_KNOWN = frozenset((*_SPEAKERS, *_CONTENTS, "tool_calls", "tool_call_id", "function_call", "name"))


def read_chats(
    frame: Any, task: Task, given: Mapping[str, Any], name: str
) -> tuple[Any, list[str]]:
    """Return a frame whose conversations are messages, and what is to be said of them.

    Columns that are `given` are taken as they are, apart from one of conversations.

    Raises:
        DataError: the rows say which of two answers is better, which the task does not learn.
    """
    if not given:
        _refuse_preferences(frame, task, name)
    column = _conversations(frame, given)
    if column is not None:
        return _from_turns(frame, column, () if given else task.role("messages").common_names)
    if given:
        return frame, []
    return _from_prompts(frame, task) or _from_instructions(frame, task) or (frame, [])


def _refuse_preferences(frame: Any, task: Task, name: str) -> None:
    """Refuse rows that compare or judge answers."""
    columns = list(map(str, frame.columns))
    chosen, rejected = _called(columns, _CHOSEN), _called(columns, _REJECTED)
    found = [one for one in (chosen, rejected) if one]
    example = ""
    if chosen and rejected:
        lists = turns_in(frame[chosen].iloc[0]) is not None
        asked = _called(columns, ("prompt", "instruction", "question", "query"))
        example = f"messages: {chosen}" if lists else f"text: {chosen}"
        if asked and not lists:
            example = f"instruction: {asked}, output: {chosen}"
    else:
        answer = _called(columns, ("completion", "response", "output", "answer"))
        judged = _called(columns, ("label", "kto_tag", "desirable", "is_desirable"))
        several = bool(answer) and frame[answer].map(_is_several).mean() > 0.5
        if not several and not (answer and judged and _is_truth(frame[judged])):
            return
        found = [answer] if several else [answer, judged]
        asked = _called(columns, ("prompt", "instruction", "question", "query", "input"))
        example = f"instruction: {asked}, output: {answer}" if asked else f"text: {answer}"
    raise DataError(
        "{name} holds preferences between answers (the columns {columns}): data for preference "
        "optimization (DPO, KTO), which {task} does not learn",
        "to learn the answers alone, name them: data.columns {{{example}}}",
        name=name,
        columns=", ".join(found),
        task=task.name,
        example=example,
    )


def _is_several(cell: Any) -> bool:
    """Say whether a cell holds several texts: the better answer and the worse."""
    held = structure(cell)
    return isinstance(held, list) and len(held) > 1 and all(isinstance(o, str) for o in held)


def _is_truth(column: Any) -> bool:
    return all(as_text(cell).strip().casefold() in _TRUTHS for cell in column)


def _called(columns: Sequence[str], names: Sequence[str]) -> str:
    lower = {column.strip().casefold(): column for column in reversed(columns)}
    return next((lower[name] for name in names if name in lower), "")


def _conversations(frame: Any, given: Mapping[str, Any]) -> str | None:
    """Return the column that holds conversations: as told, as usual, or by its shape."""
    columns = list(map(str, frame.columns))
    if given:
        wished = given.get("messages")
        return str(wished) if str(wished) in columns else None
    common = _called(columns, _LISTS)
    if common and _share(frame[common], lists=True) > 0.5:
        return common
    if any(one in columns for one in ("prompt", "completion")):
        return None
    return next((one for one in columns if one not in _HISTORY and _share(frame[one]) > 0.9), None)


def _share(column: Any, lists: bool = False) -> float:
    cells = list(column.iloc[:: max(1, len(column) // 200)])
    return sum(turns_in(cell, lists) is not None for cell in cells) / max(1, len(cells))


def turns_in(cell: Any, lists: bool = False) -> list[Turn] | None:
    """Return the turns in a cell as role and content, whatever they hold; None where it has none.

    With `lists`, texts that take turns count as well.
    """
    held = structure(cell)
    if isinstance(held, dict) and isinstance(held.get("messages"), list):
        held = held["messages"]
    if isinstance(held, dict) and _speaker(held):
        held = [held]
    if not isinstance(held, list) or not held:
        return None
    if all(isinstance(one, dict) for one in held):
        found: list[Turn] = []
        for one in held:
            if speaker := _speaker(one):
                found.append(_turn(one, speaker))
            elif pair := next((pair for pair in _PAIRS if set(pair) <= one.keys()), None):
                found += _pair(one[pair[0]], one[pair[1]])
            else:
                return None
        return found
    if all(isinstance(one, list) and len(one) == 2 for one in held):
        return [turn for question, answer in held for turn in _pair(question, answer)]
    if lists and all(isinstance(one, str) for one in held):
        return [{"role": ("user", "assistant")[n % 2], "content": one}
                for n, one in enumerate(held)]  # fmt: skip
    return None


def _speaker(turn: Turn) -> str:
    return next((key for key in _SPEAKERS if isinstance(turn.get(key), str)), "")


def _turn(turn: Turn, speaker: str) -> Turn:
    content = next((turn[key] for key in _CONTENTS if key in turn), None)
    if isinstance(content, list) and content:
        parts: list[Any] = [one if isinstance(one, str) else one.get("text") for one in content
                 if isinstance(one, str | dict)]  # fmt: skip
        if all(isinstance(one, str) for one in parts):
            content = "".join(parts)
    found = {"role": turn[speaker].strip(), "content": content}
    called = next((turn[key] for key in ("tool_calls", "function_call") if turn.get(key)), None)
    return found | ({"tool_calls": called} if called else {})


def _pair(question: Any, answer: Any) -> list[Turn]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _from_turns(frame: Any, column: str, common: Sequence[str]) -> tuple[Any, list[str]]:
    """Write the turns of a column in one way, with the system prompt that stands beside them."""
    others = [str(one) for one in frame.columns if str(one) != column]
    system = _called(others, _SYSTEM)
    beside = list(frame[system]) if system else [""] * len(frame)
    unknown = Counter(
        key for cell in frame[column] for one in _dicts(cell) for key in one.keys() - _KNOWN
        if not any({*pair} & {key} for pair in _PAIRS)
    )  # fmt: skip
    cut = 0
    chats: list[Any] = []
    for cell, given in zip(frame[column], beside, strict=True):
        turns = turns_in(cell, lists=True)
        if turns is None:
            chats.append(cell)
            continue
        turns = with_system(turns, given)
        kept = without_question(turns)
        cut += len(kept) < len(turns)
        chats.append(kept)
    notes = []
    if system:
        notes.append(say("data.note.chat_system", column=system))
    if unknown:
        shown = ", ".join(sorted(unknown))
        notes.append(say("data.note.message_keys", keys=shorten(shown)))
    found = frame.drop(columns=system) if system else frame.copy()
    found[column] = _objects(chats, found.index)
    if common and column.casefold() not in common and "messages" not in others:
        found = found.rename(columns={column: "messages"})
        notes.append(say("data.note.chat_columns", columns=column))
    found.attrs = frame.attrs
    return found, [*notes, *_conversion_notes(chats, cut)]


def _dicts(cell: Any) -> list[Turn]:
    held = structure(cell)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def with_system(turns: list[Turn], given: Any) -> list[Turn]:
    """Return turns with a system prompt in front, unless they have one."""
    text = as_text(given).strip()
    if not text or (turns and str(turns[0]["role"]).casefold() in ("system", "developer")):
        return turns
    return [{"role": "system", "content": text}, *turns]


def without_question(turns: list[Turn]) -> list[Turn]:
    """Return turns without a last question that nobody has answered; of one alone, all of it."""
    asked = ("user", "human", "prompter")
    end = len(turns)
    while end and str(turns[end - 1]["role"]).casefold() in asked:
        end -= 1
    answered = any(str(one["role"]).casefold() not in (*asked, "system") for one in turns[:end])
    return turns[:end] if answered else turns


def _conversion_notes(chats: Sequence[Any], cut: int) -> list[str]:
    """Return what is to be said of conversations: turns that were cut, and answers that count."""
    notes = [say("data.note.cut_turns", count=f"{cut:,}")] if cut else []
    answers = [
        sum(str(one["role"]).casefold() in ("assistant", "gpt", "bot", "model") for one in chat)
        for chat in chats
        if isinstance(chat, list) and all(isinstance(one, dict) and "role" in one for one in chat)
    ]
    if several := [count for count in answers if count > 1]:
        counted = {"count": f"{len(several):,}", "answers": f"{sum(several):,}"}
        notes.append(say("data.note.several_answers", **counted))
    return notes


def _from_prompts(frame: Any, task: Task) -> tuple[Any, list[str]] | None:
    """Join prompts and completions that are messages."""
    columns = list(map(str, frame.columns))
    asked = _called(columns, ("prompt", "context", "input", "messages"))
    answer = _called(columns, ("completion", "response", "answer", "output"))
    if not asked or not answer or _share(frame[asked]) < 0.9:
        return None
    chats = []
    for question, reply in zip(frame[asked], frame[answer], strict=True):
        turns = turns_in(question) or []
        replies = turns_in(reply)
        if replies is None:
            replies = [{"role": "assistant", "content": as_text(reply)}]
        chats.append([*turns, *replies])
    return _joined(frame, chats, [asked, answer])


def _from_instructions(frame: Any, task: Task) -> tuple[Any, list[str]] | None:
    """Put earlier turns and a system prompt before instructions; None where there are none."""
    columns = list(map(str, frame.columns))
    held = {
        role.name: column_called(columns, role) or ""
        for role in task.roles
        if role.name in ("instruction", "input", "output")
    }
    history, system = _called(columns, _HISTORY), _called(columns, _SYSTEM)
    more = [one for one in (history, system) if one and frame[one].map(_is_held).any()]
    if not more or not held.get("instruction") or not held.get("output"):
        return None
    chats = []
    for row in frame.to_dict("records"):
        asked = [as_text(row[held[one]]) for one in ("instruction", "input") if held[one]]
        question = "\n\n".join(one for one in dict.fromkeys(asked) if one.strip())
        earlier = (turns_in(row[history], lists=True) or []) if history else []
        turns = [*earlier, *_pair(question, as_text(row[held["output"]]))]
        chats.append(with_system(turns, row[system] if system else ""))
    used = dict.fromkeys([one for one in (system, history, *held.values()) if one])
    return _joined(frame, chats, list(used))


def _is_held(cell: Any) -> bool:
    held = structure(cell)
    return bool(held) if isinstance(held, list) else bool(as_text(held).strip())


def _joined(frame: Any, chats: list[Any], used: list[str]) -> tuple[Any, list[str]]:
    found = frame.drop(columns=used)
    kept = [without_question(turns) for turns in chats]
    found["messages"] = _objects(kept, found.index)
    found.attrs = frame.attrs
    cut = sum(len(a) < len(b) for a, b in zip(kept, chats, strict=True))
    note = say("data.note.chat_columns", columns=", ".join(used))
    return found, [note, *_conversion_notes(kept, cut)]


def _objects(cells: list[Any], index: Any) -> Any:
    import pandas

    return pandas.Series(cells, index=index, dtype=object)


def is_for(task: Task) -> bool:
    """Say whether a task reads conversations."""
    return any(role.kind == "object" and role.name == "messages" for role in task.roles)
