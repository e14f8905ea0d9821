"""A real JupyterLab for tests, and a page of it driven in headless Chromium."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]
TOKEN = "browser-tier"
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STARTING_SECONDS = 90
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


class Lab:
    """A running server: its address and the folder whose notebooks it shows."""

    def __init__(self, url: str, root: Path) -> None:
        self.url = url
        self.root = root

    def write_notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells into the served folder and return its path there."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.root / name)
        return name

    def stop_kernels(self) -> None:
        """End every kernel, so that a long test session does not fill the memory."""
        for session in json.loads(self._ask("GET", "/api/sessions")):
            self._ask("DELETE", f"/api/sessions/{session['id']}")

    def _ask(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()


@contextmanager
def running_lab(folder: Path, language: str) -> Iterator[Lab]:
    """Start JupyterLab on `folder/root`, with settings and a home of its own; stop it after."""
    root, home = folder / "root", folder / "home"
    root.mkdir(parents=True)
    _write_settings(home / "lab-settings")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        "WORKBENCH_LANGUAGE": language,
        # Several tiny runs at once, each with a thread for every core, only wait for each other.
        "OMP_NUM_THREADS": "1",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0",
        "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    log = folder / "lab.log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=root, env=environment, stdout=file, stderr=file)
    try:
        yield Lab(_address(server, log), root)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _write_settings(folder: Path) -> None:
    for plugin, values in SETTINGS.items():
        package, _, name = plugin.partition(":")
        path = folder / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return the server's address once its log names it."""
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab", log.read_text("utf-8", "replace")):
            return f"http://127.0.0.1:{found[1]}"
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


class LabPage:
    """One browser page of a Lab, with the handful of moves that the tests make."""

    def __init__(self, page: Page, lab: Lab, artifacts: Path, kept: bool = False) -> None:
        self.page = page
        self.lab = lab
        self.artifacts = artifacts
        self.kept = kept
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, notebook: str, theme: str = "JupyterLab Light") -> None:
        """Open a notebook alone on the page, in one of Lab's themes, and wait for its kernel."""
        if self.kept and self.page.url.startswith(self.lab.url):
            self.close_notebooks()
            self.command("docmanager:open", path=notebook)
            self.page.mouse.move(0, 0)
        else:
            self.page.goto(f"{self.lab.url}/doc/tree/{notebook}?token={TOKEN}&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.command("apputils:change-theme", theme=theme)
        self.page.wait_for_selector(
            f"body[data-jp-theme-light='{str('Light' in theme).lower()}']", state="attached"
        )
        self.wait_for_kernel()

    def close_notebooks(self) -> None:
        """Close what is open, unsaved."""
        self.page.evaluate(
            "() => [...window.jupyterapp.shell.widgets('main')].forEach((one) => one.dispose())"
        )

    def wait_for_kernel(self, seconds: float = 60) -> None:
        """Wait until the notebook's kernel has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp.shell.currentWidget?.context;
                return context?.sessionContext?.session?.kernel?.status === "idle";
            }""",
            timeout=seconds * 1000,
        )

    def command(self, name: str, **arguments: Any) -> None:
        """Execute a command of Lab and wait for it."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def run_cell(self, cell: int, seconds: float = 60) -> None:
        """Run one cell, counted from 0, and wait until it has ended."""
        self.page.evaluate(
            "at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at }", cell
        )
        self.command("notebook:run-cell")
        self.wait_for_cells(seconds)

    def restart_kernel(self) -> None:
        """Restart the notebook's kernel as its menu does, without the question before it."""
        self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.context.sessionContext
                .session.kernel.restart().then(() => null)"""
        )
        self.wait_for_kernel()

    def run_all(self, seconds: float = 120) -> None:
        """Run all cells and wait until the last has ended.

        Raises:
            AssertionError: a cell shows an error.
        """
        self.start_all()
        self.wait_for_cells(seconds)
        trouble = self.page.locator("[data-mime-type='application/vnd.jupyter.error']")
        assert trouble.count() == 0, trouble.first.inner_text()

    def start_all(self) -> None:
        """Run all cells without waiting for any."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def wait_for_cells(self, seconds: float = 120) -> None:
        """Wait until every code cell has run."""
        self.page.wait_for_function(
            """() => {
                const prompts = [...document.querySelectorAll(
                    ".jp-Notebook .jp-CodeCell .jp-InputPrompt")];
                // A folded cell has no prompt.
                const ran = (prompt) => /^(\\[\\d+\\]:)?$/.test(prompt.textContent);
                return prompts.length > 0 && prompts.every(ran);
            }""",
            timeout=seconds * 1000,
        )

    def output(self, cell: int) -> Locator:
        """Return the output area of a cell, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea").first

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Save a picture of the page, or of one place on it, among the artifacts."""
        path = self.artifacts / f"{name}.png"
        (of or self.page).screenshot(path=path)
        return path
