"""The catalogues of interface text: the same in English and Chinese, and in step with the code."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import workbench
from workbench import language
from workbench.spec import fields, parse_tree
from workbench.spec.cleaning import STEPS

PACKAGE = Path(workbench.__file__).parent
FILES = sorted(
    file.relative_to(PACKAGE / "language").as_posix()
    for file in (PACKAGE / "language").glob("*/*.yaml")
)
KEYS = sorted(language.catalogue("en"))

# Names and terms that Chinese technical text writes as they are.
SAME_IN_BOTH = {
    "F1",
    "ROUGE",
    "ROUGE-1",
    "ROUGE-2",
    "ROUGE-L",
    "BLEU",
    "chrF",
    "Python",
    "PyTorch",
    "Transformers",
    "YAML",
    "Transformer",
    "macro F1",
}


def names_in(text: str) -> set[str]:
    """Return the `{fields}` of a string."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def patterns_of(argument: ast.expr) -> list[str]:
    """Return regular expressions for the keys that an argument of `text` can be."""
    match argument:
        case ast.Constant(value=str(key)):
            return [re.escape(key)]
        case ast.JoinedStr(values=parts):
            return [
                "".join(re.escape(p.value) if isinstance(p, ast.Constant) else ".+" for p in parts)
            ]
        case ast.IfExp(body=body, orelse=other):
            return patterns_of(body) + patterns_of(other)
    return []


def keys_used_in_python() -> list[tuple[str, str]]:
    """Return place and pattern of every key that the package's modules ask for."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        functions, modules = set(), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for name in node.names:
                    if (node.module or "").endswith("language") and name.name == "text":
                        functions.add(name.asname or name.name)
                    elif name.name == "language":
                        modules.add(name.asname or name.name)
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[key, *_]) if name in functions:
                    pass
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="text"), args=[key, *_]
                ) if name in modules:
                    pass
                case _:
                    continue
            place = f"{file.relative_to(PACKAGE).as_posix()}:{node.lineno}"
            found += [(place, pattern) for pattern in patterns_of(key)]
    return found


def keys_used_in_templates() -> list[tuple[str, str]]:
    """Return place and pattern of every key that the report's template asks for."""
    found = []
    for file in sorted((PACKAGE / "reporting").glob("*.j2")):
        for line_number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            for key, joined in re.findall(r"""\bt\(["']([\w.]+)["']( ~)?""", line):
                place = f"report/{file.name}:{line_number}"
                found.append((place, re.escape(f"report.{key}") + (".+" if joined else "")))
    return found


def texts_in_python() -> set[str]:
    """Return every text in the package's modules; a key may reach `text` through a variable."""
    trees = [ast.parse(file.read_text("utf-8")) for file in PACKAGE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


USED = keys_used_in_python() + keys_used_in_templates()


def test_there_are_catalogues_and_uses_to_look_at():
    assert len(KEYS) > 100
    assert len(keys_used_in_python()) > 50
    assert len(keys_used_in_templates()) > 10


def test_both_languages_have_the_same_files():
    english = {file.removeprefix("en/") for file in FILES if file.startswith("en/")}
    chinese = {file.removeprefix("zh/") for file in FILES if file.startswith("zh/")}
    assert english == chinese


@pytest.mark.parametrize("file", FILES)
def test_no_key_stands_twice_in_a_file(file):
    assert parse_tree((PACKAGE / "language" / file).read_text("utf-8"), file)


def test_both_languages_have_the_same_strings():
    """The English help of fields and steps stands beside them, so only Chinese has it here."""
    help_keys = {f"form.help.{field.path}" for field in fields()}
    for name, kind in STEPS.items():
        help_keys |= {f"clean.steps.{name}.{part}" for part in ("is", *kind.model_fields)}
    english, chinese = set(language.catalogue("en")), set(language.catalogue("zh"))
    assert chinese - help_keys == english
    assert help_keys <= chinese


def test_a_string_has_the_same_fields_in_both_languages():
    english, chinese = language.catalogue("en"), language.catalogue("zh")
    assert [k for k in KEYS if names_in(english[k]) != names_in(chinese.get(k, ""))] == []


@pytest.mark.parametrize("name", language.LANGUAGES)
def test_every_string_is_a_text_that_is_not_empty(name):
    wrong = [k for k, v in language.catalogue(name).items() if not isinstance(v, str) or not v]
    assert wrong == []


def test_every_chinese_string_is_chinese():
    english = language.catalogue("en")
    left = [
        (key, text)
        for key, text in language.catalogue("zh").items()
        if text not in SAME_IN_BOTH
        and re.search(r"[A-Za-z]{2}", re.sub(r"\{.*?\}", "", english.get(key, "")))
        and not re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", text)
    ]
    assert left == []


def test_no_english_string_holds_chinese():
    english = language.catalogue("en").items()
    assert [key for key, text in english if re.search(r"[\u4e00-\u9fff]", text)] == []


def test_both_forms_of_a_noun_are_words_and_chinese_has_none():
    strings = [*language.catalogue("en").values(), *language.sentences("zh")]
    forms = [
        (spec, text)
        for text in strings
        for _, _, spec, _ in string.Formatter().parse(text)
        if spec and "|" in spec
    ]
    assert len(forms) > 10
    assert [text for spec, text in forms if not re.fullmatch(r"[a-z ]+\|[a-z ]+", spec)] == []
    chinese = [*language.catalogue("zh").values(), *language.sentences("zh").values()]
    assert [text for text in chinese if re.search(r"\{\w+:[^{}]*\|", text)] == []


def test_what_the_browser_fills_has_no_forms_to_choose():
    """`static/` fills `{name}` alone."""
    areas = ("live.", "attention.", "form.", "steering.", "learning.", "figures.")
    held = [key for key in KEYS if key.startswith(areas)]
    assert [key for key in held if re.search(r":[^{}]*\|", language.catalogue("en")[key])] == []


def test_every_key_that_the_code_asks_for_exists():
    missing = [
        f"{place} asks for {pattern}"
        for place, pattern in USED
        if not any(re.fullmatch(pattern, key) for key in language.catalogue("zh"))
    ]
    assert missing == []


def test_every_string_is_asked_for_somewhere():
    texts = texts_in_python()
    unused = [
        key
        for key in language.catalogue("zh")
        if key not in texts and not any(re.fullmatch(pattern, key) for _, pattern in USED)
    ]
    assert unused == []
