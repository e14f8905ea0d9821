"""Bad input, each kind by the command line: one line, the remedy, exit code 2, nothing left."""

import shutil

import pytest

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench.cli import main
from workbench.spec import to_yaml


@pytest.fixture
def place(tmp_path):
    """A folder with a spec that would train."""
    (tmp_path / "spec.yaml").write_text(to_yaml(tiny_spec(tmp_path)), encoding="utf-8")
    return tmp_path


def refuse(capsys, place, *changes):
    """Train, see it refused, and return the message."""
    arguments = [part for change in changes for part in ("--set", change)]
    capsys.readouterr()  # what making the tiny model printed
    before = sorted(place.rglob("*"))
    code = main(["train", str(place / "spec.yaml"), *arguments])
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith("workbench: ")
    assert len(err.strip().splitlines()) == 1, err
    assert sorted(place.rglob("*")) == before
    return err


def test_a_missing_file(capsys, place):
    assert "nowhere.csv" in refuse(capsys, place, f"data.source={place / 'nowhere.csv'}")


def test_a_wrong_encoding(capsys, place):
    text = "text,label\n" + "".join(f"这部电影{n},{'好坏'[n % 2]}\n" for n in range(40))
    (place / "rows.csv").write_bytes(text.encode("gb18030"))
    assert "utf-8" in refuse(capsys, place, "data.encoding=utf-8")


def test_no_such_column(capsys, place):
    assert "opinion" in refuse(capsys, place, "data.columns={text: opinion}")


def test_an_empty_file(capsys, place):
    (place / "rows.csv").write_bytes(b"")
    assert "empty" in refuse(capsys, place)


def test_one_class_only(capsys, place):
    write_csv(place / "rows.csv", [row for row in make_rows() if row[1] == "positive"])
    assert "positive" in refuse(capsys, place)


def test_a_validation_label_that_training_never_saw(capsys, place):
    write_csv(place / "dev.csv", [*make_rows()[::7], ("the film was odd", "undecided")])
    assert "undecided" in refuse(capsys, place, f"data.validation_split={place / 'dev.csv'}")


def test_three_rows(capsys, place):
    write_csv(place / "rows.csv", make_rows()[:1] + make_rows()[-2:])
    assert "3" in refuse(capsys, place)


def test_a_cell_of_ten_megabytes(capsys, place):
    write_csv(place / "rows.csv", [("word " * 2_000_000, "positive"), *make_rows()])
    assert "10,000,000" in refuse(capsys, place)


def test_a_duplicated_header(capsys, place):
    lines = ["text,label,text", *(f"{text},{label},again" for text, label in make_rows())]
    (place / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    assert "text" in refuse(capsys, place)


def test_a_model_folder_without_tokenizer(capsys, place):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (place / "tiny-bert" / name).unlink()
    assert "tokenizer" in refuse(capsys, place)


def test_a_corrupt_safetensors_file(capsys, place):
    weights = place / "tiny-bert" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-200])
    assert "model.safetensors" in refuse(capsys, place)


def test_an_unknown_field(capsys, place):
    assert "did you mean train.learning_rate" in refuse(capsys, place, "train.learning_rat=1")


def test_a_value_out_of_its_domain(capsys, place):
    assert "choose at most 0.1" in refuse(capsys, place, "train.learning_rate=3")


def test_no_room_in_the_runs_folder(capsys, place, monkeypatch):
    usage = shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    monkeypatch.setattr("workbench.runs.folder.shutil.disk_usage", lambda _: usage)
    assert "free some space" in refuse(capsys, place)
