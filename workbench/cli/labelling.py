"""`workbench data label`, `export`, `import`, `agreement`: labels and the journals they are in."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..errors import DataError, InputError
from ..language import text as say
from ..language import translate
from ..runs import note_read, refuse_if_read
from .options import (
    add_json,
    add_runs_dir,
    add_spec_changes,
    add_trust,
    open_trusted,
    parse_changes,
)
from .output import add_leaf, print_table
from .screen import print_json


def add_actions(group: Any) -> None:
    """Add the four actions to `workbench data`."""
    label = add_leaf(
        group, "label",
        translate("label rows in the terminal, each decision kept at once"), label_rows,
        _add_source, add_runs_dir,
    )  # fmt: skip
    label.add_argument(
        "--order",
        default="",
        help=translate(
            "source, random, diversity, or with --run: least_confident, margin, entropy"
        ),
    )
    label.add_argument(
        "--run", help=translate("a run whose model suggests labels and orders the rows")
    )
    add_trust(label)
    label.add_argument("--rows", type=int, help=translate("ask at most so many"))
    label.add_argument(
        "--guidelines", default="", metavar="FILE", help=translate("shown before the first")
    )
    label.add_argument(
        "--blind",
        action="store_true",
        help=translate("hide what the source says and a model suggests"),
    )
    label.add_argument(
        "--adjudicate",
        action="store_true",
        help=translate("ask only the rows on which people differ"),
    )
    export = add_leaf(
        group,
        "export",
        translate("write the labels of a journal to a file"),
        export_rows,
        _add_source,
    )
    export.add_argument(
        "--out", metavar="FILE", required=True, help=translate(".jsonl, .csv or .json")
    )
    export.add_argument(
        "--format", default="", help=translate("jsonl, csv, label-studio or doccano")
    )
    taking = add_leaf(
        group,
        "import",
        translate("take labels of a file into a journal"),
        import_rows,
        _add_source,
        add_json,
    )
    taking.add_argument(
        "file",
        metavar="FILE",
        help=translate("jsonl, csv, json; what Label Studio and doccano export"),
    )
    add_leaf(
        group, "agreement", translate("how far the people of a journal agree"), show_agreement,
        _add_source, add_json,
    )  # fmt: skip


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE", help=translate("a path, wheel:NAME, hub id or spec file")
    )
    parser.add_argument(
        "--journal", default="", metavar="FILE", help=translate("(labels/SOURCE.jsonl)")
    )
    parser.add_argument(
        "--labels", default="", help=translate("the labels, with commas between them")
    )
    parser.add_argument(
        "--who", default="", help=translate("who labels; left out, whoever is logged in")
    )
    parser.add_argument(
        "--split", default="", help=translate("the split; left out, the one to learn from")
    )
    parser.add_argument(
        "--scale", metavar="LOW,HIGH", help=translate("the least and the greatest number")
    )
    add_spec_changes(parser)


def _labels(options: argparse.Namespace, **more: Any) -> Any:
    from ..evaluation.labels import open_labels
    from .options import spec_from

    is_spec = options.source.endswith((".yaml", ".yml"))
    changes = parse_changes(options.changes)
    if not is_spec:
        changes["data.source"] = options.source
    names = [name.strip() for name in options.labels.split(",") if name.strip()]
    return open_labels(
        spec_from(options.source if is_spec else None, changes), names,
        journal=options.journal, split=options.split, scale=_scale(options.scale),
        who=options.who, **more,
    )  # fmt: skip


def _scale(given: str | None) -> tuple[float, float] | None:
    if not given:
        return None
    try:
        low, high = (json.loads(part) for part in given.split(","))
    except ValueError:
        raise InputError(
            "--scale {given!r} is not a scale", "write it as --scale 1,5", given=given
        ) from None
    return low, high


def label_rows(options: argparse.Namespace) -> None:
    """Ask row after row; a line of input is an answer."""
    run = open_trusted(options) if options.run else None
    guidelines = Path(options.guidelines) if options.guidelines else ""
    made = _labels(
        options, order=options.order, run=run, rows=options.rows, adjudicate=options.adjudicate,
        guidelines=guidelines, blind=options.blind,
    )  # fmt: skip
    session = made.session
    if session.question.guidelines:
        print(session.question.guidelines, end="\n\n")
    while session.item is not None:
        _show(session)
        print(say("labelling.terminal.prompt", keys=_keys(session.question)), end="", flush=True)
        line = sys.stdin.readline()
        if not line or line.strip().lower() == "q":
            break
        _answer(session, line.strip())
    print(made)


def _show(session: Any) -> None:
    from .spans import numbered

    item = session.item
    place = say("labelling.position", position=session.at + 1, total=len(session.items))
    print(f"\n{place} · {say('labelling.row', row=item.row)}")
    for name, words in item.texts.items():
        print(f"{name}: {words}" if len(item.texts) > 1 else words)
    if session.question.kind == "spans" and (line := numbered(item, session.question)):
        print(line)
    hint = session.suggestions.get(item.place)
    for who, value in session.others.get(item.place, {}).items():
        print(f"  {who}: {value}")
    if hint is not None:
        sure = "" if hint.confidence is None else f" ({hint.confidence:.0%})"
        print(f"  {say('labelling.suggested')}: {hint.value}{sure}")


def _keys(question: Any) -> str:
    names = ", ".join(f"{n} {name}" for n, name in enumerate(question.labels, 1))
    if question.kind == "spans":
        way = "labelled" if names else "bare"
        return say(f"labelling.terminal.{way}", labels=names)
    if question.labels:
        return names
    if question.scale:
        return "{:g} – {:g}".format(*question.scale)
    return say("labelling.write")


def _answer(session: Any, line: str) -> None:
    """Do what a line of input says; what is no answer is said and asked again."""
    acts = {"s": session.skip, "u": session.undo}
    if line.lower() in acts:
        acts[line.lower()]()
        return
    try:
        session.decide(_value(session, line))
    except (InputError, ValueError, IndexError):
        print(say("labelling.terminal.unknown", typed=line))


def _value(session: Any, line: str) -> Any:
    from .spans import read_spans

    question = session.question
    if question.kind == "spans":
        return read_spans(line, session.item, question)
    if question.kind == "number":
        return float(line)
    if question.kind != "class":
        return line
    numbers = [int(part) for part in line.replace(",", " ").split()]
    if min(numbers, default=1) < 1:
        raise ValueError(numbers)
    names = [question.labels[number - 1] for number in numbers]
    if question.several:
        return names
    (name,) = names
    return name


def export_rows(options: argparse.Namespace) -> None:
    """Write the labels of a journal to a file, and say what Label Studio needs besides."""
    from ..data.label_export import export_labels, form_of, label_studio_config

    made = _labels(options)
    note_read(made.journal.path)
    rows, question = made.items.items, made.session.question
    count = export_labels(options.out, rows, made.decisions(), question, options.format)
    print(translate("{count} {count:label|labels} in {path}", count=count, path=options.out))
    if form_of(options.out, options.format) == "label-studio":
        print(translate("the project's labelling interface:"))
        print(label_studio_config(rows[0], question))


def import_rows(options: argparse.Namespace) -> None:
    """Take the labels of a file into the journal, and say how many.

    Raises:
        DataError: none was taken.
    """
    from ..data.label_import import import_labels, labels_in_file

    def known() -> list[str]:
        names, passed = labels_in_file(options.file)
        if not names:
            raise _nothing_taken(options.file, _counted(passed, {}))
        return names

    made = _labels(options, known=known)
    note_read(options.file)
    refuse_if_read(made.journal.path)
    examples: dict[str, str] = {}
    counts = import_labels(
        options.file, made.items.items, made.journal, made.session.question,
        made.session.who, examples,
    )  # fmt: skip
    left = _counted(counts, examples)
    if not counts["taken"]:
        raise _nothing_taken(options.file, left)
    if options.json:
        print_json(counts | {"journal": str(made.journal.path)})
    else:
        print(say("labelling.import.taken", count=f"{counts['taken']:,}", path=made.journal.path))
        if left:
            print(say("labelling.import.left", reasons=left))


def _nothing_taken(path: str, left: str) -> DataError:
    return DataError(
        "no label of {path} was taken: {reasons}",
        "name the classes with --labels as the file has them, and give the source that it was "
        "made from",
        path=path,
        reasons=left or say("labelling.import.nothing"),
    )


def _counted(counts: dict[str, int], examples: dict[str, str]) -> str:
    """Return in words what was not taken, by kind, each with its first example."""
    parts = []
    for kind, count in counts.items():
        if kind == "taken" or not count:
            continue
        part = say(f"labelling.import.{kind}", count=f"{count:,}")
        parts.append(f"{part} ({examples[kind]})" if kind in examples else part)
    return "; ".join(parts)


def show_agreement(options: argparse.Namespace) -> None:
    """Print how far people agree, and the rows on which they differ."""
    found = _labels(options).agreement()
    if options.json:
        print_json(found)
        return
    people = ", ".join(f"{who} {count}" for who, count in found["people"].items())
    people = people or translate("by nobody")
    print(
        translate(
            "{count} {count:row|rows} labelled ({people})", count=found["items"], people=people
        )
    )
    print(
        translate(
            "{shared} by several people, {agreed} of them alike",
            shared=found["shared"],
            agreed=found["agreed"],
        )
    )
    for name in ("fleiss", "krippendorff"):
        value = found[name]
        print(f"{name:14}" + ("–" if value is None else f"{value:.4f}"))
    for pair in found["cohen"]:
        kappa = "–" if pair["kappa"] is None else f"{pair['kappa']:.4f}"
        rows = translate("{count} {count:row|rows}", count=pair["items"])
        print(f"{'cohen':14}{kappa}  {pair['first']}, {pair['second']} ({rows})")
    print_table(
        [{"split": one["split"], "row": one["row"], **one["values"]}
         for one in found["disagreements"]],
        False, "",
    )  # fmt: skip
