import csv

import pytest

from workbench.data.delimited import read_rows
from workbench.errors import DataError


@pytest.mark.parametrize(
    ("mark", "named"), [(",", "comma"), ("\t", "tab"), (";", "semicolon"), ("|", "pipe")]
)
def test_the_separator_is_detected_whatever_the_file_is_called(mark, named):
    text = f'text{mark}label\n"Hello, there"{mark}pos\n"Well; well"{mark}neg\n'
    rows = read_rows(text, "auto", "f.csv")
    assert rows.cells == [["text", "label"], ["Hello, there", "pos"], ["Well; well", "neg"]]
    assert rows.delimiter == mark
    assert read_rows(text, named, "f.csv").cells == rows.cells


def test_a_comma_in_every_row_but_the_header_is_part_of_the_texts():
    text = "label;text\npos;well, good\nneg;oh, bad\npos;yes, fine\n"
    assert read_rows(text, "auto", "f.csv").cells[1] == ["pos", "well, good"]


def test_commas_in_sentences_do_not_hide_the_tabs():
    text = "1\tgood, really good\n0\tbad, sad, mad\n1\tfine, fine\n"
    assert read_rows(text, "auto", "SMSSpamCollection").cells[1] == ["0", "bad, sad, mad"]


def test_quotes_in_tab_separated_text_are_part_of_it():
    text = '1\tHe said "no" and left.\t" It starts so.\n0\t"Whole" he said "again"\tb\n'
    rows = read_rows(text, "auto", "mrpc.tsv")
    assert rows.cells == [
        ["1", 'He said "no" and left.', '" It starts so.'],
        ["0", '"Whole" he said "again"', "b"],
    ]


def test_a_quote_that_seems_to_join_two_even_lines_is_part_of_the_text():
    rows = read_rows('0\t"oh\n1\tyes"\n0\tno\n', "auto", "f.tsv")
    assert rows.cells == [["0", '"oh'], ["1", 'yes"'], ["0", "no"]]


def test_quotes_in_tab_separated_text_enclose_cells_where_they_keep_to_the_rules():
    text = 'text\tlabel\n"He said ""no""\tand left"\tneg\n"two\nlines"\tpos\n'
    rows = read_rows(text, "auto", "f.tsv")
    assert rows.cells == [
        ["text", "label"],
        ['He said "no"\tand left', "neg"],
        ["two\nlines", "pos"],
    ]


def test_line_breaks_in_quoted_cells_are_kept_with_any_line_end():
    rows = read_rows('text,label\r\n"one\ntwo",a\r\nthree,b\r\n', "auto", "f.csv")
    assert rows.cells[1:] == [["one\ntwo", "a"], ["three", "b"]]


def test_blank_rows_are_left_out_but_counted_in_the_row_numbers():
    rows = read_rows("text,label\n\na,1\n,,\nb,2\n", "comma", "f.csv")
    assert rows.cells == [["text", "label"], ["a", "1"], ["b", "2"]]
    assert rows.numbers == [1, 3, 5]


def test_short_rows_are_filled_and_empty_cells_at_the_end_cut():
    rows = read_rows("text,label\na\nb,2,,\n", "comma", "f.csv")
    assert rows.cells[1:] == [["a", ""], ["b", "2"]]
    assert rows.notes == []


def test_a_row_with_too_many_cells_is_left_out_and_noted():
    text = "text,label\n" + "good,pos\n" * 9 + "well, well,neg\n"
    rows = read_rows(text, "comma", "f.csv")
    assert len(rows.cells) == 10
    assert rows.notes == [
        "Skipped rows with more cells than there are columns: 1, the first is row 11."
    ]


def test_many_rows_with_too_many_cells_are_an_error():
    text = "label,text\n1,plain\n0,plain\n1,a, b\n1,c, d, e\n0,plain\n1,plain\n0,plain\n"
    with pytest.raises(DataError) as caught:
        read_rows(text, "comma", "f.csv")
    assert str(caught.value) == (
        "f.csv: 2 of 8 rows have more than 2 cells (the first is row 4); "
        "put cells that contain the separator in quotes, or set data.delimiter"
    )


def test_a_quote_that_is_never_closed_is_an_error_with_its_line():
    with pytest.raises(DataError) as caught:
        read_rows('text,label\na,1\n"b,2\nc,1\nd,2\n', "auto", "f.csv")
    assert str(caught.value) == (
        "f.csv: a quote that opens on line 3 is never closed; "
        "close it, or double quotes that are part of the text"
    )


@pytest.mark.parametrize("delimiter", ["", '"', "\n", "spaces"])
def test_a_separator_that_is_not_one_character_is_an_error(delimiter):
    with pytest.raises(
        DataError, match=r"^data\.delimiter: .* is not one character; set it to auto"
    ):
        read_rows("a,b\n", delimiter, "f.csv")


def test_any_other_single_character_can_be_named():
    assert read_rows("a^b\n1^2\n", "^", "f.csv").cells == [["a", "b"], ["1", "2"]]
    assert read_rows("a\tb\n1\t2\n", "\\t", "f.csv").cells == [["a", "b"], ["1", "2"]]


def test_a_cell_of_ten_megabytes_is_read_and_the_limit_of_the_csv_module_left_alone():
    before = csv.field_size_limit()
    rows = read_rows(f"text,label\n{'x' * 10_000_000},pos\n", "auto", "f.csv")
    assert len(rows.cells[1][0]) == 10_000_000
    assert csv.field_size_limit() == before
