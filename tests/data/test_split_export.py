"""A source is divided into files so that nothing to be checked on was learned."""

from __future__ import annotations

import random
from collections import Counter

import pandas
import pytest
import yaml

from workbench.data.profiling import profile_source
from workbench.data.split_export import Groups, divide_source
from workbench.errors import DataError, InputError
from workbench.spec import RunSpec

from .examples import write

WORDS = [f"{chr(97 + n)}{chr(98 + n % 9)}{chr(107 - n % 7)}ow" for n in range(20)]
ROWS = [
    (" ".join(random.Random(n).choices(WORDS, k=9)) + f" {n}", n, n % 3 > 0) for n in range(120)
]
# Each of these stands twice, nearly.
TWINS = [
    (f"{text}{end}", 1000 + n, label)
    for text, n, label in ((f"a longer text {'x' * 40} {c * 30}", i, i % 2 > 0)
                           for i, c in enumerate("abcdefghij"))
    for end in ("", "!")
]  # fmt: skip


@pytest.fixture
def source(tmp_path):
    frame = pandas.DataFrame(ROWS + TWINS, columns=["text", "number", "label"])
    frame.to_csv(tmp_path / "all.csv", index=False)
    return RunSpec().replace({"data.source": str(tmp_path / "all.csv")})


def test_every_row_lands_in_one_file_and_no_text_in_two(source, tmp_path):
    result = divide_source(source, tmp_path / "parts", validation=0.2, test=0.1)
    frames = {
        role: pandas.read_json(path, lines=True, dtype=False)
        for role, path in result["files"].items()
    }
    assert {role: len(frame) for role, frame in frames.items()} == result["rows"]
    assert list(frames["train"].columns) == ["text", "number", "label"]
    numbers = Counter(int(n) for frame in frames.values() for n in frame["number"])
    assert numbers == Counter(row[1] for row in ROWS + TWINS)
    assert result["rows"]["test"] == pytest.approx(14, abs=3)
    assert result["rows"]["validation"] == pytest.approx(28, abs=4)
    there = RunSpec().replace({"data.source": str(tmp_path / "parts")})
    audit = profile_source(there, near=True, whole=False).profile
    assert list(audit.rows) == ["train", "validation", "test"]
    assert not [one for one in audit.findings if one.kind.startswith("leak")]


def test_what_is_alike_only_through_a_third_row_stays_together():
    groups = Groups("abcdef")
    for one, other in ("ab", "ef", "bc", "cd"):
        groups.join(one, other)
    assert [groups.name(key) for key in "abcdef"] == ["a", "a", "a", "a", "e", "e"]


def test_each_label_gives_its_share_and_the_seed_decides(source, tmp_path):
    result = divide_source(source, tmp_path / "one", validation=0.25, test=0)
    assert set(result["files"]) == {"train", "validation"}
    held = pandas.read_json(result["files"]["validation"], lines=True, dtype=False)
    assert Counter(held["label"])["False"] == pytest.approx(0.25 * 50, abs=3)
    again = divide_source(source, tmp_path / "two", validation=0.25, test=0)
    assert (tmp_path / "one/train.jsonl").read_bytes() == (
        tmp_path / "two/train.jsonl"
    ).read_bytes()
    assert again["fingerprint"] == result["fingerprint"]
    other = source.replace({"train.seed": 7})
    divide_source(other, tmp_path / "three", validation=0.25, test=0)
    assert (tmp_path / "one/train.jsonl").read_bytes() != (
        tmp_path / "three/train.jsonl"
    ).read_bytes()


def test_what_was_done_is_reported_beside_the_files_and_nothing_is_written_over(source, tmp_path):
    result = divide_source(source, tmp_path / "parts")
    assert yaml.safe_load((tmp_path / "parts/split.yaml").read_text("utf-8")) == result
    with pytest.raises(InputError, match=r"train.jsonl is there already; choose another folder"):
        divide_source(source, tmp_path / "parts")


def test_a_csv_is_written_so_that_no_spreadsheet_runs_a_cell(tmp_path):
    rows = [f'"=HYPERLINK(""http://x/{n}"")",a' for n in range(10)]
    write(
        tmp_path / "all.csv",
        "\n".join(["text,label", *rows, *(f"<script>{n},b" for n in range(10))]),
    )
    spec = RunSpec().replace({"data.source": str(tmp_path / "all.csv")})
    result = divide_source(spec, tmp_path / "csv", suffix="csv", near=False)
    assert result["cells_made_safe"] == 10
    content = "".join(
        (tmp_path / f"csv/{role}.csv").read_text("utf-8-sig") for role in result["rows"]
    )
    assert content.count("'=HYPERLINK") == 10
    assert content.count("<script>") == 10
    exact = divide_source(spec, tmp_path / "jsonl", near=False)
    assert exact["cells_made_safe"] == 0
    assert "'=" not in (tmp_path / "jsonl/train.jsonl").read_text("utf-8")


def test_shares_and_splits_that_make_no_sense_are_refused(source, tmp_path):
    with pytest.raises(
        InputError,
        match=r"with shares of 0\.6 and 0\.4, the training split or the others would be empty",
    ):
        divide_source(source, tmp_path / "parts", validation=0.6, test=0.4)
    write(tmp_path / "few.csv", "text,label\na,x\nb,y\nc,z\n")
    few = RunSpec().replace({"data.source": str(tmp_path / "few.csv")})
    with pytest.raises(DataError, match="too few different texts: none is left for validation"):
        divide_source(few, tmp_path / "parts")
    divide_source(source, tmp_path / "parts")
    there = RunSpec().replace({"data.source": str(tmp_path / "parts")})
    with pytest.raises(DataError, match="has splits already: train, validation, test; name"):
        divide_source(there, tmp_path / "again")
    divide_source(there.replace({"data.train_split": "train"}), tmp_path / "again")


def test_rows_of_a_group_land_in_one_file(tmp_path):
    rows = [(text, number, label, f"p{number // 4}") for text, number, label in ROWS]
    frame = pandas.DataFrame(rows, columns=["text", "number", "label", "person"])
    frame.to_csv(tmp_path / "all.csv", index=False)
    spec = RunSpec().replace(
        {"data.source": str(tmp_path / "all.csv"), "data.group_column": "person"}
    )
    result = divide_source(spec, tmp_path / "parts", validation=0.2, test=0.1)
    people = [
        set(pandas.read_json(path, lines=True, dtype=False)["person"])
        for path in result["files"].values()
    ]
    assert len(people) == 3
    assert sum(map(len, people)) == len(set.union(*people))
