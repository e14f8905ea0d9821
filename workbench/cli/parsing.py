"""Commands whose options may stand anywhere: before, between and behind what is not an option."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from .screen import plain


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
        self.exit(2, f"{self.prog}: error: {plain(message)}\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, options and the rest in any order where that is possible."""
        if self._is_within:
            return super().parse_known_args(args, namespace)
        self._is_within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        except TypeError:  # actions below this one, or arguments passed on as they are
            return super().parse_known_args(args, namespace)
        finally:
            self._is_within = False
