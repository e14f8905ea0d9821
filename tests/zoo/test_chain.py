"""The core of the zoo through its whole life; all of it: `python -m tests.zoo.table`."""

import pytest

from tests.zoo.chain import faults_of
from tests.zoo.families import core


@pytest.mark.parametrize("family", core(), ids=lambda family: family.name)
def test_best_resume_fork_and_plain_loading_give_the_same_model(family, tmp_path):
    assert faults_of(family, tmp_path) == []
