"""Every kind of file is read as what it is, or refused by the name of what is wrong."""

import re
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
    source = case.build(folder)
    data = read(source, case.task, **case.options)
    assert sum(data.sizes.values()) == case.rows, data.notes
    again = read(source, case.task, **case.options | {"columns": data.columns})
    assert again.fingerprint == data.fingerprint, "a run that is repeated names its columns"
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


def test_a_format_that_is_given_settles_doubt(tmp_path):
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


def test_the_docs_count_the_files_of_each_kind():
    rows = re.findall(r"^\| ([a-z ]+) \| .+ \| (\d+) \| (\d+) \|$", DOCS.read_text("utf-8"), re.M)
    result = {kind: (int(read), int(refused)) for kind, read, refused in rows}
    counted = {
        kind: (
            sum(one.kind == kind and not one.refused for one in CASES),
            sum(one.kind == kind and bool(one.refused) for one in CASES),
        )
        for kind in {one.kind for one in CASES}
    }
    assert result == counted


def test_short_texts_that_differ_in_a_link_only_are_near_once_links_are_masked(tmp_path):
    path = tmp_path / "f.csv"
    spam = [f"win now http://t.co/{name}" for name in ("aB3xYz", "q9Lm0pK", "zzTop77", "m4Rk1t")]
    body = "".join(f'"{text}",bad\n' for text in spam)
    path.write_text(PLAIN + body)
    near = read(path, cleaning=["near_duplicates"])
    masked = read(path, cleaning=["mask", "near_duplicates"])
    assert sum(near.sizes.values()) - sum(masked.sizes.values()) == len(spam) - 1
