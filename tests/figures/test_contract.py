"""Every figure keeps the same promises; a new one is found by its folder."""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import pkgutil
import re
import xml.etree.ElementTree as ET

import nbformat
import plotly.graph_objects as go
import pytest
from nbconvert import HTMLExporter

from figures.examples import HOSTILE, figure
from workbench import figures, language

LABELS = ("negative", HOSTILE, HOSTILE + " again", "中文标签")


def _figure_names() -> list[str]:
    found = []
    for module in pkgutil.iter_modules(figures.__path__):
        if module.name.startswith("_") or module.name == "theme":
            continue
        loaded = importlib.import_module(f"workbench.figures.{module.name}")
        found += [
            name
            for name, function in inspect.getmembers(loaded, inspect.isfunction)
            if function.__module__ == loaded.__name__
            and not name.startswith("_")
            and function.__annotations__.get("return") == "go.Figure"
        ]
    return sorted(found)


NAMES = _figure_names()


@pytest.fixture(autouse=True, params=["en", "zh"])
def language_in_force(request):
    before = language.current()
    yield language.use(request.param)
    language.use(before)


def test_the_folder_holds_the_figures_that_the_package_offers():
    assert set(NAMES) <= set(figures.__all__)
    assert len(NAMES) == 26


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_title_axis_titles_and_what_to_look_for(name, language_in_force):
    drawn = figure(name)
    layout = drawn.layout
    assert isinstance(drawn, go.Figure)
    assert len(drawn.data) > 0
    assert layout.title.text.startswith(language.text(f"figures.{name}.title").partition("{")[0])
    result = language.text(f"figures.{name}.x").replace("{measure}", "positive")
    assert layout.xaxis.title.text == result
    assert layout.yaxis.title.text == language.text(f"figures.{name}.y")
    assert layout.meta["look"].startswith(figures.caption(name))
    cjk = any("\u4e00" <= character <= "\u9fff" for character in figures.caption(name))
    assert cjk == (language_in_force == "zh")


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_well_formed_whatever_the_labels_hold(name):
    svg = figures.to_svg(figure(name, LABELS))
    root = ET.fromstring(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "path", "rect", "circle", "text"}
    assert not [key for element in root.iter() for key in element.attrib if "href" in key]


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_figure_holds_markup_from_data(name):
    plain = json.dumps(figures.bundle(figure(name, LABELS))["application/vnd.plotly.v1+json"])
    assert "<script" not in plain
    assert "$x$" not in plain


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_is_strict_json_with_an_image_and_a_line(name):
    made = figures.bundle(figure(name, LABELS))
    text = json.dumps(made, allow_nan=False)
    assert json.loads(text) == made
    assert set(made) == {"application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"}
    assert ET.fromstring(made["image/svg+xml"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert "\n" not in made["text/plain"]
    assert figures.caption(name) in made["text/plain"]


def test_the_image_survives_whoever_takes_data_out_of_html():
    made = figures.bundle(figure("training_curves"))
    output = nbformat.v4.new_output("display_data", made)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])
    page, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook)
    source = re.search(r'<img[^>]* src="data:image/svg\+xml;base64,([^"]+)"', page)[1]
    assert base64.b64decode(source).decode() == made["image/svg+xml"]


@pytest.mark.parametrize("name", NAMES)
def test_every_text_of_an_image_lies_inside_it(name):
    root = ET.fromstring(figures.to_svg(figure(name, LABELS)))
    width, height = float(root.get("width")), float(root.get("height"))
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(text.get("x")) <= width
        assert 0 <= float(text.get("y")) <= height
