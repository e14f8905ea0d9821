import pytest

from workbench.errors import InputError
from workbench.labelling import Journal
from workbench.labelling.items import Question, Suggestion
from workbench.labelling.journal import ADJUDICATION
from workbench.labelling.session import Session

from .examples import LABELS, item, items, session


def test_each_decision_is_in_the_journal_before_the_next_row_is_asked(tmp_path):
    made = session(tmp_path / "l.jsonl", reasons={("all", 1): "entropy, rank 1"})
    made.decide("spam", note="sure")
    held = Journal(made.journal.path).records()
    assert [(one.row, one.value, one.note, one.why) for one in held] == [
        (1, "spam", "sure", "entropy, rank 1")
    ]
    assert made.item.row == 2


def test_another_session_goes_on_where_the_last_one_ended(tmp_path):
    first = session(tmp_path / "l.jsonl")
    first.decide("spam")
    first.skip()
    again = session(tmp_path / "l.jsonl")
    assert again.item.row == 3
    assert again.progress() == {
        "total": 4, "labelled": 1, "skipped": 1, "counts": {"ham": 0, "spam": 1}
    }  # fmt: skip
    assert session(tmp_path / "l.jsonl", who="bob").item.row == 1


def test_a_row_that_holds_another_text_by_now_is_asked_again(tmp_path):
    session(tmp_path / "l.jsonl").decide("spam")
    assert session(tmp_path / "l.jsonl", items("another text", "b")).item.row == 1


def test_one_moves_undoes_and_decides_again(tmp_path):
    made = session(tmp_path / "l.jsonl")
    made.decide("spam")
    made.decide("ham")
    made.move(-2)
    assert (made.item.row, made.mine.value) == (1, "spam")
    made.decide("ham")
    assert made.item.row == 3
    assert made.undo().value == "ham"
    assert (made.item.row, made.mine.value) == (1, "spam")
    made.move(99)
    assert made.item.row == 4
    assert made.mine is None
    assert [made.undo() is not None for _ in range(3)] == [True, True, False]


def test_when_all_is_decided_nothing_is_asked(tmp_path):
    made = session(tmp_path / "l.jsonl", items("a", "b"))
    made.decide("spam")
    made.skip()
    assert made.item is None
    with pytest.raises(IndexError):
        made.skip()
    made.move(-1)
    assert made.item.row == 2


def test_a_note_stays_with_its_row(tmp_path):
    made = session(tmp_path / "l.jsonl")
    made.note("is this one?")
    assert made.item.row == 1
    assert made.journal.notes() == {("all", 1): ["is this one?"]}
    assert made.progress()["labelled"] == 0


TEXT = item(1, "小明 lives in 北京 🙂 now", role="context")
SPANS = Question("spans", ("PER", "LOC"), inside="context")


@pytest.mark.parametrize(
    ("question", "value", "held"),
    [
        (Question("class", LABELS), "ham", "ham"),
        (Question("class", LABELS, several=True), ["spam", "ham"], ["ham", "spam"]),
        (Question("class", LABELS, several=True), [], []),
        (Question("number", scale=(1, 5)), 4, 4),
        (Question("number", scale=(0, 5)), 2.5, 2.5),
        (Question("text"), "a summary", "a summary"),
        (SPANS, [], []),
        (
            SPANS,
            [{"start": 12, "end": 14, "label": "LOC"}, {"start": 0, "end": 2, "label": "PER"}],
            [
                {"start": 0, "end": 2, "text": "小明", "label": "PER"},
                {"start": 12, "end": 14, "text": "北京", "label": "LOC"},
            ],
        ),
        (
            Question("spans", inside="context"),
            [{"start": 15, "end": 16, "label": "x"}],
            [{"start": 15, "end": 16, "text": "🙂"}],
        ),
    ],
)
def test_answers_that_fit(question, value, held):
    assert question.check(value, TEXT) == held


@pytest.mark.parametrize(
    ("question", "value", "fault"),
    [
        (Question("class", LABELS), "eggs", "eggs is not a label; choose from ham, spam"),
        (Question("class", LABELS), ["ham"], "is not a label"),
        (Question("class", LABELS, several=True), ["ham", "eggs"], "eggs is not a label"),
        (Question("number", scale=(1, 5)), 6, "6 is not valid; enter a number in 1 – 5"),
        (Question("number", scale=(1, 5)), None, "is not valid"),
        (Question("number", scale=(0, 5)), True, "is not valid"),
        (Question("text"), " ", "The text is empty"),
        (SPANS, [{"start": 0, "end": 99, "label": "PER"}], "does not occur in the text"),
        (SPANS, [{"start": 2, "end": 3, "label": "PER"}], "does not occur in the text"),
        (SPANS, [{"start": 0, "end": 2, "label": "ORG"}], "ORG is not a label"),
        (SPANS, "x", "does not occur in the text"),
    ],
)
def test_answers_that_do_not_fit_are_refused_with_a_sentence(question, value, fault):
    with pytest.raises(InputError, match=fault):
        question.check(value, TEXT)


def test_an_adjudication_shows_what_others_said_and_counts_before_it(tmp_path):
    path = tmp_path / "l.jsonl"
    session(path).decide("spam")
    session(path, who="bob").decide("ham")
    others = {("all", 1): {"ann": "spam", "bob": "ham"}}
    judge = session(path, items()[:1], who="bob", others=others)
    assert judge.item.row == 1
    judge.decide("spam")
    assert judge.item is None
    again = session(path, items()[:1], who="bob", others=others)
    assert again.item is None
    late = session(path, who="ann")
    late.move(-1)
    late.decide("ham")
    decided = Journal(path).decisions()["all", 1]
    assert (decided.value, decided.why, decided.who) == ("spam", ADJUDICATION, "bob")
    assert set(Journal(path).by_person()["ann"]) == {("all", 1)}


def test_suggestions_are_kept_by_row(tmp_path):
    suggestions = {("all", 2): Suggestion("spam", 0.75)}
    made = Session(items(), Journal(tmp_path / "l.jsonl"), Question("class", LABELS), "ann",
                   suggestions)  # fmt: skip
    assert made.suggestions["all", 2].confidence == 0.75
    assert session(tmp_path / "l.jsonl", suggestions=suggestions, blind=True).suggestions == {}
