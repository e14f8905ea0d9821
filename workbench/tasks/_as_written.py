"""A model that writes, as it is saved: whoever loads it is asked and answers as in the run.

Where rows were asked in the plain template, because the tokenizer has none of its own, a chat
template that writes the same is saved with it, so that a pipeline takes messages; it begins with a
mark by which it is not taken for the model's own. How the run lets it write is saved as its
generation config.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._generating import set_generation_config
from ._prompts import MARK, asked_tokens, end_of, prompts_of, start_of
from ._records import Setup

_PROBE = "is the sky blue?"


def plain_template(begins: bool, ends: bool) -> str:
    """Return the plain template in Jinja.

    `begins` says that a text begins with a token, `ends` that each answer ends with one.
    """
    return (
        MARK
        + ("{{ bos_token }}" if begins else "")
        + "{% for message in messages %}{% if not loop.first %}{{ '\\n\\n' }}{% endif %}"
        "{% if message['role'] == 'user' %}{{ '### Instruction:\\n' }}"
        "{% elif message['role'] == 'assistant' %}{{ '### Response:\\n' }}{% endif %}"
        "{{ message['content'] | trim }}"
        + ("{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}" if ends else "")
        + "{% endfor %}{% if add_generation_prompt %}{{ '\\n\\n### Response:\\n' }}{% endif %}"
    )


@contextmanager
def as_saved(model: Any, setup: Setup) -> Iterator[None]:
    """Give the tokenizer the template, and the model the settings, for as long as it is saved."""
    tokenizer = setup.tokenizer
    inner = model.get_base_model() if hasattr(model, "peft_config") else model
    template, config = getattr(tokenizer, "chat_template", None), inner.generation_config
    if not template and "text" not in setup.spec.data.columns:
        tokenizer.chat_template = _fitting(setup)
    inner.generation_config = _settings(config, setup)
    try:
        yield
    finally:
        tokenizer.chat_template, inner.generation_config = template, config


def _fitting(setup: Setup) -> str | None:
    """Return the template if the tokenizer turns it into the tokens that the run asks with."""
    tokenizer = setup.tokenizer
    ends = bool(end_of(setup)) and setup.spec.train.assistant_turns != "last"
    template = plain_template(bool(start_of(setup)), ends)
    (prompt,) = prompts_of({"instruction": [_PROBE]}, setup)
    wanted = asked_tokens(prompt, setup)
    given = tokenizer.apply_chat_template(
        [{"role": "user", "content": _PROBE}],
        chat_template=template, tokenize=True, add_generation_prompt=True, return_dict=False,
    )  # fmt: skip
    return template if list(given) == wanted else None


def _settings(config: Any, setup: Setup) -> Any:
    from copy import deepcopy

    config = deepcopy(config)
    set_generation_config(config, setup, setup.spec.generate.max_new_tokens)
    config.eos_token_id, config.pad_token_id = (
        setup.tokenizer.eos_token_id, setup.tokenizer.pad_token_id or 0,
    )  # fmt: skip
    return config
