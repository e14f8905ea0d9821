"""Each recipe that needs nothing but the package index, through papermill, for thirty steps.

Recipes whose file is given by the user learn from a few rows of the same form.
"""

import json

import pytest
from tiers import ROOT

from tests.tiny_models import make_tiny_bert
from workbench import pipeline
from workbench.cli import main
from workbench.runs import RunFolder, read_state
from workbench.spec import load, recipe_names, to_yaml
from workbench.tasks import load_task

BUILT_IN = [
    name
    for name in recipe_names()
    if name != "quickstart"  # test_studio.py runs it whole
    and load(name).data.source.startswith("wheel:")
    and load(name).model.source.startswith(("wheel:", "scratch:"))
]
SHORT = {
    "data.max_train_rows": 100, "data.max_validation_rows": 16, "data.max_tokens": 32,
    "train.max_steps": 30, "train.eval_steps": 30, "train.per_device_train_batch_size": 2,
    "evaluate.baselines": False, "output.run_name": "short", "output.language": "en",
}  # fmt: skip
pytestmark = [pytest.mark.notebook, pytest.mark.wheel]


def test_there_are_such_recipes():
    assert {"toxicity", "boolq", "conll-sample", "xsum"} <= set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_recipe_runs_from_notebook_to_report(name, tmp_path, monkeypatch, capsys):
    recipe = load(name)
    writes = "generate.max_new_tokens" in load_task(recipe.task).options
    short = SHORT | ({"generate.max_new_tokens": 12} if writes else {})
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_yaml(recipe.replace(short)), "utf-8")
    studio = str(ROOT / "notebooks" / "studio.ipynb")
    monkeypatch.chdir(tmp_path)
    assert main(["run", studio, "-f", str(spec)]) == 0, capsys.readouterr().err
    run = RunFolder(tmp_path / "runs" / "short")
    state = read_state(run)
    assert (state.status, state.step) == ("finished", 30)
    metrics = run.metrics()
    assert metrics["rows"] > 0
    assert metrics["metrics"]["loss"] > 0
    assert run.report_path.stat().st_size > 50_000


def articles(*questions, **about):
    """Return questions on one passage as SQuAD's file has them."""
    context = "the film was wonderful and the crew was kind"
    asked = [
        {"id": str(n), "question": f"what was {word}?", **more}
        for n in range(6) for word, more in questions
    ]  # fmt: skip
    passages = [{"context": f"{context} {n}", "qas": asked, **about} for n in range(3)]
    return json.dumps({"data": [{"paragraphs": passages}]})


def found(text, start, impossible=False):
    return {"answers": [{"text": text, "answer_start": start}], "is_impossible": impossible}


def reviews(rows):
    said = [
        f"{n % 2},送餐{'很快' if n % 2 else '太慢'}，这家店我们已经点过{n}次了" for n in range(rows)
    ]
    return "\n".join(["label,review", *said])


def sentences(rows):
    return "".join(f"{n} 人 在 弹琴,{n} 人 在 唱歌,{n % 6}.0\r\n" for n in range(rows))


GIVEN = {
    "takeaway-reviews-zh": {"waimai_10k.csv": reviews(120)},
    "stsb-zh": {"stsb_zh/train.csv": sentences(40), "stsb_zh/dev.csv": sentences(12)},
    "covid-qa": {"covidqa/COVID-QA.json": articles(
        ("wonderful", found(" film", 4)), ("kind", found("crew", 31)), document_id=1,
    )},
    "cjrc-zh": {"cjrc/dev_ground_truth.json": articles(
        ("wonderful", found("film", 4, "false")), ("kind", found("YES", -1, "false")),
        ("late", {"answers": [], "is_impossible": "true"}), casename="",
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_a_recipe_learns_from_the_file_that_is_given(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, content in GIVEN[name].items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content, "utf-8", newline="")
    recipe = load(name)
    short = SHORT | {"train.max_steps": 4, "train.eval_steps": 4, "data.stride_tokens": 8}
    if recipe.task != "question-answering":
        del short["data.stride_tokens"]
    if not recipe.model.source.startswith("scratch:"):
        short["model.source"] = str(make_tiny_bert(tmp_path / "bert"))
    run = pipeline.train(recipe.replace(short))
    assert run.metrics()["rows"] > 0
    assert run.metrics()["metrics"]["loss"] > 0
    assert (tmp_path / recipe.data.source).is_file()
