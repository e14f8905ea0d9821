"""The errors that a user can mend, and the exit codes that go with them."""

from __future__ import annotations

import errno
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Number
from typing import Any, Self

from .language import translate

EXIT_DONE = 0
EXIT_OUR_FAULT = 1
EXIT_INPUT_AT_FAULT = 2
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Fault:
    """What is wrong with one setting; `str` gives the sentence, which does not repeat the path.

    `code` is a short name of the kind of fault, the same in every language: `too_small`. `path`
    is the setting as a spec has it (`train.learning_rate`), or None where no setting is at fault;
    `value` is what it holds.
    """

    code: str
    what: str
    remedy: str = ""
    path: str | None = None
    value: Any = None

    def __str__(self) -> str:
        """Return what is wrong and the remedy as one sentence."""
        return _joined(self.what, self.remedy)


class InputError(Exception):
    """The input is at fault: what was wrong, the value, and what to do about it.

    Ends a command with exit code 2 and this one line on stderr, without a traceback.

    Both texts are English templates with `{name}` fields, and `values` fills them: the Chinese
    stands in `language/zh/errors`, and which of the two is told is found when the error is shown.
    Without values a text is taken as it stands. A value may be an error itself.
    """

    def __init__(self, what: str, remedy: str = "", /, **values: Any) -> None:
        # `args` holds the templates, as `BaseException.__new__` was given them: so pickle works.
        self._templates = (what, remedy)
        self._values = {name: _plain(value) for name, value in values.items()}
        self._setting: tuple[str, str, Any] | None = None

    def at(self, path: str, value: Any, code: str) -> Self:
        """Name the setting at fault: its path in a spec, what it holds, and the kind of fault.

        Example:
            >>> error = InputError("no file {name}", "check the name", name="a.csv")
            >>> [fault] = error.at("data.source", "a.csv", "no_file").faults
            >>> fault.path, fault.code, str(fault)
            ('data.source', 'no_file', 'no file a.csv; check the name')
        """
        self._setting = (path, value, code)
        return self

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The settings at fault, in the current language; empty where none is known to be."""
        if self._setting is None:
            return ()
        path, value, code = self._setting
        return (Fault(code, self.what, self.remedy, path, value),)

    @property
    def what(self) -> str:
        """What was wrong, in the current language."""
        return translate(self._templates[0], **self._values)

    @property
    def remedy(self) -> str:
        """What to do about it, in the current language; may be empty."""
        return translate(self._templates[1], **self._values)

    def __str__(self) -> str:
        """Return both as one line."""
        return _joined(self.what, self.remedy)

    def __repr__(self) -> str:
        """Return the kind and what `str` gives, as other exceptions have it."""
        return f"{type(self).__name__}({str(self)!r})"


@contextmanager
def setting_at_fault(path: str, value: Any, code: str) -> Iterator[None]:
    """Name the setting at fault in errors of the block that do not name one themselves."""
    try:
        yield
    except InputError as error:
        if not error.faults:
            error.at(path, value, code)
        raise


def _joined(what: str, remedy: str) -> str:
    return translate("{what}; {remedy}", what=what, remedy=remedy) if remedy else what


def _plain(value: Any) -> Any:
    """Return a value as one that a format takes, and that a pickle can hold."""
    return value if value is None or isinstance(value, (Number, InputError)) else str(value)


class SourceError(InputError):
    """A data set or model cannot be found, fetched or trusted."""


class DataError(InputError):
    """A data file cannot be read, or what is in it cannot be learned from."""


class ModelError(InputError):
    """A model folder is incomplete, corrupt, unsafe or of the wrong kind."""


class RunError(InputError):
    """A run folder is missing, taken, incomplete, or has no room on its disk."""


class Interrupted(KeyboardInterrupt):
    """The work was stopped from outside; its state is kept. Ends a command with exit code 130."""


def disk_is_full(error: BaseException) -> bool:
    """Return whether an error says that the disk is full, whoever met it."""
    # safetensors reports a full disk as an error of its own, known only by its text.
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or "No space left on device" in str(error)


def shorten(value: object, limit: int = 80) -> str:
    """Return `value` as one line of at most `limit` characters, fit for a message."""
    line = " ".join(str(value).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


# Control, format (bidirectional marks, zero width), half a pair, private, unassigned, line ends.
_OBEYED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def plain(text: str) -> str:
    """Return a text that a terminal shows and does not obey: control characters as U+001B."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"U+{ord(c):04X}" if _is_obeyed(c) else c for c in text)


def _is_obeyed(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _OBEYED
