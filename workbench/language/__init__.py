"""Interface text in English and Chinese, from the catalogues `en/*.yaml` and `zh/*.yaml`.

A key is the file's name and the path through its tree, joined by dots (`studio.start`). A string
may hold `{name}` fields, filled by keyword. A noun behind a number has two forms, `{count:,}
{count:row|rows}`: the first for one, the second for any other; Chinese leaves it out.

Errors have no keys: their English stands beside the code, and `zh/errors/*.yaml` has the Chinese
under the English.
"""

from __future__ import annotations

import locale
import os
import string
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

from .direction import in_order

LANGUAGES = ("en", "zh")

_current = "auto"


def use(language: str) -> str:
    """Choose the interface language (`en`, `zh` or `auto`) and return what it resolves to."""
    global _current  # noqa: PLW0603  (one interface, one language)
    _current = language
    return current()


@contextmanager
def using(language: str) -> Iterator[None]:
    """Speak another language while the block runs."""
    before = _current
    use(language)
    try:
        yield
    finally:
        use(before)


def current() -> str:
    """Return the interface language in force: `en` or `zh`."""
    return resolve(_current)


def resolve(language: str) -> str:
    """Return `en` or `zh`; `auto` follows `WORKBENCH_LANGUAGE`, then the locale."""
    if language in LANGUAGES:
        return language
    wish = os.environ.get("WORKBENCH_LANGUAGE", "")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        wish = wish or os.environ.get(name, "")
    wish = wish or (locale.getlocale()[0] or "")
    return "zh" if wish.lower().startswith(("zh", "chinese")) else "en"


def text(key: str, language: str | None = None, **values: Any) -> str:
    """Return the string under `key`, in the current language unless one is named.

    Raises:
        KeyError: the catalogue has no such key.
    """
    found = catalogue(language or current())[key]
    return _FILLER.vformat(found, (), values) if values else found


def translate(sentence: str, **values: Any) -> str:
    """Return a sentence of an error, given in English, in the current language.

    Its `{name}` fields are filled by keyword; without values it is taken as it stands.
    """
    if current() != "en":
        sentence = sentences(current()).get(sentence, sentence)
    return _FILLER.vformat(sentence, (), values) if values else sentence


class _Filler(string.Formatter):
    """Fills fields as `str.format` does; `{count:row|rows}` chooses by a number or its text.

    What fills a field moves nothing of the sentence about it.
    """

    def format_field(self, value: Any, format_spec: str) -> Any:
        one, bar, other = format_spec.partition("|")
        if bar:
            return one if str(value) == "1" else other
        return in_order(super().format_field(value, format_spec))


_FILLER = _Filler()


@cache
def sentences(language: str) -> dict[str, str]:
    """Return the sentences of errors in a language other than English, by the English."""
    import yaml

    files = resources.files(__name__).joinpath(language, "errors").iterdir()
    trees = [yaml.safe_load(file.read_text("utf-8")) for file in files]
    return {english: said for tree in trees for english, said in tree.items()}


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return a whole catalogue as a flat mapping from key to string."""
    import yaml

    folder = resources.files(__name__).joinpath(language)
    pairs: list[tuple[str, str]] = []
    for file in folder.iterdir():
        if file.name.endswith(".yaml"):
            area = file.name.removesuffix(".yaml")
            pairs += _flatten(yaml.safe_load(file.read_text("utf-8")), f"{area}.")
    return dict(pairs)


def _flatten(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            pairs += _flatten(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", value))
    return pairs
