"""The untouched model as a baseline of those that write: on so many rows, with an interval."""

import json

import numpy as np
import pytest
from sacrebleu.metrics import CHRF
from scipy.stats import bootstrap

from tests.tasks.test_decoders import decoder_spec
from workbench import pipeline
from workbench.cli.training import print_result
from workbench.evaluation.run import evaluate_file
from workbench.evaluation.zero_shot import intervals
from workbench.export.card import model_card_text
from workbench.reporting import render
from workbench.tasks import Outcome, load_task
from workbench.tasks._bleu import chrf_counts, chrf_of
from workbench.tasks._rouge import rouge_l
from workbench.training.prepare import prepare

PAIRS = [
    ("the crew was kind", "the crew was not kind"), ("去了公园。", "我们去了公园"), ("a", ""),
    ("so long", "so long and thanks for all the fish"), ("same", "same"), ("", "x"),
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    spec = decoder_spec(
        tmp_path_factory.mktemp("zero"),
        **{"evaluate.zero_shot_rows": 5, "train.max_steps": 2, "data.validation_share": 0.4},
    )
    return pipeline.train(spec)


def test_the_untouched_model_answers_so_many_rows(run):
    metrics = run.metrics()
    counts = metrics["baseline_rows"]
    assert counts["before"] == 5 < metrics["rows"]
    assert {one for name, one in counts.items() if name != "before"} == {metrics["rows"]}
    prepared = prepare(run.spec())
    said = f"for 5 of the {metrics['rows']} validation rows"
    assert any(said in note for note in prepared.data.notes)
    whole = prepare(run.spec().replace({"evaluate.zero_shot_rows": 100}))
    assert not any("zero-shot" in note for note in whole.data.notes)


def test_its_answers_are_those_of_the_model_that_was_loaded(run, tmp_path):
    prepared = prepare(run.spec())
    places = np.linspace(0, len(prepared.data.validation) - 1, 5).round().astype(int)
    rows = prepared.data.validation.select(places)
    assert len(rows) == 5
    spec = run.spec().replace({"evaluate.zero_shot_rows": 100})
    whole = pipeline.train(spec.replace({"output.run_name": "whole"}))
    metrics = whole.metrics()
    assert metrics["baseline_rows"]["before"] == metrics["rows"]
    assert metrics["metrics"] == run.metrics()["metrics"]
    assert metrics["baselines"]["lead"] == run.metrics()["baselines"]["lead"]


def test_the_terminal_says_on_how_many_rows(run, capsys):
    print_result(run, as_json=False)
    assert "fine-tuning, 5" in capsys.readouterr().out  # the heading is broken into lines
    print_result(run, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer["baseline_rows"]["before"] == 5
    assert "rouge_l" in answer["intervals"]["before"]


def test_report_and_card_show_rows_and_intervals(run):
    metrics = run.metrics()
    low, high = metrics["intervals"]["after"]["rouge_l"]
    assert low <= metrics["metrics"]["rouge_l"] <= high
    assert set(metrics["intervals"]) == {"after", "before", "lead", "copy"}
    for page in (render(run), model_card_text(run)):
        assert "Before fine-tuning, 5 rows" in page
        assert f"({low:.4f}–{high:.4f})" in page
        assert "bootstrap" in page


def test_an_interval_is_that_of_scipys_bootstrap(run):
    _, records = evaluate_file(run, str(run.path.parents[1] / "rows.json"))
    values = np.asarray([one["rouge_l"] for one in records])

    class Told:
        predictions = staticmethod(lambda outcome: records)
        rescore = staticmethod(load_task("summarization").rescore)

    low, high = intervals(Told, Outcome(None, None, None, None))["rouge_l"]
    theirs = bootstrap(
        (values,), np.mean, n_resamples=5000, method="percentile", rng=1
    ).confidence_interval
    assert low == pytest.approx(theirs.low, abs=0.02)
    assert high == pytest.approx(theirs.high, abs=0.02)


def test_chrf_of_summed_counts_is_sacrebleus():
    for some in (PAIRS, PAIRS[:1], PAIRS[1:3], PAIRS[-1:]):
        counts = np.asarray([chrf_counts(true, written) for true, written in some])
        theirs = CHRF().corpus_score([w for _, w in some], [[t for t, _ in some]]).score
        assert chrf_of(counts.sum(axis=0)) == pytest.approx(theirs)
    records = [{"label": true, "predicted": written} for true, written in PAIRS]
    found = load_task("translation").rescore(records)(np.array([0, 0, 3]))
    twice = [PAIRS[0], PAIRS[0], PAIRS[3]]
    theirs = CHRF().corpus_score([w for _, w in twice], [[t for t, _ in twice]]).score
    assert found["chrf"] == pytest.approx(theirs)
    one = load_task("summarization").rescore([{"rouge_l": rouge_l(*PAIRS[0])}])
    assert one(np.array([0]))["rouge_l"] == rouge_l(*PAIRS[0])
