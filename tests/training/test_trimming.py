"""Runs with a trimmed vocabulary: they learn what others learn, and everything opens them."""

import json
import shutil

import pytest
import torch

from tests.tiny_models import make_tiny_llama
from tests.tiny_runs import tiny_spec
from tests.tiny_writers import make_tiny_marian, make_tiny_t5
from tests.training.test_resuming import interrupted, losses
from workbench import pipeline
from workbench.attention.attend import attend, open_before
from workbench.errors import ModelError, RunError
from workbench.evaluation.answering import before, finished
from workbench.evaluation.run import predict_texts
from workbench.export import export_run
from workbench.models import load_tokenizer, load_trained
from workbench.models.trimmed import FILE, read_trimmed
from workbench.sources import cache_dir
from workbench.spec import SpecError
from workbench.training.prepare import prepare


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))


def spec_of(folder, **changes):
    folder.mkdir(exist_ok=True)
    changes = {"model.trim_vocabulary": True, "train.num_train_epochs": 2, **changes}
    return tiny_spec(folder, **changes)


def writing(folder, task, make):
    """Return a spec of a writer, with training texts that are cut at 16 tokens."""
    folder.mkdir(exist_ok=True)
    rows = [{"one": f"why was film {n} {'so great and kind ' * (n % 9)}?", "two": f"the plot {n}!"}
            for n in range(30)]  # fmt: skip
    (folder / "w.json").write_text(json.dumps(rows), "utf-8")
    names = ("instruction", "output") if task == "text-generation" else ("source", "target")
    prefix = {} if task == "text-generation" else {"data.prefix": "a: "}
    data, model = str(folder / "w.json"), str(make(folder / "m"))
    changes = {
        "task": task, "data.source": data, "model.source": model,
        "data.columns": dict(zip(names, ("one", "two"), strict=True)), **prefix,
    }  # fmt: skip
    return spec_of(folder, **changes)


def test_only_what_the_rows_and_the_probes_use_stays_and_it_is_said(tmp_path):
    spec = spec_of(tmp_path, **{"inspect.probes": ["call now to win a free prize"]})
    prepared = prepare(spec)
    whole = prepare(spec.replace({"model.trim_vocabulary": False}))
    trimmed = read_trimmed(prepared.found.path)
    names = set(prepared.tokenizer.get_vocab())
    assert names < set(whole.tokenizer.get_vocab())
    assert {"free", "prize", "wonderful", "f", "##z", "看", "[UNK]", "[MASK]"} <= names
    assert not {"tonight", "dinner"} & names
    (note,) = [one for one in prepared.data.notes if "trimmed" in one]
    assert note == (
        "Vocabulary trimmed to the tokens of the training rows and probe sentences, plus all "
        f"single characters: {len(whole.tokenizer)} → {len(names)} tokens, "
        f"{trimmed.parameters_before / 1e6:,.1f} M → {trimmed.parameters / 1e6:,.1f} M "
        "parameters. Other texts are split into smaller pieces."
    )
    card, other = prepared.card(), whole.card()
    assert card.train_bytes < other.train_bytes
    assert (card.vocabulary, card.whole_vocabulary) == (len(names), other.vocabulary)
    assert not any("trimmed" in one for one in whole.data.notes)


def test_training_rows_are_the_same_tokens_and_others_are_never_unknown(tmp_path):
    spec = spec_of(tmp_path)
    one, two = prepare(spec), prepare(spec.replace({"model.trim_vocabulary": False}))
    kept = read_trimmed(one.found.path).kept
    assert [[kept[n] for n in ids] for ids in one.train["input_ids"]] == list(
        two.train["input_ids"]
    )
    unknown = one.tokenizer.unk_token_id
    assert not any(unknown in ids for ids in one.validation["input_ids"])
    assert unknown not in one.tokenizer("see you tonight at dinner")["input_ids"]


@pytest.mark.parametrize(
    ("task", "make"), [("text-generation", make_tiny_llama), ("summarization", make_tiny_t5)]
)
def test_what_writers_read_and_write_is_cut_as_before_though_it_is_cut_off(tmp_path, task, make):
    spec = writing(tmp_path / "w", task, make)
    one, two = prepare(spec), prepare(spec.replace({"model.trim_vocabulary": False}))
    kept = read_trimmed(one.found.path).kept
    assert len(kept) < len(two.tokenizer)
    for name in ("input_ids", "labels"):
        got = [[n if n < 0 else kept[n] for n in ids] for ids in one.train[name]]
        assert got == list(two.train[name])
    model = one.base_model()
    assert model.get_input_embeddings().weight.shape[0] == len(one.tokenizer)
    assert model.get_output_embeddings().weight.shape[0] == len(one.tokenizer)


def test_it_learns_what_the_whole_model_learns(tmp_path):
    spec = spec_of(tmp_path)
    one = pipeline.train(spec)
    two = pipeline.train(spec.replace({"model.trim_vocabulary": False}))
    assert [step for step, _ in losses(one)] == [step for step, _ in losses(two)]
    torch.testing.assert_close(
        [loss for _, loss in losses(one)], [loss for _, loss in losses(two)], rtol=0, atol=1e-4
    )


def test_the_model_of_the_run_is_a_normal_one_and_opens_everywhere(tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    run = pipeline.train(spec_of(tmp_path))
    model = AutoModelForSequenceClassification.from_pretrained(run.model_path)
    tokenizer = AutoTokenizer.from_pretrained(run.model_path)
    assert model.config.vocab_size == len(tokenizer) == len(read_trimmed(run.path).kept)
    assert (run.model_path / FILE).read_bytes() == (run.path / FILE).read_bytes()
    text = "the film was wonderful"
    with torch.no_grad():
        said = model(**tokenizer(text, return_tensors="pt")).logits.argmax().item()
    assert predict_texts(run, [text])[0]["predicted"] == model.config.id2label[said]
    assert "film" in attend(run, text)[0].sequences["source"].tokens
    after = finished(run)
    first = before(run, after).model.get_input_embeddings().weight
    assert first.shape == model.get_input_embeddings().weight.shape
    assert torch.equal(open_before(run).model.get_input_embeddings().weight, first)
    shutil.rmtree(cache_dir())
    assert torch.equal(before(run, after).model.get_input_embeddings().weight, first)


@pytest.mark.parametrize("method", ["none", "lora"])
def test_a_killed_run_goes_on_to_the_same_losses(tmp_path, monkeypatch, method):
    changes = {"train.eval_steps": 5, "adapter.peft_method": method}
    spec = spec_of(tmp_path, **changes)
    whole, run = pipeline.train(spec), interrupted(spec, monkeypatch, after=5)
    shutil.rmtree(cache_dir())
    pipeline.resume(run)
    assert losses(run) == losses(whole)


def test_a_fork_keeps_the_tokens_of_its_parent_also_with_other_probes(tmp_path):
    run = pipeline.train(spec_of(tmp_path, **{"train.eval_steps": 5}))
    changes = {"inspect.probes": ["call now to win a free prize"], "train.num_train_epochs": 3}
    child = pipeline.fork(run, 5, changes)
    pipeline.resume(child)
    assert read_trimmed(child.path) == read_trimmed(run.path)
    assert (
        load_tokenizer(child.model_path).get_vocab() == load_tokenizer(run.model_path).get_vocab()
    )


def test_an_adapter_comes_back_on_its_base_and_leaves_only_merged(tmp_path):
    from transformers import AutoModelForSequenceClassification

    run = pipeline.train(spec_of(tmp_path, **{"adapter.peft_method": "lora"}))
    own = load_trained(run.model_path)
    batch = load_tokenizer(run.model_path)("the film was wonderful", return_tensors="pt")
    with torch.no_grad():
        said = own(**batch).logits
    settings = json.loads((run.model_path / "adapter_config.json").read_text("utf-8"))
    assert settings["base_model_name_or_path"] == str(read_base(run))
    with pytest.raises(RunError) as caught:
        export_run(run, "folder", tmp_path / "adapter")
    assert str(caught.value) == (
        f"the adapter of {run.name} was learned on a model with a trimmed vocabulary, and with the "
        "whole model it would read other tokens; export it with --to merged"
    )
    folder = export_run(run, "merged", tmp_path / "merged").path
    plain = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        torch.testing.assert_close(plain(**batch).logits, said, rtol=0, atol=1e-5)
    shutil.rmtree(cache_dir())
    with torch.no_grad():
        assert torch.equal(load_trained(run.model_path)(**batch).logits, said)


def read_base(run):
    return json.loads((run.model_path / "adapter_base.json").read_text("utf-8"))["trimmed"]


@pytest.mark.parametrize("kind", ["folder", "onnx", "card"])
def test_it_is_exported_as_any_other(tmp_path, kind):
    run = pipeline.train(spec_of(tmp_path))
    made = export_run(run, kind, tmp_path / "out")
    if kind == "folder":
        assert load_trained(made.path).config.vocab_size == len(read_trimmed(run.path).kept)
    card, trimmed = (made.path / "README.md").read_text("utf-8"), read_trimmed(run.path)
    assert f"{trimmed.tokens_before:,} → {trimmed.tokens:,}" in card


def test_a_script_takes_the_smaller_model_along(tmp_path):
    run = pipeline.train(spec_of(tmp_path))
    made = export_run(run, "script", tmp_path / "out")
    assert (made.path / "model" / "model.safetensors").is_file()
    assert str(cache_dir()) not in (made.path / "train.py").read_text("utf-8")


def test_new_tokens_come_after_those_that_stay(tmp_path):
    prepared = prepare(spec_of(tmp_path, **{"model.add_tokens": ["<speaker>"]}))
    size = len(read_trimmed(prepared.found.path).kept)
    assert prepared.tokenizer.convert_tokens_to_ids("<speaker>") == size
    assert prepared.base_model().get_input_embeddings().weight.shape[0] == size + 1


def test_a_tokenizer_of_the_data_has_nothing_to_trim(tmp_path):
    with pytest.raises(SpecError) as caught:
        prepare(spec_of(tmp_path, **{"model.tokenizer": "bpe"}))
    assert (
        "model.trim_vocabulary: True does not fit; a tokenizer trained on the data has no "
        "unused tokens; set it to false, or model.tokenizer to pretrained"
    ) in str(caught.value)


def test_what_cannot_be_rewritten_is_refused_before_a_run_begins(tmp_path):
    spec = writing(tmp_path / "w", "translation", make_tiny_marian)
    with pytest.raises(ModelError, match=r"set model\.trim_vocabulary to false"):
        pipeline.train(spec)
    assert not list((tmp_path / "w" / "runs").glob("*"))


def test_the_choice_is_kept_for_when_the_same_rows_come_again(tmp_path, monkeypatch):
    spec = spec_of(tmp_path)
    first = prepare(spec).found

    def fail(*_):
        raise AssertionError("the whole tokenizer is not needed")

    monkeypatch.setattr("workbench.training.trimming.tokenizer_tree", fail)
    assert prepare(spec).found == first
    with pytest.raises(AssertionError):
        prepare(spec.replace({"train.seed": 5}))
