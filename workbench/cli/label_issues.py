"""`workbench data label-issues` and `correct`: rows whose label is likely wrong, and the patch."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import Any

from ..errors import InputError, shorten
from ..language import translate
from ..runs import open_run, write_output
from ..runs.commands import quoted
from .options import add_json, add_runs_dir
from .output import add_leaf, print_table
from .screen import print_json

SHOWN_CHARACTERS = 80


def add_actions(data: Any) -> None:
    """Add `label-issues` and `correct` to the group `data`."""
    found = _leaf(
        data,
        "label-issues",
        translate("a run's training rows, the likeliest wrong answers first"),
        list_,
        "suspects",
    )
    found.add_argument(
        "--by",
        default="auto",
        metavar="RANKING",
        help=translate(
            "confident_learning (auto, where rows have one label each), area_under_margin (auto, "
            "of other labels), loss (auto elsewhere), random"
        ),
    )
    found.add_argument("--top", type=int, default=20, metavar="N", help=translate("how many (20)"))
    found.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=translate("also write .csv, or the map as .svg or .html"),
    )
    right = _leaf(
        data, "correct", translate("note the right labels of a run's rows, as a patch"), correct
    )
    right.add_argument(
        "labels",
        nargs="*",
        metavar="ROW=LABEL",
        help=translate("such as 17=positive; 17=a,b of several"),
    )
    right.add_argument(
        "--undo", action="store_true", help=translate("take back the last one instead")
    )


def list_(options: argparse.Namespace) -> None:
    """Print the most suspect rows, with what training said of each."""
    from ..dynamics import expected_precision, rank, read_dynamics
    from ..dynamics.rows import LearnedRows, describe_rows

    run = open_run(options.run, options.runs_dir)
    if options.out is not None and options.out.suffix not in (".csv", ".svg", ".html"):
        raise InputError("--out {name}", "end it in .csv, .svg or .html", name=shorten(options.out))
    dynamics = read_dynamics(run)
    ranking, rows = rank(dynamics, options.by), LearnedRows(run)
    records = describe_rows(dynamics, ranking, rows, ranking.order[: max(0, options.top)])
    if options.out is not None:
        write_output(options.out, _as_file(options.out.suffix, dynamics, records))
    if options.json:
        print_json(records)
        return
    shown = [
        {name: shorten(value, SHOWN_CHARACTERS) if name in rows.asked else value
         for name, value in record.items() if name not in ("split", "flagged")}
        for record in records
    ]  # fmt: skip
    print_table(shown, False, translate("no rows were recorded yet"))
    if ranking.flagged is not None:
        expected = expected_precision(ranking.flagged, len(dynamics))
        print(
            translate(
                "{count:,} of {all:,} labels are counted as likely wrong, of which about "
                "{expected:.0%} are expected to be",
                count=ranking.flagged,
                all=len(dynamics),
                expected=expected,
            )
        )
    elif ranking.name == "confident_learning":
        print(
            translate("how many labels are likely wrong is told after a second pass over the rows")
        )


def correct(options: argparse.Namespace) -> None:
    """Note right labels in the run's journal; the data itself stays as it is."""
    from ..dynamics.corrections import correct as note
    from ..dynamics.corrections import corrected, open_corrections
    from ..dynamics.rows import LearnedRows

    run = open_run(options.run, options.runs_dir)
    journal, rows = open_corrections(run), LearnedRows(run)
    pairs = [pair.partition("=") for pair in options.labels]
    for row, _, label in pairs:
        if not row.isdecimal() or not label:
            raise InputError(
                "{row!r} names no row and label", "write ROW=LABEL, as 17=positive", row=row
            )
    for row, _, label in pairs:
        several = rows.kind == "class" and isinstance(rows.label(int(row)), list)
        note(journal, rows, int(row), label.split(",") if several else label)
    if options.undo:
        journal.undo()
    changed = corrected(journal, rows)
    if options.json:
        answer = {"journal": str(journal.path), "version": journal.version, "labels": changed}
        print_json(answer)
        return
    print(
        translate(
            "{count:,} {count:label differs|labels differ} from what {run} learned: {path}",
            count=len(changed),
            run=run.name,
            path=journal.path,
        )
    )
    print(translate("train on them: workbench runs retrain {path}", path=quoted(run.path)))


def _as_file(ending: str, dynamics: Any, records: list[dict[str, Any]]) -> str:
    if ending == ".csv":
        return _as_csv(records)
    from .. import figures

    drawn = figures.dataset_map(dynamics)
    if ending == ".svg":
        return figures.to_svg(drawn)
    return figures.interactive_page(drawn)


def _as_csv(records: list[dict[str, Any]]) -> str:
    """Return records as csv; a cell that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]) if records else ["rank"], lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow(
            {
                name: f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value
                for name, value in record.items()
            }
        )
    return text.getvalue()


def _leaf(data: Any, name: str, help_text: str, command: Any, *aliases: str) -> Any:
    leaf = add_leaf(data, name, help_text, command, add_json, add_runs_dir, aliases=aliases)
    leaf.add_argument("run", metavar="RUN")
    return leaf
