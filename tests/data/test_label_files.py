import csv
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.labelling.examples import LABELS, item, items, session
from workbench.data.label_export import FORMATS, export_labels, label_studio_config
from workbench.data.label_import import import_labels
from workbench.errors import DataError, InputError
from workbench.labelling import Journal
from workbench.labelling.items import Item, Question

PASSAGE = "小明 lives in 北京 🙂 now, Ann too"
ANN = {"start": 22, "end": 25, "text": "Ann", "label": "PER"}
QUESTIONS = {
    "class": (Question("class", LABELS), "text", "spam"),
    "several": (Question("class", LABELS, several=True), "text", ["ham", "spam"]),
    "number": (Question("number", scale=(-1, 5)), "text", -0.5),
    "text": (Question("text"), "source", '=SUM(A1) "quoted",\nand more'),
    "tags": (Question("spans", ("PER", "LOC"), inside="tokens"), "tokens", [ANN]),
    "answers": (
        Question("spans", inside="context"),
        "context",
        [{name: ANN[name] for name in ("start", "end", "text")}],
    ),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", QUESTIONS)
def test_labels_find_their_way_back(tmp_path, form, kind):
    question, role, value = QUESTIONS[kind]
    rows = [item(1, "=1+1 first", role=role), item(2, PASSAGE, role=role)]
    journal = Journal(tmp_path / "l.jsonl")
    journal.decide(2, "all", rows[1].key, value, who="ann", note="-sure")
    journal.decide(1, "all", rows[0].key, act="skip", who="ann")
    path = tmp_path / f"out.{'csv' if form == 'csv' else 'json'}"
    assert export_labels(path, rows, journal.decisions(), question, form) == 1
    back = Journal(tmp_path / "back.jsonl")
    counts = import_labels(path, rows, back, question, "bob")
    assert counts == {"taken": 1, "unknown": 0, "unfit": 0, "empty": 0}
    (made,) = back.records()
    assert (made.row, made.value, made.who, made.key) == (2, value, "ann", rows[1].key)
    assert made.why == f"import of {path.name}"


def test_no_cell_of_a_csv_begins_a_formula(tmp_path):
    made = session(tmp_path / "l.jsonl")
    for value in ("ham", "spam", "ham", "spam"):
        made.decide(value, note="@note")
    path = tmp_path / "out.csv"
    export_labels(path, made.items, made.journal.decisions(), made.question)
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["split", "row", "text", "label", "was", "who", "time", "note"]
    assert rows[3][2] == '\'=HYPERLINK("http://x")'
    assert rows[4][2] == "<script>alert(1)</script>"
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r") and cell]
    back = Journal(tmp_path / "back.jsonl")
    assert import_labels(path, made.items, back, made.question)["taken"] == 4
    assert back.records()[0].note == "@note"


def test_what_label_studio_gets(tmp_path):
    question, role, value = QUESTIONS["tags"]
    rows = [item(2, PASSAGE, role=role)]
    journal = Journal(tmp_path / "l.jsonl")
    journal.decide(2, "all", rows[0].key, value, who="ann")
    export_labels(tmp_path / "o.json", rows, journal.decisions(), question)
    (task,) = json.loads((tmp_path / "o.json").read_text("utf-8"))
    assert task["data"] == {"tokens": PASSAGE, "split": "all", "row": 2, "who": "ann"}
    assert task["annotations"][0]["result"] == [
        {
            "id": "2-0", "from_name": "label", "to_name": "tokens", "type": "labels",
            "value": {"start": 22, "end": 25, "text": "Ann", "labels": ["PER"]},
        }
    ]  # fmt: skip


def test_label_studios_own_export_is_read_by_text_with_the_browsers_places(tmp_path):
    question, role, value = QUESTIONS["tags"]
    rows = [item(7, PASSAGE, role=role)]
    result = {"from_name": "ner", "to_name": "t", "type": "labels",
              "value": {"start": 23, "end": 26, "text": "Ann", "labels": ["PER"]}}  # fmt: skip
    tasks = [
        {"id": 1, "data": {"text": PASSAGE}, "annotations": [
            {"completed_by": {"email": "eve@x"}, "result": [result]},
            {"was_cancelled": True, "result": [result]},
        ]},
        {"id": 2, "data": {"text": "unknown"}, "annotations": [{"result": []}]},
    ]  # fmt: skip
    path = tmp_path / "ls.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    journal = Journal(tmp_path / "l.jsonl")
    counts = import_labels(path, rows, journal, question)
    assert counts == {"taken": 1, "unknown": 1, "unfit": 0, "empty": 0, "cancelled": 1}
    assert journal.decisions("eve@x")["all", 7].value == value


def test_doccanos_older_and_newer_lines_are_read(tmp_path):
    question, role, value = QUESTIONS["tags"]
    rows = [item(1, PASSAGE, role=role)]
    entity = {"id": 1, "label": "PER", "start_offset": 22, "end_offset": 25}
    lines = [
        {"id": 3, "text": PASSAGE, "label": [[22, 25, "PER"]]},
        {"id": 4, "text": PASSAGE, "labels": [[22, 25, "PER"]]},
        {"id": 5, "text": PASSAGE, "entities": [entity], "relations": []},
        {"id": 6, "text": PASSAGE, "label": [[22, 25, "ORG"]]},
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    journal = Journal(tmp_path / "l.jsonl")
    counts = import_labels(path, rows, journal, question, "eve")
    assert counts == {"taken": 3, "unknown": 0, "unfit": 1, "empty": 0}
    assert [one.value for one in journal.records()] == [value] * 3


# What Label Studio 1.23.2 and doccano 1.8.4 exported, once they had imported what `export_labels`
# wrote of the rows below; in Label Studio, somebody then changed the first row's topic to sport.
EXPORTS = json.loads(Path(__file__).with_name("label_exports.json").read_text("utf-8"))
TEXTS = ["A room 🙂 by the sea", "=SUM(A1) is <b>not</b> it", 'two  blanks\nand a "second" line']
WAY = "🙂 Ann lives in\nNew York."
NEW_YORK = {"start": 15, "end": 23, "text": "New York"}
HELD = {
    "several": (
        Question("class", ("news", "sport", "art"), several=True),
        items(*TEXTS),
        [["news"], ["news", "art"], []],
    ),
    "stars": (Question("number", scale=(1, 5)), items(*TEXTS), [1, 2.5, 5]),
    "tags": (
        Question("spans", ("PER", "LOC"), inside="tokens"),
        [
            item(1, "🙂 Ann lives in New York .", role="tokens"),
            item(2, "Nothing here", role="tokens"),
        ],
        [[{"start": 2, "end": 5, "text": "Ann", "label": "PER"}, NEW_YORK | {"label": "LOC"}], []],
    ),
    "qa": (
        Question("spans", inside="context"),
        [
            Item(row, "all", str(row), {"question": asked, "context": WAY}, {})
            for row, asked in enumerate(("Who?", "Where?"), 1)
        ],
        [[{"start": 2, "end": 5, "text": "Ann"}], [NEW_YORK]],
    ),
}


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(
    ("kind", "form"), [(k, form) for k, one in EXPORTS.items() for form in one]
)
def test_what_other_programs_export_is_taken(tmp_path, kind, form, numbered):
    question, rows, wanted = HELD[kind]
    if not numbered:  # rows that have moved in the source are found by their texts
        rows = [replace(one, row=one.row + 10) for one in rows]
    path = tmp_path / form
    path.write_text(EXPORTS[kind][form], "utf-8", newline="")
    journal = Journal(tmp_path / "l.jsonl")
    counts = import_labels(path, rows, journal, question, "bob")
    wanted = dict(zip([one.place for one in rows], wanted, strict=True))
    people = dict.fromkeys(wanted, "ann")
    if kind == "several" and form.startswith("label-studio"):
        wanted[rows[0].place], people[rows[0].place] = ["sport"], "1"
    if form.startswith("doccano"):  # which exports rows that nobody has looked at, too
        wanted = {place: value for place, value in wanted.items() if value != []}
    empty = len(rows) - len(wanted)
    assert counts == {"taken": len(wanted), "unknown": 0, "unfit": 0, "empty": empty}
    decided = journal.decisions()
    assert {place: one.value for place, one in decided.items()} == wanted
    assert {place: one.who for place, one in decided.items()} == {p: people[p] for p in wanted}


def test_a_written_text_in_a_csv_may_begin_with_a_bracket(tmp_path):
    question, rows = Question("text"), items("long text")
    journal = Journal(tmp_path / "l.jsonl")
    journal.decide(1, "all", rows[0].key, "[sic] short", who="ann")
    export_labels(tmp_path / "o.csv", rows, journal.decisions(), question)
    back = Journal(tmp_path / "back.jsonl")
    assert import_labels(tmp_path / "o.csv", rows, back, question)["taken"] == 1
    assert back.records()[0].value == "[sic] short"


def test_what_is_no_file_of_labels_is_refused(tmp_path):
    rows, question = items(), Question("class", LABELS)
    journal = Journal(tmp_path / "l.jsonl")
    for name, content in (("a.csv", "text\nx\n"), ("b.json", "[1]"), ("c.jsonl", "{")):
        (tmp_path / name).write_text(content)
        with pytest.raises(DataError, match="holds no labels"):
            import_labels(tmp_path / name, rows, journal, question)
    with pytest.raises(DataError, match="cannot read"):
        import_labels(tmp_path / "absent.csv", rows, journal, question)
    with pytest.raises(InputError, match="choose jsonl"):
        export_labels(tmp_path / "x.xlsx", rows, {}, question)
    assert not journal.path.exists()


@pytest.mark.parametrize(
    ("kind", "tag", "names"),
    [
        ("class", "Choices", ["ham", "spam"]), ("several", "Choices", ["ham", "spam"]),
        ("number", "Number", []), ("text", "TextArea", []), ("tags", "Labels", ["PER", "LOC"]),
        ("answers", "Labels", ["answer"]),
    ],
)  # fmt: skip
def test_label_studios_interface_names_what_the_labels_name(kind, tag, names):
    question, role, _ = QUESTIONS[kind]
    view = ElementTree.fromstring(label_studio_config(item(1, "x", role=role), question))
    assert view.find("Text").attrib == {"name": role, "value": f"${role}"}
    control = view.find(tag)
    assert (control.attrib["name"], control.attrib["toName"]) == ("label", role)
    assert [one.attrib["value"] for one in control] == names
    assert control.attrib.get("choice") in {"several": ("multiple",), "class": ("single",)}.get(
        kind, (None,)
    )
