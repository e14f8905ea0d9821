"""The repository's own files agree: dependencies, the three ways to install, both READMEs."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tiers import ROOT

from workbench.cli import make_parser
from workbench.spec import find, parse_value, recipe_names

PYTHONS = [f"3.{minor}" for minor in range(6, 20)]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TOP_LEVEL = {
    ".ci", ".gitattributes", ".github", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md",
    "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "README.zh.md", "SECURITY.md",
    "constraints.txt",
    "docs", "environment.yml", "eslint.config.js", "notebooks", "package-lock.json", "package.json",
    "pyproject.toml", "tests", "tsconfig.json", "workbench",
}  # fmt: skip


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def requirements(extra: str | None = None) -> dict[str, Requirement]:
    """Return the direct dependencies, or those of one extra, by canonical name."""
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def all_requirements() -> dict[str, Requirement]:
    found = requirements()
    for extra in PROJECT["optional-dependencies"]:
        found |= requirements(extra)
    return found


def constraints() -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in read("constraints.txt").splitlines()]
    return {canonicalize_name(r.name): r for r in map(Requirement, filter(None, lines))}


# Dependencies


def test_every_direct_dependency_is_pinned_and_nothing_else():
    assert set(constraints()) == set(all_requirements())


@pytest.mark.parametrize("name", sorted(all_requirements()))
def test_a_pin_names_one_version_that_lies_in_the_allowed_range(name):
    pins = list(constraints()[name].specifier)
    assert [pin.operator for pin in pins] == ["=="]
    assert all_requirements()[name].specifier.contains(Version(pins[0].version))


def test_torch_is_pinned_without_naming_a_build():
    [pin] = constraints()["torch"].specifier
    assert Version(pin.version).local is None


def test_every_dependency_says_what_needs_it():
    text = read("pyproject.toml").partition("[tool.")[0]
    names = re.findall(r'^    "([\w-]+)[^"]*",\s+# \w.*$', text, re.MULTILINE)
    assert {canonicalize_name(name) for name in names} == set(all_requirements())


def imported_by(folder: str) -> set[str]:
    """Return the packages that the modules of a folder import, wherever they do."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names)


# Parts of a declared package that are published under names of their own, and pinned by it.
PART_OF = {"markupsafe": "jinja2", "pydantic-core": "pydantic", "tokenizers": "transformers"}


def distributions_of(packages: set[str]) -> set[str]:
    known = packages_distributions()
    names = {canonicalize_name(known[package][0]) for package in packages if package in known}
    return {PART_OF.get(name, name) for name in names} - {"model-workbench"}


def test_the_package_imports_only_what_it_declares():
    extras = set(requirements("onnx")) | set(requirements("quantization"))  # checked at use
    assert distributions_of(imported_by("workbench")) <= set(requirements()) | extras


def test_the_tests_import_only_what_is_declared():
    assert distributions_of(imported_by("tests")) <= set(all_requirements())


# The three ways to install


def test_conda_installs_through_the_same_files():
    environment = yaml.safe_load(read("environment.yml"))
    *conda, last = environment["dependencies"]
    assert last == {"pip": ["-c constraints.txt", "-e .[test]"]}
    assert [entry.partition("=")[0] for entry in conda] == ["python", "pip"]
    python = conda[0].partition("=")[2]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)


def test_make_and_readme_install_through_the_same_files():
    line = 'python -m pip install -c constraints.txt -e ".[test]"'
    for name in ("README.md", "README.zh.md"):
        assert f".venv/bin/{line}" in read(name)
    assert '$(PY) -m pip install -c constraints.txt -e ".[test]"' in read("Makefile")


def test_all_places_name_the_same_pythons():
    allowed = [v for v in PYTHONS if SpecifierSet(PROJECT["requires-python"]).contains(v)]
    first, last = allowed[0], allowed[-1]
    assert f"You need Python {first} to {last}," in read("README.md")
    assert f"需要 Python {first} 至 {last}、" in read("README.zh.md")
    assert f"(3.11 to {last})" in read("Makefile")
    assert f"({first.replace('.', ', ')}) <= sys.version_info[:2]" in read("Makefile")
    assert f"sys.version_info[:2] <= ({last.replace('.', ', ')})" in read("Makefile")
    ruff = tomllib.loads(read("pyproject.toml"))["tool"]["ruff"]
    assert ruff["target-version"] == f"py{first.replace('.', '')}"


# Makefile and READMEs


def recipes_of_make() -> dict[str, list[str]]:
    """Return the command lines of each target, as a shell on Linux or macOS would get them."""
    found: dict[str, list[str]] = {}
    target = ""
    for line in read("Makefile").splitlines():
        if match := re.match(r"([a-z]+):", line):
            target = match[1]
            found[target] = []
        elif line.startswith("\t") and target:
            command = line.strip().replace(" $(ARGS)", "")
            command = command.replace("$(PY)", "$(BIN)/python").replace("$(BIN)", ".venv/bin")
            found[target].append(command)
        elif line.startswith("$(STAMP):"):
            target = ""
    return found


def commands_of_readme(name: str) -> dict[str, list[str]]:
    """Return the lines without make of each target in a README's table."""
    rows = re.findall(r"^\| `make (\w+)` \| (.*?) \| .*? \|$", read(name), re.MULTILINE)
    return {target: re.findall(r"`([^`]+)`", cell) for target, cell in rows}


def test_make_has_the_targets_that_are_promised():
    targets = set(recipes_of_make())
    assert targets == {
        "setup", "run", "test", "versions", "correctness", "robustness", "mutation", "lab",
        "lint", "bench", "recipes", "screenshot", "docs", "clean",
    }  # fmt: skip
    [phony] = re.findall(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)
    assert set(phony.split()) == targets


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_every_target_stands_in_the_readme_with_its_line_without_make(name):
    table, make = commands_of_readme(name), recipes_of_make()
    assert list(table) == list(make)
    for target in set(make) - {"setup", "clean"}:
        assert table[target] == make[target], target


def test_every_file_that_make_runs_exists():
    for commands in recipes_of_make().values():
        for command in commands:
            for path in re.findall(r"\b(?:tests|notebooks)/[\w./]+", command):
                assert (ROOT / path).is_file(), f"{command} needs {path}"


def code_blocks(name: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", read(name), re.MULTILINE | re.DOTALL)


def headings(name: str) -> list[str]:
    outside = re.sub(r"^```.*?^```", "", read(name), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^(#+) ", outside, re.MULTILINE)


def table_rows(name: str) -> list[int]:
    return [line.count(" | ") for line in read(name).splitlines() if line.startswith("|")]


def test_both_readmes_have_the_same_structure():
    assert headings("README.md") == headings("README.zh.md")
    assert table_rows("README.md") == table_rows("README.zh.md")


def test_both_readmes_have_the_same_code():
    assert code_blocks("README.md") == code_blocks("README.zh.md")
    assert commands_of_readme("README.md")["lint"] == commands_of_readme("README.zh.md")["lint"]


def test_readme_opens_with_three_sentences():
    paragraph = read("README.md").split("\n\n")[2]
    assert len(re.findall(r"[.!?](?=\s|$)", paragraph)) == 3
    assert len(re.findall(r"[。！？]", read("README.zh.md").split("\n\n")[2])) == 3


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"]
)
def test_every_link_to_a_file_leads_somewhere(name):
    links = re.findall(r"\]\(([^)#]+)\)", read(name))
    missing = [x for x in links if "://" not in x and not (ROOT / x).exists()]
    assert missing == []


WORKBENCH_LINES = [
    line.removeprefix(".venv/bin/workbench ")
    for block in code_blocks("README.md")
    for line in block.splitlines()
    if line.startswith(".venv/bin/workbench ")
]


@pytest.mark.parametrize("line", WORKBENCH_LINES)
def test_every_command_in_the_readme_is_one_that_exists(line):
    options = make_parser().parse_args(shlex.split(line))
    assert callable(options.command)
    for name, value in getattr(options, "parameter", []):
        assert find(name), name
        assert parse_value(value, name) is not None
    for change in getattr(options, "changes", []):
        assert find(change.partition("=")[0]), change


def test_every_recipe_that_the_readme_names_exists():
    assert "sst2-bert" in recipe_names()
    assert "--recipe sst2-bert" in read("README.md")


def test_contributing_names_files_that_exist():
    table = read("CONTRIBUTING.md").partition("## Commands")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 14
    for path in re.findall(r"`((?:workbench|tests)/[\w./]+)`", read("CONTRIBUTING.md")):
        assert (ROOT / path).exists() or path.endswith(("my_task.py", "my_source.py")), path


def test_contributing_lists_the_floors_of_the_contract():
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if "layers" in contract)
    floors = "\n".join(re.sub(r"[()]", "", floor) for floor in layers)
    assert f"```text\n{floors}\n```" in read("CONTRIBUTING.md")


# What lies where


def tracked_files() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("this is no git checkout")
    return done.stdout.splitlines()


def test_the_top_level_holds_what_is_promised_and_nothing_else():
    assert {file.partition("/")[0] for file in tracked_files()} == TOP_LEVEL


def test_the_licence_is_apache_2():
    assert PROJECT["license"] == "Apache-2.0"
    text = read("LICENSE")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_ci_can_be_run_and_calls_the_readmes_own_commands():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    lines = read(".ci/run").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-3:-1] == ["make lint", "make versions"]
    assert lines[-1] == "make test", "pytest's closing line comes last"
    assert "make lint" in lines


def test_pre_commit_checks_what_make_lint_checks():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    entries = " ".join(hook["entry"] for hook in hooks)
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports",
                 "test_notebooks_clean.py", "front_end.py"):  # fmt: skip
        assert tool in entries
        assert tool in read("Makefile")


def test_the_modules_that_are_changed_and_the_tests_near_them_exist():
    held = tomllib.loads(read("tests/mutation.toml"))
    named = {*held["modules"], *(test for tests in held["modules"].values() for test in tests)}
    assert [name for name in named if not (ROOT / name).is_file()] == []
    assert {one["module"] for one in held["equivalent"]} <= set(held["modules"])
    assert all(one["reason"] for one in held["equivalent"])
