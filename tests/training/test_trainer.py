"""The spec's names are the Trainer's names."""

from pathlib import Path

from workbench.spec import RunSpec, find
from workbench.training.arguments import SAME_NAME, training_arguments


def test_fields_named_as_in_training_arguments_reach_it_unchanged(tmp_path):
    spec = RunSpec().replace(
        {
            "train.learning_rate": 3e-4,
            "train.num_train_epochs": 2.5,
            "train.warmup_steps": 500,
            "train.weight_decay": 0.02,
            "train.precision": "fp32",
        }
    )
    arguments = training_arguments(spec, "cpu", tmp_path)
    for name in SAME_NAME:
        assert getattr(arguments, name) == getattr(spec.train, name), name


def test_every_same_name_is_a_field():
    assert all(find(f"train.{name}") for name in SAME_NAME)


def test_not_a_number_is_not_averaged_away(tmp_path):
    spec = RunSpec().replace({"train.precision": "fp32"})
    assert training_arguments(spec, "cpu", Path(tmp_path)).logging_nan_inf_filter is False
