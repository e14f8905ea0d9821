"""Checks the front end with ESLint and TypeScript, where Node is installed.

    python tests/front_end.py

Node is needed for this alone: what users run is the plain files of `workbench/static/`. The tools
are pinned in `package-lock.json` and come from the npm registry once.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import tiers
from filelock import FileLock

OLDEST_NODE = (18, 18)
_TOOLS = tiers.ROOT / "node_modules"
_LOCK = tiers.ROOT / "package-lock.json"
_DONE = _TOOLS / ".workbench-lock.json"  # a copy of the lock file that the tools were installed by


def npm(*words: str) -> subprocess.CompletedProcess[str]:
    """Run npm in the repository and return what came of it."""
    return subprocess.run(
        [shutil.which("npm") or "npm", *words], cwd=tiers.ROOT, capture_output=True,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip


@cache
def missing() -> str:
    """Return why the front end cannot be checked here, having installed the tools if need be."""
    node, found = shutil.which("node"), (0, 0)
    if node and shutil.which("npm"):
        result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        if numbers := re.match(r"v(\d+)\.(\d+)", result.stdout):
            found = (int(numbers[1]), int(numbers[2]))
    if found < OLDEST_NODE:
        wanted = ".".join(map(str, OLDEST_NODE))
        return f"front end left out: it is checked by Node {wanted} or newer with npm"
    # Several processes of the test runner may come at once.
    with FileLock(Path(tempfile.gettempdir()) / f"workbench-npm-{tiers.ROOT.name}.lock"):
        if _DONE.is_file() and _DONE.read_bytes() == _LOCK.read_bytes():
            return ""
        done = npm("ci", "--no-audit", "--no-fund", "--ignore-scripts")
        if done.returncode:
            return f"front end left out: npm ci failed: {done.stderr.strip()[:300]}"
        shutil.copy(_LOCK, _DONE)
    return ""


def main() -> int:
    """Lint the front end; where that cannot be, say why."""
    if reason := missing():
        print(reason)
        return int(tiers.all_required())
    done = npm("run", "--silent", "lint")
    print(done.stdout + done.stderr or "The front end is clean.")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
