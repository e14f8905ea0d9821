"""A spec as a papermill `parameters` cell: `name: type = value  # help`.

The grammar is papermill's own (`papermill inspect` shows it as a form schema). Values are plain
Python literals; the cell is parsed, never run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from ..errors import Fault, shorten
from ..language import translate
from .faults import SpecError
from .fields import Field, fields, find
from .flat import from_flat, to_flat
from .run import RunSpec

FIRST_LINE = "all parameters · 全部参数"


def to_cell(spec: RunSpec) -> str:
    """Return the cell that sets every field of `spec`, grouped by section."""
    values = to_flat(spec)
    # Where the cell is folded, Lab shows its first line, however wide that is.
    lines = [f"# {FIRST_LINE}"]
    section = ""
    for field in fields():
        if field.section != section:
            section = field.section
            lines += ["", f"# {section}"]
        lines.append(_line(field, values[field.name]))
    return "\n".join(lines)


def from_cell(source: str, where: str = "") -> RunSpec:
    """Build a spec from a parameters cell; names left out take their defaults.

    Raises:
        SpecError: the cell holds more than plain assignments, or fields are at fault.
    """
    where = where or translate("the parameters cell")
    return from_flat(parse_cell(source, where), where=where)


def parse_cell(source: str, where: str = "") -> dict[str, Any]:
    """Return the names and literal values that the cell assigns."""
    where = where or translate("the parameters cell")
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        if error.lineno is None:  # a null character
            what = translate("not Python: {reason}", reason=error.msg)
            raise SpecError([Fault("not_python", what)], where) from None
        what = translate("not Python on line {line}: {reason}", line=error.lineno, reason=error.msg)
        raise SpecError([Fault("not_python", what)], where) from None
    except (RecursionError, MemoryError):
        what = translate("not a spec: nested far too deeply")
        raise SpecError([Fault("too_deep", what)], where) from None
    values: dict[str, Any] = {}
    for statement in statements:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case _:
                line = shorten(ast.get_source_segment(source, statement), 40)
                what = translate(
                    "line {line}, {source!r}: not of the form name = value",
                    line=statement.lineno,
                    source=line,
                )
                raise SpecError([Fault("no_assignment", what)], where)
        try:
            values[name] = ast.literal_eval(value)
        except (ValueError, TypeError, RecursionError):
            shown = shorten(ast.get_source_segment(source, value), 40)
            what = translate("{value!r} is not a plain value", value=shown)
            field = find(name)
            path = field.path if field else name
            fault = Fault("no_plain_value", what, translate("write it out"), path, shown)
            raise SpecError([fault], where) from None
    return values


def from_namespace(namespace: Mapping[str, Any], strict: bool) -> RunSpec:
    """Build a spec from the variables of a notebook, as papermill has set them.

    With `strict` (headless), a plain variable that is no field is an error, because papermill
    itself only warns of an unknown parameter; in a live notebook such variables are the user's.
    """
    plain = (str, int, float, bool, list, dict, tuple, type(None))
    hidden = {"In", "Out"}
    known = {field.name for field in fields()}
    values = {
        name: value
        for name, value in namespace.items()
        if name in known
        or (strict and not name.startswith("_") and name not in hidden and type(value) in plain)
    }
    return from_flat(values, where=translate("the notebook's parameters"))


def _line(field: Field, value: Any) -> str:
    scope = field.domain.describe()
    help_text = f"{field.domain.help} [{scope}]" if scope else field.domain.help
    # `papermill inspect` passes over a line with a second `=`, which only texts can have.
    written = repr(value).replace("=", "\\x3d")
    return f"{field.name}: {field.type.__name__} = {written}  # {help_text}"
