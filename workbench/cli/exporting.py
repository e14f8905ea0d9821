"""`workbench export`: a finished run's model, for use elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..language import translate
from .options import add_json, add_runs_dir, add_trust, open_trusted
from .screen import print_json
from .terminal import download_progress

KINDS = ("folder", "merged", "onnx", "script", "card")


def add_commands(commands: Any) -> None:
    """Add `export`."""
    said = (
        translate("the model as it was trained; of a run with an adapter, the adapter"),
        translate("a whole model, the adapter merged into its weights"),
        translate("one ONNX graph, checked against the model"),
        translate("the training as a script of plain transformers, with the rows of the run"),
        translate("only the model card, README.md"),
    )
    parser = commands.add_parser(
        "export",
        help=translate("write a run's model for use elsewhere"),
        description=translate(
            "Write a run's model, with a model card, as {kinds}.",
            kinds="; ".join(f"{kind}: {what}" for kind, what in zip(KINDS, said, strict=True)),
        ),
    )
    parser.add_argument("run", metavar="RUN", help=translate("a run's name or folder"))
    parser.add_argument("--to", choices=KINDS, default="folder", help=translate("what to write"))
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help=translate("where to write it (export/KIND in the run's folder)"),
    )
    parser.add_argument(
        "--push",
        metavar="USER/NAME",
        help=translate("also upload it to this repository on the hub"),
    )
    parser.add_argument(
        "--public",
        action="store_true",
        help=translate("let everybody see a repository that --push makes"),
    )
    add_runs_dir(parser)
    add_trust(parser)
    add_json(parser)
    parser.set_defaults(command=export)


def export(options: argparse.Namespace) -> None:
    """Write the model, and print where it lies and how the check of its numbers came out."""
    from ..export import export_run
    from ..export.hub import push, require_repository

    run = open_trusted(options)
    if options.push:
        require_repository(options.push)
        if options.to == "script":
            raise InputError(
                "a script holds the rows of the run, so --push does not take it",
                "export it without --push",
            )
    out = Path(options.out) if options.out else None
    with download_progress(), _quiet(options.to):
        exported = export_run(run, options.to, out)
    address = push(exported.path, options.push, options.public) if options.push else ""
    if options.json:
        answer = {
            "kind": exported.kind, "path": str(exported.path), "files": exported.files,
            "largest_difference": exported.largest_difference, "pushed_to": address,
            "notes": exported.notes,
        }  # fmt: skip
        print_json(answer)
        return
    print(exported.path)
    for name in exported.files:
        print(f"  {name}  {(exported.path / name).stat().st_size / 1e6:.2f} MB")
    if exported.largest_difference is not None:
        print(
            translate(
                "largest difference from the first loss of the run: {difference:.2g}"
                if options.to == "script"
                else "largest difference from the model's own output: {difference:.2g}",
                difference=exported.largest_difference,
            )
        )
    for note in exported.notes:
        print(f"- {note}")
    if address:
        print(translate("pushed to {address}", address=address))


@contextmanager
def _quiet(kind: str) -> Iterator[None]:
    """Keep the libraries' chatter out, where they are needed at all: a copy is made without."""
    if kind in ("folder", "card"):
        yield
        return
    from ..training.run import quiet_libraries

    with quiet_libraries():
        yield
