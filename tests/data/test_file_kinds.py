"""Every kind of file is read as what it is, or refused by the name of what is wrong."""

from pathlib import Path

import pytest

from tests.data.file_kinds import CASES, COUNT, PLAIN, ROWS, TEXTS, Case
from workbench.data import load_data
from workbench.errors import InputError
from workbench.spec import DataSpec
from workbench.tasks import load_task

DOCS = Path(__file__).parents[2] / "docs" / "data-files.md"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def read(source, task="text-classification", **options):
    return load_data(DataSpec(source=str(source), **options), load_task(task), seed=1)


def name_of(case: Case) -> str:
    return f"{case.kind}: {case.name}"


@pytest.mark.parametrize("case", [c for c in CASES if not c.refused], ids=name_of)
def test_a_file_is_read_as_what_it_is(case, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    data = read(case.build(folder), case.task, **case.options)
    assert sum(data.sizes.values()) == case.rows, data.notes
    if case.columns is not None:
        assert data.columns == case.columns
    if case.labels is not None:
        assert data.labels == case.labels
    rows = [*data.train, *data.validation]
    if case.first is not None:
        first = min(rows, key=lambda row: row["row"])
        role = next(role for role in first if role not in ("row", "label", "tags"))
        assert first[role] == case.first
    notes = " ".join(data.notes)
    for words in case.notes:
        assert words in notes


@pytest.mark.parametrize("case", [c for c in CASES if c.refused], ids=name_of)
def test_a_file_that_cannot_be_read_is_refused_by_its_cause(case, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        read(case.build(folder), case.task, **case.options)
    assert "\n" not in str(caught.value)
    for words in case.refused:
        assert words in str(caught.value)


def test_a_format_that_is_told_settles_doubt(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(PLAIN.replace('"', ""))
    data = read(path, "fill-mask", format="lines")
    assert sum(data.sizes.values()) == COUNT + 1
    assert data.columns == {"text": "text"}
    with pytest.raises(InputError, match=r"^data.format: f.csv is not parquet; set it to auto"):
        read(path, format="parquet")


def test_rows_of_a_group_stay_on_one_side(tmp_path):
    path = tmp_path / "f.csv"
    people = [f"p{n // 3}" for n in range(COUNT)]
    body = "".join(f'"{a}",{b},{p}\n' for (a, b), p in zip(ROWS, people, strict=True))
    path.write_text("text,label,person\n" + body)
    person = dict(zip(TEXTS, people, strict=True))
    divided = {}
    for wish in ("", "person"):
        data = read(path, group_column=wish, validation_share=0.25)
        sides = [
            {person[text] for text in part["text"][:]} for part in (data.train, data.validation)
        ]
        divided[wish] = sides[0] & sides[1]
    assert divided[""], "without the column, some person stands on both sides"
    assert divided["person"] == set()
    with pytest.raises(InputError, match=r"data.group_column: f.csv has no column 'persons'"):
        read(path, group_column="persons")
