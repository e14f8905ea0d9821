"""Imports point downward: the contract in pyproject.toml holds, and it would notice a breach."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
import tiers

LINT_IMPORTS = [
    sys.executable,
    "-c",
    "import importlinter.cli; importlinter.cli.lint_imports_command()",
]


def lint_imports(folder):
    return subprocess.run(
        [*LINT_IMPORTS, "--no-cache"], check=False, cwd=folder, capture_output=True,
        encoding="utf-8", errors="replace", env=tiers.utf8_environment(PYTHONPATH=str(folder)),
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the package, to break."""
    shutil.copy(tiers.ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(tiers.ROOT / "workbench", tmp_path / "workbench", ignore=ignore)
    return tmp_path


def test_imports_point_downward():
    done = lint_imports(tiers.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_that_points_upward_is_noticed(copy):
    with (copy / "workbench" / "spec" / "run.py").open("a", encoding="utf-8") as file:
        file.write("\nfrom ..cli import main\n")
    done = lint_imports(copy)
    assert done.returncode == 1
    assert "workbench.spec is not allowed to import workbench.cli" in done.stdout


def test_a_module_without_a_floor_is_noticed(copy):
    (copy / "workbench" / "stray.py").write_text('"""A module that nobody placed."""\n')
    done = lint_imports(copy)
    assert done.returncode == 1
    assert "stray" in done.stdout + done.stderr


def test_a_circle_is_noticed_even_inside_a_function(copy):
    with (copy / "workbench" / "attention" / "record.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef read():\n    from .reading import read_json\n")
    done = lint_imports(copy)
    assert done.returncode == 1
    assert "No cycles are allowed in workbench.attention" in done.stdout
