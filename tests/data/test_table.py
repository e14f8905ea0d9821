import gzip

import pandas
import pytest

from workbench.data import read_table
from workbench.errors import DataError

from .examples import csv, rows, write
from .old_workbook import old_workbook

PAIRS = [("good film", "pos"), ("bad film", "neg"), ("no comment", "neg")]


def _frame():
    return pandas.DataFrame(PAIRS, columns=["text", "label"])


def _write_all(folder):
    """Write the same table in every format and return the paths."""
    frame = _frame()
    tab = "text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in PAIRS)
    frame.to_parquet(folder / "f.parquet")
    frame.to_excel(folder / "f.xlsx", index=False)
    lines = frame.to_json(orient="records", lines=True)
    paths = [
        write(folder / "f.csv", csv(PAIRS)),
        write(folder / "f.tsv", tab),
        write(folder / "f.txt", tab),
        write(folder / "no_suffix", tab),
        write(folder / "f.json", frame.to_json(orient="records")),
        write(folder / "f.jsonl", lines),
        folder / "f.parquet",
        folder / "f.xlsx",
    ]
    for path in list(paths):
        paths.append(write(folder / f"{path.name}.gz", gzip.compress(path.read_bytes(), mtime=0)))
    return paths


def test_every_format_gives_the_same_table_gzipped_or_not(tmp_path):
    paths = _write_all(tmp_path)
    assert len(paths) == 16
    for path in paths:
        frame, detected = read_table(path)
        assert frame.to_numpy().tolist() == _frame().to_numpy().tolist(), path.name
        assert list(frame.columns) == ["text", "label"], path.name
        assert list(frame.index) == [1, 2, 3], path.name
        assert detected.rows == 3


def test_what_was_detected_is_reported(tmp_path):
    _, detected = read_table(write(tmp_path / "f.tsv", "\ufeff1\tgood\n0\tbad\n1\tfine\n"))
    assert (detected.encoding, detected.delimiter, detected.header) == ("utf-8-sig", "tab", "no")


def test_columns_without_a_header_are_numbered_from_zero(tmp_path):
    frame, _ = read_table(
        write(tmp_path / "f.tsv", "ham\tOk lar\nspam\tFree entry\nham\tYes\nham\tNo\n")
    )
    assert list(frame.columns) == ["0", "1"]
    assert len(frame) == 4


def test_a_header_can_be_forced_either_way(tmp_path):
    path = write(tmp_path / "f.csv", "text,label\ngood,pos\n")
    assert len(read_table(path, header="no")[0]) == 2
    path = write(tmp_path / "g.csv", "1,good\n0,bad\n")
    assert list(read_table(path, header="yes")[0].columns) == ["1", "good"]


def test_text_files_hold_one_text_a_line(tmp_path):
    path = write(tmp_path / "f.txt", "One, two.\r\n\r\nA line\u2028with a mark\r\n")
    frame, detected = read_table(path)
    assert frame["text"].to_dict() == {1: "One, two.", 3: "A line\u2028with a mark"}
    assert (detected.header, detected.delimiter) == ("no", "")
    assert list(read_table(path, header="yes")[0].columns) == ["One, two."]


def test_columns_without_a_name_get_one(tmp_path):
    frame, _ = read_table(write(tmp_path / "f.csv", "label,text,,\nham,hi,,\nspam,buy,x,\n"))
    assert list(frame.columns) == ["label", "text", "unnamed_2", "unnamed_3"]


def test_a_header_repeated_among_the_rows_is_left_out_and_noted(tmp_path):
    path = write(tmp_path / "f.csv", csv(PAIRS) + csv(PAIRS))
    frame, detected = read_table(path)
    assert list(frame.index) == [1, 2, 3, 5, 6, 7]
    assert detected.notes == ["Skipped repetitions of the header: 1."]


def test_class_names_kept_in_parquet_are_found(tmp_path):
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    table = Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features)
    table.to_parquet(tmp_path / "f.parquet")
    frame, _ = read_table(tmp_path / "f.parquet")
    assert frame.attrs["class_names"] == {"label": ["neg", "pos"]}


def test_of_two_tables_the_first_is_read_and_the_other_named(tmp_path):
    with pandas.ExcelWriter(tmp_path / "f.xlsx") as book:
        _frame().to_excel(book, sheet_name="one", index=False)
        _frame().to_excel(book, sheet_name="two", index=False)
    frame, detected = read_table(tmp_path / "f.xlsx")
    assert len(frame) == 3
    assert detected.notes == [
        "Read the sheet “one”; not read: two. Select another with f.xlsx#SHEET."
    ]


def test_an_old_workbook_is_read_and_so_is_a_table_that_is_only_called_so(tmp_path):
    path = write(tmp_path / "f.xls", old_workbook([["text", "stars"], ["很好", 5], ["bad", 1.5]]))
    frame, detected = read_table(path)
    assert frame.to_dict("list") == {"text": ["很好", "bad"], "stars": ["5", "1.5"]}
    assert (detected.header, detected.notes) == ("yes", [])
    frame, _ = read_table(write(tmp_path / "g.xls", "text\tstars\ngood\t5\nbad\t1\n"))
    assert frame["stars"].tolist() == ["5", "1"]


def test_a_duplicated_column_is_an_error_that_names_it(tmp_path):
    path = write(tmp_path / "f.csv", "text,label,text\na,pos,b\nc,neg,d\n")
    with pytest.raises(DataError) as caught:
        read_table(path, known_names={"text"})
    assert str(caught.value) == (
        "f.csv: the header names 'text' more than once (columns 0 and 2); "
        "rename one of them; if the first row is data, set data.header to no"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", b"", "f.csv is empty; give a file with a row for each example"),
        ("f.csv", b" \n\n", "f.csv is empty; give a file with a row for each example"),
        ("f.csv", b"\xef\xbb\xbf", "f.csv is empty; give a file with a row for each example"),
        ("f.csv", b"text,label\n", "f.csv has a header but no rows; give a file with a row"),
        ("f.csv", b",,\n,,\n", "f.csv has no rows; give a file with a row"),
        ("f.jsonl", b"[]", "f.jsonl has no rows; give a file with a row"),
        (
            "f.csv.gz",
            gzip.compress(b"text,label\na,b\n" * 9, mtime=0)[:-9],
            "f.csv.gz is a damaged gzip file;",
        ),
        ("f.parquet", b"PAR1 and then nonsense PAR1", "f.parquet is a damaged parquet file ("),
        ("f.xlsx", b"PK\x03\x04 nonsense", "f.xlsx cannot be read as an Excel workbook ("),
        ("f.xls", b"\xd0\xcf\x11\xe0 and so on", "f.xls cannot be read as an Excel workbook ("),
        ("f.xls", b"<html><table>", "f.xls is a page of HTML or XML; save it as .xlsx or .csv"),
        ("f.xlsx", b"no workbook", "f.xlsx cannot be read as an Excel workbook ("),
        ("f.parquet", b"no parquet", "f.parquet is a damaged parquet file ("),
    ],
)
def test_a_file_that_cannot_be_read_is_a_one_line_error(tmp_path, name, content, message):
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path / name, content))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert "; " in str(caught.value)


@pytest.mark.parametrize("place", range(0, 5000, 500))
def test_a_workbook_damaged_anywhere_is_an_error_or_read(tmp_path, place):
    _frame().to_excel(tmp_path / "f.xlsx", index=False)
    raw = bytearray((tmp_path / "f.xlsx").read_bytes())
    raw[place : place + 300] = bytes(300)
    try:
        read_table(write(tmp_path / "g.xlsx", bytes(raw)))
    except DataError as error:
        assert "\n" not in str(error)
        assert error.remedy


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    with pytest.raises(DataError, match=r"^file not found: .*gone.*; check data\.source"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"^cannot read .*; check the path"):
        read_table(tmp_path)


def test_forty_thousand_rows_are_all_read(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(40_000)))
    frame, _ = read_table(path)
    assert len(frame) == 40_000
