"""No private member of a library is used, but for those in one file, with reason and fallback.

A private member is what begins with an underscore and is not ours: `obj._x`, `from a._b import c`,
`getattr(obj, "_x")`, `vars(obj)["_x"]`, `self._x` that only a library's class has, and a method of
ours that takes the place of a library's private one.
"""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import workbench

HOME = Path(workbench.__file__).parent
UNAVOIDABLE = HOME / "private_members.py"
PRIVATE = re.compile(r"_(?!_)\w+")
# Protocols that libraries document for others to implement and to call; `os._exit` is documented.
PROTOCOLS = re.compile(r"_repr_\w+_|_ipython_display_|_render_traceback_|_exit")
ASKING = {"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller"}


def is_private(name: str) -> bool:
    return bool(PRIVATE.fullmatch(name)) and not PROTOCOLS.fullmatch(name)


def own_names(tree: ast.AST) -> set[str]:
    """Return the private names that a file gives to things of its own."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("self", "cls")
        ):
            names.add(node.attr)
    return {name for name in names if is_private(name)}


def uses(tree: ast.AST, own: set[str]) -> list[tuple[int, str]]:
    """Return the line and the text of each use of a private member that is not ours."""
    found = []
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
            name = next((t for t in texts if isinstance(t, str)), "") if called in ASKING else ""
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            held = ast.unparse(node.value)
            bare = held.startswith("vars(") or held.endswith(".__dict__")
            name = str(node.slice.value) if bare else ""
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            parts = [*(node.module or "").split("."), *(one.name for one in node.names)]
            if parts[0] not in ("workbench", "__future__"):
                name = next((part for part in parts if is_private(part)), "")
        elif isinstance(node, ast.Import):
            parts = [part for one in node.names for part in one.name.split(".")]
            name = next((part for part in parts if is_private(part)), "")
        if is_private(name) and name not in own:
            found.append((node.lineno, ast.unparse(node)))
    return found


def files() -> list[Path]:
    return sorted(path for path in HOME.rglob("*.py") if path != UNAVOIDABLE)


def test_no_private_member_of_a_library_is_used_outside_the_one_file():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in files()}
    ours = {path: own_names(tree) for path, tree in trees.items()}
    # What a class of ours inherits from another file of ours is ours.
    shared = set().union(*ours.values())
    result = []
    for path, tree in trees.items():
        name = path.relative_to(HOME).as_posix()
        own = ours[path] | {one for one in shared if f"self.{one}" in path.read_text("utf-8")}
        result += [f"{name}:{line}: {text}" for line, text in uses(tree, own)]
    assert not result, "\n".join(result)


def test_no_private_method_of_a_library_is_replaced():
    result = []
    for path in files():
        tree = ast.parse(path.read_text("utf-8"))
        written = {
            one.name: {
                part.name
                for part in one.body
                if isinstance(part, ast.FunctionDef) and is_private(part.name)
            }
            for one in tree.body
            if isinstance(one, ast.ClassDef) and one.bases
        }
        name = path.relative_to(HOME.parent).with_suffix("").as_posix().replace("/", ".")
        module = importlib.import_module(name.removesuffix(".__init__")) if written else None
        for of_class, members in written.items():
            for base in getattr(module, of_class).__mro__[1:]:
                if not base.__module__.startswith("workbench"):
                    result += [f"{name}: {of_class}.{one}" for one in members if one in vars(base)]
    assert not result, "\n".join(result)


@pytest.mark.parametrize(
    "line",
    [
        "model._tied", "from torch._inductor import config", "import huggingface_hub._x",
        "from transformers.trainer import _is_peft_model", "getattr(model, '_tied', None)",
        "vars(model)['_tied']", "operator.attrgetter('_tied')", "model.inner._tied()",
        "self._wrapped_of_trainer", "setattr(model, '_tied', 1)",
    ],
)  # fmt: skip
def test_each_way_to_a_private_member_is_found(line):
    assert len(uses(ast.parse(line), own=set())) == 1


@pytest.mark.parametrize(
    "line",
    ["model.tied", "from ._own import x", "x.__class__", "view._repr_mimebundle_()", "_own(x)"],
)
def test_what_is_public_is_not_found(line):
    assert uses(ast.parse(line), own=set()) == []


def test_each_function_of_the_one_file_says_why_and_what_happens_without():
    tree = ast.parse(UNAVOIDABLE.read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions
    for function in functions:
        result = ast.get_docstring(function) or ""
        assert re.search(r"^Reason: \S", result, re.M), function.name
        assert re.search(r"^Fallback: \S", result, re.M), function.name
        assert uses(function, own=set()), f"{function.name} needs no private member: move it"
    inside = sum(len(uses(function, own=set())) for function in functions)
    assert inside == len(uses(tree, own=set())), "a private member outside a function"
