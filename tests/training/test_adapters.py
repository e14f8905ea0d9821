"""Runs with an adapter, or with a part of the model frozen, from spec to resumed and forked."""

import json
import shutil

import pytest

from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_runs import THINGS, tiny_spec
from workbench import pipeline
from workbench.attention.attend import attend_run
from workbench.cli import main
from workbench.errors import InputError, ModelError
from workbench.evaluation.run import evaluate_file, predict_texts
from workbench.models import load_trained, quantization
from workbench.models.freezing import count_parameters
from workbench.reporting import write_report
from workbench.runs import RunState
from workbench.spec import RunSpec, SpecError
from workbench.training.estimate import estimate
from workbench.training.prepare import prepare

LORA = {"adapter.peft_method": "lora", "adapter.lora_rank": 2, "adapter.lora_dropout": 0.1}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    make_tiny_bert(home / "tiny-bert", spread=0.3)
    return home


def spec_of(home, **changes):
    return tiny_spec(
        home,
        **{
            "train.num_train_epochs": 4,
            "train.eval_steps": 7,
            "train.learning_rate": 1e-2,
            "output.save_total_limit": 5,
            **changes,
        },
    )


@pytest.fixture(scope="module")
def run(home):
    """Return a finished run with LoRA."""
    return pipeline.train(spec_of(home, **LORA))


def losses(run):
    steps = RunState().fold(run.events()).steps
    return [(event["step"], event["loss"]) for event in steps]


def test_model_and_checkpoints_hold_the_adapter_alone(run, home):
    whole = (home / "tiny-bert" / "model.safetensors").stat().st_size
    for folder in (run.model_path, *run.checkpoints_path.iterdir()):
        assert (folder / "adapter_model.safetensors").stat().st_size < whole / 4
        assert not (folder / "model.safetensors").exists()
    moments = next(run.checkpoints_path.iterdir()) / "optimizer.safetensors"
    assert moments.stat().st_size < whole / 2


def test_the_base_is_as_it_was_and_the_model_answers_as_it_was_evaluated(run, home):
    metrics, rows = evaluate_file(run, str(home / "rows.csv"))
    assert metrics["rows"] == 80
    own = run.metrics()["metrics"]
    model = load_trained(run.model_path)
    base = load_trained_base(home)
    for name, weight in base.items():
        adapted = f"bert.{name}".replace("query.", "query.base_layer.")
        adapted = adapted.replace("value.", "value.base_layer.")
        assert (model.get_base_model().get_parameter(adapted) == weight).all(), name
    [said] = predict_texts(run, [rows[0]["text"]])
    assert said["predicted"] == rows[0]["predicted"]
    assert own["accuracy"] > 0


def load_trained_base(home):
    from safetensors.torch import load_file

    return load_file(home / "tiny-bert" / "model.safetensors")


def test_evaluating_the_validation_rows_again_gives_the_same_scores(run, home, tmp_path):
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(run.evaluation_path / "predictions.parquet").to_pylist()
    lines = [json.dumps({"text": row["text"], "label": row["label"]}) for row in rows]
    (tmp_path / "validation.jsonl").write_text("\n".join(lines), "utf-8")
    metrics, _ = evaluate_file(run, str(tmp_path / "validation.jsonl"))
    own = run.metrics()["metrics"]
    assert metrics["metrics"]["accuracy"] == own["accuracy"]
    assert metrics["metrics"]["loss"] == pytest.approx(own["loss"], abs=1e-5)


def test_where_it_looks_can_be_seen(run):
    record = attend_run(run, "the film was wonderful")
    assert record.blocks


def test_how_many_weights_learn_is_reported_everywhere(run, capsys):
    card = json.loads((run.path / "model.json").read_text("utf-8"))
    prepared = prepare(run.spec())
    trainable, parameters = count_parameters(prepared.new_model())
    assert card["trainable_parameters"] == trainable
    assert card["trainable_share"] == trainable / parameters
    cost = estimate(prepared)
    assert (cost.trainable_parameters, cost.parameters) == (trainable, parameters)
    whole = prepare(run.spec().replace({"adapter.peft_method": "none"}))
    saved = whole.card().train_bytes - prepared.card().train_bytes
    assert saved == 12 * (card["parameters"] - trainable)
    write_report(run)
    share = f"{trainable:,} ({trainable / parameters:.2%} of all)"
    assert share in run.report_path.read_text("utf-8")


def test_the_terminal_tells_it_too(home, capsys):
    spec = spec_of(home, **LORA, **{"train.max_steps": 2})
    path = home / "spec.yaml"
    from workbench.spec import to_yaml

    path.write_text(to_yaml(spec), "utf-8")
    assert main(["train", str(path)]) == 0
    assert "trainable " in capsys.readouterr().out


def test_a_run_that_stopped_goes_on_as_if_it_had_not(run, home):
    spec = run.spec().replace({"output.run_name": "again"})
    again = pipeline.train(spec)
    assert losses(again) == losses(run)
    # As if its process had died after the checkpoint of step 14.
    for folder in again.checkpoints_path.iterdir():
        if folder.name > "step-000014":
            shutil.rmtree(folder)
    lines = again.events_path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["step"] <= 14]
    kept = [line for line in kept if json.loads(line)["event"] != "run_ended"]
    again.events_path.write_text("".join(kept), "utf-8")
    shutil.rmtree(again.model_path)
    pipeline.resume(again)
    assert losses(again) == losses(run)
    assert (again.model_path / "adapter_model.safetensors").read_bytes() == (
        run.model_path / "adapter_model.safetensors"
    ).read_bytes()


def test_a_fork_keeps_the_adapter(run):
    child = pipeline.fork(run, 14, {"train.num_train_epochs": 3})
    pipeline.resume(child)
    assert child.metrics()["metrics"]
    with pytest.raises(InputError, match=r"adapter; adapter\.lora_rank cannot change"):
        pipeline.fork(run, 14, {"adapter.lora_rank": 4})


def test_a_wrong_layer_is_found_before_there_is_a_folder(home):
    before = sorted((home / "runs").iterdir())
    with pytest.raises(ModelError, match="no layer 'keys'; did you mean key"):
        pipeline.prepare_run(spec_of(home, **LORA, **{"adapter.target_modules": ["keys"]}))
    assert sorted((home / "runs").iterdir()) == before


def test_learned_tokens_take_their_place_from_the_text(home):
    long = {"data.max_tokens": 512, "adapter.num_virtual_tokens": 10}
    plain = prepare(spec_of(home, **long))
    prompted = prepare(spec_of(home, **long, **{"adapter.peft_method": "prompt_tuning"}))
    assert prompted.setup.max_tokens == plain.setup.max_tokens - 10


@pytest.mark.parametrize(
    ("method", "rate", "share"), [("lora", 1e-2, 0.8), ("prompt_tuning", 0.1, 1)]
)
def test_a_decoder_learns_with_an_adapter(tmp_path, method, rate, share):
    make_tiny_llama(tmp_path / "llama")
    texts = [f"the film was wonderful and the {thing} was kind" for thing in THINGS]
    (tmp_path / "texts.txt").write_text("\n\n".join(texts), "utf-8")
    spec = RunSpec().replace(
        {
            "task": "text-generation", "data.source": str(tmp_path / "texts.txt"),
            "model.source": str(tmp_path / "llama"), "data.max_tokens": 32,
            "adapter.peft_method": method, "train.learning_rate": rate,
            "adapter.target_modules": ["all-linear"] if method == "lora" else [],
            "train.max_steps": 30, "train.eval_steps": 15,
            "train.precision": "fp32", "inspect.probes": [], "generate.max_new_tokens": 4,
            "output.runs_dir": str(tmp_path / "runs"),
        }
    )  # fmt: skip
    run = pipeline.train(spec)
    metrics = run.metrics()
    assert metrics["metrics"]["perplexity"] < metrics["baselines"]["before"]["perplexity"] * share


def test_frozen_weights_do_not_move(home):
    from safetensors.torch import load_file

    spec = spec_of(
        home,
        **{"model.freeze_embeddings": True, "model.freeze_layers": 1, "train.max_steps": 5},
    )
    run = pipeline.train(spec)
    before, after = load_trained_base(home), load_file(run.model_path / "model.safetensors")
    moved = {n for n, weight in before.items() if (after[f"bert.{n}"] != weight).any()}
    assert moved
    assert all(name.startswith(("encoder.layer.1.", "pooler.")) for name in moved)
    card = json.loads((run.path / "model.json").read_text("utf-8"))
    assert 0 < card["trainable_parameters"] < card["parameters"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {**LORA, "model.freeze_layers": 2},
            "model.freeze_layers: 2 has no effect with an adapter",
        ),
        ({**LORA, "model.source": "scratch:bert-tiny"}, "of scratch:bert-tiny are random and"),
        (
            {"task": "fill-mask", "adapter.peft_method": "prompt_tuning"},
            (
                "'prompt_tuning' does not fit; fill-mask does not support prompts; choose lora, "
                "dora or ia3"
            ),
        ),
        (
            {"model.quantization": "4bit"},
            "'4bit' does not fit; quantized weights cannot be trained, only an adapter can; "
            "choose none, or set adapter.peft_method to lora",
        ),
    ],
)
def test_choices_that_do_not_go_together_are_refused(home, changes, message):
    with pytest.raises(SpecError) as caught:
        prepare(spec_of(home, **changes))
    assert message in str(caught.value)


def test_few_bits_are_refused_with_the_reason_where_they_do_not_work(home, monkeypatch):
    monkeypatch.setattr(quantization, "find_spec", lambda name: None)
    with pytest.raises(SpecError) as caught:
        prepare(spec_of(home, **LORA, **{"model.quantization": "8bit"}))
    assert str(caught.value) == (
        "the spec: model.quantization: '8bit' does not fit; bitsandbytes is not installed: "
        'pip install "model-workbench[quantization]"; choose none'
    )


@pytest.mark.parametrize("bits", ["8bit", "4bit"])
def test_an_adapter_learns_beside_weights_in_few_bits(bits, tmp_path):
    pytest.importorskip("bitsandbytes")
    if reason := quantization.why_not():
        pytest.skip(reason)
    from transformers import BertConfig, BertModel

    folder = make_tiny_bert(tmp_path / "tiny-bert")
    config = BertConfig.from_pretrained(folder)
    config.hidden_size, config.intermediate_size = 64, 128  # blocks of 32 numbers or more
    BertModel(config).save_pretrained(folder)
    few = {**LORA, "model.quantization": bits, "train.max_steps": 3, "train.eval_steps": 3}
    run = pipeline.train(spec_of(tmp_path, **few))
    model = load_trained(run.model_path, bits=bits)
    names = {type(module).__name__ for module in model.modules()}
    assert names & {"Linear8bitLt", "Linear4bit"}
    assert type(model.get_base_model().classifier.original_module).__name__ == "Linear"
    [said] = predict_texts(run, ["the film was wonderful"])
    assert said["predicted"] in run.record()["labels"]
    assert "quantization_config" not in json.loads((run.model_path / "config.json").read_text())
