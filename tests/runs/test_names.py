"""Names are cut by bytes, whole characters only, and stay apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.folder import write_text
from workbench.runs.names import MAX_BYTES, cut_name
from workbench.spec import RunSpec
from workbench.training.run import suggested_name


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=200))
def test_a_name_has_few_enough_bytes_and_whole_characters(name):
    cut = cut_name(name)
    assert len(cut.encode()) <= MAX_BYTES
    assert cut == name or name.startswith(cut[:-9])


def test_long_names_that_differ_late_stay_apart():
    assert cut_name("x" * 300 + "a") != cut_name("x" * 300 + "b")
    assert cut_name("评" * 20) == "评" * 20
    assert cut_name("评" * 21).startswith("评" * 17 + "-")


def test_a_run_of_many_files_or_a_long_query_has_a_name_that_every_disk_takes(tmp_path):
    sources = [
        ";".join(f"data/{name}.csv" for name in range(500)),
        "sqlite:///a.db#SELECT " + ", ".join(f"column_{n}" for n in range(200)) + " FROM t",
        "评论" * 100 + ".csv",
    ]
    for source in sources:
        spec = RunSpec().replace({"data.source": source, "model.source": "模" * 80})
        name = suggested_name(spec)
        assert len(name.encode()) < 143
        (tmp_path / name).mkdir()


def test_a_file_with_the_longest_name_is_written(tmp_path):
    path = tmp_path / ("评" * 80 + ".jsonl")
    write_text(path, "content")
    assert path.read_text() == "content"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
