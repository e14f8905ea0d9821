"""The core of the zoo through its whole life; all of it: `python -m tests.zoo.table`."""

import pytest

from tests.zoo.chain import Life, faults_of
from tests.zoo.families import Family, core
from workbench.errors import RunError
from workbench.training import checkpoints
from workbench.training.run import open_run_folder


@pytest.mark.parametrize("family", core(), ids=lambda family: family.name)
def test_best_resume_fork_and_plain_loading_give_the_same_model(family, tmp_path):
    assert faults_of(family, tmp_path) == []


def test_a_model_that_transformers_cannot_keep_ends_at_its_first_checkpoint(tmp_path):
    # Youtu's loading sets the row of the padding token to zero, which is also learned as an output.
    family = Family("youtu", "AutoModelForCausalLM")
    life = Life(family, tmp_path, **{"train.warmup_steps": 0})
    run = open_run_folder(life.prepared)
    with pytest.raises(RunError, match=r"^read back by transformers .*, a youtu model is not the"):
        life.train(run)
    (kept,) = checkpoints.list_checkpoints(run)
    assert checkpoints.step_of(kept) == 1
    assert checkpoints.find_fault(kept) == ""
    assert not run.model_path.exists()
    assert [path.name for path in run.checkpoints_path.iterdir()] == [kept.name]
