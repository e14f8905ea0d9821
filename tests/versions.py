"""The unit tier with the lowest and with the newest versions of the libraries that matter most.

    python -m tests.versions [lowest] [newest]

The lowest are those that pyproject.toml promises, the newest those that the package index has
within its bounds. They are laid over the installed packages, which stay as they are. torch is
allowed in one minor version only, the installed one: another one is a download of gigabytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
LIBRARIES = ("transformers", "accelerate", "plotly", "pandas")


def bounds() -> dict[str, Requirement]:
    """Return what pyproject.toml asks of each library."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = [Requirement(line) for line in project["dependencies"]]
    return {one.name: one for one in found if one.name in LIBRARIES}


def wanted(which: str) -> list[str]:
    """Return what pip is to install: the lowest versions, or the newest, of all libraries."""
    if which == "newest":
        return [str(one) for one in bounds().values()]
    return [
        f"{name}=={next(bound.version for bound in one.specifier if bound.operator == '>=')}"
        for name, one in bounds().items()
    ]


def install(which: str, folder: Path) -> None:
    """Install versions into a folder, without what they depend on."""
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade",
         "--target", str(folder), *wanted(which)],
        check=True,
    )  # fmt: skip


def test_with(folder: Path, arguments: list[str]) -> int:
    """Run the tests with the versions in a folder; return pytest's exit code."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m",
         "not (wheel or notebook or browser)", "--numprocesses", "logical", "--dist", "loadscope",
         *arguments],
        env=os.environ | {"PYTHONPATH": path}, cwd=ROOT, check=False,
    ).returncode  # fmt: skip


test_with.__test__ = False  # pytest would take it for a test


def main(arguments: list[str]) -> int:
    """Test each of the named sets of versions, both if none is named; return 1 if one fails."""
    named = [one for one in arguments if one in ("lowest", "newest")] or ["lowest", "newest"]
    others = [one for one in arguments if one not in ("lowest", "newest")]
    failed = []
    for which in named:
        with tempfile.TemporaryDirectory() as folder:
            install(which, Path(folder))
            installed = sorted(path.name.removesuffix(".dist-info")
                               for path in Path(folder).glob("*.dist-info"))  # fmt: skip
            print(f"{which}: {', '.join(installed)}", flush=True)
            if test_with(Path(folder), others):
                failed.append(which)
    print(f"failed: {', '.join(failed)}" if failed else "passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
