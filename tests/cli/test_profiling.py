"""`workbench data profile`, `audit` and `split` as their users meet them."""

import io
import json

import pytest

from tests.data.examples import csv, write
from tests.tiny_models import make_tiny_bert
from workbench import language
from workbench.cli import main

TRAIN = [("a good day at sea", "pos"), ("a bad day at home", "neg"), ("A good  day at sea", "neg")]
TEST = [("a good day at sea", "pos"), ("nothing like the others", "neg")]


@pytest.fixture(autouse=True)
def english():
    with language.using("en"):
        yield


@pytest.fixture
def place(tmp_path):
    write(tmp_path / "train.csv", csv(TRAIN))
    write(tmp_path / "test.csv", csv(TEST))
    return tmp_path


def call(capsys, *arguments):
    code = main(["data", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_an_audit_prints_what_spoils_a_result_first(capsys, place):
    code, out, _ = call(capsys, "audit", place)
    assert code == 0
    assert "train: 3 rows (encoding utf-8, delimiter comma, header first row)" in out
    assert out.index("leak_exact") < out.index("conflicts") < out.index("duplicates")


def test_a_strict_audit_ends_with_2_and_one_line(capsys, place):
    code, _, err = call(capsys, "audit", place / "train.csv", "--against", place / "test.csv",
                        "--strict")  # fmt: skip
    assert code == 2
    assert err.startswith(f"workbench: {place / 'train.csv'}: problems: 2; ")
    assert err.endswith("see the rows with --rows leak_exact\n")
    write(place / "clean.csv", csv([("only this", "pos"), ("and that", "neg")]))
    assert call(capsys, "audit", place / "clean.csv", "--strict")[0] == 0


def test_the_rows_of_a_finding_are_printed_and_are_lines_of_json(capsys, place):
    code, out, _ = call(capsys, "audit", place, "--rows", "conflicts", "--json")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["split"], row["row"], row["label"]) for row in rows] == [
        ("train", 1, "pos"), ("train", 3, "neg"), ("test", 1, "pos"),
    ]  # fmt: skip
    _, out, _ = call(capsys, "audit", place, "--rows", "conflicts")
    assert "A good day at sea" in out
    assert call(capsys, "audit", place, "--rows", "nothing")[0] == 2


def test_a_profile_is_printed_written_and_asked_for_in_json(capsys, place):
    tiny = make_tiny_bert(place / "model")
    model = ("--set", f"model.source={tiny}")
    page = place / "out" / "page.html"
    code, out, _ = call(capsys, "profile", place, *model, "-o", page)
    assert code == 0
    assert "rare_labels" in out
    assert "<details>" in page.read_text("utf-8")
    _, out, _ = call(capsys, "profile", place, *model, "--json")
    reported = json.loads(out)
    assert reported["tokenizer"]["model"] == str(tiny)
    code, _, err = call(capsys, "profile", place, "-o", place / "page.pdf")
    assert (code, err.count("\n")) == (2, 1)


def test_a_table_can_be_piped_in_and_escapes_are_shown_not_obeyed(capsys, monkeypatch):
    pasted = "text\tlabel\nred \x1b[31malert\tpos\nred \x1b[31malert\tneg\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(pasted))
    code, out, _ = call(capsys, "audit", "-", "--rows", "conflicts")
    assert code == 0
    assert "red U+001B[31malert" in out
    assert "\x1b" not in out


def test_a_split_is_written_and_reported(capsys, place):
    rows = [(f"sentence {n} {'of many words ' * (n % 4)}", "pos" if n % 2 else "neg")
            for n in range(60)]  # fmt: skip
    write(place / "all.csv", csv(rows))
    code, out, _ = call(
        capsys, "split", place / "all.csv", "-o", place / "parts", "--exact-only", "--as", "csv"
    )
    assert code == 0
    assert (place / "parts" / "validation.csv").is_file()
    assert "validation" in out
    code, _, err = call(capsys, "split", place / "all.csv", "-o", place / "parts", "--as", "csv")
    assert code == 2
    assert "is there already; choose another folder" in err
