"""Every kind of fault that published files have, as a small replica: read, or refused with reason.

The table in `docs/data-files.md` lists the same kinds.
"""

from __future__ import annotations

import gzip
import json

import pytest
from tiers import ROOT

from workbench import language
from workbench.data import describe_source
from workbench.data.profiling import profile_source
from workbench.errors import InputError
from workbench.reporting.profile import profile_bundles, render_profile
from workbench.spec import RunSpec

from .examples import write
from .old_workbook import old_workbook

CHINESE = "text,label\n这家酒店的服务真的很好，下次还会再来,好\n房间太小而且不干净，价格也贵,差\n"
TRADITIONAL = (
    "text,label\n這家飯店的服務真的很好，下次還會再來,好\n房間太小而且不乾淨，價格也貴,差\n"
)
JAPANESE = (
    "text,label\nこのホテルのサービスはとても良かったです,良い\n部屋が狭くて高いと思いました,悪い\n"
)
FRENCH = (
    "text,label\nLe café était très bon et la crème aussi,bon\nRéservé à l’été dernier déjà,non\n"
)
SCRIPTS = 'text,label\n"<script>alert(1)</script>",a\n"=HYPERLINK(""http://x"",""y"")",b\n'
OBJECTS = json.dumps({"text": "a", "label": "b"}, indent=1)

# What is written, and what is read: rows, columns, encoding, and a part of what is said.
READ = {
    "utf-8 with byte-order mark": ("f.csv", CHINESE.encode("utf-8-sig"), (2, 2, "utf-8-sig"), ""),
    "utf-16": ("f.csv", CHINESE.encode("utf-16"), (2, 2, "utf-16"), ""),
    "gb18030": ("f.csv", CHINESE.encode("gb18030"), (2, 2, "gb18030"), ""),
    "big5": ("f.csv", TRADITIONAL.encode("big5"), (2, 2, "big5"), ""),
    "shift_jis": ("f.csv", JAPANESE.encode("cp932"), (2, 2, "cp932"), ""),
    "cp1252": ("f.csv", FRENCH.encode("cp1252"), (2, 2, "cp1252"), ""),
    "bytes that fit no encoding": (
        "f.csv", CHINESE.encode() + b"\xff,x\n", (3, 2, "utf-8"), "replaced by �: 1",
    ),
    "mojibake": ("f.csv", "text,label\nÂ£5 off,a\nplain,b\n".encode(), (2, 2, "utf-8"), "“Â£”: 1"),
    "line feeds in cells": ("f.csv", b'text,label\r\n"one\ntwo",a\r\nc,b\r\n', (2, 2, "utf-8"), ""),
    "unnamed columns": ("f.csv", b"text,label,,\na b,x,,\nc d,y,,\n", (2, 4, "utf-8"), ""),
    "header repeated among rows": (
        "f.csv", b"text,label\na,x\ntext,label\nb,y\n", (2, 2, "utf-8"),
        "repetitions of the header: 1",
    ),
    "rows with too many cells": (
        "f.csv", b"text,label\n" + b"a,x\n" * 9 + b"b,c,y\n", (9, 2, "utf-8"), "columns: 1, the",
    ),
    "objects in a row": (
        "f.json", f"{OBJECTS}\n{OBJECTS}".encode(), (2, 2, "utf-8"), "not a single JSON document",
    ),
    "old excel": ("f.xls", old_workbook([["很好，下次再来。"], ["不好！"]]), (2, 1, ""), ""),
    "scripts and formulas in cells": ("f.csv", SCRIPTS.encode(), (2, 2, "utf-8"), ""),
}  # fmt: skip
REFUSED = {
    "a quote never closed": (
        "f.csv",
        b'text,label\na,x\n"b,y\n',
        "opens on line 3 is never closed",
    ),
    "two columns of one name": (
        "f.csv",
        b"text,n,text\na,1,c\n",
        "'text' more than once (columns 0",
    ),
    "a page called xls": ("f.xls", b"<html></html>", "f.xls is a page of HTML or XML; save it as"),
    "markup": ("f.xml", b"<rss></rss>", "markup, which does not say what its rows are; convert"),
    "a damaged gzip file": ("f.csv.gz", gzip.compress(b"a,b\n" * 99)[:-9], "a damaged gzip file"),
    "no text file": ("f.csv", b"\x7fELF\x00\x00\x01\x02" * 9, "f.csv is not a text file; give csv"),
    "empty": ("f.csv", b"\n", "f.csv is empty; give a file with"),
}


@pytest.fixture(autouse=True)
def english():
    with language.using("en"):
        yield


@pytest.mark.parametrize("kind", READ)
def test_a_fault_that_can_be_read_is_read_and_reported(kind, tmp_path):
    name, content, (rows, columns, encoding), said = READ[kind]
    result = describe_source(str(write(tmp_path / name, content)))["splits"]["all"]
    assert (result["rows"], len(result["columns"]), result["encoding"]) == (
        rows,
        columns,
        encoding,
    )
    assert said in " ".join(result["notes"])
    assert bool(result["notes"]) == bool(said)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_fault_that_cannot_be_read_is_refused_with_the_reason(kind, tmp_path):
    name, content, said = REFUSED[kind]
    with pytest.raises(InputError) as caught:
        describe_source(str(write(tmp_path / name, content)))
    assert said in str(caught.value)
    assert caught.value.remedy


def test_the_table_in_the_docs_lists_every_kind_and_no_other():
    lines = (ROOT / "docs" / "data-files.md").read_text("utf-8").splitlines()
    listed = {
        line.split("|")[1].strip().strip("`"): line.split("|")[2].strip()
        for line in lines
        if line.startswith("| `")
    }
    assert set(listed) == {*READ, *REFUSED}
    assert {kind for kind, result in listed.items() if result.startswith("refused")} == set(REFUSED)


def test_scripts_and_formulas_are_text_on_every_page(tmp_path):
    place = write(tmp_path / "f.csv", SCRIPTS)
    spec = RunSpec().replace({"data.source": str(place), "model.source": str(tmp_path / "none")})
    profile = profile_source(spec).profile
    assert {"cells.tag", "cells.formula"} <= {finding.kind for finding in profile.findings}
    for page in (render_profile(profile), profile_bundles(profile)[0]["text/html"]):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "=HYPERLINK(&#34;http://x&#34;" in page
