"""The command line: `workbench train`, `run`, `lab`, `evaluate`, `predict`, `attend` and more.

Exit codes: 0 done; 2 the input is at fault (one readable message on stderr, no traceback);
1 a fault of ours; 130 interrupted, with the state kept.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from contextlib import redirect_stdout
from importlib.metadata import version

from ..errors import EXIT_DONE, EXIT_INPUT_AT_FAULT, EXIT_INTERRUPTED, InputError, shorten
from ..language import translate
from ..runs.reads import one_command
from ..training.processes import launched, rank
from .parsing import Command
from .screen import Shown, complain

# What is wrong with a place that somebody named, and no fault of ours.
_OF_THE_PLACE = (
    errno.EDQUOT, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOSPC, errno.ENOTDIR,
    errno.EROFS,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _speak_utf8()
    parser = make_parser()
    options = parser.parse_args(arguments)
    if rank():  # the first process speaks for all
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  (open as long as the process)
    with redirect_stdout(Shown(sys.stdout)), one_command():
        return _carry_out(options)


def _carry_out(options: argparse.Namespace) -> int:
    try:
        if launched() and not getattr(options, "for_several", False):
            raise InputError(
                "{count} processes were launched, and this command is for one",
                "launch only `train` and `runs resume` with torchrun or accelerate launch",
                count=os.environ["WORLD_SIZE"],
            )
        options.command(options)
    except InputError as error:
        complain(error)
        return EXIT_INPUT_AT_FAULT
    except PermissionError as error:
        fault = InputError(
            "{path}: {reason}", "make it accessible", path=error.filename, reason=error.strerror
        )
        complain(fault)
        return EXIT_INPUT_AT_FAULT
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; keep Python from complaining at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno not in _OF_THE_PLACE:
            raise
        fault = InputError(
            "{path}: {reason}",
            "choose another place",
            path=shorten(error.filename or ""),
            reason=error.strerror,
        )
        complain(fault)
        return EXIT_INPUT_AT_FAULT
    except KeyboardInterrupt:
        complain(translate("interrupted; what was saved is kept"))
        return EXIT_INTERRUPTED
    return EXIT_DONE


def make_parser() -> argparse.ArgumentParser:
    """Return the parser with all commands."""
    from . import exporting, finding, inference, listing, notebooks, running, training

    parser = Command(
        prog="workbench",
        description=translate("Fine-tune transformer models and understand what happened."),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"model-workbench {version('model-workbench')}",
        help=translate("show the version and exit"),
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Command)
    for module in (training, notebooks, finding, inference, exporting, running, listing):
        module.add_commands(commands)
    return parser


def _speak_utf8() -> None:
    """Print Chinese on consoles whose own encoding lacks it, too."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
