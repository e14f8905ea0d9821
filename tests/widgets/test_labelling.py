import pytest

from tests.labelling.examples import LABELS, TEXTS, items, session
from workbench.labelling import Journal
from workbench.labelling.items import Question, Suggestion
from workbench.widgets.labelling import LabellingDesk, display_value


@pytest.fixture
def desk(tmp_path):
    return LabellingDesk(session(tmp_path / "l.jsonl"), "en")


def press(desk, act, **more):
    """Do what the browser's message does."""
    desk._received(desk, {"kind": act, "turn": desk.state["turn"], **more}, [])
    return desk.state


def test_the_browser_shows_the_next_row_only_when_the_decision_is_kept(desk):
    assert desk.state["item"]["texts"] == [{"name": "", "text": TEXTS[0], "marked": False}]
    assert desk.state["item"]["place"] == "1 of 4 · row 1"
    state = press(desk, "decide", value="spam")
    assert Journal(desk.session.journal.path).decisions()["all", 1].value == "spam"
    assert state["said"] == "Saved: spam."
    assert state["item"]["place"] == "2 of 4 · row 2"
    assert state["progress"]["text"] == "1 of 4 labelled, 0 skipped"
    assert state["progress"]["tally"] == "ham 0 · spam 1"


def test_a_key_that_was_pressed_twice_decides_once(desk):
    message = {"kind": "decide", "turn": 0, "value": "spam"}
    desk._received(desk, message, [])
    desk._received(desk, message, [])
    assert len(desk.session.journal) == 1


def test_acts_are_reported_in_words(desk):
    assert press(desk, "skip")["said"] == "Skipped."
    assert press(desk, "undo")["said"] == "Undone: row 1."
    assert press(desk, "undo")["said"] == "There is nothing to undo."
    assert press(desk, "note", text="odd")["said"] == "Note saved."
    assert desk.state["item"]["notes"] == ["odd"]
    assert press(desk, "move", steps=2)["item"]["place"] == "3 of 4 · row 3"
    assert press(desk, "dance")["said"] == ""


def test_a_fault_is_said_and_the_row_stays(desk):
    state = press(desk, "decide", value="eggs")
    assert state["fault"] == "eggs is not a label; choose from ham, spam"
    assert state["item"]["place"].startswith("1 of 4")
    assert not desk.session.journal.path.exists()


def test_when_all_is_decided_there_is_no_row(desk):
    for _ in TEXTS:
        press(desk, "skip")
    assert desk.state["item"] is None
    assert press(desk, "decide", value="spam")["said"] == ""
    assert press(desk, "move", steps=-1)["item"]["place"] == "4 of 4 · row 4"


def test_suggestions_and_others_are_shown(tmp_path):
    made = session(
        tmp_path / "l.jsonl",
        suggestions={("all", 1): Suggestion("spam", 0.756)},
        others={("all", 1): {"ann": "spam", "bob": "ham"}},
        question=Question("class", LABELS, guidelines="<b>Look twice</b>"),
    )
    desk = LabellingDesk(made, "zh")
    assert desk.state["item"]["suggestion"] == {"value": "spam", "text": "模型，76%"}
    assert desk.state["item"]["others"] == [
        {"who": "ann", "text": "spam"},
        {"who": "bob", "text": "ham"},
    ]
    assert desk.guidelines == "<b>Look twice</b>"
    assert desk.words["by"] == "标注人：ann"
    assert desk.words["keys"].startswith("按数字键选择")


def test_what_was_decided_is_shown_again(tmp_path):
    desk = LabellingDesk(session(tmp_path / "l.jsonl", items("a", "b")), "en")
    press(desk, "decide", value="spam")
    assert press(desk, "move", steps=-1)["item"]["value"] == "spam"


def test_decisions_are_reported_as_plain_text():
    span = {"start": 0, "end": 3, "text": "Ann", "label": "PER"}
    assert display_value(["a", "b"]) == "a, b"
    assert display_value([span]) == "Ann PER"
    assert display_value(4.0) == "4"
    assert display_value([]) == ""
