import json
import re

import numpy as np

from tests.records import record_of
from workbench.errors import InputError
from workbench.reporting.desk import desk_labels
from workbench.static import script
from workbench.widgets.attention import AttentionDesk


def record(model="before", text="a b"):
    return record_of(np.full((2, 3, 2, 2), 0.5), text.split(), model=model)


def asked(desk, **message):
    sent = []
    desk.send = lambda content, buffers=None: sent.append(content)
    desk._received(desk, message, [])
    return sent


def test_the_desk_gets_plain_records_in_order():
    desk = AttentionDesk([record("before"), record("after")])
    assert [r["model"] for r in desk.records] == ["before", "after"]
    assert desk.records[0] == record("before").to_dict()


def test_other_records_can_be_shown_later():
    desk = AttentionDesk()
    assert desk.records == []
    desk.show([record()])
    assert desk.records[0]["sequences"]["source"]["tokens"] == ["a", "b"]


def test_an_answer_carries_the_number_of_its_question():
    desk = AttentionDesk([record()], {"map": lambda **about: about})
    (sent,) = asked(desk, kind="map", id=7, record=0, block=0, layer=1, head=2)
    assert sent["id"] == 7
    assert sent["answer"] == {"record": desk.shown[0], "block": 0, "layer": 1, "head": 2}


def test_a_fault_is_reported_as_a_sentence():
    def refuse(**_):
        raise InputError("no such head", "choose another")

    (sent,) = asked(AttentionDesk([record()], {"formula": refuse}), kind="formula", id=1)
    assert sent["fault"] == str(InputError("no such head", "choose another"))


def test_what_was_not_offered_is_not_answered():
    desk = AttentionDesk([record()], {"map": lambda **_: None})
    assert desk.live == ["map"]
    assert asked(desk, kind="causal", id=1, record=0) == []


def test_an_edited_sentence_is_shown_against_the_one_before():
    text = "the food was good and cheap"
    desk = AttentionDesk([record("after", text)], {"text": lambda text: [record("after", text)]})
    asked(desk, kind="text", id=1, text="the food was good and dear")
    assert desk.start == {"at": 1, "against": 0, "tint": "divergence"}


def test_another_sentence_is_shown_by_itself():
    desk = AttentionDesk(
        [record("before"), record("after")],
        {"text": lambda text: [record("before", text), record("after", text)]},
    )
    assert asked(desk, kind="text", id=3, text="c d") == [
        {"kind": "answer", "id": 3, "answer": None}
    ]
    assert [(r["model"], r["text"]) for r in desk.records] == [
        ("after", "a b"), ("before", "c d"), ("after", "c d"),
    ]  # fmt: skip
    assert desk.start == {"at": 2, "against": None, "tint": "entropy"}


def _wanted_labels():
    source = script("attention/widget.js")
    wanted = set(re.findall(r'say\(\s*"(\w+)"', source))
    for stem, names in {
        "about_": statistics_of(source), "order_": ("layers", "highest", "lowest"),
        "direction_": ("from", "to"), "source_": ("heads", "with_sinks", "without_sinks"),
        "block_": ("self", "encoder", "decoder", "cross"),
        "strip_": ("from", "to"), "strip_sum_": ("from", "to"), "strip_change_": ("from", "to"),
    }.items():  # fmt: skip
        wanted |= {stem + name for name in names}
    return wanted


def statistics_of(source):
    names = re.search(r"const STATISTICS = \[(.*?)\]", source, re.S)[1]
    return [*re.findall(r'"(\w+)"', names), "divergence"]


def test_the_desk_has_every_label_that_its_script_asks_for_in_both_languages():
    wanted = _wanted_labels()
    assert len(wanted) > 100
    english = desk_labels("en")
    assert wanted <= set(english)
    assert set(english) == set(desk_labels("zh"))


def test_the_catalogue_holds_no_label_that_nobody_asks_for():
    source = script("attention/widget.js")
    from_elsewhere = {"before", "after"}
    unasked = set(desk_labels("en")) - _wanted_labels() - from_elsewhere
    unused = {name for name in unasked if not re.search(rf"\b{name}\b", source)}
    assert unused == set()


def test_plain_records_are_strict_json():
    desk = AttentionDesk([record()])
    assert json.loads(json.dumps(desk.records, allow_nan=False)) == desk.records
