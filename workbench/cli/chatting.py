"""`workbench chat`: a run's model is asked line by line."""

from __future__ import annotations

import argparse
import sys

from ..language import text
from .options import open_trusted
from .screen import plain, print_json
from .terminal import console, is_piped_in


def chat(options: argparse.Namespace) -> None:
    """Ask both models, or the fine-tuned one, what is typed, line by line."""
    from ..evaluation import sampling
    from ..evaluation.playground import open_playground, require_writer

    run = open_trusted(options)
    require_writer(run)
    typed = {name: getattr(options, name) for name in sampling.DOMAINS}
    asked = sampling.chosen(run.spec(), {name: one for name, one in typed.items() if one})
    screen = console()
    playground = open_playground(run, with_before=options.before)
    if not is_piped_in():
        key = "remembers" if playground.remembers else "alone"
        screen.print(
            plain(f"{text(f'playground.{key}')} {asked.describe(run.spec())}"), soft_wrap=True
        )
    while (line := _typed("> ")) is not None:
        if not line.strip():
            continue
        answers = playground.ask(line, asked).answers()
        if options.json:
            print_json({"asked": line} | answers)
            continue
        for name, written in answers.items():
            heading = f"{text(f'playground.{name}')}: " if options.before else ""
            print(f"{heading}{written or text('playground.nothing')}", flush=True)


def _typed(prompt: str) -> str | None:
    """Return a line from the keyboard, or from stdin; None after the last."""
    if is_piped_in():
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    try:
        return input(prompt)
    except EOFError:
        return None
