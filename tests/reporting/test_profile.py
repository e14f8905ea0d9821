"""The page of a profile: text from data stays text, in the notebook as in the file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from figures.examples import HOSTILE, source_profile

from workbench import language
from workbench.data.profiling import Finding
from workbench.errors import InputError
from workbench.reporting.profile import profile_bundles, render_profile, write_profile

FORMULA = '=HYPERLINK("http://example.org","click")'


@pytest.fixture(params=["en", "zh"])
def spoken(request):
    with language.using(request.param):
        yield request.param


@pytest.fixture
def profile():
    example = {"split": HOSTILE, "row": 7, "text": FORMULA, "label": HOSTILE, "why": HOSTILE}
    findings = [
        Finding("leak_exact", 1, 10, {"split": "test", "other": HOSTILE}, {"test": [7]}, [example]),
        Finding("cells.tag", 1, 10, {}, {"test": [7]}, [example]),
        Finding("empty_columns", 1, 2, {"columns": HOSTILE}),
    ]
    return replace(source_profile(("text", HOSTILE)), findings=findings, notes=[HOSTILE])


def test_every_finding_stands_above_its_rows_and_nothing_from_data_is_markup(profile, spoken):
    page = render_profile(profile)
    assert page.count("<details>") == 2
    assert page.count(">7</td>") == 2
    assert "=HYPERLINK(&#34;http" in page
    assert "<script>alert" not in page
    assert language.text("findings.cells.tag", count="1", share="10.0%") in page
    assert language.text("profile.section.findings") in page
    assert page.count("<figure>") == 7


def test_a_notebook_shows_the_same_page_and_each_figure_with_a_still_image(profile, spoken):
    first, *drawn = profile_bundles(profile)
    assert "<script" not in first["text/html"]
    assert "&lt;script&gt;" in first["text/html"]
    assert first["text/plain"].splitlines()[1].startswith("✗ ")
    assert len(drawn) == 14
    assert all("image/svg+xml" in one for one in drawn[::2])
    assert drawn[1]["text/plain"] == language.text("figures.label_counts.look")
    assert all(one["text/plain"] for one in drawn[1::2])


def test_a_profile_is_written_as_a_page_or_as_plain_data(profile, tmp_path):
    write_profile(profile, tmp_path / "a.json")
    result = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert result["findings"][1]["kind"] == "cells.tag"
    write_profile(profile, tmp_path / "a.html")
    assert "http-equiv" in (tmp_path / "a.html").read_text("utf-8")
    with pytest.raises(InputError, match=r"'a.pdf' has an ending .*; end it in .html, .json"):
        write_profile(profile, tmp_path / "a.pdf")
