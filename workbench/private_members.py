"""Private members of libraries that cannot be done without, all in this file.

`tests/test_private_members.py` finds them anywhere else. Each function here says why there is no
public way (Reason), and what happens when the library no longer has the member (Fallback).
"""

from __future__ import annotations

from typing import Any


def attention_of(config: Any) -> str | None:
    """Return the name of the attention that a transformers config asks for.

    Reason: transformers 5 sets it with `set_attn_implementation`, and has no way to ask for it,
    which is needed to put it back.
    Fallback: None, "as transformers chooses".
    """
    return getattr(config, "_attn_implementation_internal", None)


def ask_for_attention(config: Any, name: str | None) -> None:
    """Let one transformers config ask for an attention, such as `attention_of` gave.

    Reason: `set_attn_implementation` acts on the whole model, whose parts may differ, and not at
    all on models whose attention it does not know, though their masks depend on it.
    Fallback: nothing is changed.
    """
    if hasattr(config, "_attn_implementation_internal"):
        config._attn_implementation_internal = name


def can_set_attention(model: Any) -> bool:
    """Return whether a transformers model takes another attention than its own.

    Reason: `set_attn_implementation` only logs a warning where it does nothing.
    Fallback: yes; what is then not heard is asked of the model itself.
    """
    asked = getattr(model, "_can_set_attn_implementation", None)
    return True if asked is None else bool(asked())


def answer_in_any_subshell(comm: Any) -> None:
    """Let ipykernel handle a widget's message in the subshell that the front end asks for.

    Reason: ipykernel 7.4 overrules the front end without a setting.
    Fallback: nothing; the control works, once the running cell has ended.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default
