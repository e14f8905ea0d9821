"""The pages of the studio, from records."""

from workbench.evaluation.run import write_predictions
from workbench.notebook import pages
from workbench.runs import RunFolder
from workbench.tasks import load_task


def test_what_is_long_leaves_room_for_its_neighbours_and_says_that_it_is_cut(tmp_path):
    record = {"row": 1, "source": "x" * 500, "predicted": "<i>", "label": "b", "loss": 1.0}
    write_predictions(tmp_path / "evaluation" / "predictions.parquet", [record])
    shown = pages.worst_errors(RunFolder(tmp_path), load_task("summarization"))["text/html"]
    assert f">{'x' * 400}…</td>" in shown
    assert ">&lt;i&gt;</td>" in shown
    assert "overflow-wrap:anywhere" in shown
