"""The live dataset map: what it sends, and what it does when asked."""

import numpy as np
import pytest

from tests.noisy_runs import FLIPPED, OTHER, noisy_run
from workbench.dynamics import DynamicsWriter
from workbench.dynamics.corrections import open_corrections
from workbench.runs import RunFolder
from workbench.spec import RunSpec
from workbench.widgets.dataset_map import CORRECTED, FLAGGED, DatasetMap


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return noisy_run(tmp_path_factory.mktemp("home"))


def watched(run, monkeypatch, **options):
    chart = DatasetMap(run, language="en", **options)
    chart.sent = []
    monkeypatch.setattr(
        chart, "send", lambda content, buffers=(): chart.sent.append((content, list(buffers)))
    )
    return chart


def ask(chart, **content):
    """Send what the front end would, and return the answers by kind."""
    chart.sent.clear()
    chart._received(chart, content, [])
    return {message["kind"]: (message, buffers) for message, buffers in chart.sent}


def points(answer):
    message, (buffer,) = answer["points"]
    return message, np.frombuffer(buffer).reshape(5, -1)


def test_all_rows_are_sent_with_their_place_and_what_is_likely_wrong(run, monkeypatch):
    message, table = points(ask(watched(run, monkeypatch), kind="sync"))
    rows, variability, confidence, kinds, marks = table
    assert set(FLIPPED) <= set(rows[marks == FLAGGED])
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert (variability >= 0).all()
    assert set(kinds) <= {0, 1, 2}
    assert f"{len(rows)} rows, epochs: 10" in message["message"]


def test_chosen_rows_come_with_their_texts_the_most_suspect_first(run, monkeypatch):
    chart = watched(run, monkeypatch)
    message, _ = ask(chart, kind="rows", rows=[1, 2, FLIPPED[0]])["rows"]
    first = message["rows"][0]
    assert first["row"] == FLIPPED[0]
    assert first["texts"][0].startswith("the ")
    assert first["likely"] == OTHER[first["label"]]
    assert message["names"] == ["negative", "positive"]
    assert message["message"] == "3 of 3 rows, most likely errors first"


def test_a_label_is_corrected_in_place_and_taken_back(run, monkeypatch):
    chart = watched(run, monkeypatch)
    shown, _ = ask(chart, kind="label_issues")["rows"]
    first = shown["rows"][0]
    answer = ask(chart, kind="label", row=first["row"], value=OTHER[first["label"]])
    listed = {one["row"]: one for one in answer["rows"][0]["rows"]}
    assert listed[first["row"]]["now"] == OTHER[first["label"]]
    assert listed[first["row"]]["decided"]
    message, table = points(answer)
    assert message["changed"] == 1
    assert table[0][table[4] == CORRECTED].tolist() == [first["row"]]
    (decision,) = open_corrections(run).decisions().values()
    assert (decision.value, decision.was) == (OTHER[first["label"]], first["label"])
    assert decision.why == "confident_learning, rank 1"
    assert points(ask(chart, kind="undo"))[0]["changed"] == 0
    assert open_corrections(run).decisions() == {}


def test_what_is_decided_is_asked_about_no_more(run, monkeypatch):
    chart = watched(run, monkeypatch)
    first = ask(chart, kind="label_issues")["rows"][0]["rows"][0]
    ask(chart, kind="label", row=first["row"], value=first["label"])  # it is right
    rows = [one["row"] for one in ask(chart, kind="label_issues")["rows"][0]["rows"]]
    assert first["row"] not in rows
    ask(chart, kind="undo")


def test_an_unknown_label_is_a_fault_and_nothing_is_kept(run, monkeypatch):
    chart = watched(run, monkeypatch)
    answer = ask(chart, kind="label", row=FLIPPED[0], value="<script>")
    assert "no label '<script>'" in answer["fault"][0]["fault"]
    assert open_corrections(run).decisions() == {}


def test_the_button_trains_again_and_says_what_hinders_it(run, monkeypatch):
    calls = []
    chart = watched(run, monkeypatch, on_retrain=lambda: calls.append(1))
    assert ask(chart, kind="retrain")["retrained"]
    assert calls == [1]
    assert chart.labels["can_retrain"]
    assert ask(watched(run, monkeypatch), kind="retrain") == {}


def test_the_map_fills_in_as_the_run_goes_on(tmp_path, monkeypatch):
    run = RunFolder(tmp_path)
    run.write_spec(RunSpec(), {})
    chart = watched(run, monkeypatch)
    assert ask(chart, kind="sync")["points"][0]["message"].startswith("Nothing has been recorded")
    writer = DynamicsWriter(run, ["no", "yes"])
    for epoch in range(2):
        records = np.zeros(3, writer.type)
        records["step"], records["epoch"], records["row"] = epoch + 1, epoch, [1, 2, 3]
        records["confidence"] = 0.25 + 0.5 * epoch
        records["probabilities"] = [0.5, 0.5]
        writer.append(records)
        chart.sent.clear()
        chart.update()
        ((message, (points,)),) = chart.sent
        if epoch == 0:  # neither a map nor a count
            assert message["message"].startswith("3 rows, epochs started: 1. The map appears after")
            assert points == b""
        else:
            assert "3 rows, epochs: 2. Labels that are likely wrong: 0" in message["message"]
            assert len(points) > 0
    chart.sent.clear()
    chart.update()
    assert chart.sent == []
    writer.close()
