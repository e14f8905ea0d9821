"""The file face: how YAML is read, and where specs are loaded from."""

from __future__ import annotations

import pytest
import yaml

from workbench.errors import InputError
from workbench.spec import (
    RunSpec,
    SpecError,
    dump_tree,
    find_spec,
    from_yaml,
    load,
    parse_tree,
    parse_value,
    recipe_names,
    to_yaml,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("007", "007"),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("5e-5", 5e-5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-3", -3),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        (".inf", float("inf")),
        ("-.inf", float("-inf")),
    ],
)
def test_plain_values_are_read_as_yaml_1_2_reads_them(text, value):
    read = parse_tree(f"a: {text}")["a"]
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("text", ["no", "5e-5", "1e5", "1:30", "2026-11-23", "~", "007", "=", "<<"])
def test_texts_are_written_so_that_a_reader_of_either_version_gets_them_back(text):
    written = dump_tree({"a": text})
    assert parse_tree(written) == {"a": text}
    assert yaml.safe_load(written) == {"a": text}


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_a_line_break_of_unicode_survives(mark):
    for text in (mark, f"one{mark}two", f"{mark} a", f"a {mark}"):
        assert parse_tree(dump_tree({"a": text, text: ["b", text]})) == {
            "a": text,
            text: ["b", text],
        }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: [", "not YAML on line 2: expected the node content, but found '<stream end>'"),
        ("x: 0\na: 1\na: 2", "not YAML on line 1: a is given twice"),
        ("a: &x 1\nb: *x", "not YAML on line 2: aliases such as *name are not read; write the "
         "value out"),
        ("? [a, b]\n: 1", "not YAML on line 1: found unhashable key"),
        ("a: \x01", "not YAML: unacceptable character #x0001: special characters are not allowed "
         "in \"<unicode …"),
        ("[" * 5_000, "not a spec: nested far too deeply"),
        ("3", "expected sections such as data: and train:, got '3'"),
        ("train: {seed: -1}", "train.seed: -1 does not fit; choose at least 0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["", "mine.yaml"])
def test_what_is_no_spec_is_refused_in_a_line_that_names_the_place(text, fault, where):
    with pytest.raises(SpecError) as caught:
        from_yaml(text, where)
    assert str(caught.value) == f"{where or 'the spec'}: {fault}"


def test_a_fault_in_a_recipe_names_the_recipe(monkeypatch):
    monkeypatch.setattr("workbench.spec.recipes.recipe_text", lambda name: "train: {seed: -1}")
    with pytest.raises(SpecError) as caught:
        load("quickstart")
    assert str(caught.value) == (
        "recipe quickstart: train.seed: -1 does not fit; choose at least 0"
    )


def test_label_names_that_look_like_something_else_are_texts():
    spec = from_yaml("data: {labels: [no, yes, 0, 1]}\noutput: {run_name: 2024}")
    assert spec.data.labels == ["no", "yes", "0", "1"]
    assert spec.output.run_name == "2024"


def test_columns_keep_numbers_apart_from_names():
    spec = from_yaml("data: {columns: {text: 1, label: '1'}}")
    assert spec.data.columns == {"text": 1, "label": "1"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "train:\ndata:\n", "{}"])
def test_what_is_left_out_takes_its_default(text):
    assert from_yaml(text) == RunSpec()


def test_the_same_list_twice_is_written_out_twice():
    labels = ["a", "b"]
    assert parse_tree(dump_tree({"x": labels, "y": labels})) == {"x": labels, "y": labels}


def test_fields_keep_their_order_and_long_texts_are_folded_at_100():
    assert dump_tree({"b": 1, "a": {"d": 2, "c": 3}}) == "b: 1\na:\n  d: 2\n  c: 3\n"
    lines = dump_tree({"a": "x " * 200 + "y"}).splitlines()
    assert [len(line) for line in lines[:3]] == [102, 101, 101]  # folded after the word at 100


def test_chinese_is_written_as_it_is():
    spec = RunSpec().replace({"run_name": "外卖评论"})
    assert "run_name: 外卖评论" in to_yaml(spec)


def test_load_reads_a_file(tmp_path):
    path = tmp_path / "my spec.yaml"
    path.write_text("train: {seed: 7}", encoding="utf-8-sig")
    assert load(path).train.seed == 7


def test_load_reads_a_run_and_leaves_its_record_aside(tmp_path):
    text = to_yaml(RunSpec().replace({"seed": 7})) + "\nrecord: {versions: {torch: '2'}}\n"
    (tmp_path / "spec.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path).train.seed == 7
    assert load(tmp_path / "spec.yaml").train.seed == 7


def test_load_prefers_a_file_to_a_recipe_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load("sst2-bert").train.num_train_epochs == 3
    (tmp_path / "sst2-bert").write_text("train: {num_train_epochs: 5}", encoding="utf-8")
    assert load("sst2-bert").train.num_train_epochs == 5


def test_a_missing_spec_names_the_recipes():
    with pytest.raises(InputError) as caught:
        load("no-such")
    assert str(caught.value) == (
        "no spec file and no recipe named 'no-such'; `workbench recipes` lists the recipes: "
        + ", ".join(recipe_names())
    )


def test_a_path_below_a_file_is_a_missing_spec(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no spec file and no recipe named"):
        load(tmp_path / "file" / "spec.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_bytes("data: {source: 评论}".encode("gbk"))
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == (
        f"cannot read {str(path)!r} ('utf-8' codec can't decode byte 0xc6 in position 15: invalid "
        "continuation byte); give a UTF-8 YAML file"
    )


def test_a_folder_without_a_spec_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*; give a UTF-8 YAML file"):
        load(tmp_path)


def test_the_fault_of_a_file_names_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("train: {seed: -1}")
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: train.seed: -1 does not fit; choose at least 0"
    path.write_text("train: [")
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: not YAML on line 1: ")


def test_values_of_the_command_line_are_read_as_yaml_or_by_their_field():
    assert parse_value("5e-5") == 5e-5
    assert parse_value("[a, b]") == ["a", "b"]
    assert parse_value("3", "train.seed") == 3
    assert parse_value("3", "data.source") == "3"
    assert parse_value("|", "output.run_name") == "|"
    assert parse_value("null", "model.revision") is None
    assert parse_value("null", "data.source") == "null"
    assert parse_value("null") is None
    assert parse_value("  ") == "  "
    assert parse_value("{a") == "{a"
    assert parse_value("3", "no.such.field") == 3


def test_a_spec_is_found_as_file_run_or_recipe(tmp_path):
    file = tmp_path / "mine.YAML"
    file.write_text("train: {seed: 5}", "utf-8")
    assert find_spec(str(file)).train.seed == 5
    (tmp_path / "spec.yaml").write_text("train: {seed: 6}", "utf-8")
    assert find_spec(str(tmp_path)).train.seed == 6
    assert find_spec("quickstart") == RunSpec()
    (tmp_path / "empty").mkdir()
    assert find_spec(str(tmp_path / "empty")) is None
    assert find_spec("no-such-thing") is None
