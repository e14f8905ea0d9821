"""What a task may bring of its own: file formats, roles that stand for one another, groups."""

from dataclasses import replace

import pytest

from workbench.data import guess_columns, load_data, load_further
from workbench.errors import DataError
from workbench.spec import DataSpec
from workbench.tasks import Role, RowError

from .examples import TASK, write
from .test_columns import table


class Tags(type(TASK)):
    roles = (
        Role("words", "object", True, ("words",)),
        Role("tags", "labels", True, ("tags",), answer=True),
    )

    def read_file(self, text, name):
        """Read `word/TAG` lines, the way a task with a format of its own would."""
        if not text.startswith("#tagged"):
            return None
        lines = [line for line in text.splitlines()[1:] if line]
        rows = [
            {"words": [pair.split("/")[0] for pair in line.split()],
             "tags": [pair.split("/")[1] for pair in line.split()]}
            for line in lines
        ]  # fmt: skip
        return rows, [f"{len(rows)} tagged lines."]

    def read(self, values, repaired):
        if len(values["words"]) != len(values["tags"]):
            raise RowError("no_list", values["words"])
        return values

    def labels_of(self, values):
        return values["tags"]

    def stratum(self, values):
        return ""


TAGS = Tags()


def test_a_format_of_the_tasks_own_is_read_and_its_lists_are_kept(tmp_path):
    lines = [f"Bob{n}/PER sings/O" for n in range(10)]
    path = write(tmp_path / "f.txt", "\n".join(["#tagged", *lines]))
    data = load_data(DataSpec(source=str(path)), TAGS, 42)
    assert data.labels == ["O", "PER"]
    assert data.train[0]["words"][1] == "sings"
    assert data.train[0]["tags"] == [1, 0]
    assert data.notes[0] == "10 tagged lines."
    assert data.label_counts == {"PER": len(data.train), "O": len(data.train)}


def test_lists_may_also_stand_in_the_cells_of_a_table(tmp_path):
    lines = [f'"[\'Bob{n}\', \'sings\']","[""PER"", ""O""]"' for n in range(10)]
    path = write(tmp_path / "f.csv", "\n".join(["words,tags", *lines]))
    data = load_data(DataSpec(source=str(path)), TAGS, 42)
    assert data.labels == ["O", "PER"]
    assert load_further(path, TAGS, ["O", "PER"], data.columns, DataSpec())[0]["tags"] == [1, 0]


class Instructed(type(TASK)):
    name = "instructed"
    roles = (
        Role("messages", "object", False, ("messages",)),
        Role("prompt", "text", False, ("prompt", "instruction")),
        Role("answer", "text", False, ("answer", "output"), answer=True),
        Role("text", "text", False, ("text",)),
    )
    alternatives = (("messages",), ("prompt", "answer"), ("text",))


INSTRUCTED = Instructed()
LONG = [f"a text that goes on for a while {n}" for n in range(20)]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"instruction": LONG, "output": LONG[::-1]}, ["prompt", "answer"]),
        ({"messages": ["[]"] * 20, "output": LONG}, ["messages"]),
        ({"output": LONG, "text": LONG}, ["text"]),
        ({"body": LONG, "number": [str(n) for n in range(20)]}, ["text"]),
    ],
)
def test_of_roles_that_stand_for_one_another_the_first_that_can_be_filled_is_taken(columns, found):
    assert list(guess_columns(table(**columns), INSTRUCTED)) == found


def test_a_given_role_chooses_its_set():
    frame = table(text=LONG, instruction=LONG[::-1], output=LONG)
    assert list(guess_columns(frame, INSTRUCTED, {"text": "text"})) == ["text"]


def test_a_text_that_may_be_empty_keeps_its_row(tmp_path):
    lines = [f"text {n},{'' if n % 2 else 'more'},{'yes' if n % 3 else 'no'}" for n in range(20)]
    path = write(tmp_path / "f.csv", "\n".join(["text,text_pair,label", *lines]))
    assert sum(load_data(DataSpec(source=str(path)), TASK, 42).sizes.values()) == 10

    class Loose(type(TASK)):
        roles = tuple(replace(one, may_be_empty=one.name == "text_pair") for one in TASK.roles)

    assert sum(load_data(DataSpec(source=str(path)), Loose(), 42).sizes.values()) == 20


def test_rows_of_one_group_stay_on_one_side(tmp_path):
    class Grouped(type(TASK)):
        grouped_by = ("text_pair",)

    lines = [f"question {n},passage {n % 6},{'yes' if n % 2 else 'no'}" for n in range(60)]
    path = write(tmp_path / "f.csv", "\n".join(["question,passage,label", *lines]))
    data = load_data(DataSpec(source=str(path), validation_share=0.3), Grouped(), 42)
    assert not set(data.train["text_pair"]) & set(data.validation["text_pair"])
    assert not [note for note in data.notes if "repeat" in note]


def test_columns_of_labels_are_read_as_what_each_row_has(tmp_path):
    lines = [f"text {n},{n % 2},{int(n % 3 == 0)}" for n in range(20)]
    path = write(tmp_path / "f.csv", "\n".join(["text,rude,loud", *lines]))
    columns = {"text": "text", "label": ["rude", "loud"]}
    data = load_data(DataSpec(source=str(path), columns=columns, multi_label=True), TASK, 42)
    assert data.labels == ["loud", "rude"]
    assert data.columns["label"] == ["rude", "loud"]
    by_row = {row["row"]: row["label"] for row in [*data.train, *data.validation]}
    assert (by_row[1], by_row[2], by_row[4], by_row[3]) == ([0], [1], [1, 0], [])


def test_one_column_cannot_be_two_things():
    frame = table(text=LONG, a=["1", "2"] * 10)
    with pytest.raises(DataError, match=r"data.columns.label names the column 'a' twice"):
        guess_columns(frame, TASK, {"label": ["a", "a"]})
