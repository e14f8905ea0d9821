"""The built-in tweets: broken characters come back, what nobody should read is left out."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import SourceError
from workbench.sources import entries, find_data
from workbench.sources._tweets import cleaned, repaired, why_unfit

UNDEFINED = b"\x81\x8d\x8f\x90\x9d"  # bytes that Windows-1252 has no character for
SHOWN = "’‘“”–—…•→♥✨✌é£°😂😍🙏👏🔥💯🌴"


def broken(text, rounds):
    """Break a text as the file was broken; a character that Mac Roman lacks becomes `_`."""
    content = text.encode("utf-8")
    for _ in range(rounds):
        content = b"".join(
            one if one in UNDEFINED else one.decode("cp1252").encode("mac_roman", "replace")
            for one in (bytes([byte]) for byte in content)
        ).replace(b"?", b"_")
    return content.decode("mac_roman")


@pytest.mark.parametrize("rounds", [1, 2, 3])
@given(text=st.text(st.sampled_from(SHOWN + "ab #"), max_size=8))
def test_a_broken_text_comes_back_whole_or_not_at_all(rounds, text):
    back = repaired(broken(text, rounds))
    assert back is None or back == text


@pytest.mark.parametrize("rounds", [1, 2])
@pytest.mark.parametrize("character", "’“”—•→♥😍😂🙏👏😩🌴")
def test_what_such_tweets_have_most_comes_back(character, rounds):
    text = f"so good {character}"
    if "_" in broken(text, rounds).removeprefix("so good _"):
        pytest.skip("a byte of it is lost")
    assert repaired(broken(text, rounds)) == text


@pytest.mark.parametrize(
    ("held", "right"),
    [
        ("It‰Ûªs been", "It’s been"),
        ("I know. Iäó»m sure", "I know. I’m sure"),
        ("Google’¢_äŒ_Ü¢s car", "Google’s car"),
        ("http://t.co/qr‰Û_", "http://t.co/qr…"),
        ("‰ÛÏyes‰Ûù", "“yes”"),
        ("tickets _Ùªè _Ù÷©", "tickets 🙏 😩"),
        ("lost _Ù÷_", None),
        ("a_b", "a_b"),
        ("café", None),
    ],
)
def test_repairs_that_were_checked_by_eye(held, right):
    assert repaired(held) == right


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("the crew was wonderful", ""),
        ("classic grass in the cockpit, Scunthorpe bassoon", ""),
        ("a smartwatch and salt water", ""),
        ("100% worth it!!! #1", ""),
        ("this is St*pid", "words"),
        ("what the F%$#", "words"),
        ("you IDIOTS", "words"),
        ("such a stupiiiid idea", "words"),
        ("#DeflateGate again", "topic"),
        ("ask Obama", "topic"),
    ],
)
def test_what_is_left_out(text, reason):
    assert why_unfit(text) == reason


def test_rows_keep_label_and_agreement_and_what_is_left_out_is_counted(tmp_path):
    file = tmp_path / "tweets.csv"
    with file.open("w", encoding="mac_roman", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["sentiment", "confidence", "text"])
        writer.writerows(
            [
                ["positive", "0.5", "It‰Ûªs fine, really"], ["negative", "", "so late"],
                ["negative", "1", "idiots"], ["negative", "1", "lost _Ù÷_"],
                ["neutral", "1", "DeflateGate"],
            ]
        )  # fmt: skip
    rows, left_out = cleaned(file)
    assert rows == [
        {"sentiment": "positive", "confidence": 0.5, "text": "It’s fine, really"},
        {"sentiment": "negative", "confidence": None, "text": "so late"},
    ]
    assert left_out == {"words": 1, "broken": 1, "topic": 1}


@pytest.mark.wheel
@pytest.mark.parametrize("name", ["tweets", "tweets-three-way"])
def test_the_built_in_tweets_are_whole_fit_and_counted(name):
    entry = next(one for one in entries("data") if one.name == name)
    found = find_data(f"wheel:{name}")
    assert found.revision == f"{entry.version}+tweets"
    lines = found.files[0].read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert sum(row["sentiment"] in entry.labels for row in rows) == entry.rows
    assert not any(mark in line for line in lines for mark in "‰ŒÙÛ")
    assert [row for row in rows if why_unfit(row["text"])] == []


@pytest.mark.wheel
def test_a_run_from_before_finds_the_rows_that_it_had():
    found = find_data("wheel:tweets", "1.0.0")
    assert (found.revision, found.files[0].suffix) == ("1.0.0", ".csv")
    assert found.hints["encoding"] == "mac_roman"
    assert find_data("wheel:tweets", "1.0.0+tweets").files[0].suffix == ".jsonl"
    with pytest.raises(SourceError, match=r"is pinned at revision 1\.0\.0\+tweets"):
        find_data("wheel:tweets", "0.9")
