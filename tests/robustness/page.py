"""`docs/robustness.md`: what was tried against other people's folders, odd inputs and full disks.

The folders are tried here; the other suites are pytest's, and their counts are those of the tests
that passed.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from tests.robustness import hostile
from tests.robustness.disks import walk
from tests.robustness.fuzz import VERBS, Found, fuzz

ROOT = Path(__file__).parents[2]

SUITES = {
    "Links, pipes and owners in a run folder": "tests/runs/test_inside.py",
    "Code in a run folder, and consent to it": "tests/cli/test_foreign_code.py",
    "Control characters on a terminal, markup in paths": "tests/cli/test_screen.py",
    "Lines for a shell": "tests/runs/test_commands.py",
    "SQLite that only reads; secrets in a URL": "tests/sources/test_sql.py",
    "PostgreSQL and MariaDB that only read": "tests/sources/test_sql_servers.py",
    "Files that are read and not written": "tests/runs/test_reads.py",
    "Permissions": "tests/runs/test_modes.py",
    "SIGTERM, and a full disk after the last event": "tests/training/test_ending.py",
    "Locks": "tests/runs/test_waiting.py",
    "A disk full at one file": "tests/training/test_full_disk.py",
    "A base model that changes or goes": "tests/training/test_base_model.py",
    "A hub that is silent, answers nonsense, or says no": "tests/sources/test_hub.py",
    "Notebooks that die, are interrupted, or run too long": "tests/notebook/test_broken_off.py",
    "Hostile text in pages, widgets and JupyterLab": "tests/browser/test_hostile.py",
    "Names of files": "tests/runs/test_names.py",
    "Use from another folder": "tests/spec/test_anchor.py",
    "Odd specs, files and pipes; properties over spec, files and events": (
        "tests/cli/test_odd_input.py"
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Try everything, write the page, and return whether anything was at fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness")
    parser.add_argument("--out", type=Path, default=Path("docs/robustness.md"))
    parser.add_argument("--folders", type=int, default=10_000, help="mutated run folders (10,000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first folder (0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="(one a core)")
    parser.add_argument("--no-disks", action="store_true", help="leave out the full disks")
    parser.add_argument("--no-suites", action="store_true", help="leave out pytest's suites")
    options = parser.parse_args(arguments)
    found = fuzz(options.folders, options.first, options.processes)
    disks, lost = ({}, []) if options.no_disks else walk()
    suites = {} if options.no_suites else {name: _run(path) for name, path in SUITES.items()}
    options.out.write_text(_page(found, disks, lost, suites, options), "utf-8")
    for fault in [*found.faults, *lost]:
        sys.stderr.write(f"{fault}\n")
    return int(bool(found.faults or lost) or any("failed" in said for said in suites.values()))


def _run(path: str) -> str:
    """Return pytest's last line on a file: how many tests passed, failed or were left out."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[-1].partition(" in ")[0]


def _page(
    found: Found,
    disks: dict[str, int],
    lost: list[str],
    suites: dict[str, str],
    options: argparse.Namespace,
) -> str:
    lines = [
        "# Robustness",
        "",
        "Written by `make robustness`, which tries everything below anew. What is promised stands "
        "in [SECURITY.md](../SECURITY.md).",
        "",
        "## Run folders from somebody else",
        "",
        f"{found.folders:,} folders, numbers {options.first:,} to "
        f"{options.first + found.folders - 1:,}: a run, finished or broken off, of which one or "
        "two files were changed (bytes flipped, cut, emptied, removed, swapped, made a folder, a "
        "link out of the folder, a pipe, nested 5,000 deep, or another value put into a note). "
        "Each was used with four verbs, chosen anew. A verb has to end with 0 or 2, without a "
        "traceback, within two minutes; no file outside the folder may be opened or written, of "
        "which Python's audit of `open` tells.",
        "",
        f"At fault: **{len(found.faults)}**.",
        "",
        "| verb | done (0) | refused in a sentence (2) | other |",
        "|---|---:|---:|---:|",
    ]
    for verb in VERBS:
        done, refused = found.codes[verb, 0], found.codes[verb, 2]
        other = sum(n for (name, _), n in found.codes.items() if name == verb) - done - refused
        lines.append(f"| {verb} | {done:,} | {refused:,} | {other:,} |")
    if disks:
        lines += [
            "",
            "## Full disks",
            "",
            "A tiny run was trained, evaluated and reported once for every file that it writes, on "
            "a disk with no room for that file, and exported likewise. What is required: a "
            "sentence, nothing half-written, and that the run goes on, or the export works, once "
            "there is room.",
            "",
            f"At fault: **{len(lost)}**.",
            "",
            "| what | files, each full once |",
            "|---|---:|",
            *(f"| {name} | {count:,} |" for name, count in disks.items()),
        ]
    views = (*hostile.PAGES, *(f"the widget {name}" for name in hostile.WIDGETS))
    lines += [
        "",
        "## Hostile text",
        "",
        f"{len(hostile.STRINGS)} strings (markup and scripts {len(hostile.SCRIPTS)}, LaTeX "
        f"{len(hostile.FORMULAS)}, writing direction {len(hostile.ORDERS)}, control characters "
        f"{len(hostile.OBEYED)}, formulas of spreadsheets {len(hostile.SHEETS)}, length "
        f"{len(hostile.LONG)}) stand in {len(hostile.PLACES)} kinds of place at once: "
        f"{', '.join(hostile.PLACES)}. Looked at in Chromium: {', '.join(views)}, and all outputs "
        "of a notebook in JupyterLab, first untrusted, then run. No script may run, no request "
        "leave, nothing be typeset, mirrored or wider than the page. The result is that of the "
        "suite [tests/browser/test_hostile.py](../tests/browser/test_hostile.py).",
    ]
    if suites:
        lines += ["", "## Suites", "", "| what | tests | result |", "|---|---|---|"]
        lines += [
            f"| {name} | [{SUITES[name]}](../{SUITES[name]}) | {said} |"
            for name, said in suites.items()
        ]
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return "\n".join([*lines, "", f"Made on {machine}.", ""])
