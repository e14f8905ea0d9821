"""`workbench find-lr`: a learning rate for a spec, from a few steps at ever higher rates."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..language import translate
from .options import (
    add_json,
    add_spec_changes,
    chosen_or_first,
    parse_changes,
    spec_from,
)
from .screen import print_json
from .terminal import download_progress


def add_commands(commands: Any) -> None:
    """Add `find-lr`."""
    parser = commands.add_parser(
        "find-lr",
        help=translate("suggest a learning rate"),
        description=translate(
            "Train for a few steps at ever higher rates, and suggest one. Nothing is kept."
        ),
    )
    parser.add_argument(
        "spec",
        nargs="?",
        help=translate("a YAML file, a recipe's name, or a run folder (quickstart)"),
    )
    add_spec_changes(parser)
    parser.add_argument("--low", type=float, default=1e-7, help=translate("the first rate (1e-7)"))
    parser.add_argument("--high", type=float, default=1e-1, help=translate("the last rate (0.1)"))
    parser.add_argument(
        "--steps", type=int, default=60, help=translate("training steps to take (60)")
    )
    parser.add_argument(
        "--out", metavar="FILE", help=translate("also draw it: .svg, .html or .json")
    )
    add_json(parser)
    parser.set_defaults(command=find_learning_rate)


def find_learning_rate(options: argparse.Namespace) -> None:
    """Print the suggestion and why, or everything that was measured."""
    from ..reporting.lr_finder import check_ending, write_finder
    from ..training.lr_finder import explain, find_learning_rate, ramp
    from ..training.prepare import prepare
    from ..training.run import quiet_libraries

    # What was mistyped shows before minutes are spent.
    ramp(options.low, options.high, options.steps)
    target = Path(options.out) if options.out else None
    if target:
        check_ending(target)
    changes = parse_changes(options.changes)
    spec = spec_from(chosen_or_first(options.spec, changes), changes)
    with quiet_libraries(), download_progress() as progress:
        prepared = prepare(spec, progress)
    found = find_learning_rate(prepared, options.low, options.high, options.steps)
    if target:
        write_finder(found, target)
    if options.json:
        print_json(found.to_dict())
        return
    print(explain(found))
    if found.suggestion is not None:
        print(f"--set train.learning_rate={found.suggestion:g}")
