"""The command line speaks the language of the environment: help, answers, tables and errors."""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

import pytest

import workbench
from workbench import cli, language
from workbench.cli.output import padded, print_table, word
from workbench.cli.terminal import duration

FOLDER = Path(workbench.__file__).parent / "cli"
FILES = sorted(FOLDER.glob("*.py"))
TRANSLATING = {"translate", "text", "say", "word", "padded"}
SAYING = {"print", "complain", "print_table", "add_task"}
HELPERS = {"add_leaf", "_leaf", "add_group"}  # their third argument is a help text

# What is typed or searched for as it stands, in either language.
AS_IT_STANDS = re.compile(
    r"--[\w-]+|train\.learning_rate|\bMB\b|cohen|fleiss|krippendorff|workbench: "
)


def words_in(node: ast.AST) -> list[str]:
    """Return the English in the literals of an expression that no catalogue is asked for."""
    if isinstance(node, ast.Call):
        if _name(node.func) in TRANSLATING:
            return []
        # What is given to another function is not said itself: `runs.get("status")`.
        said = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        said += node.args if _name(node.func) in ("join", "plain") else []
        return [word for part in said for word in words_in(part)]
    if isinstance(node, ast.Subscript):
        return []
    if isinstance(node, ast.FormattedValue):
        return words_in(node.value)
    if isinstance(node, ast.Constant):
        bare = AS_IT_STANDS.sub("", node.value) if isinstance(node.value, str) else ""
        return re.findall(r"[A-Za-z]{2,}", bare)
    if isinstance(node, ast.Dict | ast.List | ast.ListComp | ast.Compare | ast.Lambda):
        return []
    return [word for part in ast.iter_child_nodes(node) for word in words_in(part)]


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def english_in(file: Path) -> list[str]:
    """Return each place of a module that says or explains something in English alone."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        said: list[ast.AST] = []
        match node:
            case ast.Call(func=function, args=arguments, keywords=keywords):
                if _name(function) in SAYING:
                    said += arguments
                if _name(function) in HELPERS:
                    said += arguments[2:3]
                named = ("help", "description", "title", "note")
                said += [one.value for one in keywords if one.arg in named]
            case ast.Yield(value=value) if value is not None and file.name == "looking.py":
                said.append(value)
            case ast.Return(value=ast.JoinedStr() as value) if file.name == "terminal.py":
                said.append(value)
        found += [
            f"{file.name}:{part.lineno}: {words}" for part in said if (words := words_in(part))
        ]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_said_in_english_alone(file):
    assert english_in(file) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('print("no rows")', ["no", "rows"]),
        ('print(f"{count} rows")', ["rows"]),
        ('parser.add_argument("--x", help="what to do")', ["what", "to", "do"]),
        ('print("a" if x else "no rows")', ["no", "rows"]),
        ('screen.print(plain("no rows"))', ["no", "rows"]),
        ('print(translate("no rows"))', []),
        ('print(row["status"], runs.get("status"))', []),
    ],
)
def test_what_is_said_in_english_alone_is_found(tmp_path, code, words):
    file = tmp_path / "x.py"
    file.write_text(code, "utf-8")
    assert english_in(file) == ([f"x.py:1: {words}"] if words else [])


@pytest.fixture
def speaking(monkeypatch, capsys):
    """Return a function that gives a command's exit code and what it says in a language."""

    def say(spoken: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("WORKBENCH_LANGUAGE", spoken)
        monkeypatch.setenv("COLUMNS", "200")
        try:
            code = cli.main(list(arguments))
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsys.readouterr()
        return code, told.out + told.err

    return say


def test_the_help_of_every_command_is_chinese(speaking):
    waiting, seen = [()], set()
    while waiting:
        command = waiting.pop()
        _, english = speaking("en", *command, "--help")
        _, chinese = speaking("zh", *command, "--help")
        below = re.findall(r"^    ([a-z][\w-]*)(?=\s)", english, re.MULTILINE)
        waiting += [(*command, name) for name in below]
        seen.add(" ".join(command))
        usage, _, explained = chinese.partition("\n\n")
        assert usage.startswith("用法：workbench")
        assert english.startswith("usage: workbench")
        # A line holds no two English words in a row, except what is typed as it stands.
        prose = re.findall(r"(?<![-\w])[a-z]{2,} [a-z]{2,}\b", explained.replace("jupyter lab", ""))
        assert prose == [], command
    assert len(seen) > 35
    assert {"train", "runs list", "data label", "models search"} <= seen


@pytest.mark.parametrize(
    ("arguments", "english", "chinese"),
    [
        (["runs"], "the following arguments are required: ACTION", "缺少必需的参数：ACTION"),
        (["export", "x", "--to", "pdf"], "invalid choice: 'pdf'", "参数 --to：无效的选项：'pdf'"),
        (["find-lr", "--low", "x"], "invalid float value: 'x'", "'x' 不是合适的 float 值"),
        (["run", "x", "-p", "seed"], "expected 2 arguments", "参数 -p/--parameter：需要 2 个值"),
        (["models", "list", "--size", "big"], "'big' is no size", "'big' 不是参数量"),
        (["train", "quickstart", "--colour"], "unrecognized arguments", "不认识的参数：--colour"),
        (["runs", "stop", "x", "--kill", "--discard"], "not allowed with", "不能与参数"),
        (["runs", "steer", "x"], "required: KNOB=VALUE", "缺少必需的参数：KNOB=VALUE"),
    ],
)
def test_what_argparse_refuses_is_told_in_both_languages(speaking, arguments, english, chinese):
    for spoken, said in (("en", english), ("zh", chinese), ("en", english)):
        code, told = speaking(spoken, *arguments)
        assert code == 2
        assert said in told
    _, told = speaking("zh", *arguments)
    assert told.splitlines()[-1].startswith("workbench")
    assert "错误：" in told.splitlines()[-1]


def test_what_argparse_says_is_listed_word_by_word():
    """A newer argparse may say it otherwise; then the list is to be brought up to date."""
    own = {
        node.value
        for node in ast.walk(ast.parse(Path(argparse.__file__).read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    listed = {k: v for k, v in language.catalogue("en").items() if k.startswith("argparse.")}
    assert listed
    # Python 3.14 quotes the choices itself, and lists them in another sentence.
    assert [text for text in listed.values() if text not in own] == []


def test_a_table_has_chinese_headings_and_json_its_own_names(capsys):
    rows = [{"run": "a", "validation loss": 0.5, "f1_macro": 1.0, "mine": 2}]
    with language.using("zh"):
        print_table(rows, False, "")
        table = capsys.readouterr().out
        print_table(rows, True, "")
        answer = capsys.readouterr().out
        print_table(rows, False, "", own=False)
        of_data = capsys.readouterr().out
    assert table.split("\n")[0].split() == ["运行", "验证损失", "F1（宏平均）", "mine"]
    assert '"validation loss": 0.5' in answer
    assert of_data.startswith("run")
    assert word("f1_macro") == "f1_macro"


def test_chinese_words_stand_in_columns_of_the_same_width():
    from rich.cells import cell_len

    with language.using("zh"):
        assert {cell_len(padded(name, 9)) for name in ("run", "report", "metrics")} == {9}
        assert cell_len(padded("validation loss", 4)) == len("验证损失") * 2 + 1


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [(45, "45 s", "45 秒"), (200, "3 min 20 s", "3 分 20 秒"), (7500, "2 h 5 min", "2 小时 5 分")],
)
def test_a_time_is_told_in_both_languages(seconds, english, chinese):
    assert duration(seconds) == english
    with language.using("zh"):
        assert duration(seconds) == chinese


def test_answers_are_chinese(speaking, tmp_path):
    code, told = speaking("zh", "runs", "list", "--runs-dir", str(tmp_path))
    assert (code, told.strip()) == (0, f"{tmp_path} 中没有运行")
    code, told = speaking("zh", "data", "list")
    assert code == 0
    assert told.split()[:3] == ["名称", "任务", "行"]
    code, told = speaking("zh", "recipes", "fields")
    assert code == 0
    [line] = [line for line in told.splitlines() if line.startswith("train.learning_rate ")]
    assert language.text("form.help.train.learning_rate", "zh") in line
