"""A few mutated run folders under every verb; `make robustness` tries 10,000."""

from __future__ import annotations

import os
import random

import pytest

from tests.figures.examples import profile
from tests.robustness.fuzz import VERBS, fuzz
from tests.robustness.mutations import mutate
from workbench.data.profile import DataProfile
from workbench.language import text

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes with names are POSIX's")


def test_mutated_folders_end_in_a_sentence_and_nothing_outside_is_touched():
    found = fuzz(24, first=1_000_000)
    assert not found.faults, "\n".join(found.faults)
    assert sum(found.codes.values()) == 24 * 4
    assert {verb for verb, _ in found.codes} <= set(VERBS)


def test_a_number_always_gives_the_same_folder(tmp_path):
    made = []
    for name in ("one", "two"):
        run = tmp_path / name
        (run / "model").mkdir(parents=True)
        (run / "spec.yaml").write_text("task: text-classification\ntrain: {max_steps: 3}\n")
        (run / "model" / "config.json").write_text('{"a": [1, 2, {"b": 3}]}')
        result = [mutate(run, tmp_path, random.Random(seed)) for seed in (9, 10)]
        files = {p.relative_to(run): p.read_bytes() for p in run.rglob("*") if p.is_file()}
        made.append((result, files))
    assert made[0] == made[1]


def test_every_status_of_a_run_has_a_word_in_both_languages():
    known = ("new", "running", "paused", "interrupted", "finished", "failed", "unreadable")
    for name in (*known, "early_stopped", "stopped", "discarded"):
        assert {bool(text(f"compare.status.{name}", lang)) for lang in ("en", "zh")} == {True}


def test_a_profile_that_counts_nothing_is_refused():
    plain = profile(("a", "b")).to_dict()
    assert DataProfile.from_dict(plain).label_counts == plain["label_counts"]
    plain["label_counts"]["train"]["a"] = "many"
    with pytest.raises(TypeError, match="counts nothing"):
        DataProfile.from_dict(plain)
