import gzip
from pathlib import Path

import pytest

from workbench.errors import SourceError
from workbench.sources import find_data, find_model


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text,label\na,b\n")


def names(folder: Path, text: str | None = None) -> list[str]:
    files = find_data(text or str(folder)).files
    return [file.relative_to(folder).as_posix() for file in files]


def message(call, *arguments) -> str:
    with pytest.raises(SourceError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_is_found_as_it_is_given(tmp_path, monkeypatch):
    write(tmp_path, "a.csv")
    found = find_data(str(tmp_path / "a.csv"))
    assert (found.kind, found.files, found.revision) == ("local", [tmp_path / "a.csv"], None)
    monkeypatch.chdir(tmp_path)
    assert find_data("a.csv").files == [Path("a.csv")]
    assert find_data("./a.csv").files == [Path("a.csv")]


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path, monkeypatch):
    write(tmp_path, "a.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert find_data("~/a.csv").files == [tmp_path / "a.csv"]


def test_a_gzipped_file_is_data(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"text,label\na,b\n"))
    assert names(tmp_path) == ["a.csv.gz"]


def test_a_folder_gives_its_data_files_in_order(tmp_path):
    write(tmp_path, "train.csv", "dev.tsv", "README.md", "LICENSE.txt", ".hidden.csv", "x/more.csv")
    assert names(tmp_path) == ["dev.tsv", "train.csv"]


def test_only_a_folder_without_data_at_its_top_is_searched_deeper(tmp_path):
    write(tmp_path, "a/train.jsonl", "b/c/test.jsonl", ".git/x.json", "_old/x.json", "notes.md")
    assert names(tmp_path) == ["a/train.jsonl", "b/c/test.jsonl"]


def test_plain_text_counts_only_where_there_are_no_tables(tmp_path):
    write(tmp_path, "labels.txt", "train.csv")
    assert names(tmp_path) == ["train.csv"]
    (tmp_path / "train.csv").unlink()
    assert names(tmp_path) == ["labels.txt"]


def test_a_folder_of_the_hubs_cache_gives_its_snapshot(tmp_path):
    write(tmp_path, "snapshots/old/a.csv", "snapshots/new/b.csv")
    (tmp_path / "refs").mkdir()
    (tmp_path / "refs" / "main").write_text("new")
    assert names(tmp_path) == ["snapshots/new/b.csv"]


def test_a_missing_file_names_the_nearest(tmp_path):
    write(tmp_path, "train.csv", "valid.csv")
    text = str(tmp_path / "trian.csv")
    assert message(find_data, text) == (
        f"file not found: {text}; did you mean train.csv or valid.csv?"
    )
    text = str(tmp_path / "zzz.parquet")
    assert message(find_data, text) == (
        f"file not found: {text}; {tmp_path} contains: train.csv, valid.csv"
    )


def test_a_missing_folder_names_what_is_near_it(tmp_path):
    write(tmp_path, "reviews/train.csv")
    text = str(tmp_path / "review" / "train.csv")
    assert message(find_data, text) == (
        f"file not found: {text} (the folder {tmp_path / 'review'} does not exist); did you "
        "mean reviews?"
    )


def test_a_missing_file_in_the_working_folder_names_the_nearest(tmp_path, monkeypatch):
    write(tmp_path, "train.csv")
    monkeypatch.chdir(tmp_path)
    looked = f"searched in {tmp_path}"
    assert message(find_data, "trains.csv") == (
        f"file not found: trains.csv; {looked}; did you mean train.csv?"
    )
    assert message(find_model, "./model") == (
        f"file not found: ./model; {looked}; {tmp_path} contains: train.csv"
    )


def test_a_missing_file_in_an_empty_folder_says_so(tmp_path):
    text = str(tmp_path / "a.csv")
    assert message(find_data, text) == f"file not found: {text}; the folder {tmp_path} is empty"


def test_a_file_of_another_kind_is_refused(tmp_path):
    write(tmp_path, "a.docx")
    text = str(tmp_path / "a.docx")
    assert message(find_data, text) == (
        f"{text} is not a data file that can be read; convert it to one of .csv, .tsv, .tab, "
        ".json, .jsonl, .ndjson, .parquet, .feather, .arrow, .xlsx, .xlsm, .xls, .txt "
        "(each also as .gz)"
    )


def test_a_folder_without_data_is_refused(tmp_path):
    write(tmp_path, "README.md")
    assert message(find_data, str(tmp_path)) == (
        f"the folder {tmp_path} holds no data files; give one with .csv, .tsv, .tab, .json, "
        ".jsonl, .ndjson, .parquet, .feather, .arrow, .xlsx, .xlsm, .xls, .txt files "
        "(each also as .gz)"
    )


def test_a_model_folder_is_found(tiny_bert):
    found = find_model(str(tiny_bert))
    assert (found.kind, found.path, found.pretrained) == ("local", tiny_bert, True)


def test_a_run_gives_its_best_model(tmp_path):
    write(tmp_path, "model/config.json", "spec.yaml")
    assert find_model(str(tmp_path)).path == tmp_path / "model"


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    assert message(find_model, str(tmp_path)) == (
        f"{tmp_path} is not a model folder: it has no config.json; give the folder that holds "
        "config.json, the tokenizer and model.safetensors"
    )


def test_a_file_is_no_model(tiny_bert):
    text = str(tiny_bert / "model.safetensors")
    assert message(find_model, text) == (
        f"{text} is a file, and a model is a folder; give the folder that holds config.json, the "
        "tokenizer and model.safetensors"
    )


def test_a_pattern_gives_what_matches_in_order_and_data_files_only(tmp_path):
    write(tmp_path, "b/2024.csv", "b/2023.csv", "b/README.md", "b/.x.csv", "b/deep/2022.csv")
    assert names(tmp_path, f"{tmp_path}/b/*") == ["b/2023.csv", "b/2024.csv"]
    assert names(tmp_path, f"{tmp_path}/**/202[24].csv") == ["b/2024.csv", "b/deep/2022.csv"]
    text = f"{tmp_path}/b/*.parquet"
    assert message(find_data, text).startswith(f"no data file matches {text}; check the pattern")


def test_several_places_are_one_set_and_none_counts_twice(tmp_path):
    write(tmp_path, "a.csv", "b/1.csv", "b/2.csv")
    text = f"{tmp_path}/b/*.csv; {tmp_path}/a.csv;{tmp_path}/b/1.csv"
    assert names(tmp_path, text) == ["b/1.csv", "b/2.csv", "a.csv"]
    text = f"{tmp_path}/a.csv; {tmp_path}/c.csv"
    assert "did you mean a.csv?" in message(find_data, text)


def test_a_file_whose_name_looks_like_a_pattern_or_a_list_is_that_file(tmp_path):
    write(tmp_path, "a;b.csv", "c[1].csv")
    assert names(tmp_path, f"{tmp_path}/a;b.csv") == ["a;b.csv"]
    assert names(tmp_path, f"{tmp_path}/c[1].csv") == ["c[1].csv"]
