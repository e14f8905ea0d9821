"""Going on from a model that knows the labels already, by whatever name and in whatever order."""

import pytest

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from workbench import pipeline
from workbench.evaluation.answering import before, finished
from workbench.training.prepare import prepare

TEXTS = [{"text": text} for text, _ in make_rows()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_csv(home / "capitals.csv", [(text, label.upper()) for text, label in make_rows()])
    other = {"positive": "like", "negative": "dislike"}
    write_csv(home / "others.csv", [(text, other[label]) for text, label in make_rows()])
    return home


@pytest.fixture(scope="module")
def learned(home):
    """Return a run whose model tells the two labels apart without fault."""
    run = pipeline.train(tiny_spec(home, **{"output.run_name": "learned", "train.max_steps": 60}))
    assert run.metrics()["metrics"]["accuracy"] == 1.0
    return run


def further(home, learned, name, **changes):
    return pipeline.train(
        tiny_spec(
            home,
            **{
                "model.source": str(learned.model_path), "output.run_name": name,
                "train.max_steps": 1, "train.learning_rate": 1e-7, "train.warmup_steps": 0,
                **changes,
            },
        )
    )  # fmt: skip


@pytest.mark.parametrize("method", ["none", "lora", "prompt_tuning"])
def test_labels_in_another_order_and_in_capitals_are_the_same_labels(method, home, learned):
    run = further(
        home, learned, f"capitals-{method}",
        **{
            "data.source": str(home / "capitals.csv"), "data.labels": ["POSITIVE", "NEGATIVE"],
            "adapter.peft_method": method,
        },
    )  # fmt: skip
    assert run.record()["labels"] == ["POSITIVE", "NEGATIVE"]
    assert run.record().get("new_weights", "") == ""
    metrics = run.metrics()
    assert metrics["baselines"]["before"]["accuracy"] == 1.0
    after = finished(run)
    wanted = [one["predicted"].upper() for one in finished(learned).ask(TEXTS)]
    if method != "prompt_tuning":  # learned tokens are drawn, and change the answers at once
        assert metrics["metrics"]["accuracy"] == 1.0
        assert [one["predicted"] for one in after.ask(TEXTS)] == wanted
    assert [one["predicted"] for one in before(run, after).ask(TEXTS)] == wanted


def test_what_is_done_with_the_head_is_said(home, learned):
    def notes(**changes):
        spec = tiny_spec(home, **{"model.source": str(learned.model_path), **changes})
        return " ".join(prepare(spec).data.notes)

    said = notes(**{"data.source": str(home / "capitals.csv"),
                    "data.labels": ["POSITIVE", "NEGATIVE"]})  # fmt: skip
    assert "different order (negative, positive)" in said
    assert "to match the data (POSITIVE, NEGATIVE)" in said
    said = notes(**{"data.source": str(home / "others.csv")})
    assert "so a new head is used" in said
    assert "Labels only in the model: negative, positive" in said
    assert "only in the data: dislike, like" in said
    assert "head" not in notes()


def test_with_an_adapter_a_head_for_other_labels_is_learned_anew(home, learned):
    run = further(
        home, learned, "others",
        **{
            "data.source": str(home / "others.csv"), "adapter.peft_method": "lora",
            "train.max_steps": 40, "train.learning_rate": 2e-2,
        },
    )  # fmt: skip
    assert "classifier.weight" in run.record()["new_weights"]
    assert run.metrics()["metrics"]["accuracy"] == 1.0
    again = [one["predicted"] for one in finished(run).ask(TEXTS)]
    truth = {"positive": "like", "negative": "dislike"}
    assert again == [truth[label] for _, label in make_rows()]
