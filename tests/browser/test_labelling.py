"""Labelling in JupyterLab: thirty rows by keyboard over a killed kernel; spans by both hands."""

import json
import os
import signal

import pytest

from workbench.labelling import Journal

pytestmark = pytest.mark.browser

FORMS = """
import workbench as wb
wb.label("topics.jsonl", ["news", "sport", "art"], several=True, who="ann")
wb.label("stars.jsonl", task="text-regression", scale=(1, 5), who="ann")
wb.label("short.jsonl", task="summarization", who="ann")
"""

LABEL = """
import os
from pathlib import Path
import workbench as wb
Path("{name}.pid").write_text(str(os.getpid()))
wb.label("{name}.jsonl", {labels}, task="{task}", who="ann", guidelines={guidelines!r})
"""


@pytest.fixture
def open_desk(open_page):
    def open_desk(name, rows, labels=(), task="text-classification", language="en",
                  theme="JupyterLab Light", size=(1280, 1000), kept=True):  # fmt: skip
        lab = open_page(language, size, kept)
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (lab.lab.root / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        code = LABEL.format(
            name=name, labels=list(labels), task=task, guidelines="<b>Prizes</b> are spam."
        )
        lab.open(lab.lab.write_notebook(f"{name}.ipynb", code), theme)
        lab.run_all()
        lab.page.locator(".wb-labelling .wb-desk").wait_for()
        return lab

    return open_desk


def desk(lab):
    return lab.page.locator(".wb-labelling .wb-desk")


def press(lab, key, place):
    """Press a key and wait until the desk shows another place."""
    lab.page.keyboard.press(key)
    lab.page.locator(".wb-labelling .wb-place", has_text=place).wait_for(timeout=10_000)


def journal(lab, name):
    return Journal(lab.lab.root / "labels" / f"{name}.jsonl")


def test_thirty_rows_by_keyboard_survive_a_killed_kernel(open_desk):
    rows = [{"text": f"<script>alert({n})</script> message {n}"} for n in range(1, 31)]
    lab = open_desk("thirty", rows, ["ham", "spam"], kept=False)
    desk(lab).focus()
    for n in range(1, 15):
        press(lab, "1" if n % 3 else "2", f"{n + 1} of 30 ·")
    press(lab, "s", "16 of 30 ·")
    press(lab, "u", "15 of 30 ·")
    lab.page.keyboard.press("n")
    lab.page.keyboard.type("2 is no answer here")
    lab.page.keyboard.press("Enter")
    lab.page.get_by_text("✎ 2 is no answer here").wait_for()
    press(lab, "ArrowDown", "15 of 30 ·")
    press(lab, "Enter", "16 of 30 ·")
    assert "15 of 30 labelled, 0 skipped" in desk(lab).inner_text()
    assert "Saved: spam." in desk(lab).inner_text()
    assert lab.page.locator(".wb-guide").inner_text().endswith("<b>Prizes</b> are spam.")
    assert lab.page.locator(".jp-Notebook .jp-Cell").count() == 1
    lab.screenshot("labelling-half", desk(lab))

    os.kill(int((lab.lab.root / "thirty.pid").read_text()), signal.SIGKILL)
    assert len(journal(lab, "thirty").decisions()) == 15
    lab.page.keyboard.press("2")
    lab.page.get_by_text("this label was not saved").wait_for(timeout=15_000)
    lab.open("thirty.ipynb")
    lab.run_all()
    lab.page.locator(".wb-labelling .wb-place", has_text="16 of 30 ·").wait_for()
    desk(lab).focus()
    for n in range(16, 30):
        press(lab, "1" if n % 3 else "2", f"{n + 1} of 30 ·")
    lab.page.keyboard.press("2")
    lab.page.get_by_text("All rows are labelled.").wait_for()
    decided = journal(lab, "thirty").decisions()
    wanted = {n: "ham" if n % 3 else "spam" for n in range(1, 31)} | {15: "spam"}
    assert {row: one.value for (_, row), one in decided.items()} == wanted
    assert journal(lab, "thirty").notes() == {("all", 15): ["2 is no answer here"]}


def test_spans_are_marked_by_keys_and_by_mouse(open_desk):
    rows = [{"tokens": ["🙂", "Ann", "lives", "in", "New", "York"]}, {"tokens": list("小明在北京")}]
    lab = open_desk(
        "spans", rows, ["PER", "LOC"], "token-classification", "zh", "JupyterLab Dark", (700, 900)
    )
    passage = lab.page.locator(".wb-passage")
    passage.focus()
    for key in ("ArrowRight", "1", "End", "Shift+ArrowLeft", "2"):
        lab.page.keyboard.press(key)
    marks = lab.page.locator(".wb-passage mark")
    assert marks.all_inner_texts() == ["Ann", "New York"]
    assert "已选中：New York (LOC)" in desk(lab).inner_text()
    lab.screenshot("labelling-spans", desk(lab))
    press(lab, "Enter", "第 2 条，共 2 条 ·")
    box = passage.locator("span, mark").last.bounding_box()
    middle = box["y"] + box["height"] / 2
    lab.page.mouse.move(box["x"] + box["width"] * 0.6, middle)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] * 0.99, middle, steps=3)
    lab.page.mouse.up()
    lab.page.get_by_role("button", name="LOC").click()
    assert marks.all_inner_texts() == ["北京"]
    lab.page.get_by_role("button", name="保存，下一条").click()
    lab.page.get_by_text("所有行都已标注").wait_for()
    decided = journal(lab, "spans").decisions()
    assert decided["all", 1].value == [
        {"start": 2, "end": 5, "text": "Ann", "label": "PER"},
        {"start": 15, "end": 23, "text": "New York", "label": "LOC"},
    ]
    assert decided["all", 2].value == [{"start": 3, "end": 5, "text": "北京", "label": "LOC"}]


def test_several_labels_ratings_and_texts_by_keyboard_and_a_draft_outlives_the_page(open_page):
    lab = open_page("en")
    for name, row in (
        ("topics", {"text": "A painter won the cup."}),
        ("stars", {"text": "Quite good."}),
        ("short", {"document": "A long text.", "summary": "Old summary."}),
    ):
        (lab.lab.root / f"{name}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    notebook = lab.lab.write_notebook("forms.ipynb", FORMS)
    lab.open(notebook)
    lab.run_all()
    topics, stars, short = (desk(lab).nth(n) for n in range(3))
    topics.focus()
    for key in ("2", "1", "3", "1", "Enter"):
        lab.page.keyboard.press(key)
    topics.get_by_text("All rows are labelled.").wait_for()
    stars.focus()
    lab.page.keyboard.press("4")
    stars.get_by_text("Saved: 4.").wait_for()
    short.focus()
    lab.page.keyboard.press("e")
    lab.page.keyboard.press("ControlOrMeta+a")
    lab.page.keyboard.type("Half a new su")

    lab.open(notebook)
    lab.run_all()
    short = desk(lab).nth(2)
    writing = short.get_by_role("textbox", name="Text")
    assert writing.input_value() == "Half a new su"
    writing.focus()
    lab.page.keyboard.press("End")
    lab.page.keyboard.type("mmary.")
    lab.page.keyboard.press("Control+Enter")
    short.get_by_text("All rows are labelled.").wait_for()
    held = {name: journal(lab, name).records()[0].value for name in ("topics", "stars", "short")}
    assert held == {"topics": ["sport", "art"], "stars": 4, "short": "Half a new summary."}
