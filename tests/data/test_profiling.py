"""A profile of a source: each fault that is planted is found, and linked to its rows."""

from __future__ import annotations

import json

import pyarrow
import pytest

from tests.tiny_models import make_tiny_bert
from workbench import language
from workbench.data.patterns import PATTERNS
from workbench.data.profiling import profile_source
from workbench.data.profiling.record import Tokens
from workbench.data.profiling.texts import histogram, matching, script_of, scripts
from workbench.data.profiling.vocabulary import fragmented
from workbench.errors import DataError
from workbench.spec import RunSpec

from .examples import csv, write

TRAIN = [
    ("The flight was late, but the crew was wonderful.", "positive"),  # 1
    ("the flight was late,  but the crew was wonderful.", "negative"),  # 2: as 1, another label
    ("Nobody at the gate could tell us when we would leave.", "negative"),  # 3
    ("Nobody at the gate could tell us when we would leave!", "negative"),  # 4: nearly 3
    ("See <b>all</b> of it at https://example.org/a", "positive"),  # 5
    ('=HYPERLINK("http://example.org","click")', "positive"),  # 6
    ("", "positive"),  # 7
    ("Write to anna@example.org or call +44 20 7946 0958", ""),  # 8
    ("一点也不好，飞机晚点了两个小时，也没有人来解释。", "Negative "),  # 9
    ("The seats were wide, and dinner was better than I had feared.", "rare"),  # 10
]
TEST = [
    ("Nobody at the gate could tell us when we would leave.", "negative"),  # 1: as train 3
    ("The flight was late, but the crew was wonderful!!", "positive"),  # 2: nearly train 1
    ("An honest airline, and a good one.", "positive"),
]


@pytest.fixture(autouse=True)
def english():
    with language.using("en"):
        yield


def table(rows: list[tuple[str, str]]) -> str:
    cells = [(f'"{text.replace(chr(34), chr(34) * 2)}"', f'"{label}"') for text, label in rows]
    return csv(cells)


def spec(place, **changes) -> RunSpec:
    fields = {"data.source": str(place), "data.max_tokens": 24}
    return RunSpec().replace(fields | {k.replace("__", "."): v for k, v in changes.items()})


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    place = tmp_path_factory.mktemp("profile")
    write(place / "train.csv", table(TRAIN))
    write(place / "test.csv", table(TEST))
    model = make_tiny_bert(place / "model")
    with language.using("en"):
        return profile_source(spec(place, model__source=str(model)))


def rows_of(found, kind: str) -> dict[str, list[int]]:
    (one,) = (finding for finding in found.profile.findings if finding.kind == kind)
    assert one.count == sum(map(len, one.rows.values()))
    return one.rows


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("leak_exact", {"test": [1]}),
        ("leak_near", {"test": [2]}),
        ("conflicts", {"train": [1, 2]}),
        ("duplicates", {"train": [2]}),
        ("near_duplicates", {"train": [4]}),
        ("missing_text", {"train": [7]}),
        ("missing_answer", {"train": [8]}),
        ("rare_labels", {"train": [1, 2, 3, 4, 5, 6, 7, 9, 10], "test": [1, 2, 3]}),
        ("label_spelling", {"train": [2, 3, 4, 9], "test": [1]}),
        ("other_language", {"train": [9]}),
        ("cells.tag", {"train": [5]}),
        ("cells.url", {"train": [5, 6]}),
        ("cells.email", {"train": [8]}),
        ("cells.phone", {"train": [8]}),
        ("cells.formula", {"train": [6]}),
    ],
)
def test_what_was_planted_is_found_in_its_rows(found, kind, rows):
    assert rows_of(found, kind) == rows


def test_what_spoils_a_result_comes_first_and_says_which_row_it_repeats(found):
    kinds = [finding.kind for finding in found.profile.findings]
    assert kinds[:4] == ["leak_exact", "leak_near", "conflicts", "unknown_tokens"]
    leak, near = found.profile.findings[:2]
    assert leak.sentence() == (
        "Texts of the test rows that also occur in the training rows (inflates scores): 1 of "
        "its rows (33.3%)."
    )
    assert leak.examples[0]["why"] == "train 3"
    assert near.examples[0]["why"].startswith("train 1 (")
    assert near.examples[0]["text"] == TEST[1][0]


def test_all_rows_of_a_finding_come_with_all_their_columns(found):
    frame = found.rows("conflicts")
    assert frame[["split", "row", "label"]].to_numpy().tolist() == [
        ["train", 1, "positive"],
        ["train", 2, "negative"],
    ]
    with pytest.raises(DataError, match="no rows of the kind 'nothing' were found; there are: le"):
        found.rows("nothing")


def test_a_profile_counts_columns_labels_and_lengths(found):
    profile = found.profile
    assert profile.rows == {"train": 10, "test": 3}
    text, label = profile.columns
    assert (text.kind, text.missing, text.distinct, text.longest) == ("text", 1, 11, 61)
    assert (label.kind, label.missing) == ("label", 1)
    assert profile.label_counts["test"] == {
        "positive": 2, "negative": 1, "Negative": 0, "rare": 0,
    }  # fmt: skip
    assert sum(profile.characters["counts"]["train"]) == 10
    assert sum(profile.tokens["counts"]["test"]) == 3
    assert profile.detected["train"] == {
        "encoding": "utf-8", "delimiter": "comma", "header": "first row",
    }  # fmt: skip
    assert profile.scripts["Latin"] > 0.9
    assert profile.languages["zh"] == pytest.approx(1 / 12)


def test_tokens_are_those_of_the_model_and_shares_add_up(found):
    tokens = found.profile.tokenizer
    assert tokens.unknown_share > 0.01
    assert 9 in rows_of(found, "unknown_tokens")["train"]
    assert list(tokens.truncated) == sorted(tokens.truncated)
    assert tokens.truncated[24] == 0 or tokens.truncated[16] >= tokens.truncated[24]
    assert 0 < tokens.per_character < 1 < tokens.per_word


def test_a_profile_is_plain_data_with_a_sentence_for_each_finding(found):
    plain = json.loads(json.dumps(found.profile.to_dict(most_rows=1)))
    assert len(plain["findings"]) == len(found.profile.findings)
    assert all(len(rows) == 1 for one in plain["findings"] for rows in one["rows"].values())
    assert all(one["sentence"] for one in plain["findings"])


def test_an_audit_looks_at_repetitions_only_and_fetches_no_model(tmp_path):
    write(tmp_path / "train.csv", table(TRAIN))
    held = write(tmp_path / "held" / "rows.csv", table(TEST))
    beside = spec(tmp_path / "train.csv", data__validation_split=str(held), model__source="no/such")
    profile = profile_source(beside, near=True, whole=False).profile
    assert list(profile.rows) == ["train", "validation"]
    assert [one.kind for one in profile.findings] == [
        "leak_exact", "leak_near", "conflicts", "duplicates", "near_duplicates",
    ]  # fmt: skip
    assert (profile.tokenizer, profile.columns, profile.languages) == (None, [], {})


def test_a_file_without_labels_has_a_profile_all_the_same_and_so_has_one_without_a_model(tmp_path):
    place = write(tmp_path / "texts.csv", "review\n" + "\n".join(f"text {n}" for n in range(9)))
    profile = profile_source(spec(place, model__source=str(tmp_path / "none"))).profile
    assert profile.roles == {"text": "review"}
    assert profile.label_counts == {}
    assert any("no column looks like the label" in note for note in profile.notes)
    assert any(
        note.startswith("Tokens were not measured: file not found") for note in profile.notes
    )


@pytest.mark.parametrize(
    ("task", "name", "content", "kinds"),
    [
        ("summarization", "f.jsonl", "\n".join(
            json.dumps({"document": text, "summary": reported})
            for text, reported in (("a long story", "one"), ("a long story", "two"), ("short", "s"))
        ), {"several_answers", "duplicates"}),
        ("question-answering", "f.json", json.dumps({"data": [{"paragraphs": [
            {"context": "The sky is blue.", "qas": [
                {"id": str(n), "question": "Which colour?",
                 "answers": [{"text": "blue", "answer_start": 11}]} for n in range(2)]}
        ]}]}), {"duplicates"}),
        ("token-classification", "f.conll",
         "Anna\tB-PER\nsleeps\tO\n\nRome\tB-LOC\n\nAnna\tB-PER\nsleeps\tO\n", {"duplicates"}),
        ("text-regression", "f.csv", "text,score\ngood day,1.5\ngood day,4\nother,2\n",
         {"conflicts", "duplicates"}),
        ("text-generation", "f.jsonl", "\n".join(
            json.dumps({"instruction": text, "input": "", "output": "x"}) for text in "aab"
        ), {"duplicates"}),
    ],
)  # fmt: skip
def test_every_kind_of_task_has_a_profile(tmp_path, task, name, content, kinds):
    place = write(tmp_path / name, content)
    reported = profile_source(spec(place, task=task, model__source=str(tmp_path / "none"))).profile
    found = {finding.kind for finding in reported.findings}
    assert kinds <= found
    assert ("conflicts" in found) == ("conflicts" in kinds)
    assert json.dumps(reported.to_dict())


def test_what_the_spec_cleans_is_not_found_any_more(tmp_path):
    place = write(tmp_path / "train.csv", table(TRAIN))
    steps = ["html", "duplicates", "near_duplicates"]
    cleaned = spec(place, data__cleaning=steps, model__source=str(tmp_path / "none"))
    profile = profile_source(cleaned).profile
    kinds = {finding.kind for finding in profile.findings}
    assert not kinds & {"duplicates", "near_duplicates", "cells.tag"}
    assert profile.rows == {"all": 8}
    assert any("near_duplicates" in note for note in profile.notes)
    assert [one.rows for one in profile.findings if one.kind == "cells.email"] == [{"all": [8]}]


def test_the_fingerprint_is_of_what_is_read_and_of_its_order(tmp_path):
    one = write(tmp_path / "a.csv", table(TRAIN))
    lines = "\n".join(json.dumps({"text": text, "label": label}) for text, label in TRAIN)
    other = write(tmp_path / "b.jsonl", lines)
    swapped = write(tmp_path / "c.csv", table(TRAIN[::-1]))
    marks = [
        profile_source(spec(p), whole=False).profile.fingerprint for p in (one, other, swapped)
    ]
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize(
    ("text", "per_character", "vocabulary", "reported"),
    [
        ("An honest airline", 0.3, 30_000, False),
        ("Ehrliche Fluglinie", 0.7, 30_000, True),
        ("一家诚实的航空公司", 1.0, 30_000, False),  # a piece for each character
        ("一家诚实的航空公司", 2.1, 50_000, True),  # a piece for each byte, or nearly
        ("An honest airline", 1.0, 300, False),  # a tokenizer of characters
    ],
)
def test_a_language_that_falls_into_small_pieces_is_reported(
    text, per_character, vocabulary, reported
):
    tokens = Tokens("model", 100, 0.0, 0.5, per_character, 2.0)
    found = fragmented([[text]], tokens, vocabulary)
    assert bool(found) == reported
    assert not reported or "very small pieces" in found[0].sentence()


def test_a_length_is_counted_in_the_bin_above_its_left_edge():
    reported = histogram({"a": [1, 10, 11, 64], "b": [0]})
    assert reported["edges"][0] == 0
    assert {split: sum(counts) for split, counts in reported["counts"].items()} == {"a": 4, "b": 1}
    width = reported["edges"][1]
    assert reported["counts"]["a"][0] == sum(length <= width for length in (1, 10, 11, 64))


def test_what_is_searched_quickly_is_what_a_pattern_matches():
    texts = [text for text, _ in TRAIN + TEST] + [
        "DE89 3704 0044 0532 0130 00", "11010519491231002X", "4111 1111 1111 1111",
        "+86 13812345678", "(914) 329-0185", "zero\u200bwidth", "soft\u00adhyphen",
        "\u3000=1+1", "  -x", "-1.5", "@a b", "&amp;", "123e4567-e89b-12d3-a456-426614174000",
        "5.70306E+17", "1234567890", "gone \ufffd", "a < b", "WWW.example.org", "10.0.0.1",
    ]  # fmt: skip
    column = pyarrow.array(texts)
    for pattern in PATTERNS:
        slowly = [i for i, text in enumerate(texts) if pattern.occurs(text)]
        assert matching(pattern, texts, column) == slowly, pattern.name
        assert slowly, pattern.name


def test_scripts_are_shares_of_letters():
    assert scripts(["ab中д 12"]) == {"Latin": 0.5, "Han": 0.25, "Cyrillic": 0.25}
    assert scripts(["ªａ𝐚µʼ"]) == {"Latin": 0.75, "Greek": 0.25}
    assert [script_of(c) for c in "ひカ한ة"] == ["Hiragana", "Katakana", "Hangul", "Arabic"]


def test_labels_that_a_run_would_not_keep_are_reported(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("text,label\n" + "".join(f"text {n},{'abc'[n % 3]}\n" for n in range(30)))
    for kept, reported in (
        (
            ["a", "b"],
            [("A run uses only the labels a, b; rows with others, also counted here: 10.")],
        ),
        ([], []),
    ):
        spec = RunSpec().replace({"data.source": str(path), "data.labels": kept})
        assert profile_source(spec, whole=False).profile.notes == reported
