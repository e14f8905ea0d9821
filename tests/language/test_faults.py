"""An error over a setting says which: by path, value and code, beside its sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import workbench
from workbench.errors import DataError, Fault, InputError, RunError, SourceError, setting_at_fault
from workbench.language import using
from workbench.spec import find

PACKAGE = Path(workbench.__file__).parent
KINDS = {"InputError", "DataError", "ModelError", "RunError", "SourceError"}
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def texts(node: ast.AST) -> list[str]:
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def settings_named(text: str) -> bool:
    """Return whether a sentence begins with the path of a setting, or a part of it."""
    path = re.match(r"([a-z_]+\.[a-z_]+|data\.\{name\})[ .:]", text)
    return bool(path) and (path[1] == "data.{name}" or find(path[1]) is not None)


def raised() -> list[tuple[str, ast.Call, ast.Call | None]]:
    """Return place and call of every error, and the call of `at` upon it, where there is one."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        at = {
            id(node.func.value): node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "at"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                place = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                if node.func.id in KINDS:
                    found.append((place, node, at.get(id(node))))
    return found


RAISED = raised()


def test_an_error_whose_sentence_begins_with_a_setting_names_it_for_programs_too():
    lacking = [
        place
        for place, error, at in RAISED
        if any(map(settings_named, texts(error.args[0]))) and at is None
    ]
    assert lacking == []
    assert sum(at is not None for _, _, at in RAISED) > 50


def test_settings_at_fault_are_fields_and_codes_are_short_names():
    for place, error, at in RAISED:
        if at is None:
            continue
        path, _, code = at.args
        if isinstance(path, ast.Constant):
            assert find(path.value).path == path.value, place
            begun = [text for text in texts(error.args[0]) if settings_named(text)]
            assert all(text.startswith(path.value) for text in begun), place
        if isinstance(code, ast.Constant):
            assert CODE.fullmatch(code.value), place


def test_a_fault_is_told_in_the_language_in_which_it_is_shown():
    error = DataError("file not found: {path}", "check the path", path="a.csv")
    error = error.at("data.source", "a.csv", "no_file")
    assert error.faults == (
        Fault("no_file", "file not found: a.csv", "check the path", "data.source", "a.csv"),
    )
    with using("zh"):
        [fault] = error.faults
        assert str(fault) == str(error) == "找不到文件：a.csv；请检查路径"
        assert (fault.code, fault.path) == ("no_file", "data.source")


def test_an_error_over_no_setting_has_no_faults():
    assert RunError("this", "do that").faults == ()
    assert str(InputError("this").at("train.seed", 3, "x")) == "this"


def test_the_setting_of_a_block_is_named_unless_the_error_names_its_own():
    with pytest.raises(SourceError) as found, setting_at_fault("data.source", "x", "not_found"):
        raise SourceError("gone")
    assert [(f.path, f.value, f.code) for f in found.value.faults] == [
        ("data.source", "x", "not_found")
    ]
    with pytest.raises(DataError) as found, setting_at_fault("data.source", "x", "not_found"):
        raise DataError("wrong").at("data.encoding", "y", "no_such_encoding")
    assert [fault.path for fault in found.value.faults] == ["data.encoding"]
