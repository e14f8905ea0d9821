"""HTML outputs: literal text in JupyterLab, aligned whoever is trusted, made in one place."""

from __future__ import annotations

import ast
from html.parser import HTMLParser
from pathlib import Path

import workbench
from workbench.figures.output import html_output


class Read(HTMLParser):
    def __init__(self, markup):
        super().__init__()
        self.tags, self.said = [], ""
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.said += data


def test_all_of_it_stands_where_mathjax_passes_by():
    made = html_output("<p>paid $3 and $2</p>", "paid", "workbench-page")
    read = Read(made["text/html"])
    assert read.tags[0] == ("div", {"class": "mathjax_ignore workbench-page"})
    assert made["text/html"].count("<div") == made["text/html"].count("</div") == 1
    assert read.said == "paid $3 and $2"


def test_cells_are_aligned_without_a_style_sheet_and_keep_a_style_of_their_own():
    made = html_output("<table><th>a</th><td class=x>b</td><td style='color:red'>c</td>", "")
    styles = [attrs.get("style") for tag, attrs in Read(made["text/html"]).tags if tag[0] == "t"]
    assert styles == [None, "text-align:left", "text-align:left", "color:red"]


def test_no_text_reorders_or_is_obeyed():
    made = html_output("<p>a\u202eb</p>", "a\u202e\x1b[31m")
    assert Read(made["text/html"]).said == "aU+202Eb"
    assert made["text/plain"] == "aU+202EU+001B[31m"


def test_html_for_notebooks_is_made_in_no_other_place():
    package = Path(workbench.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Dict):
                continue
            pairs = zip(node.keys, node.values, strict=True)
            if any(
                isinstance(key, ast.Constant) and key.value == "text/html"
                and not (isinstance(value, ast.Constant) and value.value == "")
                for key, value in pairs
            ):  # fmt: skip
                found.add(path.relative_to(package).as_posix())
    assert found == {"figures/output.py"}
