"""`wb.suspects` where nobody clicks: the map, a table, and the records."""

import json

from figures.examples import HOSTILE, dynamics

from tests.noisy_runs import FLIPPED, noisy_run
from workbench.dynamics import rank
from workbench.notebook import suspects
from workbench.notebook.learning import suspects_page
from workbench.runs import RunFolder


def test_the_worst_rows_are_shown_and_returned(tmp_path, capsys):
    run = noisy_run(tmp_path, **{"train.num_train_epochs": 8})
    found = suspects(run, count=4)
    assert {one["row"] for one in found} == set(FLIPPED)
    assert "4 suspects" in capsys.readouterr().out


def test_texts_from_data_are_shown_as_text(tmp_path):
    shown = dynamics(("negative", HOSTILE))
    record = {"rank": 1, "split": "all", "flagged": True, "text": HOSTILE, "confidence": 0.25}
    page = suspects_page(RunFolder(tmp_path), shown, rank(shown), [record])
    whole = json.dumps(page)
    assert "<script" not in whole
    assert "&lt;script&gt;" in whole
    assert "0.250" in whole
