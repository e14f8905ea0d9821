"""Reading one text and writing another: encoding, scores, and runs from file to report."""

import json

import pytest
from pyarrow import parquet

from tests.tiny_models import make_tiny_bert
from tests.tiny_writers import WRITERS
from tests.tiny_runs import BAD, GOOD, THINGS, tiny_spec
from workbench import pipeline
from workbench.attention.snapshots import read_snapshots
from workbench.cli import main
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.report import render
from workbench.report.predictions import show_predictions
from workbench.runs import read_state
from workbench.tasks import load_task

SUMMARIZATION, TRANSLATION = load_task("summarization"), load_task("translation")


def make_rows(source="document", target="summary"):
    """Return texts of two sentences with a word of each as what is to be written."""
    return [
        {source: f"the {thing} was {word}. see you at home.", target: f"{word} {thing}"}
        for word in (*GOOD, *BAD) for thing in THINGS
    ]  # fmt: skip


def pair_spec(folder, task="summarization", rows=None, model=None, **changes):
    folder.mkdir(exist_ok=True)
    data = folder / "rows.json"
    data.write_text(json.dumps(make_rows() if rows is None else rows), "utf-8")
    model = model or make_tiny_bert(folder / "bert", spread=0.1)
    return tiny_spec(
        folder,
        **{
            "task": task,
            "data.source": str(data),
            "model.source": str(model),
            "data.max_tokens": 32,
            "generate.max_new_tokens": 8,
            "train.learning_rate": 1e-2,
            "train.num_train_epochs": 45,
            "train.eval_steps": 90,
            **changes,
        },
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(pair_spec(tmp_path_factory.mktemp("summaries")))


# From a file to a report


def test_an_encoder_becomes_a_writer_and_beats_the_baselines(run):
    metrics = run.metrics()
    ours, rivals = metrics["metrics"], metrics["baselines"]
    assert set(rivals) == {"lead", "copy", "before"}
    assert ours["rouge_1"] > max(rivals[name]["rouge_1"] for name in rivals)
    assert ours["rouge_2"] > 0.8
    assert rivals["lead"]["rouge_1"] > rivals["copy"]["rouge_1"] > 0
    assert rivals["lead"]["loss"] is None
    evaluated = [event["metrics"] for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]) == {"loss", "token_accuracy"}
    assert min(one["loss"] for one in evaluated) == pytest.approx(ours["loss"], rel=1e-4)


def test_the_attention_of_both_halves_is_kept_along_the_way(run):
    records = read_snapshots(run)
    assert [block.name for block in records[-1].blocks] == ["encoder", "decoder", "cross"]
    assert len(records) > 2
    assert len({record.text_pair for record in records}) == 1  # what the decoder reads stays
    assert read_state(run).status == "finished"


def test_the_new_weights_are_those_that_an_encoder_lacks(run):
    told = run.record()["new_weights"]
    assert "decoder.bert.encoder.layer.0.crossattention" in told
    assert "encoder.encoder" not in told


def test_source_reference_and_text_stand_side_by_side(run):
    page = render(run)
    assert "ROUGE-L of the fine-tuned model on" in page
    assert "First sentences (lead-n): " in page
    rows = parquet.read_table(run.evaluation_path / "predictions.parquet").to_pylist()
    assert {"row", "source", "predicted", "label", "loss", "rouge_l"} == set(rows[0])
    shown = show_predictions(SUMMARIZATION, rows[:1])
    assert [title for title, _ in shown.columns] == [
        "Row", "Source", "Reference", "Written by the model", "ROUGE-L", "Loss",
    ]  # fmt: skip
    assert shown.rows[0][1:4] == [rows[0]["source"], rows[0]["label"], rows[0]["predicted"]]


def test_a_run_writes_for_a_text_and_is_evaluated_on_another_file(run, tmp_path, capsys):
    text = "the film was great. see you at home."
    (answer,) = predict_texts(run, [text])
    assert answer == {"source": text, "predicted": "great film"}
    assert main(["predict", str(run.path), text]) == 0
    assert capsys.readouterr().out == f"great film\t{text}\n"
    further = tmp_path / "more.json"
    further.write_text(json.dumps(make_rows()[:10]), "utf-8")
    metrics, rows = evaluate_file(run, str(further))
    assert metrics["rows"] == len(rows) == 10
    assert metrics["metrics"]["rouge_l"] > 0.8


def test_the_same_spec_gives_the_same_losses(tmp_path):
    spec = pair_spec(tmp_path, **{"train.max_steps": 3, "train.eval_steps": 3})
    losses = [
        [e["loss"] for e in pipeline.train(spec).events() if e["event"] == "step_logged"]
        for _ in range(2)
    ]
    assert losses[0] == losses[1]


# Architectures


LANGUAGES = {"m2m": ("en", "zh"), "mbart": ("en_XX", "zh_CN"), "mbart50": ("en_XX", "zh_CN")}


def writer_spec(folder, kind, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    model = WRITERS[kind](folder / kind)
    source, target = LANGUAGES.get(kind, ("", ""))
    told = {"data.source_language": source, "data.target_language": target}
    changes = {"generate.max_new_tokens": 40, **told, **changes}
    rows = [one | {"target": f"the {one['target']} is at home"}
            for one in make_rows("source", "target")]  # fmt: skip
    return pair_spec(folder, "translation", rows, model, **changes)


@pytest.mark.parametrize("kind", WRITERS)
def test_each_architecture_learns_and_writes_what_it_learned(kind, tmp_path):
    run = pipeline.train(
        writer_spec(tmp_path, kind, **{"train.num_train_epochs": 15, "train.eval_steps": 100})
    )
    ours, rivals = run.metrics()["metrics"], run.metrics()["baselines"]
    assert set(rivals) == {"nearest_source", "copy", "before"}
    assert ours["chrf"] > rivals["before"]["chrf"]
    assert ours["loss"] < rivals["before"]["loss"]
