"""Real database servers for tests, on loopback, from what the machine has installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_program(name: str, *folders: str) -> str:
    """Return the path of a server's program, also where Debian keeps it; empty if it is not."""
    places = [*folders, "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(places)) or ""


POSTGRESQL, MARIADB = find_program("pg_ctl"), find_program("mariadbd")


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Yield the URL of an empty PostgreSQL database whose user may do everything."""
    port, programs = _free_port(), Path(POSTGRESQL).resolve().parent
    own = _owned_by(folder, "postgres")
    base = folder / "base"
    subprocess.run(
        [programs / "initdb", "-D", base, "-U", "tester", "-A", "trust", "--no-sync"],
        check=True, capture_output=True, cwd=folder, **own,
    )  # fmt: skip
    server = [programs / "postgres", "-D", base, "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
    with _running(server, port, folder, own):
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Yield the URL of an empty MariaDB database whose user may do everything."""
    port = _free_port()
    own = _owned_by(folder, "mysql")
    base = folder / "base"
    common = ["--no-defaults", f"--datadir={base}"]
    subprocess.run(
        [find_program("mariadb-install-db"), *common, "--auth-root-authentication-method=normal",
         "--skip-test-db"],
        check=True, capture_output=True, cwd=folder, **own,
    )  # fmt: skip
    server = [
        MARIADB, *common, f"--port={port}", "--bind-address=127.0.0.1", "--skip-log-bin",
        f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", f"--tmpdir={folder}",
        "--skip-grant-tables", "--skip-networking=0",
    ]  # fmt: skip
    with _running(server, port, folder, own):
        yield f"mysql+pymysql://root@127.0.0.1:{port}/mysql"


def _owned_by(folder: Path, user: str) -> dict[str, str]:
    """Give a folder to the server's own user where root runs the tests; no server runs as root."""
    folder.mkdir(parents=True)
    if os.geteuid():
        return {}
    shutil.chown(folder, user)
    for above in folder.parents[:-2]:
        above.chmod(above.stat().st_mode | 0o011)
    return {"user": user}


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@contextmanager
def _running(command: list, port: int, folder: Path, own: dict[str, str]) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **own)
    try:
        _wait_for(server, port, folder)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: subprocess.Popen, port: int, folder: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError((folder / "log").read_text(errors="replace")[-2000:])
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not answer")
