import re

import numpy as np

from tests.records import record_of
from workbench.report.parts import view_record
from workbench.widgets import STATIC
from workbench.widgets.attention import AttentionView, view_labels


def record(model="before"):
    return record_of(np.full((2, 3, 2, 2), 0.5), ["a", "b"], model=model)


def test_the_view_gets_plain_records_in_order():
    view = AttentionView([record("before"), record("after")])
    assert [r["model"] for r in view.records] == ["before", "after"]
    assert view.records[0] == view_record(record("before"))


def test_other_records_can_be_shown_later():
    view = AttentionView()
    assert view.records == []
    view.show([record()])
    assert view.records[0]["tokens"] == ["a", "b"]


def test_the_view_has_every_label_that_its_script_asks_for_in_both_languages():
    script = (STATIC / "attention.js").read_text("utf-8")
    wanted = set(re.findall(r"\blabels(?:Of\(model\))?\.(\w+)", script))
    assert len(wanted) > 8
    for language in ("en", "zh"):
        assert wanted | {"before", "after"} == set(view_labels(language))


def test_no_script_writes_markup_from_data():
    for path in STATIC.glob("*.js"):
        source = path.read_text("utf-8")
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in source, f"{path.name}: {sink}"


def test_no_script_reaches_for_the_network():
    for path in STATIC.glob("*.*"):
        assert not re.search(r"https?:|fetch\(|XMLHttp|import ", path.read_text("utf-8")), path.name
