"""Training in a process of its own, which no kernel owns.

`start` hands a run to a worker and returns at once. The worker outlives a restarted kernel, a
closed tab and a crashed browser; it ends with the run. What it prints goes to `worker.log`.

Importing torch and transformers takes seconds, so a kernel may have one worker made ready: it
has imported them, has prepared the data if it was told which, and waits for a run on its stdin.
While it waits it ends with the kernel that asked for it, because its stdin closes then; and no
user of a machine has more than one waiting.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from . import language, pipeline
from .errors import InputError
from .runs import RunFolder
from .runs.lock import require_free
from .runs.summary import announce
from .spec import RunSpec, from_flat, to_flat

if TYPE_CHECKING:
    from .training.prepare import Prepared

# A worker that has just been started says within so long whether it is the one that may wait.
SAYING_SECONDS = 10.0


class _Waiting:
    """A worker's process, which may be the one that waits, or find that there is one already.

    It prepares data for one spec at most, `spec`; for other data there has to be another worker.
    """

    def __init__(self) -> None:
        self.process = _spawn(["worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None and self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self.spec: RunSpec | None = None
        self._has_said = threading.Event()
        self._may_wait = self._has_prepared = False
        threading.Thread(target=self._listen, daemon=True).start()

    def may_wait(self) -> bool:
        """Return whether it waits for work; for a moment after its start, only it knows."""
        self._has_said.wait(SAYING_SECONDS)
        return self._may_wait and self.process.poll() is None

    def fits_spec(self, spec: RunSpec) -> bool:
        """Return whether the data it was told to prepare, if any, is that of `spec`."""
        from .training.prepare import same_ingredients

        return self.spec is None or same_ingredients(self.spec, spec)

    def prepare(self, spec: RunSpec) -> None:
        """Let it prepare the data of `spec` while it waits."""
        self.spec = spec
        self._send({"prepare": to_flat(spec)})

    def take(self, run: RunFolder) -> bool:
        """Give it the run, and return whether it takes it."""
        if not self.may_wait():
            return False
        if not self._has_prepared and not self.fits_spec(run.spec()):  # it may be busy for long
            self.end()
            return False
        return self._send({"run": run.path.absolute()}) and self._close()

    def dismiss(self) -> None:
        """Let it end: nobody will give it work any more."""
        self._close()

    def end(self) -> None:
        """End it now, whatever it prepares, so that another may wait."""
        self.process.kill()
        self.process.wait()

    def _send(self, job: dict[str, Any]) -> bool:
        job |= {"folder": Path.cwd(), "environment": dict(os.environ)}
        try:
            self._stdin.write(json.dumps(job, default=str).encode() + b"\n")
            self._stdin.flush()
        except OSError:  # it has just ended
            return False
        return True

    def _close(self) -> bool:
        try:
            self._stdin.close()
        except OSError:
            return False
        return True

    def _listen(self) -> None:
        self._may_wait = self._stdout.readline() == _READY
        self._has_said.set()
        self._has_prepared = self._stdout.readline() == _PREPARED


_READY, _PREPARED = b"ready\n", b"prepared\n"

# The worker that waits, if there is one; a list, so that a function can take it.
_waiting: list[_Waiting] = []
_lock = threading.Lock()


def start(spec: RunSpec, prepared: Prepared | None = None) -> RunFolder:
    """Start a run in a process of its own and return its folder at once.

    Raises:
        InputError: as `pipeline.train`; the input is checked here, before the process starts.
    """
    from .training.run import open_run_folder

    if prepared is None:
        run, _ = pipeline.prepare_run(spec)
    else:
        run = open_run_folder(prepared)
    start_run(run)
    return run


def resume(run: RunFolder) -> RunFolder:
    """Go on with an interrupted run in a process of its own.

    Raises:
        RunError: it is over, or is being written.
    """
    pipeline.require_resumable(run)
    require_free(run)
    start_run(run)
    return run


def fork(run: RunFolder, step: int | None, changes: dict[str, Any]) -> RunFolder:
    """Fork a run (see `pipeline.fork`) and train the new one in a process of its own."""
    child = pipeline.fork(run, step, changes)
    start_run(child)
    return child


def retrain(run: RunFolder, changes: dict[str, Any]) -> RunFolder:
    """Start a run on the corrected data of another (see `pipeline.retrain`), in a process."""
    child, _ = pipeline.retrain(run, changes)
    start_run(child)
    return child


def make_ready(prepared: Prepared | None = None) -> None:
    """Have a worker ready for the next `start`, unless this user has one waiting already.

    It makes ready what `prepared` holds, too, so that a run of it begins at once.
    """
    with _lock:
        waiting = next((w for w in _waiting if w.process.poll() is None), None)
        if waiting is not None and prepared is not None and not waiting.fits_spec(prepared.spec):
            waiting.end()
            waiting = None
        if waiting is None:
            waiting = _Waiting()
            _waiting[:] = [waiting]
        if prepared is not None and waiting.spec is None:
            waiting.prepare(prepared.spec)


def start_run(run: RunFolder) -> None:
    """Give a run's folder to a worker: the one that waits, or a new one."""
    announce(run)
    with _lock:
        ready = _waiting.copy()
        _waiting.clear()
    if any(waiting.take(run) for waiting in ready):
        return
    with (run.path / "worker.log").open("ab") as log:
        _spawn(["train", str(run.path), "--into"], stdout=log, stderr=log)


def wait_for_work() -> None:
    """Be the worker that waits: import what a run needs, then do the run named on stdin."""
    from platformdirs import user_runtime_path

    place = user_runtime_path("model-workbench", ensure_exists=True) / "waiting-worker.lock"
    alone = FileLock(place)
    try:
        alone.acquire(timeout=0)
    except Timeout:
        return
    _say(_READY)
    _warm_up()
    prepared: Prepared | None = None
    while (line := sys.stdin.buffer.readline()).endswith(b"\n"):  # or the kernel has ended
        job = json.loads(line)
        os.chdir(job["folder"])
        os.environ.clear()
        os.environ.update(job["environment"])
        if "run" in job:
            alone.release()
            run = RunFolder(Path(job["run"]))
            log = os.open(run.path / "worker.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            os.dup2(log, 1)
            os.dup2(log, 2)
            pipeline.resume(run, beforehand=prepared)
            return
        prepared = _prepare(from_flat(job["prepare"]))
        _say(_PREPARED)


def _say(word: bytes) -> None:
    sys.stdout.buffer.write(word)
    sys.stdout.buffer.flush()


def _prepare(spec: RunSpec) -> Prepared | None:
    """Prepare what the next run probably needs; a fault is left for the run itself to meet."""
    from .training.prepare import prepare
    from .training.run import quiet_libraries

    try:
        with quiet_libraries(), language.using(spec.output.language):
            return prepare(spec)
    except (InputError, OSError):
        return None


def _warm_up() -> None:
    """Do what the first step of any process pays for: imports, and the first products."""
    import sklearn.metrics
    import torch
    from transformers import AutoModel, AutoTokenizer  # noqa: F401

    from . import reporting  # noqa: F401
    from .evaluation import run as _evaluation  # noqa: F401
    from .training import run as _training  # noqa: F401
    from .training.precision import choose_precision

    sklearn.metrics.accuracy_score([0], [0])
    layer = torch.nn.Sequential(torch.nn.Linear(384, 1536), torch.nn.GELU(), torch.nn.Dropout(0.1))
    optimizer = torch.optim.AdamW(layer.parameters(), fused=True)
    for dtype in (torch.float32, torch.bfloat16):
        with torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
            layer(torch.ones(64, 384)).float().sum().backward()
        optimizer.step()
    choose_precision("auto")


def _spawn(arguments: list[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start this program in a process that neither the kernel's end nor its Ctrl-C reaches."""
    options: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        options["creationflags"] = flags
    else:
        options["start_new_session"] = True
    command = [sys.executable, "-m", "workbench", *arguments]
    process: subprocess.Popen[bytes] = subprocess.Popen(command, **options | streams)
    return process


@atexit.register
def _dismiss() -> None:
    """End the waiting worker with the kernel; where the kernel is killed, its stdin closes."""
    for waiting in _waiting:
        waiting.dismiss()
