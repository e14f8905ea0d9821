"""`workbench runs compare`: several runs side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..language import text, translate
from ..runs import open_run
from .options import add_json, add_runs_dir
from .output import add_leaf, print_table, word
from .screen import print_json


def add_compare(runs_group: Any) -> None:
    """Add `compare` to the actions of `workbench runs`."""
    leaf = add_leaf(
        runs_group, "compare", translate("runs side by side: scores, specs, answers"), compare_runs,
        add_json, add_runs_dir,
    )  # fmt: skip
    leaf.add_argument(
        "runs", metavar="RUN", nargs="+", help=translate("two or more names or folders")
    )
    leaf.add_argument(
        "--html", metavar="FILE", help=translate("write the comparison as one HTML file")
    )


def compare_runs(options: argparse.Namespace) -> None:
    """Print what differs between runs, or write it as a page."""
    from ..reporting.compare import comparison, write_comparison

    runs = [open_run(run, options.runs_dir) for run in options.runs]
    found = comparison(runs)
    if options.html:
        write_comparison(runs, Path(options.html))
    if options.json:
        print_json(found)
    elif options.html:
        print(options.html)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    for part in ("progress", "metrics", "spec", "environment"):
        if found[part]:
            print(f"\n{word(part)}")
            print_table(_side_by_side(found, found[part]), as_json=False, nothing="", own=False)
    if any(branch["children"] for branch in found["forks"]):
        print(f"\n{word('forks')}")
        _print_branches(found["forks"], "")
    print(f"\n{word('disagreements')}")
    for pair in found["disagreements"]:
        if pair["reason"]:
            said = text(f"compare.reason.{pair['reason']}")
        else:
            said = translate(
                "{differing} of {rows} rows; only {first} right on {only_first}, only {second} "
                "right on {only_second}",
                **{name: pair[name] for name in _COUNTED},
            )
        print(f"{pair['first']} – {pair['second']}: {said}")


_COUNTED = ("differing", "rows", "first", "only_first", "second", "only_second")


def _side_by_side(found: dict[str, Any], rows: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        {"": word(name)}
        | {run: _cell(held) for run, held in zip(found["runs"], values, strict=True)}
        for name, values in rows.items()
    ]


def _cell(held: Any) -> str:
    return "" if held is None else f"{held:.6g}" if isinstance(held, float) else str(held)


def _print_branches(branches: list[dict[str, Any]], indent: str) -> None:
    for branch in branches:
        left = translate("after step {step}", step=branch["step"])
        print(f"{indent}{branch['run']}" + f"  ({left})" * (branch["step"] is not None))
        _print_branches(branch["children"], indent + "  ")
