"""Options that several commands share, and the spec they add up to."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import InputError
from ..language import translate
from ..runs import RunFolder, open_run
from ..spec import RunSpec, find, first_recipe, from_flat, load, parse_value, to_flat


def add_spec_changes(parser: argparse.ArgumentParser) -> None:
    """Add `--set FIELD=VALUE`."""
    parser.add_argument(
        "--set",
        dest="changes",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help=translate("change a field, such as train.learning_rate=5e-5; may be repeated"),
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument(
        "--json", action="store_true", help=translate("answer in JSON, for programs")
    )


def add_runs_dir(parser: argparse.ArgumentParser) -> None:
    """Add `--runs-dir`."""
    parser.add_argument(
        "--runs-dir", default="runs", help=translate("the folder of the runs (runs)")
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add `--trust-remote-code`."""
    parser.add_argument(
        "--trust-remote-code",
        dest="trusts",
        action="store_true",
        help=translate(
            "let Python code that came with the model run, with all your rights; read it first"
        ),
    )


def trusting(options: argparse.Namespace) -> dict[str, Any]:
    """Return what `--trust-remote-code` changes in a spec."""
    return {"model.trust_remote_code": True} if options.trusts else {}


def open_trusted(options: argparse.Namespace, run: str | None = None) -> RunFolder:
    """Find the run that a command names, and trust its model's code if the command says so."""
    found = open_run(options.run if run is None else run, options.runs_dir)
    if options.trusts:
        found.trust_code()
    return found


def parse_changes(pairs: list[str]) -> dict[str, Any]:
    """Turn `FIELD=VALUE` texts into values.

    Raises:
        InputError: a text has no `=`.
    """
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError("--set {pair!r} has no '='", "write --set FIELD=VALUE", pair=pair)
        changes[name.strip()] = parse_value(value, name.strip())
    return changes


def chosen_or_first(source: str | None, changes: dict[str, Any]) -> str | None:
    """Return the spec to begin with; the recipe of a first run where nothing was chosen."""
    fields = (find(name) for name in changes)
    own = ("task", "data.source", "model.source")
    chosen = any(field is not None and field.path in own for field in fields)
    return source if source or chosen else first_recipe()


def spec_from(source: str | None, changes: dict[str, Any]) -> RunSpec:
    """Return the spec of a file or recipe (or the defaults) with some fields changed."""
    base = load(source) if source else RunSpec()
    return from_flat(changes, base=to_flat(base))
