"""How a process that trains ends when it is asked to: soon, with files whole and locks let go.

From the first step on it writes a checkpoint between two steps; before that, and after the last
one, it ends where it stands. Either takes a moment. Only inside a library, which no signal reaches,
it could take longer: then the process ends all the same, after `GRACE_SECONDS`. A checkpoint that
is being written is finished first.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import EXIT_INTERRUPTED, Interrupted

GRACE_SECONDS = 4.0
# Writing a checkpoint may take so long.
WRITING_SECONDS = 60.0

# Set while a checkpoint is being written.
writing = threading.Event()


class ShutdownRequest:
    """Says whether the process was asked to end; until `from_now_on`, being asked ends it."""

    def __init__(self) -> None:
        self._asked, self._waits = threading.Event(), False

    def __call__(self) -> bool:
        """Return whether it was asked."""
        return self._asked.is_set()

    def from_now_on(self) -> None:
        """Let whoever trains look for it between two steps."""
        self._waits = True

    def take(self, number: int, _: Any) -> None:
        """Take a signal. A second Ctrl-C ends the process at once."""
        if not self._waits:
            raise Interrupted("asked to end")
        if self() and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._asked.set()


@contextmanager
def graceful_shutdown() -> Iterator[ShutdownRequest]:
    """Yield what tells whether the process was asked to end, by SIGTERM or Ctrl-C.

    Outside the main thread, where signals cannot be taken, the answer is always no.

    Raises:
        Interrupted: it was asked, and the block came to its end without looking.
    """
    asked = ShutdownRequest()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    taken = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, asked.take) for number in taken}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked():
        raise Interrupted("asked to end")


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM end the block like Ctrl-C, so that files are whole and locks are let go."""

    def end(*_: Any) -> None:
        raise Interrupted("asked to end")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        with _within_time():
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _within_time() -> Iterator[None]:
    """End the process if SIGTERM has not ended the block in time, wherever it then is.

    The system writes each signal to a socket, and a thread reads there; a handler alone would wait
    until the library comes back.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    if before != -1:  # a notebook's kernel listens there itself
        signal.set_wakeup_fd(before)
        ours.close()
        theirs.close()
        yield
        return
    done = threading.Event()
    threading.Thread(target=_watch, args=(ours, done), daemon=True).start()
    try:
        yield
    finally:
        done.set()
        signal.set_wakeup_fd(before)
        theirs.close()


def _watch(signals: socket.socket, done: threading.Event) -> None:
    with signals:
        while numbers := signals.recv(64):
            if signal.SIGTERM in numbers:
                break
        else:
            return
    if done.wait(GRACE_SECONDS):
        return
    if writing.is_set():
        done.wait(WRITING_SECONDS)
    if not done.is_set():
        os._exit(EXIT_INTERRUPTED)
