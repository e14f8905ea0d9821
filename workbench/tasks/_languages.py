"""Models of many languages, which are told by a token what they read and what they shall write.

mBART, M2M-100, NLLB and their like: their tokenizers have `src_lang` and `tgt_lang`. Other models
know one pair, or are told by words before the text (`data.prefix`).
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import DataError, shorten
from ._records import Setup

_CODE = re.compile(r"(?:[a-z]{2,3}_[A-Z][A-Za-z]+)")


def speak(setup: Setup) -> None:
    """Let the tokenizer mark sources and targets with the languages of the spec.

    Raises:
        DataError: a language is missing or unknown to the model, or it is not told languages.
    """
    tokenizer, data = setup.tokenizer, setup.spec.data
    asked = {"source_language": data.source_language, "target_language": data.target_language}
    if not hasattr(tokenizer, "src_lang"):
        if given := next((name for name, code in asked.items() if code), None):
            raise DataError(
                "data.{name}: the model has no language codes, so {code!r} has no effect",
                "leave it empty; a model that is instructed in words takes them from data.prefix",
                name=given,
                code=asked[given],
            ).at(f"data.{given}", asked[given], "no_effect")
        return
    known = _codes(tokenizer)
    for name, code in asked.items():
        if code not in known:
            raise DataError(
                "data.{name}: {code!r} is not a language code of the model"
                if code
                else "data.{name}: the model needs a language code, and none is given",
                "set it to one of {choices}",
                name=name,
                code=code,
                choices=shorten(", ".join(_nearest(code, known)), 120),
            ).at(f"data.{name}", code, "no_such_language")
    tokenizer.src_lang, tokenizer.tgt_lang = asked.values()


def start_with_language(model: Any, setup: Setup) -> None:
    """Let the model begin what it writes with the token of its language."""
    tokenizer, code = setup.tokenizer, setup.spec.data.target_language
    if not hasattr(tokenizer, "src_lang"):
        return
    # M2M-100 has the code zh, and the token __zh__.
    token = getattr(tokenizer, "lang_code_to_token", {}).get(code, code)
    number = tokenizer.convert_tokens_to_ids(token)
    if type(tokenizer).__name__.startswith("MBartTokenizer"):
        # The first mBART has its language in the place of a start token.
        model.config.decoder_start_token_id = number
        model.generation_config.decoder_start_token_id = number
    else:
        model.generation_config.forced_bos_token_id = number


def _codes(tokenizer: Any) -> list[str]:
    codes = getattr(tokenizer, "lang_code_to_id", None)
    return sorted(codes or filter(_CODE.fullmatch, tokenizer.all_special_tokens))


def _nearest(code: str, known: list[str]) -> list[str]:
    """Return the codes of the same language first: who writes `zh` may want `zh_CN`."""
    return sorted(known, key=lambda one: one[:2] != code[:2]) if code else known
