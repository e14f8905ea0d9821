"""A model with fewer tokens against the whole one: the same answers to every text that was met."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.tiny_models import make_tiny_llama
from tests.tiny_writers import make_tiny_marian
from tests.zoo.families import core, families, inputs_of
from workbench.errors import ModelError
from workbench.models import load_model, load_tokenizer
from workbench.models.card import card_of
from workbench.models.folder import read_config, read_shapes
from workbench.models.trimmed import (
    FILE,
    as_trimmed,
    kept_tokens,
    read_trimmed,
    tokenizer_tree,
    with_trimmed_vocabulary,
)
from workbench.sources import FoundModel

MET = ["the film was wonderful", "call now, 这部电影很好看 to win a free prize"]
FAMILIES = [one for one in core() if one.model_type != "marian"]
FAMILIES += families("xlnet", "electra", "mbart", auto_class="")[:6]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))


def found_in(folder: Path) -> FoundModel:
    return FoundModel(place=str(folder), kind="local", path=folder)


def trim(found: FoundModel, texts=MET) -> FoundModel:
    tokenizer = load_tokenizer(found)
    tree = tokenizer_tree(tokenizer, found)
    used = {number for ids in tokenizer(texts)["input_ids"] for number in ids}
    return with_trimmed_vocabulary(found, kept_tokens(tree, used, found), tree)


def answers(model, batch, auto_class):
    accepted = inputs_of(model, auto_class).keys()
    batch = {name: held for name, held in batch.items() if name in accepted}
    if auto_class == "AutoModelForSeq2SeqLM":
        batch["decoder_input_ids"] = batch["input_ids"]
    with torch.no_grad():
        out = model(**batch)
    names = ("logits", "start_logits", "end_logits")
    return [held for name in names if (held := getattr(out, name, None)) is not None]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.name)
def test_the_answers_to_texts_that_were_met_are_those_of_the_whole_model(family, tmp_path):
    whole = found_in(family.make(tmp_path / "m"))
    fewer = trim(whole)
    kept = read_trimmed(fewer.path).kept
    labels = ["a", "b"] if "Classification" in family.auto_class else []
    one, two = (
        load_model(found, family.auto_class, labels, seed=0).eval() for found in (whole, fewer)
    )
    old, new = load_tokenizer(whole), load_tokenizer(fewer)
    assert len(new) == len(kept) < len(old)
    for text in MET:
        before, after = old(text, return_tensors="pt"), new(text, return_tensors="pt")
        assert [kept[n] for n in after["input_ids"][0].tolist()] == before["input_ids"][0].tolist()
        known = answers(one, before, family.auto_class)
        given = answers(two, after, family.auto_class)
        assert known and len(known) == len(given)
        for held, got in zip(known, given, strict=True):
            # A number for each token is compared for those that are left.
            wanted = held if held.shape == got.shape else held[..., kept]
            torch.testing.assert_close(got, wanted, rtol=0, atol=2e-6)
    for name in ("pad", "bos", "eos", "decoder_start", "forced_bos", "forced_eos"):
        for part in ("config", "generation_config"):
            held = getattr(getattr(one, part, None), f"{name}_token_id", None)
            got = getattr(getattr(two, part, None), f"{name}_token_id", None)
            assert got == held if not isinstance(held, int) or held < 0 else kept[got] == held


def test_the_folder_is_a_normal_one_and_smaller(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = make_tiny_llama(tmp_path / "m")
    fewer = trim(found_in(folder))
    trimmed, shapes = read_trimmed(fewer.path), read_shapes(fewer.path)
    whole = read_shapes(folder)
    assert whole.keys() == shapes.keys()
    for name, (shape, kind) in shapes.items():
        rows = [
            trimmed.tokens if size == trimmed.tokens_before else size for size in whole[name][0]
        ]
        assert (shape, kind) == (rows, whole[name][1])
    assert trimmed.tokens == read_config(fewer.path)["vocab_size"] < trimmed.tokens_before
    model = AutoModelForCausalLM.from_pretrained(fewer.path)
    assert sum(p.numel() for p in model.parameters()) == trimmed.parameters
    assert trimmed.parameters < trimmed.parameters_before
    assert model.get_input_embeddings().weight.shape[0] == len(
        AutoTokenizer.from_pretrained(fewer.path)
    )
    card = card_of(fewer)
    assert (card.vocabulary, card.whole_vocabulary) == (trimmed.tokens, trimmed.tokens_before)
    assert (card.parameters, card.whole_parameters) == (
        trimmed.parameters, trimmed.parameters_before,
    )  # fmt: skip
    assert card_of(found_in(folder)).whole_vocabulary == 0


def test_tables_larger_than_a_stretch_are_read_in_parts(tmp_path, monkeypatch):
    whole = found_in(make_tiny_llama(tmp_path / "m"))
    at_once = trim(whole)
    shapes = {p.name: p.read_bytes() for p in at_once.path.glob("*.safetensors")}
    shutil.rmtree(at_once.path)
    monkeypatch.setattr("workbench.models.trimmed_weights.STRETCH_BYTES", 1000)
    assert {p.name: p.read_bytes() for p in trim(whole).path.glob("*.safetensors")} == shapes


def test_weights_in_several_files_stay_in_several_files(tmp_path):
    from transformers import AutoModelForCausalLM

    folder = make_tiny_llama(tmp_path / "m")
    one = trim(found_in(folder))
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder, max_shard_size="20KB")
    (folder / "model.safetensors").unlink()
    several = trim(found_in(folder))
    assert len(list(several.path.glob("*.safetensors"))) > 1
    first, second = (
        AutoModelForCausalLM.from_pretrained(x.path).state_dict() for x in (one, several)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_same_folder_is_made_again_from_what_was_noted(tmp_path):
    whole = found_in(make_tiny_llama(tmp_path / "m"))
    fewer = trim(whole)
    noted = tmp_path / "run"
    noted.mkdir()
    shutil.copy(fewer.path / FILE, noted)
    files = {p.name: p.read_bytes() for p in fewer.path.iterdir()}
    shutil.rmtree(fewer.path)
    again = as_trimmed(whole, noted)
    assert again == fewer and again.whole == whole.path
    assert {p.name: p.read_bytes() for p in again.path.iterdir()} == files
    assert as_trimmed(whole, tmp_path) == whole


def test_a_note_that_is_damaged_is_refused(tmp_path):
    (tmp_path / FILE).write_text(json.dumps({"kept": "all"}), "utf-8")
    with pytest.raises(ModelError, match="is damaged"):
        read_trimmed(tmp_path)


def test_tokens_of_another_model_are_refused(tmp_path):
    whole = found_in(make_tiny_llama(tmp_path / "m"))
    trimmed = json.loads((trim(whole).path / FILE).read_text("utf-8"))
    (tmp_path / FILE).write_text(json.dumps(trimmed | {"kept": [5, 7, 10**9]}), "utf-8")
    with pytest.raises(ModelError, match=r"the tokens that were noted \(3\) are not those of the"):
        as_trimmed(whole, tmp_path)


def test_a_tokenizer_written_in_python_is_refused(tmp_path):
    found = found_in(make_tiny_marian(tmp_path / "m"))
    with pytest.raises(ModelError, match=r"model\.trim_vocabulary: .*; set model\."):
        tokenizer_tree(load_tokenizer(found), found)


def test_a_model_with_two_tables_of_tokens_is_refused(tmp_path):
    folder = make_tiny_llama(tmp_path / "m")
    plain = read_config(folder) | {"src_vocab_size": 5}
    (folder / "config.json").write_text(json.dumps(plain), "utf-8")
    found = found_in(folder)
    with pytest.raises(ModelError, match="no table, or more than one, of the tokens"):
        tokenizer_tree(load_tokenizer(found), found)
