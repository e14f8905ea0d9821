"""The front end: ES modules and style sheets, and how they reach a page.

anywidget takes one module as text, and a page that opens from disk may import nothing, so `script`
links a module with all that it imports into one text. Each imported module becomes a function that
is called once and returns what the module exports; names stay private to their module, as they do
where a browser imports the files. CONTRIBUTING.md says why it is done here and not by a bundler.

What the modules may write is narrow, and anything else is refused:

- `import { a, b as c } from "./file.js";` on lines at the top, without cycles;
- `export function`, `export async function`, `export class` and `export const NAME`;
- `export default` in a module that nobody imports.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from posixpath import dirname, join, normpath

_IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "(?P<path>\.[^"]*)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)
# What is left over of either kind is a form that is not understood.
_IMPORTS = re.compile(r"^import\b.*", re.MULTILINE)
_EXPORTS = re.compile(r"^export\b.*", re.MULTILINE)


@cache
def script(entry: str) -> str:
    """Return a module of this folder, and all that it imports, as one module without imports.

    The exports of `entry` stay. Comments on lines of their own are left out: the text lies in
    every saved notebook and page.

    Raises:
        ValueError: a module says something that cannot be linked, or imports go round in a circle.
    """
    linked: dict[str, str] = {}
    own = _linked(entry, linked, ())
    return "".join([*linked.values(), own])


@cache
def style(*names: str) -> str:
    """Return style sheets of this folder as one, shared pieces first."""
    return "\n".join(_read(name) for name in names)


def _linked(path: str, linked: dict[str, str], above: tuple[str, ...]) -> str:
    """Return a module whose imports are constants, having put what it imports into `linked`."""
    if path in above:
        raise ValueError(f"imports go round in a circle: {' → '.join([*above, path])}")

    def imported(found: re.Match[str]) -> str:
        wanted = normpath(join(dirname(path), found["path"]))
        if wanted not in linked:
            linked[wanted] = _wrapped(wanted, _linked(wanted, linked, (*above, path)))
        names = [name.split() for name in found["names"].split(",") if name.strip()]
        for name, *_ in names:
            if name not in _EXPORT.findall(_read(wanted)):
                raise ValueError(f"{path} imports what is not there: {wanted} exports no {name!r}")
        return f"const {{ {', '.join(': '.join(n[::2]) for n in names)} }} = {_name(wanted)};\n"

    text = _IMPORT.sub(imported, _COMMENT.sub("", _read(path)))
    _refuse(path, _IMPORTS.search(text))
    return text


def _wrapped(path: str, text: str) -> str:
    """Return a module as a constant that holds what it exports."""
    names = _EXPORT.findall(text)
    body = _EXPORT.sub("", text)
    _refuse(path, _EXPORTS.search(body))
    return f"const {_name(path)} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();\n"


def _refuse(path: str, found: re.Match[str] | None) -> None:
    if found:
        raise ValueError(f"{path}: {found[0]!r} cannot be linked")


def _name(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))


def _read(name: str) -> str:
    return resources.files(__name__).joinpath(*name.split("/")).read_text("utf-8")
