"""Numbers for texts: scores by hand and against scikit-learn, and a run from file to report."""

import json
import re

import numpy as np
import pytest

from tests.tiny_runs import BAD, GOOD, THINGS, tiny_spec
from workbench import pipeline
from workbench.cli import main
from workbench.errors import DataError, InputError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.models import load_trained
from workbench.reporting import render
from workbench.reporting.predictions import show_predictions
from workbench.spec import RunSpec, SpecError
from workbench.tasks import load_task
from workbench.training.estimate import estimate
from workbench.training.lr_finder import find_learning_rate
from workbench.training.prepare import prepare

from .observed import observed
from .outcomes import outcome_of

TASK = load_task("text-regression")
HUBER = RunSpec().replace({"train.loss": "huber", "train.huber_delta": 0.5})


def write_scores(path, extra=()):
    """Write 80 texts with a score (good words near 4, bad ones near 1) and their length."""
    lines = [
        f"the {thing} was {word},{base + place / 10},{len(thing)}"
        for words, base in ((GOOD, 4), (BAD, 1))
        for place, word in enumerate(words)
        for thing in THINGS
    ]
    path.write_text("\n".join(["text,score,length", *lines, *extra]) + "\n", encoding="utf-8")
    return path


def regression_spec(folder, extra=(), **changes):
    folder.mkdir(exist_ok=True)
    data = write_scores(folder / "scores.csv", extra)
    return tiny_spec(
        folder,
        **{
            "task": "text-regression",
            "data.source": str(data),
            "train.metric_for_best_model": "spearman",
            **changes,
        },
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(regression_spec(tmp_path_factory.mktemp("regression")))


# Scores


def test_errors_and_correlations_are_as_counted_by_hand():
    predicted, true = np.array([[1.0], [2.0], [6.0]]), [[1.0], [3.0], [4.0]]
    found = TASK.evaluate(outcome_of(predicted, ["score"], label=true))
    scores = found["metrics"]
    assert scores["mse"] == scores["loss"] == pytest.approx((0 + 1 + 4) / 3)
    assert scores["mae"] == pytest.approx(1)
    assert scores["r2"] == pytest.approx(1 - 5 / (14 / 3))
    assert scores["spearman"] == pytest.approx(1)
    assert found["points"]["score"] == {"true": [1, 3, 4], "predicted": [1, 2, 6]}


def test_several_numbers_are_scored_each_and_on_average():
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    rng = np.random.default_rng(3)
    true = rng.normal(size=(200, 2))
    predicted = true + rng.normal(size=(200, 2)) * [0.2, 2.0]
    found = TASK.evaluate(outcome_of(predicted, ["joy", "fear"], label=true.tolist()))
    assert found["metrics"]["mse"] == pytest.approx(mean_squared_error(true, predicted))
    assert found["metrics"]["mae"] == pytest.approx(mean_absolute_error(true, predicted))
    assert found["metrics"]["r2"] == pytest.approx(r2_score(true, predicted))
    joy, fear = found["per_number"]
    assert joy["label"] == "joy"
    assert joy["pearson"] == pytest.approx(np.corrcoef(true[:, 0], predicted[:, 0])[0, 1])
    assert joy["pearson"] > 0.95 > fear["pearson"]


def test_equal_values_share_their_rank():
    true = [[1.0], [1.0], [2.0], [3.0]]
    found = TASK.evaluate(outcome_of(np.array([[1.0], [2.0], [3.0], [4.0]]), ["y"], label=true))
    ranks = np.corrcoef([1.5, 1.5, 3, 4], [1, 2, 3, 4])[0, 1]
    assert found["metrics"]["spearman"] == pytest.approx(ranks)


def test_a_constant_has_no_correlation():
    outcome = outcome_of(np.array([[2.0], [2.0]]), ["y"], label=[[1.0], [3.0]])
    assert TASK.evaluate(outcome)["metrics"]["pearson"] is None
    assert TASK.score(outcome.outputs, np.array([[1.0], [3.0]]), outcome.setup)["pearson"] == 0.0


def test_the_huber_loss_is_squared_near_zero_and_linear_beyond():
    from types import SimpleNamespace

    import torch

    predicted, true = np.array([[0.3], [2.0]]), [[0.0], [0.0]]
    outcome = outcome_of(predicted, ["y"], HUBER, label=true)
    by_hand = [0.3**2 / 2, 0.5 * (2.0 - 0.25)]
    assert TASK.evaluate(outcome)["metrics"]["loss"] == pytest.approx(np.mean(by_hand))
    records = TASK.predictions(outcome)
    assert [record["loss"] for record in records] == pytest.approx(by_hand)
    assert records[1]["error"] == [2.0]
    outputs = SimpleNamespace(logits=torch.tensor(predicted))
    learned = TASK.loss(outcome.setup).mean(outputs, torch.tensor(true))
    assert learned.item() == pytest.approx(np.mean(by_hand))


def test_the_baseline_is_the_mean_of_the_training_rows():
    from datasets import Dataset

    train = Dataset.from_dict({"label": [[1.0, 10.0], [3.0, 30.0]]})
    outcome = outcome_of(np.zeros((3, 2)), ["a", "b"], label=[[0.0, 0.0]] * 3)
    assert TASK.baselines(outcome, train)["mean"].tolist() == [[2.0, 20.0]] * 3


def test_pairs_are_also_judged_by_the_words_they_share():
    from datasets import Dataset

    pairs = {"text": ["红色 的 花", "a b", "a b"], "text_pair": ["红色 的 花", "a c", "d e"]}
    train = Dataset.from_dict(pairs | {"label": [[5.0, -1.0], [3.0, 0.0], [1.0, 1.0]]})
    outcome = outcome_of(np.zeros((3, 2)), ["a", "b"], label=[[0.0, 0.0]] * 3, **pairs)
    found = TASK.baselines(outcome, train)["shared_words"]
    assert found == pytest.approx(np.array([[5.0, -1.0], [3.0, 0.0], [1.0, 1.0]]))


# From a file to a report


def test_a_run_learns_and_beats_the_mean(run):
    metrics = run.metrics()
    assert metrics["metrics"]["spearman"] > 0.5
    assert metrics["metrics"]["mse"] < metrics["baselines"]["mean"]["mse"]
    assert metrics["baselines"]["before"]["mse"] == pytest.approx(
        metrics["baselines"]["mean"]["mse"], rel=0.01
    )  # a new head begins at the mean
    evaluated = [event for event in run.events() if event["event"] == "evaluated"]
    assert set(evaluated[0]["metrics"]) == {"loss", "pearson", "spearman"}
    best = max(event["metrics"]["spearman"] for event in evaluated)
    kept = [event["metrics"]["spearman"] for event in evaluated if event["best"]]
    assert kept[-1] == best


def test_training_says_how_far_off_each_row_was_and_no_more(run, capsys):
    from workbench.dynamics import rank
    from workbench.dynamics.corrections import correct, corrected, open_corrections
    from workbench.dynamics.rows import LearnedRows
    from workbench.figures import dataset_map

    found, worst = observed(run)
    assert len(found) == run.record()["train_rows"]
    assert np.isnan(found.confidence).all()
    assert worst["confidence"] is None
    assert isinstance(worst["label"], float)
    with pytest.raises(InputError, match="ranks labels, and these rows have answers of another"):
        rank(found, "confident_learning")
    assert "ranked by loss alone" in str(dataset_map(found))
    journal, rows = open_corrections(run), LearnedRows(run)
    with pytest.raises(InputError, match="'much' is not a number"):
        correct(journal, rows, worst["row"], "much")
    correct(journal, rows, worst["row"], "3.5")
    assert corrected(journal, rows) == {worst["row"]: 3.5}
    assert main(["data", "label-issues", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["row"] == worst["row"]


def test_the_report_shows_correlation_points_and_the_worst_rows(run):
    page = render(run)
    assert "Spearman correlation of the fine-tuned model on 24 validation rows: 0." in page
    assert "Predicted vs. true values" in page
    assert "Distribution of score" in page
    assert "Mean of the training rows" in page
    assert '<th scope="col">True label</th>' in page
    assert "Confusion" not in page


def test_a_run_answers_texts_and_further_files(run, tmp_path):
    good, bad = predict_texts(run, ["the film was great", "the food was awful"])
    assert good["predicted"][0] > bad["predicted"][0]
    further = tmp_path / "more.csv"
    further.write_text("text,score\nthe crew was kind,4.3\nthe plot was bad,1.2\n", "utf-8")
    metrics, rows = evaluate_file(run, str(further))
    assert metrics["rows"] == 2
    assert metrics["labels"] == ["score"]
    assert rows[0]["loss"] >= rows[1]["loss"]


def test_the_command_line_prints_numbers(run, capsys):
    assert main(["predict", str(run.path), "the film was great"]) == 0
    number, text = capsys.readouterr().out.strip().split("\t")
    assert 0 < float(number) < 6
    assert text == "the film was great"
    assert main(["evaluate", str(run.path)]) == 0
    assert "spearman" in capsys.readouterr().out


def test_several_columns_are_several_numbers(tmp_path, capsys):
    spec = regression_spec(
        tmp_path / "two",
        **{"data.columns": {"label": ["score", "length"]}, "train.num_train_epochs": 1},
    )
    run = pipeline.train(spec)
    assert run.record()["labels"] == ["score", "length"]
    assert [entry["label"] for entry in run.metrics()["per_number"]] == ["score", "length"]
    (answer,) = predict_texts(run, ["the film was great"])
    assert len(answer["predicted"]) == 2
    assert answer["names"] == ["score", "length"]
    assert re.fullmatch(r"score \S+, length \S+\tthe film was great", TASK.line(answer))
    shown = show_predictions(TASK, [answer | {"label": [5.0, 0.0004], "error": [0.5, -0.5]}])
    assert "score 5.000, length 0.0004" in shown.rows[0]
    assert main(["evaluate", str(run.path)]) == 0
    assert re.search(r"^length +pearson ", capsys.readouterr().out, re.MULTILINE)
    assert run.spec().data.columns == {"text": "text", "label": ["score", "length"]}


def test_a_pair_of_texts_is_read_and_asked_for(tmp_path):
    spec = regression_spec(tmp_path / "pair", **{"train.num_train_epochs": 0.2})
    lines = [f"the {a} was good,the {b} was bad,{n / 10}"
             for n, (a, b) in enumerate((a, b) for a in THINGS for b in THINGS)]  # fmt: skip
    data = tmp_path / "pairs.csv"
    data.write_text("\n".join(["sentence1,sentence2,similarity", *lines]) + "\n", "utf-8")
    run = pipeline.train(spec.replace({"data.source": str(data)}))
    assert run.spec().data.columns == {
        "text": "sentence1", "text_pair": "sentence2", "label": "similarity",
    }  # fmt: skip
    (answer,) = predict_texts(run, ["the film was good"], {"text_pair": "the plot was bad"})
    assert answer["text_pair"] == "the plot was bad"
    with pytest.raises(DataError, match="is not asked with a 'texts'; its roles are text"):
        predict_texts(run, [{"texts": "x"}])


def test_estimate_and_rate_finder_minimise_the_same_loss(tmp_path):
    prepared = prepare(regression_spec(tmp_path / "huber", **{"train.loss": "huber"}))
    cost = estimate(prepared)
    assert cost.step_seconds > 0
    found = find_learning_rate(prepared, steps=20)
    model = prepared.new_model().eval()
    batch = prepared.collate(prepared.train.select(range(56)).to_list())
    # All begin at the mean; the first losses are those of the untrained model.
    loss = prepared.objective().mean(prepared.task.forward(model, batch), batch["labels"])
    assert found.losses[0] == pytest.approx(loss.item(), rel=0.6)


# Units


def test_large_small_and_mixed_numbers_are_learned_alike(tmp_path):
    import torch

    folder = tmp_path / "units"
    folder.mkdir()
    lines = [
        f"the {thing} was {word},{1e6 + 2e5 * good},{0.001 * good}"
        for words, good in ((GOOD, 1), (BAD, 0))
        for word in words
        for thing in THINGS
    ]
    (folder / "scores.csv").write_text("\n".join(["text,price,share", *lines]) + "\n", "utf-8")
    data = {"data.source": str(folder / "scores.csv")}
    columns = {"text": "text", "label": ["price", "share"]}
    spec = tiny_spec(
        folder, task="text-regression", **data, **{"data.columns": columns}
    )  # fmt: skip
    run = pipeline.train(spec)
    price, share = run.metrics()["per_number"]
    assert price["r2"] > 0.9
    assert share["r2"] > 0.9
    assert price["mae"] > 1000 > 1 > share["mae"]
    # The scale lies with the model, and answers come back in the units of the data.
    config = json.loads((run.model_path / "config.json").read_text("utf-8"))
    assert config["target_mean"][0] == pytest.approx(1.1e6, rel=0.02)
    assert config["target_std"][1] == pytest.approx(0.0005, rel=0.05)
    (good,) = predict_texts(run, ["the film was great"])
    assert good["predicted"] == pytest.approx([1.2e6, 0.001], rel=0.3)
    again, _ = evaluate_file(run, str(folder / "scores.csv"))
    assert again["per_number"][0]["r2"] > 0.9
    assert again["metrics"]["loss"] < 0.1

    # A second run on other units begins where this one ended.
    other = [line.replace(",1", ",3") for line in lines]
    (folder / "other.csv").write_text("\n".join(["text,price,share", *other]) + "\n", "utf-8")
    source = {"model.source": str(run.model_path), "data.source": str(folder / "other.csv")}
    prepared = prepare(spec.replace(source))
    model, ready = prepared.new_model().eval(), prepare(spec)
    old = ready.task.restore_setup(load_trained(run.model_path), ready.setup)
    batch = prepared.collate(prepared.train.select(range(5)).to_list())
    rows = prepared.train.select(range(5)).to_list()
    with torch.inference_mode():
        new_answers = prepared.task.infer(model, batch, rows, prepared.setup)
        answers = ready.task.infer(load_trained(run.model_path), batch, rows, old)
    assert new_answers == pytest.approx(answers, rel=1e-3, abs=1e-5)
    assert prepared.setup.label_means["price"] > 2 * old.label_means["price"]


def test_a_model_without_a_scale_answers_as_it_is():
    from types import SimpleNamespace

    setup = outcome_of([[1.0]], ["y"], label=[[1.0]]).setup
    recalled = TASK.restore_setup(SimpleNamespace(config=SimpleNamespace()), setup)
    assert (recalled.label_means, recalled.label_stds) == ({}, {})


# Bad input


def test_cells_that_are_no_numbers_are_left_out_counted_and_shown(tmp_path):
    extra = ["no score,n/a,1", "nor here,,1", "and one,“3,5”,1".replace("“3,5”", '"3,5"')]
    data = prepare(regression_spec(tmp_path / "bad", extra)).data
    assert data.notes == [
        "Skipped 1 of the training rows without a label (row 82).",
        "Skipped 1 of the training rows without a number (row 81 (“n/a”)).",
        "Numbers in the training rows read with a decimal comma: 1 (row 83 (“3,5”)).",
        "Unused columns: length.",
    ]
    assert sum(data.sizes.values()) == 81


def test_a_thousand_with_a_comma_could_be_either_and_is_left_out(tmp_path):
    data = prepare(regression_spec(tmp_path / "either", ['big,"1,234",1'])).data
    assert data.notes[0].endswith("without a number (row 81 (“1,234”)).")


def test_bad_rows_can_be_a_reason_to_stop(tmp_path):
    spec = regression_spec(tmp_path / "stop", ["no score,n/a,1"], **{"data.bad_rows": "refuse"})
    with pytest.raises(DataError) as caught:
        prepare(spec)
    assert str(caught.value) == (
        "scores.csv: Skipped 1 of the training rows without a number "
        "(row 81 (“n/a”)); correct these rows, or set data.bad_rows to leave_out"
    )


def test_words_are_no_numbers(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("text,label\n" + "".join(f"text {n},good\n" for n in range(9)), "utf-8")
    with pytest.raises(DataError) as caught:
        prepare(regression_spec(tmp_path / "words", **{"data.source": str(path)}))
    assert (
        "words.csv has 0 usable rows (Skipped 9 of the training rows without a number "
        "(row 1 (“good”), row 2 (“good”), row 3 (“good”), …))" in str(caught.value)
    )


def test_one_value_teaches_nothing(tmp_path):
    path = tmp_path / "same.csv"
    path.write_text("text,score\n" + "".join(f"text {n},2.5\n" for n in range(9)), "utf-8")
    with pytest.raises(DataError, match=r"all 9 rows have the one value 2.5 \(column 'score'\)"):
        prepare(regression_spec(tmp_path / "same", **{"data.source": str(path)}))


def test_rows_with_other_numbers_of_numbers_are_an_error(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"text": f"text {n}", "score": [1.0, n] if n else [1.0]} for n in range(9)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    columns = {"text": "text", "label": "score"}
    with pytest.raises(DataError, match="row 2 holds 2 numbers in the column 'score', the first"):
        prepare(
            regression_spec(
                tmp_path / "rows", **{"data.source": str(path), "data.columns": columns}
            )
        )


def test_what_only_classes_have_is_refused_with_all_other_faults(tmp_path):
    spec = regression_spec(
        tmp_path / "faults",
        **{
            "train.loss": "focal",
            "train.label_smoothing_factor": 0.1,
            "data.labels": ["good"],
            "train.metric_for_best_model": "accuracy",
        },
    )
    with pytest.raises(SpecError) as caught:
        prepare(spec)
    result = "\n".join(caught.value.lines)
    assert "train.metric_for_best_model: 'accuracy' does not fit; choose loss | pearson" in result
    assert "train.loss: 'focal' does not fit; choose auto | mse | huber" in result
    assert "data.labels: ['good'] has no effect in text-regression, only in text-class" in result
    assert "train.label_smoothing_factor: 0.1 has no effect in text-regression" in result
