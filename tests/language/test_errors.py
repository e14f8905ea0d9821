"""The sentences of errors: told in the language of the interface, each with its Chinese."""

from __future__ import annotations

import ast
import copy
import importlib
import pickle
import re
import string
from pathlib import Path
from typing import NamedTuple

import pytest

import workbench
from workbench import cli, language
from workbench.data.table import read_table
from workbench.errors import (
    EXIT_INPUT_AT_FAULT,
    DataError,
    Fault,
    InputError,
    ModelError,
    RunError,
    SourceError,
)
from workbench.notebook import pages
from workbench.spec import SpecError, parse_tree

PACKAGE = Path(workbench.__file__).parent
FILES = sorted((PACKAGE / "language" / "zh" / "errors").glob("*.yaml"))
ERRORS = {kind.__name__ for kind in (InputError, DataError, ModelError, RunError, SourceError)}
CATALOGUES = {"text", "say", "_text"}  # functions that give a string of the other catalogues


class Sentence(NamedTuple):
    """A sentence that the code can say, and the fields that it fills."""

    place: str
    english: str
    filled: frozenset[str]


def fields_of(sentence: str) -> set[str]:
    """Return the `{fields}` of a sentence, without what is taken out of them."""
    return {
        re.split(r"[.\[]", name)[0]
        for _, name, _, _ in string.Formatter().parse(sentence)
        if name is not None
    }


def has_words(sentence: str) -> bool:
    return bool(re.search(r"[A-Za-z]", re.sub(r"\{.*?\}", "", sentence)))


class Reader(ast.NodeVisitor):
    """Collects the sentences of one module, and the places that do not give them whole."""

    def __init__(self, file: Path) -> None:
        self.place = file.relative_to(PACKAGE.parent).as_posix()
        self.module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        self.module = self.module.removesuffix(".__init__")
        # Other functions are called so, too.
        self.tells = (
            getattr(importlib.import_module(self.module), "translate", 0) is language.translate
        )
        self.functions: list[ast.AST] = []
        self.sentences: list[Sentence] = []
        self.faults: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions.append(node)
        self.generic_visit(node)
        self.functions.pop()

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node.func)
        if name == "translate" and self.tells:
            self._read(node, node.args[:1])
        elif name in ERRORS:
            self._read(node, node.args)
        self.generic_visit(node)

    def _read(self, node: ast.Call, arguments: list[ast.expr]) -> None:
        place = f"{self.place}:{node.lineno}"
        filled = {keyword.arg for keyword in node.keywords if keyword.arg}
        try:
            found = [one for argument in arguments for one in self._texts(argument, bool(filled))]
        except ValueError as error:
            self.faults.append(f"{place}: {error}")
            return
        named = {name for one in found for name in fields_of(one)} if filled else set()
        if filled != named:
            self.faults.append(f"{place}: fields {named}, values {filled}")
        self.sentences += [Sentence(place, one, frozenset(filled)) for one in found]

    def _texts(self, node: ast.expr, filled: bool) -> list[str]:
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.IfExp(body=one, orelse=other) | ast.BoolOp(values=[one, other]):
                return self._texts(one, filled) + self._texts(other, filled)
            case ast.Subscript(value=ast.Attribute(attr="_templates")):  # of `InputError` itself
                return []
            case ast.Call(func=function) if not filled and _name(function) in CATALOGUES | {
                "translate"
            }:
                return []
            case ast.Name(id=name):
                return self._assigned(name, filled)
        raise ValueError(f"{ast.unparse(node)} is no whole sentence")

    def _assigned(self, name: str, filled: bool) -> list[str]:
        """Return the sentences that a variable may hold, of the function or else of the module."""
        found: list[str] = []
        for node in ast.walk(self.functions[-1]) if self.functions else ():
            for target in node.targets if isinstance(node, ast.Assign) else ():
                match target, node.value:
                    case ast.Name(id=same), value if same == name:
                        found += self._texts(value, filled)
                    case ast.Tuple(elts=names), ast.Tuple(elts=values):
                        for one, value in zip(names, values, strict=True):
                            if _name(one) == name:
                                found += self._texts(value, filled)
        value = found or getattr(importlib.import_module(self.module), name, None)
        if isinstance(value, str):
            return [value]
        if not found:
            raise ValueError(f"{name} is no sentence")
        return found


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def read_package() -> tuple[list[Sentence], list[str]]:
    """Return all sentences of errors in the package, and what is wrong with them."""
    sentences: list[Sentence] = []
    faults: list[str] = []
    for file in sorted(set(PACKAGE.rglob("*.py")) - {PACKAGE / "language" / "__init__.py"}):
        source = file.read_text("utf-8")
        if "Error(" in source or "translate(" in source:
            reader = Reader(file)
            reader.visit(ast.parse(source))
            sentences += reader.sentences
            faults += reader.faults
    return sentences, faults


SENTENCES, FAULTS = read_package()
CHINESE = language.sentences("zh")


def test_every_error_is_given_as_whole_sentences_with_their_values():
    assert FAULTS == []


def test_every_sentence_has_its_chinese():
    missing = [
        f"{one.place}: {one.english}"
        for one in SENTENCES
        if has_words(one.english) and one.english not in CHINESE
    ]
    assert missing == []


def test_no_chinese_is_left_over():
    assert set(CHINESE) - {one.english for one in SENTENCES} == set()


def test_chinese_has_the_same_fields():
    """Values are filled in only where some are given, so other braces are no fields."""
    filled = {one.english for one in SENTENCES if one.filled}
    wrong = [s for s in filled & set(CHINESE) if fields_of(s) != fields_of(CHINESE[s])]
    assert wrong == []


def test_all_chinese_is_chinese():
    han = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
    assert [said for said in CHINESE.values() if not han.search(said)] == []


def test_no_sentence_stands_twice():
    keys = [key for file in FILES for key in parse_tree(file.read_text("utf-8"), file.name)]
    assert len(keys) == len(set(keys))


@pytest.fixture
def chinese(monkeypatch):
    found = {
        "{name} has {count:,} rows": "{name} 有 {count:,} 行",
        "add some": "请再添几行",
        "{what}; {remedy}": "{what}；{remedy}",
        "{where}: {error.what}": "{where}：{error.what}",
    }
    monkeypatch.setattr(language, "sentences", {"zh": found}.__getitem__)


def test_an_error_is_reported_in_the_language_in_which_it_is_shown(chinese):
    error = DataError("{name} has {count:,} rows", "add some", name="a.csv", count=1000)
    assert str(error) == "a.csv has 1,000 rows; add some"
    with language.using("zh"):
        assert (error.what, error.remedy) == ("a.csv 有 1,000 行", "请再添几行")
        assert str(error) == "a.csv 有 1,000 行；请再添几行"


def test_an_error_within_an_error_is_reported_in_the_same_language(chinese):
    inner = DataError("{name} has {count:,} rows", "add some", name="a.csv", count=2)
    error = RunError("{where}: {error.what}", where="b", error=inner)
    with language.using("zh"):
        assert str(error) == "b：a.csv 有 2 行"
    assert str(error) == "b: a.csv has 2 rows"


def test_without_values_braces_are_no_fields():
    assert str(InputError("{this}", "write {that}")) == "{this}; write {that}"


def test_a_value_is_not_read_as_a_template():
    assert str(InputError("no {name}", name="{count}")) == "no {count}"


def test_the_terminal_tells_an_error_in_the_language_of_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("WORKBENCH_LANGUAGE", "zh")
    assert cli.main(["recipes", "show", "nothing"]) == EXIT_INPUT_AT_FAULT
    assert capsys.readouterr().err.startswith("workbench: 没有“nothing”这个配方；可选：")
    assert cli.main(["train", "quickstart", "--set", "seed=x"]) == EXIT_INPUT_AT_FAULT
    assert "train.seed：'x' 不合适；请填整数" in capsys.readouterr().err


def test_a_notebook_tells_an_error_in_its_language(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\n", encoding="utf-8")
    with language.using("zh"):
        with pytest.raises(DataError) as raised:
            read_table(tmp_path / "train.csv")
        bundle = pages.fault(raised.value)
    said = "train.csv 只有表头，没有数据；请提供每行一个样本的文件"
    assert bundle["text/plain"] == said
    assert f"✗ {said}" in bundle["text/html"]
    assert "has a header but no rows" in pages.fault(raised.value)["text/plain"]


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_of_an_error_says_the_same(again):
    class Odd:
        def __str__(self):
            return "odd"

    error = ModelError("{name} of {count}", "add some", name=Odd(), count=3)
    assert (str(again(error)), type(again(error))) == ("odd of 3; add some", ModelError)
    spec_error = SpecError([Fault("x", "1", path="a"), Fault("x", "2", "3", "b", [4])], "here")
    assert str(again(spec_error)) == str(spec_error) == "here has 2 errors:\n  a: 1\n  b: 2; 3"
    assert again(spec_error).faults == spec_error.faults
    at_fault = error.at("data.source", 3, "no_file")
    assert again(at_fault).faults == at_fault.faults
