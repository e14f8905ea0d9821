"""`wb.label_issues` where nobody clicks: the map, a table, and the records."""

import json

from figures.examples import HOSTILE, dynamics

from tests.noisy_runs import FLIPPED, noisy_run
from workbench.dynamics import rank
from workbench.notebook import label_issues
from workbench.notebook.learning import label_issues_page
from workbench.runs import RunFolder


def test_the_worst_rows_are_shown_and_returned(tmp_path, capsys):
    run = noisy_run(tmp_path, **{"train.num_train_epochs": 8})
    found = label_issues(run, count=4)
    assert {one["row"] for one in found} == set(FLIPPED)
    assert "4 label issues" in capsys.readouterr().out


def test_texts_from_data_are_shown_as_text(tmp_path):
    shown = dynamics(("negative", HOSTILE))
    record = {"rank": 1, "split": "all", "flagged": True, "text": HOSTILE, "confidence": 0.25}
    page = label_issues_page(RunFolder(tmp_path), shown, rank(shown), [record])
    whole = json.dumps(page)
    assert "<script" not in whole
    assert "&lt;script&gt;" in whole
    assert "0.250" in whole
