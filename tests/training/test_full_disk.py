"""A disk that is full at any one file of a run: told in a sentence, and the run goes on later."""

from __future__ import annotations

import pytest

from tests.robustness.disks import EXPORTS, export, train, try_export, try_training
from workbench.runs import open_run


@pytest.mark.parametrize("share", [0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0])
def test_a_disk_that_is_full_at_one_file_loses_nothing(share, tmp_path, capfd):
    whole, _ = train(tmp_path / "whole", 0)
    assert whole.count > 20
    assert try_training(tmp_path / "full", 1 + round(share * (whole.count - 1)))


def test_a_disk_that_is_full_while_exporting_leaves_nothing_behind(tmp_path):
    train(tmp_path, 0)
    run = open_run(tmp_path / "runs" / "p")
    for kind in EXPORTS:
        count = export(run, kind, 0)[0].count
        assert count
        assert try_export(run, kind, count)
