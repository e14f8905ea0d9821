"""One writer a run: a lock that dies with its process, and the name of its owner."""

from __future__ import annotations

import getpass
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..errors import RunError
from ..language import translate
from .commands import quoted
from .folder import RunFolder, write_json
from .inside import read_text

# Clocks of the system and of its processes tell the same start within so long.
SAME_START_SECONDS = 0.1


@dataclass(frozen=True)
class Owner:
    """The process that writes a run: its number, machine, user, and since when (seconds).

    `started` is when the process itself was, as the system tells it; 0 where nobody noted it.
    """

    pid: Annotated[int, Field(gt=1, lt=2**31)]
    machine: str
    user: str
    began: Annotated[float, Field(allow_inf_nan=False)]
    started: Annotated[float, Field(allow_inf_nan=False)] = 0.0

    @property
    def here(self) -> bool:
        """Whether it runs, or ran, on this machine."""
        return self.machine == platform.node()

    def __str__(self) -> str:
        """Return the owner in words."""
        return translate(
            "process {pid} of {user} on {machine}",
            pid=self.pid,
            user=self.user,
            machine=self.machine,
        )


@contextmanager
def writer_lock(run: RunFolder) -> Iterator[None]:
    """Hold the right to write a run for as long as the block lasts.

    Raises:
        RunError: another process has it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(run.path / ".writer.lock")
    try:
        lock.acquire(timeout=1)  # whoever only asks `is_locked` holds it for a moment
    except Timeout:
        raise _taken(run) from None
    except OSError as error:
        raise RunError(
            "cannot write to the run folder {path} ({reason})",
            "make it writable, or set output.runs_dir to another folder",
            path=run.path,
            reason=error.strerror or error,
        ) from None
    try:
        owner = Owner(os.getpid(), platform.node(), _user(), time.time(), _started(os.getpid()))
        write_json(_owner_path(run), asdict(owner), make_folder=False)
        yield
    finally:
        lock.release()


def is_locked(run: RunFolder) -> bool:
    """Return whether a process on this machine is known to hold the right to write `run`."""
    return bool(lock_state(run))


def lock_state(run: RunFolder) -> bool | None:
    """Return whether a process on this machine writes `run`; None where that cannot be tried."""
    if not (run.path / ".writer.lock").exists():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(run.path / ".writer.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # somebody else's run, which may only be read here
        return None
    lock.release()
    return False


def require_free(run: RunFolder) -> None:
    """Refuse a run that a process on this machine is writing.

    Raises:
        RunError: naming the process.
    """
    if is_locked(run):
        raise _taken(run)


def read_owner(run: RunFolder) -> Owner | None:
    """Return the last process that wrote `run`; None where nobody has, or the note is damaged."""
    try:
        return _checked().validate_json(read_text(_owner_path(run)), strict=True)
    except (OSError, ValueError):
        return None


def is_worker(owner: Owner) -> bool:
    """Say whether an owner's process still runs and is a workbench's own, begun when it says.

    A run folder may name any process; only one of ours may be ended because it does.
    """
    import psutil

    try:
        process = psutil.Process(owner.pid)
        began, command = process.create_time(), process.cmdline()
    except psutil.Error:
        return False
    if not owner.here or not owner.started or abs(began - owner.started) > SAME_START_SECONDS:
        return False
    module = any(pair == ("-m", "workbench") for pair in pairwise(command))
    return module or any(Path(part).stem == "workbench" for part in command[:3])


def whoami() -> str:
    """Return `user@machine`, as far as either can be told."""
    return f"{_user()}@{platform.node()}"


def _taken(run: RunFolder) -> RunError:
    return RunError(
        "the run {run} is being written by {owner}",
        "watch it, or end it: workbench runs stop {path}",
        run=run.name,
        owner=read_owner(run),
        path=quoted(run.path),
    )


def _started(pid: int) -> float:
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


@cache
def _checked() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Owner)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "somebody"


def _owner_path(run: RunFolder) -> Path:
    return run.path / "owner.json"
