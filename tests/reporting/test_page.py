from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from figures.examples import HOSTILE

from reporting.folders import LONG, run_folder
from workbench import language
from workbench.reporting import render, write_report
from workbench.reporting.page import SECTIONS
from workbench.runs import RunFolder
from workbench.static import script

LOADING = {
    "src", "href", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href",
}  # fmt: skip
VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """The elements, attributes, scripts and visible text of a page, and whether its tags match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.text += data

    def tags(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(scope="module", params=["en", "zh"])
def page(request, tmp_path_factory):
    run = run_folder(tmp_path_factory.mktemp(f"report-{request.param}"), request.param)
    html = write_report(run).read_text("utf-8")
    return request.param, html, Page(html)


def test_the_report_lies_in_the_run_folder(tmp_path):
    run = run_folder(tmp_path)
    assert write_report(run) == run.report_path
    assert run.report_path.is_file()


def test_every_tag_that_opens_is_closed(page):
    assert page[2].open == []


def test_nothing_is_loaded_from_outside(page):
    _, html, parsed = page
    for tag, attributes in parsed.elements:
        for name in LOADING & attributes.keys():
            assert attributes[name].startswith(("data:", "#")), (tag, name)
    assert not parsed.tags("link") and not parsed.tags("iframe") and not parsed.tags("object")
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert not any(re.search(r"url\(|@import", style) for style in styles)
    code = "".join(
        s for s, a in zip(parsed.scripts, parsed.tags("script"), strict=True)
        if a.get("type") != "application/json"
    )  # fmt: skip
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest", code)


def test_the_page_itself_forbids_the_network(page):
    policy = next(a["content"] for a in page[2].tags("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_text_from_data_and_labels_is_shown_and_never_run(page):
    _, html, parsed = page
    assert "<script>alert" not in html
    assert "<img src=https" not in html
    assert parsed.text.count("<script>alert(1)</script> & $x$") >= 5
    assert all("alert(1)" not in script for script in parsed.scripts if "import view" in script)


def test_the_page_speaks_the_language_of_its_spec(page):
    lang, _, parsed = page
    assert parsed.tags("html")[0]["lang"] == {"en": "en", "zh": "zh-CN"}[lang]
    for section in SECTIONS:
        assert language.text(f"report.section.{section}", lang) in parsed.text
    assert language.text("figures.loss_curves.look", lang) in parsed.text


def test_the_interface_keeps_its_own_language(tmp_path):
    language.use("en")
    render(run_folder(tmp_path, "zh"))
    assert language.current() == "en"


def test_every_section_of_the_contents_exists(page):
    ids = {attributes.get("id") for _, attributes in page[2].elements}
    links = {a["href"].removeprefix("#") for a in page[2].tags("a")}
    assert links == set(SECTIONS)
    assert links <= ids


def test_the_result_is_reported_in_one_sentence_against_the_baselines(tmp_path):
    text = Page(render(run_folder(tmp_path))).text
    assert (
        "The fine-tuned model gets 87.3% of 200 validation rows right; always predicting the "
        "most frequent class gets 50.0%; the same model before fine-tuning gets 48.4%."
    ) in text


def test_the_line_that_repeats_the_run_can_be_copied(page):
    _, _, parsed = page
    assert "workbench train runs/minilm-tweets-20260101-120000/spec.yaml" in parsed.text
    targets = {a["data-copy"] for a in parsed.tags("button") if "data-copy" in a}
    assert targets == {"command", "spec-yaml"}
    assert targets <= {a.get("id") for a in parsed.tags("code")}


def test_every_figure_is_an_image_with_words(page):
    images = page[2].tags("img")
    assert len(images) == 13
    assert all(a["src"].startswith("data:image/svg+xml;base64,") and a["alt"] for a in images)


def test_wrong_predictions_are_listed_the_worst_first_and_right_ones_are_not(tmp_path):
    text = Page(render(run_folder(tmp_path))).text
    assert "just right" not in text
    assert text.index("97.0%") < text.index("87.0%") < text.index("67.0%")


def test_a_long_text_is_folded_and_cut(tmp_path):
    html = render(run_folder(tmp_path))
    assert html.count("<details>") == 3  # two of errors, one of findings
    assert LONG[:4000] in html
    assert LONG[:4100] not in html


def test_facts_are_written_for_a_reader(page):
    lang, _, parsed = page
    assert "22,713,986" in parsed.text
    memory = {
        "en": "640 MB (batch of 16 rows, 128 tokens)",
        "zh": "640 MB（每批 16 个样本，128 个词元）",
    }
    assert memory[lang] in parsed.text
    assert "pretraining_data" not in parsed.text


def test_the_attention_can_be_explored_and_has_a_still_picture_first(page):
    lang, html, parsed = page
    views = [
        json.loads(script)
        for script, attributes in zip(parsed.scripts, parsed.tags("script"), strict=True)
        if attributes.get("class") == "records"
    ]
    assert [[r["model"] for r in view["records"]] for view in views] == [["before", "after"]]
    assert len(views[0]["records"][1]["blocks"][0]["maps"]) == 6
    assert views[0]["labels"]["layer"] == language.text("attention.view.layer", lang)
    assert html.index('class="wb-desk-still"') < html.index('class="wb-desk-live"')
    assert script("attention/page.js") in html


def test_attention_that_is_too_large_stays_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.reporting.attention.MAX_ATTENTION_BYTES", 100)
    html = render(run_folder(tmp_path))
    assert language.text("report.too_large", "en") in html
    assert 'class="records"' not in html
    assert script("attention/page.js") not in html
    assert len(Page(html).tags("img")) == 13


def test_the_report_stays_small(page):
    assert len(page[1].encode("utf-8")) < 400_000


PARTS = {
    "spec": "spec.yaml",
    "data": "data.json",
    "model": "model.json",
    "training": "events.jsonl",
    "evaluation": "evaluation/metrics.json",
    "errors": "evaluation/predictions.parquet",
    "attention": "attention",
    "environment": "spec.yaml",
}


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_left_out_and_a_sentence_says_so(tmp_path, part):
    run = run_folder(tmp_path)
    place = run.path / PARTS[part]
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    parsed = Page(render(run))
    assert language.text(f"report.missing.{part}", "en") in parsed.text
    others = set(PARTS) - {name for name, path in PARTS.items() if path == PARTS[part]}
    for other in others:
        assert language.text(f"report.missing.{other}", "en") not in parsed.text


@pytest.mark.parametrize("part", sorted(set(PARTS) - {"training", "attention"}))
def test_a_damaged_part_is_left_out_like_a_missing_one(tmp_path, part):
    run = run_folder(tmp_path)
    (run.path / PARTS[part]).write_bytes(b"\xff{ not what it should be")
    assert language.text(f"report.missing.{part}", "en") in Page(render(run)).text


def test_an_empty_folder_still_gives_a_page(tmp_path):
    text = Page(render(RunFolder(tmp_path))).text
    for part in PARTS:
        assert language.text(f"report.missing.{part}", "en") in text
    assert "The run has not been evaluated; the last recorded step is 0." in text


def test_a_failed_run_says_how_it_failed(tmp_path):
    run = run_folder(tmp_path)
    (run.evaluation_path / "metrics.json").unlink()
    with run.events_path.open("a", encoding="utf-8") as file:
        failure = {"event": "run_failed", "seq": 999, "step": 120, "wall_seconds": 9.0}
        file.write(
            json.dumps(failure | {"what": f"it broke {HOSTILE}", "remedy": "mend it"}) + "\n"
        )
    html = render(run)
    assert "The run failed at step 120: it broke &lt;script&gt;" in html
    assert "mend it" in html


def test_a_run_without_a_mistake_says_so(tmp_path):
    import pyarrow.parquet

    run = run_folder(tmp_path)
    path = run.evaluation_path / "predictions.parquet"
    table = pyarrow.parquet.read_table(path).slice(2, 1)
    pyarrow.parquet.write_table(table, path)
    assert language.text("report.no_errors", "en") in Page(render(run)).text
