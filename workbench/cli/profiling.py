"""`workbench data profile`, `audit` and `split`: what a source holds, before a run learns it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from ..errors import DataError
from ..language import text, translate
from ..spec import RunSpec
from .options import add_json, add_spec_changes, parse_changes
from .output import add_leaf, print_table, roles_line, word
from .screen import print_json
from .terminal import download_progress


def add_actions(group: Any) -> None:
    """Add the actions to `workbench data`."""
    leaf = add_leaf(
        group, "profile", translate("what a source holds, and what would spoil a result"), profile,
        _add_source, add_spec_changes, add_json,
    )  # fmt: skip
    leaf.add_argument(
        "--near", action="store_true", help=translate("look for near-duplicates, however many")
    )
    leaf.add_argument(
        "--rows", metavar="KIND", help=translate("print the rows of one finding instead")
    )
    leaf.add_argument(
        "-o", "--out", metavar="FILE", help=translate("write the page (.html) or all (.json)")
    )
    leaf = add_leaf(
        group, "audit",
        translate("rows that repeat one another within splits and between them"), audit,
        _add_source, add_spec_changes, add_json,
    )  # fmt: skip
    leaf.add_argument(
        "--against", metavar="FILE", help=translate("a further file to be checked on")
    )
    leaf.add_argument(
        "--rows", metavar="KIND", help=translate("print the rows of one finding instead")
    )
    leaf.add_argument(
        "--strict",
        action="store_true",
        help=translate("exit with 2 where something spoils a result"),
    )
    leaf = add_leaf(
        group, "split", translate("write files to learn from, to check on and to test on"), split,
        _add_source, add_spec_changes, add_json,
    )  # fmt: skip
    leaf.add_argument(
        "-o", "--out", metavar="FOLDER", required=True, help=translate("where to write them")
    )
    leaf.add_argument(
        "--validation", type=float, default=0.1, metavar="SHARE", help=translate("(0.1)")
    )
    leaf.add_argument("--test", type=float, default=0.1, metavar="SHARE", help=translate("(0.1)"))
    leaf.add_argument(
        "--as", dest="suffix", choices=("jsonl", "csv", "tsv", "parquet"), default="jsonl",
        help=translate("the files' format (jsonl)"),
    )  # fmt: skip
    leaf.add_argument(
        "--exact-only",
        action="store_true",
        help=translate("keep only equal texts together, not nearly equal"),
    )


def profile(options: argparse.Namespace) -> None:
    """Print the findings, or the rows of one; write the page where that is wished."""
    from ..reporting.profile import check_ending, write_profile

    out = Path(options.out) if options.out else None
    if out is not None:
        check_ending(out)
    with _spec(options) as spec:
        found = _profiled(spec, True if options.near else None)
    if out is not None:
        write_profile(found.profile, out)
    _answer(found, options)


def audit(options: argparse.Namespace) -> None:
    """Print what repeats what; with `--strict`, end with 2 where that spoils a result."""
    against = {"data.validation_split": options.against} if options.against else {}
    with _spec(options, against) as spec:
        found = _profiled(spec, True, whole=False)
    _answer(found, options)
    harmful = [one for one in found.profile.findings if one.harmful]
    if options.strict and harmful:
        raise DataError(
            "{source}: problems: {count}; the first: {finding}",
            "see the rows with --rows {kind}",
            source=spec.data.source,
            count=len(harmful),
            finding=harmful[0].sentence().rstrip(".。"),
            kind=harmful[0].kind,
        )


def split(options: argparse.Namespace) -> None:
    """Write the files, and print how many rows each has."""
    from ..data.split_export import divide_source

    with _spec(options) as spec, download_progress() as progress:
        written = divide_source(
            spec, Path(options.out), options.validation, options.test, options.suffix,
            not options.exact_only, progress,
        )  # fmt: skip
    if options.json:
        print_json(written)
        return
    rows = [{"split": name, "rows": written["rows"][name], "file": file}
            for name, file in written["files"].items()]  # fmt: skip
    print_table(rows, False, "")
    if made_safe := written["cells_made_safe"]:
        print(
            translate(
                "{count:,} {count:cell|cells} that a spreadsheet would run as "
                "{count:a formula|formulas} (=, +, -, @) {count:has|have} an apostrophe in front; "
                ".jsonl and .parquet keep cells as they are",
                count=made_safe,
            )
        )


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help=translate(
            "a data file or other source, or a spec, recipe or run; - reads a table from the "
            "standard input"
        ),
    )
    parser.add_argument("--task", help=translate("the task that reads it (text-classification)"))


@contextmanager
def _spec(
    options: argparse.Namespace, further: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[RunSpec]:
    """Yield the spec that a file, recipe or run holds, or the defaults on a data source."""
    from ..data.given import keep_table
    from ..spec import find_spec

    task = {"task": options.task} if options.task else {}
    changes = parse_changes(options.changes) | task | dict(further)
    with TemporaryDirectory() as folder:
        source = options.source
        if source == "-":
            source = str(keep_table(sys.stdin.read(), Path(folder)))
        spec = find_spec(source) or RunSpec().replace({"data.source": source})
        yield spec.replace(changes)


def _profiled(spec: RunSpec, near: bool | None, whole: bool = True) -> Any:
    from ..data.profiling import profile_source
    from ..training.run import quiet_libraries

    with quiet_libraries(), download_progress() as progress:
        return profile_source(spec, progress, near, whole)


def _answer(found: Any, options: argparse.Namespace) -> None:
    """Print the findings, or all rows of one of them."""
    profile = found.profile
    if options.rows:
        _print_rows(found.rows(options.rows), options.json)
        return
    if options.json:
        print_json(profile.to_dict())
        return
    for split, rows in profile.rows.items():
        found_so = [f"{word(name)} {value}" for name, value in profile.detected[split].items()]
        line = translate("{split}: {count:,} {count:row|rows}", split=split, count=rows)
        print(f"{line} ({', '.join(found_so)})" if found_so else line)
    if roles := roles_line(profile.roles):
        print(f"  {roles}")
    for note in profile.notes:
        print(f"  {note}")
    lines = [
        {
            "": "✗" if one.harmful else "·",
            "finding": one.kind,
            "what": one.sentence(),
            "rows": " ".join(str(row["row"]) for row in one.examples[:5]),
        }
        for one in profile.findings
    ]
    print_table(lines, False, text("profile.nothing"))


def _print_rows(frame: Any, as_json: bool) -> None:
    from ..data.export import as_lines

    if as_json:
        print(as_lines(frame.to_dict("records")), end="")
        return
    shown = [
        {str(name): " ".join(str(cell).split())[:200] for name, cell in row.items()}
        for row in frame.to_dict("records")
    ]
    print_table(shown, False, "", own=False)
