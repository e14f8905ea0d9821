"""`wb.clean` and `workbench data clean`: the same steps, shown, undone and written."""

from __future__ import annotations

import json

import pytest

import workbench as wb
from workbench import language
from workbench.cli import main
from workbench.data import read_table
from workbench.errors import InputError
from workbench.spec import RunSpec, SpecError

ROWS = """text,label
"The room was <b>great</b>",pos
The room was great,pos
"=HYPERLINK(""http://x.org"")",neg
<script>alert(1)</script>fine,neg
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rows.csv"
    file.write_text(ROWS, encoding="utf-8")
    return file


def test_steps_are_shown_added_and_undone_and_the_source_stays(path):
    before = path.read_bytes()
    first = wb.clean(path, ["html"])
    both = first.then("duplicates")
    assert list(both.frame.index) == [1, 3, 4]
    assert both.dropped.to_dict("records") == [
        {"row": 2, "step": "duplicates", "found": "", "repeats": 1,
         "text": "The room was great", "label": "pos"},
    ]  # fmt: skip
    assert list(first.frame.index) == list(both.undo().frame.index) == [1, 2, 3, 4]
    assert both.undo().undo().frame["text"].iloc[0] == "The room was <b>great</b>"
    with pytest.raises(InputError, match="no step to undo"):
        both.undo().undo().undo()
    assert path.read_bytes() == before


def test_what_is_shown_is_escaped_in_both_languages(path):
    cleaned = wb.clean(path, "html, duplicates")
    with language.using("en"):
        shown = cleaned._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown and "<script>" not in shown
    assert "Rows dropped" in shown
    with language.using("zh"):
        assert "去掉的行" in cleaned._repr_html_()
    assert repr(cleaned).splitlines()[1] == "duplicates: 0 rows changed, 1 dropped, 3 left"


@pytest.fixture
def folder(path):
    folder = path.parent / "both"
    folder.mkdir()
    rows = "text,label\na  {0} day,x\na  {0} day,x\n<b>no</b>,y\n"
    (folder / "test.csv").write_text(rows.format("test"), "utf-8")
    (folder / "train.csv").write_text(rows.format("train") + "a =1 day,x\n", "utf-8")
    return folder


def test_every_split_is_cleaned_by_itself_and_shown_on_one_page(folder):
    cleaned = wb.clean(folder, ["html", "whitespace"]).then("duplicates")
    assert [(one["split"], one["step"]) for one in cleaned.steps][::3] == [
        ("train", "html"), ("test", "html"),
    ]  # fmt: skip
    assert {name: list(frame.index) for name, frame in cleaned.frames.items()} == {
        "train": [1, 3, 4], "test": [1, 3],
    }  # fmt: skip
    assert list(cleaned.frame.index) == [1, 3, 4]
    assert cleaned.dropped[["split", "row", "repeats"]].values.tolist() == [
        ["train", 2, 1], ["test", 2, 1],
    ]  # fmt: skip
    with language.using("zh"):
        shown = cleaned._repr_html_()
    assert shown.count("<details") == 2
    assert shown.index("训练集</b>") < shown.index("a train day") < shown.index("测试集</b>")
    assert shown.index("测试集</b>") < shown.index("a test day") < shown.rindex("与第 1 行重复")
    assert repr(cleaned).splitlines()[::4] == ["train", "test"]
    assert cleaned.undo().undo().undo().frames["test"]["text"].iloc[2] == "<b>no</b>"
    written = cleaned.save("rows.csv")
    assert {split: one["file"] for split, one in written.items()} == {
        "train": "rows-train.csv", "test": "rows-test.csv",
    }  # fmt: skip


def test_a_split_without_the_columns_is_left_out_and_reported(folder):
    (folder / "test.csv").write_text("text\na\n", "utf-8")
    cleaned = wb.clean(folder, ["whitespace"])
    assert list(cleaned.frames) == ["train"]
    assert cleaned.notes == ["the split test has no column label, which train has"]
    assert cleaned.notes[0] in cleaned._repr_html_()


def test_a_custom_function_works_here_and_is_no_part_of_a_spec(path):
    cleaned = wb.clean(path, ["html"], custom=str.upper)
    assert cleaned.frame["text"].iloc[0] == "THE ROOM WAS GREAT"
    with pytest.raises(InputError, match="upper lives only in this notebook"):
        _ = cleaned.spec
    assert cleaned.undo().spec.data.cleaning == ["html"]


def test_steps_of_a_spec_come_first_and_faults_are_reported(path):
    spec = RunSpec().replace({"data.source": str(path), "data.cleaning": ["html"]})
    assert wb.clean(spec, ["whitespace"]).spec.data.cleaning == ["html", "whitespace"]
    with pytest.raises(SpecError, match="did you mean html"):
        wb.clean(spec, ["htm"])


def test_a_table_of_the_notebook_and_rows_without_labels_are_cleaned_too(path):
    table = [{"text": " <i>a</i> "}, {"text": "b"}, {"text": "b"}]
    cleaned = wb.clean(table, ["html", "duplicates"])
    assert cleaned.frame["text"].tolist() == ["a", "b"]


def test_cells_in_csv_are_safe_and_those_in_jsonl_are_as_they_were(path, tmp_path):
    cleaned = wb.clean(path, ["html", "duplicates"])
    assert cleaned.save("clean.csv")["cells_made_safe"] == 1
    assert read_table("clean.csv")[0]["text"].iloc[1] == '\'=HYPERLINK("http://x.org")'
    assert cleaned.save("clean.jsonl")["cells_made_safe"] == 0
    assert read_table("clean.jsonl")[0]["text"].iloc[1] == '=HYPERLINK("http://x.org")'
    assert cleaned.save("clean.parquet")["rows"] == 3
    assert read_table("clean.parquet")[0]["text"].tolist() == cleaned.frame["text"].tolist()
    for refused, why in (("rows.csv", "is the source itself"), ("x.xls", "cannot be written")):
        with pytest.raises(InputError, match=why):
            cleaned.save(refused)
    assert path.read_text("utf-8") == ROWS


def run(capsys, *arguments):
    code = main(["data", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_the_command_shows_first_and_writes_what_is_asked_for(capsys, path, tmp_path):
    steps = ["--step", "html", "--step", "duplicates"]
    code, out, _ = run(capsys, "clean", path, *steps)
    assert code == 0 and "before  'The room was <b>great</b>'" in out
    assert [p.name for p in tmp_path.iterdir()] == ["rows.csv"]
    code, out, _ = run(capsys, "clean", path, *steps, "-o", "out.csv")
    assert code == 0 and "1 cell that a spreadsheet would run" in out
    dropped = (tmp_path / "out.dropped.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["row"] for line in dropped] == [2]
    code, out, _ = run(capsys, "clean", path, *steps, "--json")
    (answer,) = json.loads(out)["splits"]
    assert (answer["rows_before"], answer["rows"], answer["written"]) == (4, 3, None)


def test_the_command_refuses_with_one_line(capsys, path):
    for arguments, why in (
        ((path,), "no cleaning step is given"),
        ((path, "--step", "htm"), "did you mean html?"),
        ((path, "--step", "html", "-o", path), "is the source itself"),
        ((path, "--step", "html", "-o", "x.doc"), "end it in .csv, .tsv, .jsonl, .parquet"),
    ):
        code, out, err = run(capsys, "clean", *arguments)
        assert (code, out) == (2, "") and why in err and len(err.strip().splitlines()) == 1


def test_the_command_lists_all_steps(capsys):
    code, out, _ = run(capsys, "steps")
    assert code == 0 and "near_duplicates" in out and "threshold" in out
    assert len(json.loads(run(capsys, "steps", "--json")[1])) > 10


def test_the_command_cleans_all_splits_each_by_itself_or_those_named(capsys, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for name in ("train", "test"):
        rows = f"text,label\na  {name} day,x\na  {name} day,x\nno,y\n"
        (folder / f"{name}.csv").write_text(rows, "utf-8")
    steps = ("--step", "whitespace", "--step", "duplicates")
    code, out, _ = run(capsys, "clean", folder, *steps, "-o", tmp_path / "rows.csv")
    assert code == 0
    assert out.index("\ntrain\n") < out.index("\ntest\n")
    for name in ("train", "test"):
        assert f"a {name} day,x" in (tmp_path / f"rows-{name}.csv").read_text("utf-8")
        assert (tmp_path / f"rows-{name}.dropped.jsonl").read_text("utf-8").count("\n") == 1
    _, out, _ = run(capsys, "clean", folder, *steps, "--split", "test", "--json")
    assert [one["split"] for one in json.loads(out)["splits"]] == ["test"]
    code, _, err = run(capsys, "clean", folder, *steps, "--split", "dev")
    assert code == 2
    assert "no split 'dev'" in err


def test_answers_stay_where_they_are_in_a_passage_that_is_cleaned(capsys, tmp_path):
    context = "It  was <b>cold</b>.  Tom  saw  Ann.  Ann  left."
    answers = {"text": ["Ann", "Tom  saw"], "answer_start": [38, 22]}
    rows = [{"question": "Who  left?", "context": context, "answers": answers},
            {"question": "What?", "context": context,
             "answers": {"text": ["b>c"], "answer_start": [9]}}]  # fmt: skip
    assert context[38:41] == "Ann"
    assert context[22:30] == "Tom  saw"
    path = tmp_path / "qa.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    steps = ("--step", "html", "--step", "whitespace", "--set", "task=question-answering")
    code, out, err = run(capsys, "clean", path, *steps, "-o", tmp_path / "out.jsonl")
    assert code == 0, err
    assert "the labels or answers that refer to them: 1" in out
    first, second = (json.loads(line) for line in (tmp_path / "out.jsonl").open(encoding="utf-8"))
    held = first["answers"]
    assert first["context"] == "It was cold. Tom saw Ann. Ann left."
    assert held["text"] == ["Ann", "Tom saw"]
    assert held["answer_start"] == [26, 13]
    assert second["context"][second["answers"]["answer_start"][0] :].startswith("b>c")


def test_words_are_cleaned_one_by_one_and_keep_their_tags(capsys, tmp_path):
    row = {
        "tokens": ["caf\u00c3\u00a9", "<br>", "http://x.org", "Ann"],
        "tags": ["O"] * 3 + ["B-P"],
    }
    path = tmp_path / "tags.jsonl"
    path.write_text(f"{json.dumps(row)}\n" * 2, "utf-8")
    steps = [a for step in ("fix_text", "html", "mask") for a in ("--step", step)]
    task = ("--set", "task=token-classification")
    for name in ("out.jsonl", "out.csv"):
        code, out, err = run(capsys, "clean", path, *steps, *task, "-o", tmp_path / name)
        assert code == 0, err
        assert "the labels or answers that refer to them: 2" in out
        held = read_table(tmp_path / name)[0].iloc[0]
        tokens = held["tokens"] if name == "out.jsonl" else json.loads(held["tokens"])
        assert list(tokens) == ["caf\u00e9", "<br>", "[URL]", "Ann"]
