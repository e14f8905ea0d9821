import json
import time

import pytest

from workbench import language
from workbench.data import load_data, load_further, tables
from workbench.errors import DataError
from workbench.sources import FoundData
from workbench.spec import DataSpec

from .examples import TASK, csv, load, rows, write


def fault(path, **fields):
    """Return the message of the error that loading gives: one line, with a remedy."""
    with pytest.raises(DataError) as caught:
        load(path, **fields)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.remedy
    return message


def test_tables_have_a_column_for_each_role_and_the_number_of_the_row(tmp_path):
    data = load(write(tmp_path / "f.csv", csv(rows(20))))
    assert data.train.column_names == data.validation.column_names == ["text", "label", "row"]
    assert data.train.features["label"].names == data.labels == ["neg", "pos"]
    assert data.columns == {"text": "text", "label": "label"}
    assert len(data.train) == 16
    assert len(data.validation) == 4
    for row in [*data.train, *data.validation]:
        assert row["text"] == f"this is sentence number {row['row'] - 1}"
        assert row["label"] == (row["row"] - 1) % 2


def test_loading_twice_gives_the_same_rows_and_fingerprint_and_another_seed_others(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(50)))
    first, second = load(path, max_train_rows=20), load(path, max_train_rows=20)
    assert first.fingerprint == second.fingerprint
    assert first.train.to_dict() == second.train.to_dict()
    assert load(path, seed=7, max_train_rows=20).fingerprint != first.fingerprint


def test_the_fingerprint_is_the_same_on_every_machine_and_tells_every_change(tmp_path):
    pairs = rows(8)
    known = load(write(tmp_path / "f.csv", csv(pairs))).fingerprint
    assert known == FINGERPRINT
    assert load(write(tmp_path / "g.csv", csv(pairs).replace("\n", "\r\n"))).fingerprint == known
    changed = [(text, "pos") if i == 0 else (text, label) for i, (text, label) in enumerate(pairs)]
    assert load(write(tmp_path / "h.csv", csv(changed))).fingerprint != known


def test_the_columns_that_were_found_load_the_same_rows_when_given(tmp_path):
    path = write(tmp_path / "f.tsv", "".join(f"{label}\t{text}\n" for text, label in rows(20)))
    data = load(path)
    assert data.columns == {"text": "1", "label": "0"}
    assert load(path, columns=data.columns).fingerprint == data.fingerprint
    assert load(path, columns={"text": 1, "label": 0}).fingerprint == data.fingerprint


def test_equal_texts_stay_on_one_side(tmp_path):
    pairs = [(f"text {i % 15}", "pos" if i % 15 < 8 else "neg") for i in range(60)]
    data = load(write(tmp_path / "f.csv", csv(pairs)), validation_share=0.3)
    assert not set(data.train["text"]) & set(data.validation["text"])
    assert "Duplicate texts: 45; equal texts stay in the same split." in data.notes


def test_a_folder_gives_its_own_splits(tmp_path):
    write(tmp_path / "set" / "x-train.csv", csv(rows(10)))
    write(tmp_path / "set" / "x-dev.csv", csv([("unseen", "pos"), ("sentence number 1", "neg")]))
    write(tmp_path / "set" / "x-test.csv", csv(rows(4)))
    data = load(tmp_path / "set")
    assert (len(data.train), len(data.validation)) == (10, 2)
    assert data.detected["split"] == "train for training, validation for validation"
    assert data.notes == ["Unused splits: test."]


def test_the_test_split_takes_the_place_of_a_missing_validation_split(tmp_path):
    write(tmp_path / "train.csv", csv(rows(10)))
    write(tmp_path / "test.csv", csv(rows(3)))
    data = load(tmp_path)
    assert len(data.validation) == 3
    assert "There is no validation split; “test” is used instead." in data.notes
    assert (
        "Validation texts that also occur in the training rows (inflates scores): 3." in data.notes
    )


@pytest.mark.parametrize("header", ["text,label", "text,other"])
def test_a_test_split_without_labels_is_left_aside(tmp_path, header):
    write(tmp_path / "train.csv", csv(rows(10)))
    write(tmp_path / "test.csv", csv([("unseen", "")] * 3, header))
    data = load(tmp_path)
    assert (len(data.train), len(data.validation)) == (8, 2)
    assert data.notes == ["Unused splits: test."]


def test_shards_are_read_as_one_table_with_running_row_numbers(tmp_path):
    write(tmp_path / "part1.csv", csv(rows(10)))
    write(tmp_path / "part2.csv", csv([(f"more {i}", "pos") for i in range(10)]))
    data = load(tmp_path)
    numbers = {row["text"]: row["row"] for row in [*data.train, *data.validation]}
    assert numbers["this is sentence number 9"] == 10
    assert numbers["more 0"] == 11


def test_splits_can_be_named(tmp_path):
    for name in ("train", "dev", "extra"):
        write(tmp_path / f"{name}.csv", csv(rows(8)))
    data = load(tmp_path, train_split="extra", validation_split="dev")
    assert data.detected["split"] == "extra for training, validation for validation"
    assert data.notes[-1] == "Unused splits: train."


@pytest.mark.parametrize("beside", [True, False])
def test_a_file_can_be_the_validation_split(tmp_path, monkeypatch, beside):
    path = write(tmp_path / "a" / "all.csv", csv(rows(10)))
    other = write(tmp_path / "a" / "held.csv", csv([("unseen", "pos")]))
    data = load(path, validation_split="held.csv" if beside else str(other))
    assert (len(data.train), list(data.validation["text"])) == (10, ["unseen"])
    assert data.detected["split"] == "all.csv for training, held.csv for validation"


def test_subsets_are_drawn_by_class_and_sizes_remember_the_whole(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(100)))
    data = load(path, max_train_rows=10, max_validation_rows=4)
    assert list(data.train["label"]).count(0) == 5
    assert list(data.validation["label"]).count(1) == 2
    assert data.sizes == {"train": 80, "validation": 20}
    assert len(load(path, max_train_rows=None).train) == 80


def test_only_the_wanted_labels_are_kept_in_the_wanted_order(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(30, ("pos", "neutral", "neg"))))
    data = load(path, labels=["pos", "neg"])
    assert data.labels == ["pos", "neg"]
    assert len(data.train) + len(data.validation) == 20
    assert data.notes == ["Skipped 10 of the training rows whose labels are not selected."]


def test_labels_are_sorted_numbers_by_value(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(44, tuple(map(str, [10, 9, 1, -1])))))
    assert load(path).labels == ["-1", "1", "9", "10"]


def test_rows_without_text_or_label_are_left_out_and_counted(tmp_path):
    pairs = [*rows(10), ("", "pos"), ("  ", "pos"), ("no label", "")]
    data = load(write(tmp_path / "f.csv", csv(pairs)))
    assert data.notes == [
        "Skipped 2 of the training rows without text (row 11, row 12).",
        "Skipped 1 of the training rows without a label (row 13).",
    ]


def test_rows_with_several_labels_are_left_out_where_one_is_wanted(tmp_path):
    pairs = [*rows(10), ("both at once", "pos|neg")]
    data = load(write(tmp_path / "f.csv", csv(pairs)), label_separator="|")
    assert data.labels == ["neg", "pos"]
    assert data.notes == [
        "Skipped 1 of the training rows with no label or several, which data.multi_label would "
        "keep (row 11 (“pos, neg”))."
    ]


@pytest.mark.parametrize("form", ["separated", "list", "columns"])
def test_several_labels_a_row_are_kept_where_they_are_wanted(tmp_path, form):
    sets = [["joy"], ["joy", "fear"], [], ["fear", "fear"]] * 5
    texts = [f"text {n}" for n in range(20)]
    settings = {"columns": {"label": "label"}}
    if form == "list":
        rows = [{"text": t, "label": own} for t, own in zip(texts, sets, strict=True)]
        path = write(tmp_path / "f.jsonl", "\n".join(map(json.dumps, rows)))
    elif form == "separated":
        path = write(tmp_path / "f.csv", csv(zip(texts, map("; ".join, sets), strict=True)))
        settings["label_separator"] = ";"
    else:
        rows = [
            f"{t},{int('joy' in own)},{int('fear' in own)}"
            for t, own in zip(texts, sets, strict=True)
        ]
        path = write(tmp_path / "f.csv", "\n".join(["text,joy,fear", *rows]))
        settings["columns"] = {"label": ["joy", "fear"]}
    data = load(path, multi_label=True, **settings)
    assert data.labels == ["fear", "joy"]
    assert data.notes == []
    found = {t: own for part in (data.train, data.validation)
             for t, own in zip(part["text"], part["label"], strict=True)}  # fmt: skip
    assert len(found) == 20
    assert [sorted(found[t]) for t in texts[:4]] == [[1], [0, 1], [], [0]]


def test_unusable_rows_can_be_a_reason_to_stop(tmp_path):
    path = write(tmp_path / "f.csv", csv([*rows(10), ("no label", "")]))
    assert fault(path, bad_rows="refuse") == (
        "f.csv: Skipped 1 of the training rows without a label (row 11); "
        "correct these rows, or set data.bad_rows to leave_out"
    )


def test_a_class_with_one_text_stays_among_the_training_rows(tmp_path):
    data = load(write(tmp_path / "f.csv", csv([*rows(20), ("only one", "rare")])))
    assert data.labels == ["neg", "pos", "rare"]
    assert "only one" in data.train["text"]
    assert data.notes == [
        "Labels with only one distinct text, which stay in training and are not validated: 1 "
        "(rare)."
    ]


def test_pairs_of_texts_have_both(tmp_path):
    lines = [f"is {i} right?,it is {i},{'yes' if i % 3 else 'no'}" for i in range(20)]
    data = load(write(tmp_path / "f.csv", "\n".join(["question,passage,label", *lines])))
    assert data.columns == {"text": "question", "text_pair": "passage", "label": "label"}
    assert data.train[0]["text_pair"].startswith("it is ")


def test_what_was_detected_is_reported_in_the_language_of_the_interface(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(20)), "utf-16")
    assert load(path).detected == {
        "encoding": "utf-16",
        "delimiter": "comma",
        "header": "first row",
        "split": "20% of the rows held out, stratified by label, with seed 42",
    }
    language.use("zh")
    assert load(path).detected["delimiter"] == "逗号"


# Bad input


def test_one_class_only_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(10, ("pos",))))
    assert fault(path) == (
        "f.csv: all 10 rows have the one label 'pos' (column 'label'); "
        "add rows of another class, or set data.columns or data.labels"
    )


@pytest.mark.parametrize(
    ("count", "reported"), [(0, "0 usable rows"), (1, "1 usable row"), (3, "3 usable rows")]
)
def test_too_few_rows_are_an_error(tmp_path, count, reported):
    path = write(tmp_path / "f.csv", csv([*rows(count), ("", "pos")]))
    why = f"Skipped 1 of the training rows without text (row {count + 1})"
    assert fault(path) == (
        f"f.csv has {reported} ({why}); at least 4 are needed; correct these rows, name other "
        "columns in data.columns, or add rows"
    )


def test_too_few_rows_without_a_fault_are_an_error(tmp_path):
    assert fault(write(tmp_path / "f.csv", csv(rows(3)))) == (
        "f.csv has 3 usable rows; at least 4 are needed; add rows with a text and a label"
    )


def test_four_rows_are_enough(tmp_path):
    data = load(write(tmp_path / "f.csv", csv(rows(4))))
    assert (len(data.train), len(data.validation)) == (2, 2)


def test_a_label_that_training_never_saw_is_an_error(tmp_path):
    write(tmp_path / "train.csv", csv(rows(10)))
    write(tmp_path / "dev.csv", csv([("fine", "pos"), ("so so", "neutral"), ("hm", "neutral")]))
    assert fault(tmp_path) == (
        "dev.csv: the label 'neutral' of 2 rows (row 2: 'so so') is unknown to the training rows, "
        "which has neg, pos; correct the label, or leave the rows out"
    )


def test_a_wanted_label_that_does_not_occur_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(10)))
    assert fault(path, labels=["negg", "pos"]) == (
        "data.labels: no row of f.csv has the label 'negg'; there are neg, pos; did you mean 'neg'?"
    )
    assert fault(path, labels=["zzz", "yyy"]) == (
        "data.labels: no row of f.csv has the label 'zzz'; there are neg, pos; choose from these"
    )
    assert fault(path, labels=["neg", "neg"]) == "data.labels: 'neg' is given twice; give it once"
    assert fault(path, labels=["neg"]).startswith("f.csv: all 5 rows have the one label 'neg'")


def test_free_text_or_a_measure_is_no_label(tmp_path):
    free = csv([(text, f"answer {i}") for i, (text, _) in enumerate(rows(150))])
    assert fault(write(tmp_path / "f.csv", free)) == (
        "f.csv: the column 'label' has 150 different values in 150 rows; "
        "that is no set of classes; "
        "set data.columns to {label: NAME} with the column that holds the class"
    )
    scores = csv([(text, f"{i % 30 / 10}") for i, (text, _) in enumerate(rows(300))])
    assert "has 30 different values in 300 rows" in fault(write(tmp_path / "g.csv", scores))


def test_a_cell_of_ten_megabytes_is_an_error_that_names_the_row(tmp_path):
    path = write(tmp_path / "f.csv", csv([*rows(10), ("x" * 10_000_000, "pos")]))
    assert fault(path) == (
        "f.csv: row 11 has 10,000,000 characters in the column 'text', more than 1,000,000; "
        "cut the text into pieces, or close a quote left open there"
    )


def test_too_few_rows_for_the_classes_are_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(30, ("a", "b", "c"))))
    assert fault(path, max_train_rows=2) == (
        "data.max_train_rows: 2 rows leave none for the label 'c'; there are 3 classes; "
        "raise it to at least 3"
    )


def test_nothing_to_hold_out_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv([("same", "a"), ("other", "b")] * 5))
    assert fault(path) == (
        "f.csv: every class has only one distinct text, so none can be held out; "
        "add rows, or set data.validation_split"
    )


def test_the_name_of_a_file_is_the_label_where_that_is_asked_for(tmp_path):
    for label in ("pos", "neg"):
        write(tmp_path / f"{label}.csv", csv(rows(8)).replace("sentence", f"{label} sentence"))
    columns = {"text": "text", "label": "file"}
    data = load(f"{tmp_path}/pos.csv; {tmp_path}/neg.csv", columns=columns)
    assert data.labels == ["neg", "pos"]
    pairs = zip(data.train["text"], data.train["label"], strict=True)
    reported = {(text.split()[2], data.labels[label]) for text, label in pairs}
    assert reported == {("pos", "pos"), ("neg", "neg")}
    assert load(f"{tmp_path}/*.csv", columns=columns).fingerprint != data.fingerprint
    assert load(f"{tmp_path}/*.csv").columns["label"] == "label"


def test_files_that_do_not_fit_together_are_an_error(tmp_path):
    write(tmp_path / "a.csv", csv(rows(5)))
    write(tmp_path / "b.csv", csv(rows(5), "review,stars"))
    assert fault(tmp_path) == (
        "b.csv has the columns review, stars, but a.csv has text, label; "
        "give one file as data.source, and another as data.validation_split"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"train_split": "trian"}, "data.train_split: {place} has no split 'trian'; it has train, "
                                   "validation; leave the field empty to find one"),
        ({"validation_split": "holdout"}, "data.validation_split: {place} has no split 'holdout'; "
                                          "it has train, validation; leave the field empty to "
                                          "find one"),
        ({"validation_split": "gone.csv"}, "data.validation_split: file not found: gone.csv; "
                                           "check the path, or leave it empty to hold rows "
                                           "out"),
        ({"validation_split": "train"}, "data.validation_split: 'train' is also the training "
                                        "split; choose another, or leave it empty to hold rows "
                                        "out"),
    ],
)  # fmt: skip
def test_a_split_that_cannot_be_used_is_an_error(tmp_path, monkeypatch, fields, message):
    write(tmp_path / "s" / "train.csv", csv(rows(6)))
    write(tmp_path / "s" / "dev.csv", csv(rows(6)))
    monkeypatch.chdir(tmp_path)
    assert fault("s", **fields) == message.format(place="s")


def test_splits_of_which_none_is_for_training_are_an_error(tmp_path, monkeypatch):
    write(tmp_path / "s" / "dev.csv", csv(rows(6)))
    write(tmp_path / "s" / "test.csv", csv(rows(6)))
    monkeypatch.chdir(tmp_path)
    assert fault("s") == (
        "s has no split called train; it has validation, test; set data.train_split to the one "
        "to train on"
    )


def test_an_empty_validation_file_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(6)))
    other = write(tmp_path / "g.csv", csv([("unseen", "")]))
    assert fault(path, validation_split=str(other)) == (
        "g.csv has no row with a text and a label that could be checked; "
        "set data.validation_split to another, or leave it empty to hold rows out"
    )


# Sources that bring more than files


def _found(monkeypatch, **fields):
    found = FoundData(place="org/set", kind="hub", **fields)
    monkeypatch.setattr(tables, "find_data", lambda *_: found)
    return found


def _hub_table(count, names=("neg", "pos"), hidden=False):
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"sentence": Value("string"), "label": ClassLabel(names=list(names))})
    labels = [-1 if hidden else i % 2 for i in range(count)]
    texts = [f"{'hidden' if hidden else 'known'} {count} {i}" for i in range(count)]
    return Dataset.from_dict({"sentence": texts, "label": labels}, features=features)


def test_hub_tables_keep_the_order_and_names_of_their_classes(monkeypatch):
    tables = {
        "train": _hub_table(10, ("worse", "better")),
        "validation": _hub_table(4, ("worse", "better")),
        "test": _hub_table(4, ("worse", "better"), hidden=True),
    }
    _found(monkeypatch, tables=tables, revision="abc", about={"licence": "MIT"})
    data = load_data(DataSpec(source="org/set"), TASK, 42)
    assert data.labels == ["worse", "better"]
    assert data.columns == {"text": "sentence", "label": "label"}
    assert (data.revision, data.about) == ("abc", {"licence": "MIT"})
    assert [len(data.train), len(data.validation)] == [10, 4]
    assert data.train[1] == {"text": "known 10 1", "label": 1, "row": 2}


def test_a_hub_test_split_with_secret_labels_is_not_checked_on(monkeypatch):
    _found(monkeypatch, tables={"train": _hub_table(10), "test": _hub_table(4, hidden=True)})
    data = load_data(DataSpec(source="org/set"), TASK, 42)
    assert [len(data.train), len(data.validation)] == [8, 2]


def test_what_the_catalogue_knows_is_used_and_the_spec_wins(tmp_path, monkeypatch):
    text = "mood^second^first\n" + "".join(f"{'abc'[i % 3]}^é {i}^è {i}\n" for i in range(30))
    file = write(tmp_path / "f.csv", text, "mac_roman")
    found = _found(
        monkeypatch,
        files=[file],
        columns={"text": "first", "label": "mood"},
        labels=["b", "a"],
        hints={"encoding": "mac_roman", "delimiter": "^", "header": "yes"},
    )
    data = load_data(DataSpec(source="wheel:x"), TASK, 42)
    assert data.labels == ["b", "a"]
    assert data.train[0]["text"].startswith("è ")
    data = load_data(
        DataSpec(source="wheel:x", columns={"text": "second"}, labels=["c", "a"]), TASK, 42
    )
    assert data.labels == ["c", "a"]
    assert data.train[0]["text"].startswith("é ")
    assert found.labels == ["b", "a"]


@pytest.mark.wheel
def test_the_built_in_tweets_are_read_in_seconds_and_drawn_alike_everywhere():
    started = time.perf_counter()
    data = load_data(DataSpec(), TASK, 42)
    assert time.perf_counter() - started < 30
    assert data.labels == ["negative", "positive"]
    assert (len(data.train), len(data.validation)) == (2000, 1000)
    assert data.columns == {"text": "text", "label": "sentiment"}
    assert data.revision == "1.0.0+tweets"
    assert data.fingerprint == TWEETS


@pytest.mark.wheel
def test_a_run_from_before_rows_were_left_out_has_the_rows_that_it_had():
    data = load_data(DataSpec(revision="1.0.0"), TASK, 42)
    assert data.fingerprint == TWEETS_BEFORE


# Further data


def further(path, labels=("neg", "pos"), columns=None, **fields):
    columns = columns or {"text": "text", "label": "label"}
    return load_further(path, TASK, labels, columns, DataSpec(source="other.csv", **fields))


def test_further_data_has_all_rows_and_the_labels_of_the_model(tmp_path):
    table = further(write(tmp_path / "f.csv", csv(rows(5))), labels=["pos", "neg"])
    assert table.features["label"].names == ["pos", "neg"]
    assert list(table["label"]) == [1, 0, 1, 0, 1]
    assert list(table["row"]) == [1, 2, 3, 4, 5]


def test_further_data_may_name_its_columns_differently(tmp_path):
    table = further(write(tmp_path / "f.csv", csv(rows(5), "review,sentiment")))
    assert table.column_names == ["text", "label", "row"]


def test_further_data_of_one_class_is_fine(tmp_path):
    assert len(further(write(tmp_path / "f.csv", csv([("good", "pos")])))) == 1


def test_a_label_that_the_model_does_not_know_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv([("good", "pos"), ("hm", "unsure")]))
    with pytest.raises(DataError) as caught:
        further(path)
    assert str(caught.value) == (
        "f.csv: the label 'unsure' of 1 row (row 2: 'hm') is unknown to the model, "
        "which has neg, pos; correct the label, or leave the rows out"
    )


def test_labels_that_the_run_left_out_are_left_out_of_further_data(tmp_path):
    path = write(tmp_path / "f.csv", csv([("good", "pos"), ("hm", "unsure")]))
    spec = DataSpec(source="other.csv", labels=["neg", "pos"])
    columns = {"text": "text", "label": "label"}
    assert list(load_further(path, TASK, ["neg", "pos"], columns, spec)["row"]) == [1]


def test_further_data_without_a_usable_row_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv([("good", "")]))
    with pytest.raises(DataError) as caught:
        further(path)
    assert str(caught.value) == (
        "f.csv has no row with a text and a label that could be checked; "
        "add some, or give another file"
    )


def test_further_data_without_the_second_text_of_a_pair_is_an_error(tmp_path):
    path = write(tmp_path / "f.csv", csv(rows(5), "question,label"))
    with pytest.raises(DataError) as caught:
        further(path, columns={"text": "question", "text_pair": "passage", "label": "label"})
    assert str(caught.value) == (
        "f.csv has no column 'passage' for the text_pair, which the run learned with; "
        "it has question, label; rename the column to that"
    )


def test_of_further_data_with_splits_the_test_split_is_taken(tmp_path):
    write(tmp_path / "train.csv", csv(rows(6)))
    write(tmp_path / "test.csv", csv(rows(2)))
    assert len(further(tmp_path)) == 2


FINGERPRINT = "0c5ea1d5a942b305a18b4703224cc904f5f294c3e1d2f346e79440b6aca271ef"
TWEETS = "b3f1292aeac045384aeb0769bb0e3700fc20b2c42373b26929c2cda0d9b12b49"
TWEETS_BEFORE = "47361c2a33c4735e51eab23eddae0ccbcea0d0619a2e62064566e2ac30060386"


def test_one_number_written_in_several_ways_is_one_label(tmp_path):
    held = [1, "1.0", 0.0, "0", "1", 0] * 4
    lines = [json.dumps({"text": f"text {i}", "label": one}) for i, one in enumerate(held)]
    data = load(write(tmp_path / "f.jsonl", "\n".join(lines)))
    assert data.labels == ["0", "1"]
    assert data.notes == [
        "Labels in the training rows that are the same number as another, written differently, "
        "and were unified: 4 (row 2 (“1.0 → 1”), row 8 (“1.0 → 1”), row 14 (“1.0 → 1”), …)."
    ]


def test_numbers_and_words_side_by_side_are_no_labels_unless_they_are_named(tmp_path):
    held = ["1", "0", "1", "0", "pos", "true"] * 4
    path = write(tmp_path / "f.csv", csv([(f"text {i}", one) for i, one in enumerate(held)]))
    assert fault(path) == (
        "f.csv: the column 'label' has both numbers and words as labels: 16 numbers (row 1 (“1”), "
        "row 2 (“0”), row 3 (“1”), …), 8 words (row 5 (“pos”), row 6 (“true”), row 11 (“pos”), …); "
        "write each class in one way, or name in data.labels the labels to keep, all of them if "
        "they are right: 0, 1, pos, true"
    )
    named = ["0", "1", "pos", "true"]
    assert load(path, labels=named).labels == named


def test_of_a_pair_the_missing_side_is_named(tmp_path):
    lines = ["sentence1,sentence2,label", *[f"a {i},b {i},{i % 2}" for i in range(20)], "a,,1"]
    assert load(write(tmp_path / "f.csv", "\n".join([*lines, ",b,0"]))).notes == [
        "Skipped 2 of the training rows without text in the column named (row 21 "
        "(“sentence2”), row 22 (“sentence1”))."
    ]
