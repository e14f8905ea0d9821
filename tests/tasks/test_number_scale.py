"""Numbers leave in the units of the data: whoever loads the model reads what the run measured."""

import json

import numpy as np
import pytest
import torch
import transformers

from tests.models.test_heads import fine_tuned
from tests.tiny_runs import BAD, GOOD, THINGS, tiny_spec
from workbench import pipeline
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.models import load_trained
from workbench.training.prepare import prepare

TEXTS = [f"the {thing} was {word}" for thing in THINGS[:5] for word in (*GOOD[:2], *BAD[:2])]
SPREAD = np.array([5.5, 0.0023])
KINDS = ("bert", "roberta", "xlnet", "llama", "bart")


def write_numbers(path, columns, far=1000.0):
    """Write rows of two numbers: 1000 ± 5 by the words, and 0.02 or so by the things."""
    lines = [
        f"the {thing} was {word},{far + 5 * sign + place},{0.02 + 0.001 * place}"
        for sign, words in ((1, GOOD), (-1, BAD))
        for word in words
        for place, thing in enumerate(THINGS)
    ]
    head = ",".join(["text", *columns])
    path.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("numbers")
    write_numbers(home / "scores.csv", ["price", "share"])
    for kind in KINDS:
        (home / kind).mkdir()
        fine_tuned(home / kind, kind, "AutoModel", None)
    return home


def spec_of(home, kind, columns=("price", "share"), **changes):
    return tiny_spec(
        home,
        task="text-regression",
        **{
            "data.source": str(home / "scores.csv"), "model.source": str(home / kind),
            "data.columns": {"text": "text", "label": list(columns)}, "train.max_steps": 4,
            "train.eval_steps": 4, "evaluate.baselines": False, "inspect.probes": [],
            "output.run_name": f"{kind}-{len(columns)}-{len(list((home).glob('runs/*')))}",
            **changes,
        },
    )  # fmt: skip


def plainly(model, folder, texts=TEXTS):
    """Return what a model says of each text by itself, as anybody would ask it."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return np.array(
            [
                model(**tokenizer(text, truncation=True, max_length=16, return_tensors="pt"))
                .logits[0].tolist()
                for text in texts
            ]
        )  # fmt: skip


def are_same(one, two):
    """Say whether numbers are the same, to a thousandth of the deviation of each in the data."""
    spread = SPREAD[: one.shape[1]] if one.shape[1] == 1 or two[0, 0] > 1 else SPREAD[::-1]
    return one.shape == two.shape and np.allclose(one / spread, two / spread, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "columns"), [("bert", ("price",)), *((kind, ("price", "share")) for kind in KINDS)]
)
def test_plain_transformers_reads_the_units_of_the_data(kind, columns, home):
    run = pipeline.train(spec_of(home, kind, columns))
    said = np.array([one["predicted"] for one in predict_texts(run, TEXTS)])
    model = transformers.AutoModelForSequenceClassification.from_pretrained(run.model_path).eval()
    assert are_same(plainly(model, run.model_path), said)
    config = json.loads((run.model_path / "config.json").read_text("utf-8"))
    assert config["target_folded"]
    if kind != "llama":  # whose head has no bias, and learns its way up to a thousand
        assert said[:, 0] == pytest.approx(1000, abs=30)
    metrics, rows = evaluate_file(run, str(home / "scores.csv"))
    plain = plainly(model, run.model_path, [row["text"] for row in rows])
    errors = np.abs(plain - np.array([row["label"] for row in rows])).mean()
    assert metrics["metrics"]["mae"] == pytest.approx(errors, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "method"), [("bert", "lora"), ("roberta", "prompt_tuning"), ("llama", "ia3")]
)
def test_plain_peft_reads_the_units_of_the_data(kind, method, home):
    import peft

    run = pipeline.train(spec_of(home, kind, **{"adapter.peft_method": method}))
    said = np.array([one["predicted"] for one in predict_texts(run, TEXTS)])
    base = transformers.AutoModelForSequenceClassification.from_pretrained(
        home / kind, config=transformers.AutoConfig.from_pretrained(run.model_path)
    )
    model = peft.PeftModel.from_pretrained(base, run.model_path).eval()
    assert are_same(plainly(model, run.model_path), said)


def test_a_head_without_a_bias_says_that_it_learns_without_the_mean(home):
    notes = " ".join(prepare(spec_of(home, "llama")).data.notes)
    assert "has no bias" in notes
    assert "has no bias" not in " ".join(prepare(spec_of(home, "bert")).data.notes)


@pytest.mark.parametrize("method", ["none", "lora"])
def test_a_second_run_begins_with_the_numbers_of_the_first_also_in_another_order(method, home):
    first = pipeline.train(spec_of(home, "bert"))
    said = np.array([one["predicted"] for one in predict_texts(first, TEXTS)])
    write_numbers(home / "far.csv", ["price", "share"], far=3000.0)
    changes = {"data.source": str(home / "far.csv"), "adapter.peft_method": method,
               "train.max_steps": 1, "train.learning_rate": 1e-7}  # fmt: skip
    changes["model.source"] = str(first.model_path)
    second = pipeline.train(spec_of(home, "bert", ("share", "price"), **changes))
    again = np.array([one["predicted"] for one in predict_texts(second, TEXTS)])
    assert are_same(again[:, ::-1], said)


def test_a_model_of_an_earlier_version_whose_head_gives_deviations_answers_as_it_did(home):
    run = pipeline.train(spec_of(home, "bert"))
    said = np.array([one["predicted"] for one in predict_texts(run, TEXTS)])
    config_file = run.model_path / "config.json"
    config = json.loads(config_file.read_text("utf-8"))
    model = load_trained(run.model_path)
    mean, std = torch.tensor(config["target_mean"]), torch.tensor(config["target_std"])
    with torch.no_grad():
        model.classifier.weight /= std[:, None]
        model.classifier.bias.sub_(mean).div_(std)
    model.save_pretrained(run.model_path)
    config_file.write_text(json.dumps({k: v for k, v in config.items() if k != "target_folded"}))
    again = np.array([one["predicted"] for one in predict_texts(run, TEXTS)])
    assert are_same(again, said)
    # And what goes on from it in another order of the columns begins with the same numbers.
    changes = {"train.max_steps": 1, "train.learning_rate": 1e-7}
    changes["model.source"] = str(run.model_path)
    second = pipeline.train(spec_of(home, "bert", ("share", "price"), **changes))
    again = np.array([one["predicted"] for one in predict_texts(second, TEXTS)])
    assert are_same(again[:, ::-1], said)
