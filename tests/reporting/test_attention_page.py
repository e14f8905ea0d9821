"""The attention desk away from the kernel: files of four kinds, and a bundle for a notebook."""

import base64
import json
import re

import numpy as np
import pytest

from tests.records import record_of
from workbench import language
from workbench.attention.reading import read_json
from workbench.errors import InputError
from workbench.reporting.attention_page import desk_bundle, write_look

HOSTILE = ["[CLS]", "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "[SEP]"]


def record(model="after", tokens=HOSTILE, layers=2, heads=3):
    rng = np.random.default_rng(4)
    weights = rng.dirichlet(np.ones(len(tokens)), size=(layers, heads, len(tokens)))
    return record_of(weights, tokens, model=model, prediction="positive (97%)")


@pytest.fixture(autouse=True, params=["en", "zh"])
def in_each_language(request):
    with language.using(request.param):
        yield request.param


def written(records, tmp_path, ending, **how):
    path = tmp_path / f"look{ending}"
    write_look(records, path, **how)
    return path.read_bytes()


def test_a_page_holds_picture_records_and_script_and_reaches_for_nothing(tmp_path):
    html = written([record("before"), record()], tmp_path, ".html").decode("utf-8")
    assert (
        html.index("<img alt=") < html.index('class="records"') < html.index('<script type="module')
    )
    assert "http" not in html.replace("http-equiv", "")
    data = re.search(r'class="records">(.*?)</script>', html, re.DOTALL)[1]
    values = json.loads(data)
    assert [one["model"] for one in values["records"]] == ["before", "after"]
    assert values["labels"]["title"] == language.text("attention.view.title")
    # The one address, the name of SVG's namespace, stands in the picture's own data.
    svg = base64.b64decode(re.search(r"svg\+xml;base64,([^\"]*)", html)[1]).decode("utf-8")
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]


def test_a_hostile_token_is_text(tmp_path):
    html = written([record()], tmp_path, ".html").decode("utf-8")
    assert "<img src=x" not in html
    assert "<script>alert" not in html


def test_a_json_file_holds_a_record_a_line(tmp_path):
    lines = written([record("before"), record()], tmp_path, ".json").decode("utf-8").splitlines()
    assert [read_json(line).model for line in lines] == ["before", "after"]


def test_pictures_are_png_and_svg(tmp_path):
    assert written([record()], tmp_path, ".png").startswith(b"\x89PNG")
    assert written([record()], tmp_path, ".svg", layer=1, head=2).startswith(b"<svg")


def test_an_unknown_ending_is_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(InputError, match="\\.html, \\.png, \\.svg, \\.json"):
        write_look([record()], tmp_path / "look.pdf")


@pytest.mark.parametrize(("name", "number"), [("layer", 3), ("layer", 0), ("head", 4)])
def test_a_layer_or_head_that_is_not_there_is_refused(tmp_path, name, number):
    with pytest.raises(InputError, match=f"--{name} {number}(: the model has|：模型只有)"):
        write_look([record()], tmp_path / "look.svg", **{name: number})


def test_a_place_that_cannot_be_written_is_an_error_of_the_input(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for ending in (".png", ".html"):
        with pytest.raises(InputError, match=r"cannot write|无法写入"):
            write_look([record()], tmp_path / "file" / f"look{ending}")


def test_a_bundle_shows_its_picture_first_and_stays_small():
    tokens = ["[CLS]", *(f"word{n}" for n in range(40)), "[SEP]"]
    bundle = desk_bundle([record("before", tokens, 6, 12), record("after", tokens, 6, 12)])
    html = bundle["text/html"]
    assert html.index("<img alt=") < html.index("<script")
    assert 'class="wb-desk-live" hidden' in html
    assert "http" not in html
    assert len(json.dumps(bundle)) < 1_000_000
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert language.text("attention.view.title") in bundle["text/plain"]
    assert "\n" not in bundle["text/plain"]


def test_two_bundles_do_not_share_an_identity():
    names = [
        re.search(r'id="(wb-desk-\w+)"', desk_bundle([record()])["text/html"])[1] for _ in "ab"
    ]
    assert names[0] != names[1]
