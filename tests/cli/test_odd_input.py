"""Inputs at fault end in one sentence; what is piped is read."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tiny_runs import write_csv
from workbench.cli import main
from workbench.errors import InputError
from workbench.runs.events import KINDS as EVENTS
from workbench.runs.events import parse_event
from workbench.sources import _streams, find_data, find_model
from workbench.spec import RunSpec, SpecError, from_yaml, parse_value


def refused(capsys, *command) -> str:
    assert main([str(part) for part in command]) == 2
    said = capsys.readouterr().err
    assert said.startswith("workbench: ")
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    "text",
    [
        "train: {learning_rate: !!float abc}", "train: {max_steps: !!int x}",
        "model: {trust_remote_code: !!bool maybe}", "task: !!timestamp x", "task: !!binary é",
        "task: !!set 3", "task: !!omap 3", "task: !!pairs 3", "task: !!python/object:os.system x",
        "task: !own x", "train: {max_steps: " + "9" * 5000 + "}", "[" * 3000, "{" * 3000,
        "? {a: 1}\n: 2", "? [a]\n: 2", "\n".join(f"k{i}: 1" for i in range(2000)),
        "a: 1\n" * 60_000, "task: \x00", "\ud800", "- " * 2000, "!!float .", "%YAML 9.9\n--- 1",
    ],
    ids=lambda text: ascii(text[:30]),
)  # fmt: skip
def test_a_file_that_is_no_spec_says_so(text, tmp_path, capsys):
    file = tmp_path / "x.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert len(refused(capsys, "train", file)) < 30_000


def test_only_so_many_faults_are_reported(tmp_path):
    with pytest.raises(SpecError, match="and 1,900 more errors"):
        from_yaml("\n".join(f"k{i}: 1" for i in range(2000)))


@pytest.mark.parametrize("value", ["[" * 3000, "9" * 5000, "!!int x", "!!timestamp x", "{a: *b}"])
def test_a_value_of_the_command_line_is_at_worst_a_text(value, capsys):
    assert parse_value(value) == value
    refused(capsys, "train", "--set", f"data.labels={value}")


@pytest.mark.parametrize(
    "source", ["~nosuchuser/x.csv", "./" + "d" * 300, "./" + "评" * 100, "a" * 5000 + "/b.csv"]
)
def test_a_name_that_no_file_has_is_not_found(source, capsys):
    assert "file not found" in refused(capsys, "data", "show", source)
    for find in (find_data, find_model):
        with pytest.raises(InputError):
            find(source)


def test_a_port_that_is_none_is_said_without_the_environment(capsys, monkeypatch):
    monkeypatch.setenv("SECRET_WORD", "hunter2")
    said = refused(capsys, "data", "show", "postgresql://u:${SECRET_WORD}@h:port/d#t")
    assert "is not a database URL" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("form", ['[{{"text":"a","label":{n}}},{{"text":"b","label":1}}]', "{n}"])
def test_numbers_that_nothing_holds_are_refused_or_read(digits, form, tmp_path, capsys):
    file = tmp_path / "x.json"
    file.write_text(form.format(n="9" * digits))
    assert main(["data", "show", str(file)]) in (0, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_a_hundred_thousand_columns_are_looked_at_in_time(tmp_path, capsys):
    file = tmp_path / "x.csv"
    names = ",".join(f"c{i}" for i in range(100_000))
    file.write_text(f"{names}\n{','.join('x' * 100_000)}\n")
    assert main(["data", "show", str(file), "--json"]) in (0, 2)


def test_a_bomb_is_refused_while_it_is_small(tmp_path, capsys):
    file = tmp_path / "b.csv.gz"
    with gzip.open(file, "wb") as packed:
        packed.write(b"text,label\n")
        for _ in range(40):
            packed.write(b"a" * 2**22)
    assert "unpacks to more than 200 times its size" in refused(capsys, "data", "show", file)


@pytest.mark.skipif(os.name == "nt", reason="pipes with names are POSIX's")
def test_what_is_piped_is_read_once_and_known_again(tmp_path, capsys):
    content = write_csv(tmp_path / "rows.csv").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(content))
    writer.start()
    found = find_data(str(pipe))
    writer.join()
    assert found.files[0].read_bytes() == content
    assert find_data(str(pipe)).files == found.files


@pytest.mark.skipif(os.name == "nt", reason="/dev is POSIX's")
def test_stdin_is_read_and_nothing_has_no_rows(tmp_path):
    content = write_csv(tmp_path / "rows.csv").read_bytes()
    command = [sys.executable, "-m", "workbench", "data", "show", "/dev/stdin"]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"80" in done.stdout
    done = subprocess.run(
        [*command[:-1], "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"is empty" in done.stderr


def test_a_pipe_that_never_ends_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(_streams, "LARGEST_BYTES", 100)
    monkeypatch.setattr(_streams, "_read", {})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=lambda: pipe.write_bytes(b"x" * 1000), daemon=True).start()
    with pytest.raises(InputError, match="gives more than"):
        find_data(str(pipe))
    with pytest.raises(InputError, match="neither a file nor a folder nor a pipe"):
        find_data("/dev/zero")


SLOW = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*RunSpec.model_fields, "source", "x", "1"]), inner)
    ),
    max_leaves=12,
)


@SLOW
@given(st.text() | TREES.map(yaml.safe_dump))
def test_any_text_is_a_spec_or_a_fault(text):
    try:
        assert isinstance(from_yaml(text), RunSpec)
    except SpecError as error:
        assert str(error)


@SLOW
@given(st.text())
def test_any_text_is_a_value_that_yaml_can_write(text):
    assert yaml.safe_dump(parse_value(text)).strip()


@SLOW
@given(st.binary() | TREES.map(repr).map(str.encode))
def test_any_line_is_an_event_or_none(line):
    event = parse_event(line)
    assert event is None or event["event"] in EVENTS


@SLOW
@given(st.binary(max_size=400), st.sampled_from(["csv", "json", "jsonl", "tsv", "txt", "parquet"]))
def test_any_file_is_data_or_a_fault(tmp_path_factory, content, ending):
    from workbench.data.table import read_table

    file = tmp_path_factory.mktemp("any") / f"x.{ending}"
    file.write_bytes(content)
    try:
        read_table(file)
    except InputError as error:
        assert "\n" not in str(error)
