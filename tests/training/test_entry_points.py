"""Losses and metrics that installed packages register under a name."""

import importlib
import sys

import numpy as np
import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import InputError
from workbench.spec import SpecError
from workbench.training.prepare import prepare

CODE = """
import torch

def doubled(outputs, labels):
    return 2 * torch.nn.functional.cross_entropy(outputs.logits, labels, reduction="none")

def averaged(outputs, labels):
    return torch.nn.functional.cross_entropy(outputs.logits, labels)

def plain(outputs, labels):
    return 0.5

def share_of_positive(kept, labels):
    return (kept.argmax(-1) == 1).mean()

def mistakes(kept, labels):
    return (kept.argmax(-1) != labels).sum()

mistakes.greater_is_better = False
number = 3
"""
POINTS = """[workbench.losses]
doubled = my_losses:doubled
averaged = my_losses:averaged
plain = my_losses:plain
absent = my_losses:absent
number = my_losses:number

[workbench.metrics]
share_of_positive = my_losses:share_of_positive
mistakes = my_losses:mistakes
"""


@pytest.fixture(autouse=True)
def installed(tmp_path_factory, monkeypatch):
    """Install a package of losses and metrics, as pip would."""
    site = tmp_path_factory.mktemp("site")
    (site / "my_losses.py").write_text(CODE, "utf-8")
    about = site / "my_losses-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-losses\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(POINTS, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("my_losses", None)


def events(run, kind):
    return [event for event in run.events() if event["event"] == kind]


def test_a_loss_of_ones_own_is_minimised_and_counted_as_the_usual_one(tmp_path):
    spec = tiny_spec(tmp_path, **{"train.max_steps": 2, "train.gradient_accumulation_steps": 3})
    usual = pipeline.train(spec)
    own = pipeline.train(spec.replace({"train.custom_loss": "doubled"}))
    first = [events(run, "step_logged")[0] for run in (usual, own)]
    assert first[1]["loss"] == pytest.approx(2 * first[0]["loss"], rel=1e-5)
    assert first[1]["grad_norm"] == pytest.approx(2 * first[0]["grad_norm"], rel=1e-4)


def test_metrics_of_ones_own_are_followed_and_may_name_the_best(tmp_path):
    run = pipeline.train(
        tiny_spec(
            tmp_path,
            **{
                "train.custom_metrics": ["share_of_positive", "mistakes"],
                "train.metric_for_best_model": "mistakes",
            },
        )
    )
    found = events(run, "evaluated")
    counts = [event["metrics"]["mistakes"] for event in found]
    assert [event["best"] for event in found] == [
        n == 0 or counts[n] < min(counts[:n]) for n in range(len(counts))
    ]
    rows = prepare(run.spec().replace({"output.run_name": ""})).validation
    for event in found:
        accuracy = event["metrics"]["accuracy"]
        assert event["metrics"]["mistakes"] == pytest.approx((1 - accuracy) * len(rows))
    assert np.isfinite([event["metrics"]["share_of_positive"] for event in found]).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train.custom_loss": "double"}, "has the entry point 'double' in the group "
         "workbench.losses; did you mean doubled?"),
        ({"train.custom_loss": "absent"}, "absent .my_losses:absent. cannot be loaded"),
        ({"train.custom_loss": "number"}, "number .my_losses:number. is not a function"),
        ({"train.custom_metrics": ["costs"]}, "group workbench.metrics; choose from mistakes, "),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_reported_before_a_folder_is_made(tmp_path, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        pipeline.train(tiny_spec(tmp_path, **changes))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("name", "kind"), [("averaged", "Tensor"), ("plain", "float")])
def test_a_loss_that_is_already_averaged_is_refused_and_not_divided_once_more(tmp_path, name, kind):
    spec = tiny_spec(tmp_path, **{"train.custom_loss": name})
    with pytest.raises(InputError, match=rf"returned one number \({kind}\) where a tensor of "):
        pipeline.train(spec)


def test_settings_without_effect_beside_it_are_refused(tmp_path):
    spec = tiny_spec(
        tmp_path, **{"train.custom_loss": "doubled", "train.class_weights": "balanced"}
    )
    with pytest.raises(SpecError, match=r"train\.class_weights: 'balanced' has no effect beside "):
        prepare(spec)
