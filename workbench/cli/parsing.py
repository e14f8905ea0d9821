"""Commands whose options may stand anywhere: before, between and behind what is not an option."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from ..language import catalogue, translate
from ..language import text as say
from .screen import plain


def _translated(message: str) -> str:
    """Return a text of argparse itself in the language of the terminal."""
    keys = {english: key for key, english in catalogue("en").items() if key.startswith(_ARGPARSE)}
    name = keys.get(message, "").removeprefix(_ARGPARSE)
    return say(f"argparse.{name}") if name else message


_ARGPARSE = "argparse."
# argparse asks `gettext`, which reads compiled files in the language of the environment, and not
# in ours; so it is given another function to ask.
_ASKING: Any = argparse
_ASKING._ = _translated
_ASKING.ngettext = lambda one, many, count: _translated(one if count == 1 else many)


class Command(argparse.ArgumentParser):
    """A parser that reads its options first, and then all that is left in its order.

    argparse alone gives `predict RUN --json TEXT` no text: what may be left out counts as left out
    as soon as an option comes before it.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._is_within = False

    def error(self, message: str) -> NoReturn:
        """Say how the command is used, and what was wrong with it here."""
        self.print_usage(sys.stderr)
        line = translate("{command}: error: {message}", command=self.prog, message=plain(message))
        self.exit(2, f"{line}\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, options and the rest in any order where that is possible."""
        if self._is_within:
            return super().parse_known_args(args, namespace)
        self._is_within = True
        before = self.usage
        try:
            # argparse itself would cut off as many characters as the English "usage: " has.
            self.usage = self.format_usage().removeprefix(_translated("usage: "))
            return self.parse_known_intermixed_args(args, namespace)
        except TypeError:  # actions below this one, or arguments passed on as they are
            self.usage = before
            return super().parse_known_args(args, namespace)
        finally:
            self.usage = before
            self._is_within = False
