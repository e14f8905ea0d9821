"""Notebook kernels that have imported the heavy libraries before they start: for tests only.

A kernel spends five seconds of processor time on importing torch and transformers, and the tests
start dozens. Here one process imports the libraries, none of the workbench's own modules, and
forks itself for each kernel that is asked for; all else about the kernel is as ever. POSIX only.

    python -I tests/warm_kernels.py ADDRESS
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import NoReturn

LIBRARIES = (
    "anywidget", "datasets", "ipykernel.kernelapp", "ipywidgets", "peft", "plotly.graph_objects",
    "safetensors.torch", "scipy.stats", "sklearn.metrics", "torch", "transformers.trainer",
    "transformers.models.auto.modeling_auto",
)  # fmt: skip


def offer() -> None:
    """Let every kernel that is started from now on be such a one."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-kernels-"))
    address = folder / "socket"
    spec = folder / "kernels" / "python3"
    spec.mkdir(parents=True)
    launcher = Path(__file__).with_name("warm_kernel.py")
    argv = [sys.executable, "-I", "-S", str(launcher), str(address), "-f", "{connection_file}"]
    about = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(about), encoding="utf-8")
    # Its stdin closes when the tests end, and then it ends, too.
    subprocess.Popen([sys.executable, "-I", __file__, str(address)], stdin=subprocess.PIPE)
    places = filter(None, (str(folder), os.environ.get("JUPYTER_PATH")))
    os.environ["JUPYTER_PATH"] = os.pathsep.join(places)


def serve(address: str) -> None:
    """Fork a kernel for each launcher that calls, until stdin closes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    os.environ["JPY_PARENT_PID"] = "1"  # kernels end with their launcher, not with a parent
    for library in LIBRARIES:
        import_module(library)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no kernel is waited for
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        launcher, _ = listener.accept()
        head, streams, _, _ = socket.recv_fds(launcher, 8, 2)
        wanted = launcher.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        if os.fork() == 0:
            listener.close()
            become_kernel(launcher, streams, **json.loads(wanted))
        launcher.close()
        for stream in streams:
            os.close(stream)


def become_kernel(
    launcher: socket.socket,
    streams: list[int],
    argv: list[str],
    folder: str,
    environment: dict[str, str],
) -> NoReturn:
    """Be the kernel that was asked for, until it is shut down or its launcher is gone."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["ipykernel_launcher", *argv]

    def end_with_launcher() -> None:
        launcher.recv(1)
        os._exit(1)

    threading.Thread(target=end_with_launcher, daemon=True).start()
    launcher.sendall(os.getpid().to_bytes(8, "big"))
    from ipykernel.kernelapp import IPKernelApp

    try:
        IPKernelApp.launch_instance()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
