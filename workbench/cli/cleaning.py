"""`workbench data clean` and `workbench data steps`: cleaning without a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..language import text as say
from ..language import translate
from ..spec import RunSpec, find_spec, split_steps
from .options import add_json, add_spec_changes, parse_changes
from .output import add_leaf, padded, print_table
from .screen import print_json
from .terminal import download_progress


def add_actions(group: Any) -> None:
    """Add `clean` and `steps` to `workbench data`."""
    leaf = add_leaf(
        group, "clean",
        translate("mend or drop rows step by step; show it first, or write it"), clean,
        add_spec_changes, add_json,
    )  # fmt: skip
    leaf.add_argument(
        "source",
        metavar="SOURCE",
        help=translate("a data file or other source, or a spec, recipe or run"),
    )
    leaf.add_argument(
        "--step", action="append", default=[], metavar="STEP",
        help=translate("such as fix_text or 'length(min=3, max=2000)'; may be repeated, in order"),
    )  # fmt: skip
    leaf.add_argument(
        "--split", action="append", default=[], metavar="NAME",
        help=translate(
            "clean this split only; may be repeated; left out, all of them, each by itself"
        ),
    )  # fmt: skip
    leaf.add_argument(
        "-o", "--out", metavar="FILE",
        help=translate(
            "write the rows that stay (.csv, .tsv, .jsonl, .parquet), and those that were dropped "
            "beside them; of several splits, rows.csv is rows-train.csv and so on; without it, "
            "nothing is written"
        ),
    )  # fmt: skip
    add_leaf(
        group,
        "steps",
        translate("the steps of cleaning and their parameters"),
        list_steps,
        add_json,
    )


def clean(options: argparse.Namespace) -> None:
    """Print what each step changes and drops, and write the result where that is wished."""
    from ..data.cleaning.source import open_all, places_of
    from ..data.export import check_ending

    out = Path(options.out) if options.out else None
    if out is not None:
        check_ending(out)
    spec = _spec(options)
    if not spec.data.cleaning:
        raise InputError(
            "no cleaning step is given", "add --step NAME; `workbench data steps` lists them"
        )
    with download_progress() as progress:
        sources = open_all(spec, options.split, progress)
    places = [None] * len(sources) if out is None else places_of(sources, out)
    answers = [
        _clean(source, place, options.json, len(sources) > 1)
        for source, place in zip(sources, places, strict=True)
    ]
    if options.json:
        answer = {"source": spec.data.source, "splits": answers}
        print_json(answer)


def _clean(source: Any, place: Path | None, quiet: bool, several: bool) -> dict[str, Any]:
    """Clean one split, write it where it has a place, tell it unless quiet, and return it all."""
    from ..data.cleaning import left_notes
    from ..data.cleaning.source import write_cleaned
    from ..data.splits import ROLES

    cleaned = source.clean()
    written = write_cleaned(cleaned, place, source.texts) if place is not None else {}
    if not quiet:
        if several:
            print(f"\n{source.table.split}")
        print_table(cleaned.counts(), False, "")
        part = source.table.split if source.table.split in ROLES else "all"
        for note in left_notes(cleaned, say(f"data.part.{part}")):
            print(note)
        for one in cleaned.done:
            for example in one.examples[:2]:
                where = translate("row {row:,}, {column}", row=example.row, column=example.column)
                print(f"\n{one.step}, {where}")
                print(f"  {padded('before', 8)}{example.before!r}")
                print(f"  {padded('after', 8)}{example.after!r}")
        if written:
            _tell(written)
    return {
        "split": source.table.split,
        "rows_before": len(source.table.frame),
        "columns": dict(source.columns),
        **cleaned.to_dict(),
        "dropped": cleaned.dropped,
        "written": written or None,
    }


def _tell(written: dict[str, Any]) -> None:
    rows = translate("{count:,} {count:row|rows}", count=written["rows"])
    dropped = translate("{count:,} dropped {count:row|rows}", count=written["dropped"])
    print(f"\n{written['file']}: {rows}")
    print(f"{written['dropped_file']}: {dropped}")
    if made_safe := written["cells_made_safe"]:
        print(
            translate(
                "{count:,} {count:cell|cells} that a spreadsheet would run as "
                "{count:a formula|formulas} (=, +, -, @) {count:has|have} an apostrophe in front; "
                ".jsonl and .parquet keep cells as they are",
                count=made_safe,
            )
        )


def _spec(options: argparse.Namespace) -> RunSpec:
    """Return the spec that a file, recipe or run holds, or the defaults on a data source."""
    source = options.source
    spec = find_spec(source) or RunSpec().replace({"data.source": source})
    changes = parse_changes(options.changes)
    if options.step:
        before = changes.get("data.cleaning", changes.pop("cleaning", spec.data.cleaning))
        changes["data.cleaning"] = [*split_steps(before), *options.step]
    return spec.replace(changes)


def list_steps(options: argparse.Namespace) -> None:
    """Print each step with its parameters, defaults and ranges."""
    from ..spec import step_help

    steps = step_help()
    if options.json:
        print_json(steps)
        return
    for step in steps:
        print(f"{step['name']:20}{step['help']}")
        for parameter in step["parameters"]:
            print(f"  {parameter['name']:18}{parameter['default']:26}{parameter['help']}")
