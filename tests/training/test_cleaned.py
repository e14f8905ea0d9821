"""A run on cleaned data: what it keeps of it, and that it is asked as it was taught."""

from __future__ import annotations

import json

import pytest

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import pipeline
from workbench.evaluation.run import evaluate_file, predict_texts


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("cleaned")
    spec = tiny_spec(place, **{"train.num_train_epochs": 1})
    write_csv(
        place / "dirty.csv",
        [*make_rows(), ("see <b>http://x.org</b>", "positive"), ("x", "negative")],
    )
    steps = ["html", "mask", "length(min=3)"]
    return pipeline.train(
        spec.replace({"data.source": str(place / "dirty.csv"), "data.cleaning": steps})
    )


def test_the_rows_that_were_dropped_lie_in_its_folder(run):
    lines = run.dropped_path.read_text("utf-8").splitlines()
    dropped = [json.loads(line) for line in lines]
    assert [(row["row"], row["step"]) for row in dropped] == [(82, "length(min=3)")]
    assert dropped[0]["cells"]["text"] == "x"


def test_what_each_step_did_is_reported_with_the_data(run):
    profile = json.loads((run.path / "data.json").read_text("utf-8"))
    (split,) = profile["cleaning"].values()
    assert [step["changed_rows"] for step in split["steps"]] == [1, 1, 0]
    assert "html: 1" in " ".join(profile["notes"])
    assert run.spec().data.cleaning == ["html", "mask", "length(min=3)"]


def test_it_is_asked_and_evaluated_as_it_was_taught(run, tmp_path):
    dirty, clean = "a <i>good</i> story at www.x.org", "a good story at [URL]"
    one, other = predict_texts(run, [dirty, clean])
    assert one == other and one["text"] == clean
    file = write_csv(tmp_path / "more.csv", [(dirty, "positive"), ("b", "negative")])
    _, records = evaluate_file(run, str(file))
    assert {row["text"] for row in records} == {clean, "b"}
