"""Tokens that a model did not know: found in texts, learned, saved, and there again when loaded."""

import json

import pytest
import torch

from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_runs import GOOD, THINGS, tiny_spec
from tests.tiny_writers import make_tiny_marian, make_tiny_t5
from tests.training.test_resuming import interrupted, losses
from workbench import pipeline
from workbench.attention.attend import open_before
from workbench.errors import ModelError
from workbench.evaluation.answering import before, finished
from workbench.evaluation.run import predict_texts
from workbench.export import export_run
from workbench.models import load_tokenizer, load_trained
from workbench.models.new_tokens import add_tokens
from workbench.tasks._encode import TextEncoder
from workbench.training.prepare import prepare

NEW = ["<speaker>", "zebra"]


def spec_of(folder, make=make_tiny_bert, **changes):
    folder.mkdir(exist_ok=True)
    rows = [{"text": f"<speaker> the {thing} was {word}", "label": "ab"[n % 2]}
            for n, word in enumerate(GOOD) for thing in THINGS]  # fmt: skip
    (folder / "rows.json").write_text(json.dumps(rows), "utf-8")
    changes = {
        "data.source": str(folder / "rows.json"), "model.source": str(make(folder / "m")),
        "data.columns": {}, "model.add_tokens": [*NEW, "film"], "inspect.probes": ["<speaker> hi"],
        **changes,
    }  # fmt: skip
    return tiny_spec(folder, **changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return pipeline.train(spec_of(tmp_path_factory.mktemp("new")))


def test_what_is_new_is_said_and_what_was_known(tmp_path):
    notes = prepare(spec_of(tmp_path)).data.notes
    assert "Added to the tokenizer, with new embeddings: 2 (<speaker>, zebra)." in notes
    assert "Already in the tokenizer, not added again: film." in notes
    assert not any("keep their initial values" in note for note in notes)


def test_texts_hold_them_as_one_token_each_also_beside_control_tokens(tmp_path):
    for make in (make_tiny_bert, make_tiny_llama, make_tiny_t5, make_tiny_marian):
        tokenizer = load_tokenizer(make(tmp_path / make.__name__))
        add_tokens(tokenizer, NEW)
        number = tokenizer.convert_tokens_to_ids("<speaker>")
        end = tokenizer.sep_token or tokenizer.eos_token
        for text in ("a <speaker> b", f"a <speaker> b {end}"):
            ids = TextEncoder(tokenizer)(text, add_special_tokens=False)["input_ids"]
            assert ids.count(number) == 1, make.__name__


def test_rows_are_drawn_from_the_seed_around_the_mean_and_others_stay(tmp_path):
    plain = prepare(spec_of(tmp_path / "a", **{"model.add_tokens": []})).base_model()
    spec = spec_of(tmp_path / "a")
    one, two = (prepare(spec).base_model().get_input_embeddings().weight for _ in range(2))
    old = plain.get_input_embeddings().weight
    assert len(one) == len(old) + 2
    assert torch.equal(one[: len(old)], old)
    assert torch.equal(one, two)
    assert torch.allclose(one[-2:], old.mean(0).expand(2, -1), atol=0.01)
    other = prepare(spec.replace({"train.seed": 7})).base_model().get_input_embeddings().weight
    assert not torch.equal(one[-2:], other[-2:])


def test_they_are_learned_saved_and_asked(run):
    model, tokenizer = load_trained(run.model_path), load_tokenizer(run.model_path)
    number = tokenizer.convert_tokens_to_ids("<speaker>")
    assert number == len(tokenizer) - 2
    first = prepare(run.spec()).base_model().get_input_embeddings().weight
    learned = model.get_input_embeddings().weight
    assert learned.shape == first.shape
    assert not torch.equal(learned[number], first[number])
    assert predict_texts(run, ["<speaker> the film was good"])[0]["predicted"] in ("a", "b")


def test_the_model_before_knows_them_too(run):
    after = finished(run)
    weight = before(run, after).model.get_input_embeddings().weight
    first = prepare(run.spec()).base_model().get_input_embeddings().weight
    assert torch.equal(weight, first)
    watched = open_before(run)
    assert torch.equal(watched.model.get_input_embeddings().weight, first)
    assert "<speaker>" in watched.capture("<speaker> hi").sequences["source"].tokens


def test_what_writes_has_them_at_both_ends(tmp_path):
    for make, task in ((make_tiny_llama, "text-generation"), (make_tiny_t5, "summarization")):
        rows = [{"instruction": f"a {n}", "output": "<speaker> c", "source": f"x {n}",
                 "target": "zebra"} for n in range(20)]  # fmt: skip
        columns = (
            {"instruction": "instruction", "output": "output"}
            if task == "text-generation"
            else {"source": "source", "target": "target"}
        )
        changes = {"task": task, "data.columns": columns, "data.source": str(tmp_path / "w.json")}
        (tmp_path / "w.json").write_text(json.dumps(rows), "utf-8")
        spec = spec_of(tmp_path / task, make, **changes)
        prepared = prepare(spec)
        model = prepared.base_model()
        size = len(prepared.tokenizer)
        assert model.get_input_embeddings().weight.shape[0] == size
        assert model.get_output_embeddings().weight.shape[0] == size
        number = prepared.tokenizer.convert_tokens_to_ids(
            "<speaker>" if task == "text-generation" else "zebra"
        )
        assert any(number in labels for labels in prepared.train["labels"])


def test_inside_an_adapter_they_are_not_learned_which_is_said_and_come_back_equal(tmp_path):
    spec = spec_of(tmp_path, **{"adapter.peft_method": "lora"})
    (note,) = [one for one in prepare(spec).data.notes if "keep their initial values" in one]
    assert note.startswith("With adapter.peft_method: lora, the embeddings of the added tokens")
    run = pipeline.train(spec)
    first = prepare(spec).base_model().get_input_embeddings().weight
    model = load_trained(run.model_path)
    assert torch.equal(model.get_input_embeddings().weight, first)


def test_a_token_that_is_none_is_refused(tmp_path):
    tokenizer = load_tokenizer(make_tiny_bert(tmp_path / "m"))
    for name in ("", "  "):
        with pytest.raises(ModelError, match="is not a token"):
            add_tokens(tokenizer, ["a", name])


@pytest.mark.parametrize("method", ["none", "lora"])
def test_a_killed_run_goes_on_to_the_same_losses(tmp_path, monkeypatch, method):
    changes = {"train.eval_steps": 5, "adapter.peft_method": method, "train.num_train_epochs": 4}
    spec = spec_of(tmp_path, **changes)
    whole, run = pipeline.train(spec), interrupted(spec, monkeypatch, after=5)
    pipeline.resume(run)
    assert losses(run) == losses(whole)


def test_merged_they_leave_as_they_were_measured(tmp_path):
    from transformers import AutoModelForSequenceClassification

    run = pipeline.train(spec_of(tmp_path, **{"adapter.peft_method": "lora"}))
    folder = export_run(run, "merged", tmp_path / "out").path
    plain, own = (
        AutoModelForSequenceClassification.from_pretrained(folder),
        load_trained(run.model_path),
    )
    tokenizer = load_tokenizer(folder)
    batch = tokenizer("<speaker> the zebra was good", return_tensors="pt")
    assert tokenizer.convert_tokens_to_ids("zebra") in batch["input_ids"]
    with torch.no_grad():
        assert torch.allclose(plain(**batch).logits, own(**batch).logits, atol=1e-5)


def test_a_writer_in_an_adapter_comes_back_with_both_ends(tmp_path):
    columns = {"instruction": "text", "output": "label"}
    changes = {"task": "text-generation", "data.columns": columns, "adapter.peft_method": "lora"}
    run = pipeline.train(spec_of(tmp_path, make_tiny_llama, **changes))
    first, model = prepare(run.spec()).base_model(), load_trained(run.model_path)
    for one, other in (
        (first.get_input_embeddings(), model.get_input_embeddings()),
        (first.get_output_embeddings(), model.get_output_embeddings()),
    ):
        assert torch.equal(one.weight, other.weight)
