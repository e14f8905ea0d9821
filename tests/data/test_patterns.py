"""What patterns find, what they mask, and what they leave alone."""

from __future__ import annotations

import pytest

from workbench.data.patterns import MASKABLE, PATTERNS, masked, pattern, safe_cell

FOUND = [
    ("tag", "a <b>bold</b> word<br/>", ["<b>", "</b>", "<br/>"]),
    ("tag", "I <3 you, a < b and c > d, <unknown>", []),
    ("entity", "Tom &amp; Jerry &#8230; AT&T;", ["&amp;", "&#8230;"]),
    ("url", "see https://x.org/a?b=c. Or (www.y.com)!", ["https://x.org/a?b=c", "www.y.com"]),
    ("url", "详见http://t.cn/Rx1。谢谢", ["http://t.cn/Rx1"]),
    ("email", "mail a.b+c@mail.example.com, or me @home", ["a.b+c@mail.example.com"]),
    ("handle", "@VirginAmerica thanks, 转发@张三: me@x.org", ["@VirginAmerica", "@张三"]),
    ("phone", "+44 20 7946 0958, (415) 555-2671, 13812345678, 010-62345678", 4),
    ("phone", "24-02-2015 11.35, 3.1415926535, 1,234,567, 2021", []),
    ("card", "4111 1111 1111 1111 but 4111 1111 1111 1112", ["4111 1111 1111 1111"]),
    ("iban", "DE89 3704 0044 0532 0130 00 not DE88 3704 0044 0532 0130 00", 1),
    ("resident_id", "11010519491231002X, 110105194912310021", ["11010519491231002X"]),
    ("ip", "at 192.168.0.1, version 1.2.3.4.5, 300.1.1.1", ["192.168.0.1"]),
    ("control", "a\x00b\ttab\nline\u200b", ["\x00", "\u200b"]),
    ("replacement", "caf\ufffd\ufffd", ["\ufffd\ufffd"]),
    ("id", "570306133677760513, 5.70306E+17, 123e4567-e89b-12d3-a456-426614174000, cafe", 3),
    ("formula", '=HYPERLINK("http://x")', 1),
    ("formula", "-5.2", []),
]


@pytest.mark.parametrize(("name", "text", "expected"), FOUND)
def test_a_pattern_finds_what_it_should_and_nothing_else(name, text, expected):
    found = pattern(name).find(text)
    assert (len(found) if isinstance(expected, int) else found) == expected
    assert pattern(name).occurs(text) == bool(found)


def test_every_pattern_has_an_example():
    assert {one.name for one in PATTERNS} == {name for name, _, found in FOUND if found}


def test_masks_leave_nothing_that_a_second_pass_would_find():
    text = "@jo wrote jo@x.org from 10.0.0.1: call +1 415 555 2671, https://x.org/@jo"
    once = masked(text, MASKABLE)
    assert once == "[HANDLE] wrote [EMAIL] from [IP]: call [PHONE], [URL]"
    assert masked(once, MASKABLE) == once
    assert masked(text, ["url"]) == text.replace("https://x.org/@jo", "[URL]")


@pytest.mark.parametrize("cell", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(cell):
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=b", "-5", "+1.5e3", "1-2", "'=1"])
def test_other_cells_are_written_as_they_are(cell):
    assert safe_cell(cell) == cell
