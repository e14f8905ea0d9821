"""What each step of cleaning does to rows, what it leaves alone, and what is kept of it."""

from __future__ import annotations

import json
from collections import Counter
from csv import reader

import pandas
import pytest

from tests.data.examples import SHARED, TASK, csv, load, rows, write
from workbench.data import load_further
from workbench.data.cleaning import clean_table, clean_texts, function_of, notes_of
from workbench.data.cleaning import labels as label_steps
from workbench.data.cleaning import rows as row_steps
from workbench.data.cleaning import texts as text_steps
from workbench.data.tables import Table
from workbench.errors import DataError
from workbench.spec import DataSpec, parse_step
from workbench.spec.cleaning import STEPS
from workbench.tasks import load_task

COLUMNS = {"text": "text", "label": "label"}


def clean(pairs, *steps, custom=None, task=TASK, columns=COLUMNS, **fields):
    frame = pandas.DataFrame(
        pairs, columns=list(columns.values()), index=range(1, len(pairs) + 1), dtype=object
    )
    spec = DataSpec(cleaning=list(steps), **fields)
    return clean_table(Table("rows.csv", frame), columns, task, spec, custom)


def texts(*given, step):
    cleaned = clean([(text, "a") for text in given], step)
    return list(cleaned.table.frame["text"])


def left(pairs, *steps, **how):
    return list(clean(pairs, *steps, **how).table.frame.index)


@pytest.mark.parametrize("name", STEPS)
def test_every_step_has_one_function(name):
    homes = [home for home in (text_steps, label_steps, row_steps) if hasattr(home, name)]
    assert len(homes) == 1
    assert homes[0].__dict__[name].__module__ == homes[0].__name__


@pytest.mark.parametrize("name", STEPS)
def test_every_step_leaves_plain_rows_and_the_table_given_alone(name):
    entry = {"language": "language(keep=[en])"}.get(name, name)
    pairs = [("the first of two plain sentences", "a"), ("quite another line about dogs", "b")]
    cleaned = clean(pairs, entry)
    assert cleaned.table.frame.values.tolist() == list(map(list, pairs))
    assert [(one.changed_cells, one.dropped_rows) for one in cleaned.done] == [(0, 0)]


STEP_EXAMPLES = [
    ("fix_text", "Iâ€™m â€œhereâ€\x9d, cafÃ©", "I’m “here”, café"),
    ("fix_text", "I’m “here”, café 你好", "I’m “here”, café 你好"),
    ("fix_text", "only 4txt/Ì¼1.20", "only 4txt/Ì¼1.20"),  # no accent on a slash
    ("unicode", "cafe\u0301 ﬁ", "café ﬁ"),
    ("unicode(form=NFKC)", "ＡＢＣ １２３ ﬁ", "ABC 123 fi"),
    ("html", "<p>One &amp; two</p><p>three<br>four</p>", "One & two\n\nthree\nfour"),
    ("html", "a<script>alert(1)</script>b <!-- no -->c", "ab c"),
    ("html", "I <3 you & a < b, x&y, <name> said", "I <3 you & a < b, x&y, <name> said"),
    ("html", "<b>I <3 <name></b>", "I <3 <name>"),
    ("html", "Tom &amp; Jerry &#39;s", "Tom & Jerry 's"),
    ("html", "<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n 3"),
    ("control", "a\x00b\u200b\tc\nd\ufeff 👩‍👧", "ab\tc\nd 👩‍👧"),
    ("whitespace", "  a \u3000 b\r\n\tc\u00a0", "a b c"),
    ("whitespace(keep_lines=true)", " a  b \r\n\r\n\r\n\n c ", "a b\n\nc"),
    ("mask", "@jo: me@x.org, http://x.org/a.", "[HANDLE]: [EMAIL], [URL]."),
    ("mask(what=[phone, card])", "13812345678 or 4111111111111111", "[PHONE] or [CARD]"),
    ("chinese", "後來頭髮亂了，English", "后来头发乱了，English"),
    ("chinese(to=traditional)", "后来头发乱了，皇后", "後來頭髮亂了，皇后"),
]


@pytest.mark.parametrize(("step", "before", "after"), STEP_EXAMPLES)
def test_a_step_on_texts(step, before, after):
    assert texts(before, step=step) == [after]


@pytest.mark.parametrize(("step", "after"), [(step, after) for step, _, after in STEP_EXAMPLES])
def test_a_text_that_is_clean_stays_so(step, after):
    assert texts(after, step=step) == [after]


def test_every_step_on_texts_has_an_example():
    named = {step.partition("(")[0] for step, _, _ in STEP_EXAMPLES}
    assert named == {name for name in STEPS if hasattr(text_steps, name)}


def test_rows_of_other_lengths_are_dropped_and_it_is_said_how_long_they_were():
    cleaned = clean(
        [("one two", "a"), ("one", "a"), ("a b c", "b")], "length(min=2, max=2, unit=words)"
    )
    assert list(cleaned.table.frame.index) == [1]
    assert [(d["row"], d["found"]) for d in cleaned.dropped] == [(2, "1 words"), (3, "3 words")]


def test_rows_in_other_languages_are_dropped_and_undecided_ones_stay():
    pairs = [
        ("The weather was fine and we went for a long walk by the river.", "a"),
        ("Das Wetter war schön und wir gingen lange am Fluss spazieren.", "a"),
        ("今天天气很好，我们沿着河边走了很久。", "b"),
        ("12:30", "b"),
    ]
    cleaned = clean(pairs, "language(keep=[en, zh])")
    assert list(cleaned.table.frame.index) == [1, 3, 4]
    assert cleaned.dropped[0]["found"] == "de"
    with pytest.raises(DataError, match=r"language cannot tell 'klingon'; choose from .*zh"):
        clean(pairs, "language(keep=[klingon])")


PAIRS = [("Good", "pos"), ("good ", "pos"), ("GOOD", "neg"), ("bad", "neg"), ("good", "pos")]


def test_duplicates_are_rows_with_the_same_text_and_answer():
    assert left(PAIRS, "duplicates") == [1, 3, 4]
    assert left(PAIRS, "duplicates(keep=last)") == [3, 4, 5]
    assert left(PAIRS, "duplicates(by=text)") == [1, 4]
    assert [d["repeats"] for d in clean(PAIRS, "duplicates(keep=last)").dropped] == [5, 5]


def test_conflicting_labels_are_dropped_or_outvoted():
    assert left(PAIRS, "conflicting_labels") == [4]
    cleaned = clean(PAIRS, "conflicting_labels(resolve=majority)")
    assert list(cleaned.table.frame.index) == [1, 2, 4, 5]
    assert cleaned.dropped == [
        {
            "row": 3,
            "step": "conflicting_labels(resolve=majority)",
            "found": "pos 3, neg 1",
            "repeats": 1,
            "cells": {"text": "GOOD", "label": "neg"},
        }
    ]
    tied = [("x", "a"), ("x", "b"), ("y", "a")]
    assert left(tied, "conflicting_labels(resolve=majority)") == [3]


def test_near_duplicates_keep_the_first_the_last_or_the_longest():
    text = "The flight from Boston was four hours late and nobody said a single word"
    pairs = [(text, "a"), (text + ".", "b"), ("Something else entirely", "a"), (text + "...!", "a")]
    assert left(pairs, "near_duplicates") == [1, 3]
    assert left(pairs, "near_duplicates(keep=last)") == [3, 4]
    assert left(pairs, "near_duplicates(keep=longest)") == [3, 4]
    dropped = clean(pairs, "near_duplicates").dropped
    assert [(d["row"], d["repeats"]) for d in dropped] == [(2, 1), (4, 1)]
    assert float(dropped[0]["found"]) > 0.9


def test_labels_are_written_in_one_way():
    held = ["Positive", "positive", "pos", "1", "NEG", "neg", "neg ", "other"]
    cleaned = clean([(f"text {n}", label) for n, label in enumerate(held)],
                    "labels(map={1: positive, Other: misc})")  # fmt: skip
    assert list(cleaned.table.frame["label"]) == ["positive"] * 4 + ["neg"] * 3 + ["misc"]
    result = clean([("a", "pos"), ("b", "pos"), ("c", "1")], "labels(map={1: positive})")
    assert list(result.table.frame["label"]) == ["positive"] * 3
    plain = clean([(f"text {n}", label) for n, label in enumerate(held)], "labels(synonyms=false)")
    assert list(plain.table.frame["label"])[2:4] == ["pos", "1"]


def test_numbered_and_joined_labels_are_settled_too():
    frame = pandas.DataFrame({"text": ["a", "b"], "label": [0, 1]}, index=[1, 2], dtype=object)
    table = Table("rows", frame, {"label": ["NEG", "pos"]})
    cleaned = clean_table(table, COLUMNS, TASK, DataSpec(cleaning=["labels(map={NEG: negative})"]))
    assert list(cleaned.table.frame["label"]) == ["negative", 1]
    several = clean([("a", "x|Y"), ("b", "y|X"), ("c", "x|y")], "labels", label_separator="|")
    assert list(several.table.frame["label"]) == ["x|y", "y|x", "x|y"]


def test_a_custom_function_changes_texts_or_drops_rows():
    def shout(text):
        return None if "no" in text else text.upper()

    cleaned = clean([("yes", "a"), ("no", "b")], custom=shout)
    assert cleaned.table.frame.values.tolist() == [["YES", "a"]]
    assert [(d["row"], d["step"]) for d in cleaned.dropped] == [(2, "custom(shout)")]


def test_counts_and_examples_say_what_happened():
    pairs = [("x " * 100 + "<b>end</b>", "a"), ("two  blanks", "b"), ("two blanks", "b")]
    cleaned = clean(pairs, "html", "whitespace", "duplicates")
    assert [(o.changed_cells, o.changed_rows, o.dropped_rows) for o in cleaned.done] == [
        (1, 1, 0), (1, 1, 0), (0, 0, 1),
    ]  # fmt: skip
    example = cleaned.done[0].examples[0]
    assert (example.row, example.column) == (1, "text")
    assert example.before.startswith("…") and example.before.endswith("<b>end</b>")
    assert cleaned.counts()[-1] == {
        "step": "duplicates", "changed cells": 0, "changed rows": 0, "dropped rows": 1,
        "rows left": 2,
    }  # fmt: skip
    json.dumps(cleaned.to_dict())


def test_cleaning_that_leaves_nothing_or_needs_labels_is_refused():
    with pytest.raises(DataError, match=r"leaves no row of rows.csv; length.* dropped 1 of 1"):
        clean([("a", "b")], "length(min=50)")
    pairs, columns = [("a", "b")], {"source": "source", "target": "target"}
    with pytest.raises(DataError, match="conflicting_labels needs labels, which translation"):
        clean(pairs, "conflicting_labels", task=load_task("translation"), columns=columns)


def test_a_target_is_cleaned_as_a_text_and_no_reason_to_be_a_duplicate():
    columns = {"source": "source", "target": "target"}
    pairs = [("one  day", "ein <b>Tag</b>"), ("one day", "eines Tages")]
    cleaned = clean(pairs, "html", "whitespace", "duplicates",
                    task=load_task("translation"), columns=columns)  # fmt: skip
    assert cleaned.table.frame.values.tolist() == [
        ["one day", "ein Tag"],
        ["one day", "eines Tages"],
    ]


def test_other_cells_than_texts_are_left_alone():
    mend = function_of(parse_step("html"))
    assert clean([(None, "a"), (["<b>x</b>", "y"], "a"), ({"a": 1}, "b"), (3.5, "b")], "html")
    cleaned = clean([(None, "a"), (["<b>x</b>", "y"], "a"), ({"a": 1}, "b")], "html")
    assert list(cleaned.table.frame["text"]) == [None, ["x", "y"], {"a": 1}]
    assert callable(mend)


def test_a_run_loads_cleaned_rows_with_the_numbers_of_the_source(tmp_path):
    pairs = [*rows(20), ("this is sentence NUMBER 3", "pos"), ("<i>ok</i> then", "neg")]
    path = write(tmp_path / "rows.csv", csv(pairs))
    data = load(path, cleaning=["html", "duplicates(keep=last)"])
    held = {row["row"]: row["text"] for part in (data.train, data.validation) for row in part}
    assert len(held) == 21
    assert (held[21], held[22]) == ("this is sentence NUMBER 3", "ok then")
    assert data.dropped == [
        {
            "split": "all",
            "row": 4,
            "step": "duplicates(keep=last)",
            "found": "",
            "repeats": 21,
            "cells": {"text": "this is sentence number 3", "label": "pos"},
        }
    ]
    assert data.notes[:2] == [
        "Changed in the training rows by the cleaning step html: 1.",
        "Dropped from the training rows by the cleaning step duplicates(keep=last): 1.",
    ]
    assert data.cleaning["all"]["rows"] == 21
    assert load(path).fingerprint != data.fingerprint


def test_the_same_steps_give_the_same_rows_again(tmp_path):
    path = write(tmp_path / "rows.csv", csv([*rows(30), *rows(8)]))
    how = {"cleaning": ["near_duplicates(threshold=0.95)", "mask", "labels"]}
    assert load(path, **how).fingerprint == load(path, **how).fingerprint


def test_validation_rows_are_cleaned_and_further_rows_are_changed_but_never_dropped(tmp_path):
    write(tmp_path / "set" / "train.csv", csv(rows(20)))
    write(tmp_path / "set" / "validation.csv", csv([*rows(6), ("<b>new</b>", "pos"), ("x", "neg")]))
    steps = ["html", "length(min=2)"]
    data = load(tmp_path / "set", cleaning=steps)
    assert data.validation["text"][:][-1] == "new"
    assert [(d["split"], d["row"]) for d in data.dropped] == [("validation", 8)]
    further = write(tmp_path / "further.csv", csv([("<b>x</b>", "pos"), ("y", "neg")]))
    spec = DataSpec(source="elsewhere.csv", cleaning=steps)
    assert load_further(further, TASK, ["neg", "pos"], COLUMNS, spec)["text"][:] == ["x", "y"]


def test_texts_to_predict_are_cleaned_like_those_that_were_learned_from():
    given = {"text": " <b>See</b> http://x.org "}
    steps = ["html", "length(min=500)", "mask", "whitespace"]
    assert clean_texts(given, TASK, steps) == {"text": "See [URL]"}
    assert clean_texts(given, TASK, []) == given


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data sets")
def test_real_dirty_tweets_come_out_clean():
    path = SHARED / "dirty" / "airline_tweets" / "Tweets.csv"
    steps = [
        "fix_text",
        "html",
        "control",
        "mask",
        "whitespace",
        "conflicting_labels",
        "duplicates",
    ]
    data = load(path, cleaning=steps, columns={"text": "text", "label": "airline_sentiment"})
    held = data.train["text"][:]
    assert not any("&amp;" in text or "http://" in text for text in held)
    by_step = {one["step"]: one for one in data.cleaning["all"]["steps"]}
    assert by_step["html"]["changed_rows"] > 200 and by_step["mask"]["changed_rows"] > 3000
    assert sum(one["dropped_rows"] for one in by_step.values()) == len(data.dropped) > 20


GARBLED_BY = {"latin-1": 0.99, "cp437": 0.7, "mac_roman": 0.6}  # at least so many come back


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data sets")
@pytest.mark.parametrize("encoding", GARBLED_BY)
def test_real_tweets_that_were_decoded_wrongly_come_back_or_stay_as_they_are(encoding):
    held = csv_cells(SHARED / "dirty" / "airline_tweets" / "Tweets.csv")
    garbled = [text.encode().decode(encoding) for text in held]
    mended = texts(*garbled, step="fix_text")
    kinds = Counter(
        "right" if after == true else "left" if after == before else "wrong"
        for true, before, after in zip(held, garbled, mended, strict=True)
    )
    assert kinds["wrong"] == 0
    assert kinds["right"] >= GARBLED_BY[encoding] * len(held)
    assert texts(*held, step="fix_text") == held


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data sets")
def test_real_messages_whose_decoding_cannot_be_undone_stay_and_are_counted():
    held = csv_cells(SHARED / "dirty" / "spam_kaggle_csv" / "spam.csv")
    cleaned = clean([(text, "a") for text in held], "fix_text")
    assert list(cleaned.table.frame["text"]) == held  # ftfy alone makes "4txt/\u033c1.20" of one
    (done,) = cleaned.done
    assert done.left_cells > 100
    assert f"{done.left_cells:,}" in notes_of(cleaned, "all")[0]


def csv_cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        found = [cell for row in reader(file) for cell in row if not cell.isascii()]
    assert len(found) > 100
    return found
