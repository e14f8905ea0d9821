"""Commands with actions, and how their answers look."""

from __future__ import annotations

import json
import sys
from typing import Any

from ..language import catalogue, current, text
from .screen import answers_console, plain, print_json

# More rows than this are printed without fitting them to the window, which takes seconds.
PLAIN_ROWS = 300


def add_group(commands: Any, name: str, help_text: str) -> Any:
    """Add a command that has actions."""
    parser = commands.add_parser(name, help=help_text)
    return parser.add_subparsers(metavar="ACTION", required=True)


def add_leaf(
    group: Any, name: str, help_text: str, command: Any, *adders: Any, aliases: tuple[str, ...] = ()
) -> Any:
    """Add an action to a group, with the options that `adders` add; `aliases` are earlier names."""
    parser = group.add_parser(name, help=help_text, aliases=aliases)
    for add in adders:
        add(parser)
    parser.set_defaults(command=command)
    return parser


def word(name: str) -> str:
    """Return the name of a column or score for the terminal; JSON and files keep it as it is."""
    known = catalogue(current())
    if f"terminal.word.{name}" in known:
        return text(f"terminal.word.{name}")
    # In English, scores are called as options and files call them.
    if current() != "en" and f"figures.metric.{name}" in known:
        return text(f"figures.metric.{name}")
    return name


def padded(name: str, width: int) -> str:
    """Return `word(name)` with blanks up to a width, in which a Chinese character counts two."""
    from rich.cells import cell_len

    said = word(name)
    return said + " " * max(1, width - cell_len(said))


def print_table(rows: list[dict[str, Any]], as_json: bool, nothing: str, own: bool = True) -> None:
    """Print records as a table, or as JSON; `nothing` where there are none.

    `own` says that the columns are named here, and not by somebody's data.
    """
    if as_json:
        print_json(rows)
        return
    if not rows:
        print(nothing)
        return
    heads = [word(name) if own else name for name in rows[0]]
    if len(rows) > PLAIN_ROWS:
        _print_columns(heads, rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, head in zip(rows[0], heads, strict=True):
        table.add_column(plain(head), overflow="fold", no_wrap=name in ("run", "name"))
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    # Where there is no terminal to fit, a program or a person with a wide window reads.
    width = None if sys.stdout.isatty() else 200
    answers_console(width=width).print(table)


def _print_columns(heads: list[str], rows: list[dict[str, Any]]) -> None:
    from rich.cells import cell_len

    lines = [heads, *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        print("  ".join(text + " " * (wide - cell_len(text)) for text, wide in cells).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else plain(str(value))


def print_tree(value: Any) -> None:
    """Print nested plain data as YAML."""
    import yaml

    tree = json.loads(json.dumps(value, ensure_ascii=False, default=str))
    print(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100), end="")


def roles_line(columns: dict[str, Any]) -> str:
    """Return which column plays which role, as a line; empty where none is known."""
    listed = {role: " + ".join(place) if isinstance(place, list) else place
              for role, place in columns.items()}  # fmt: skip
    pairs = text("data.comma").join(f"{role} = {place}" for role, place in listed.items())
    return f"{text('profile.roles')}: {pairs}" if pairs else ""
