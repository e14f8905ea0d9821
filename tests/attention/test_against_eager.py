"""The desk against eager attention, for families that each do something of their own.

All families: `python -m tests.attention.against_eager`.
"""

import json

import pytest

from tests.attention.against_eager import TEXT, compare, eager_maps
from tests.zoo.families import Family
from workbench.attention.attend import attend, open_source
from workbench.attention.causal import METHODS, check
from workbench.attention.reading import read_json
from workbench.errors import ModelError

CAUSAL, MASKED, WRITES = "AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModelForSeq2SeqLM"
EQUAL = (
    ("bert", MASKED), ("albert", MASKED), ("esm", MASKED), ("luke", MASKED), ("xlnet", CAUSAL),
    ("funnel", MASKED), ("modernbert", MASKED), ("gpt_neo", CAUSAL), ("bloom", CAUSAL),
    ("falcon", CAUSAL), ("mpt", CAUSAL), ("diffllama", CAUSAL), ("gemma3", CAUSAL),
    ("gpt_oss", CAUSAL), ("qwen3_moe", CAUSAL), ("got_ocr2", CAUSAL), ("jamba", CAUSAL),
    ("deepseek_v32", CAUSAL), ("deepseek_v4", CAUSAL), ("hy_v4", CAUSAL), ("glm_moe_dsa", CAUSAL),
    ("longt5", WRITES), ("bigbird_pegasus", WRITES), ("pegasus_x", WRITES), ("fsmt", WRITES),
    ("led", WRITES), ("switch_transformers", WRITES), ("t5gemma2", WRITES), ("m2m_100", WRITES),
    ("encoder-decoder", WRITES),
)  # fmt: skip
REFUSED = {
    "longformer": "is not a square of tokens by tokens (17 × 9 for 17 tokens)",
    "perceiver": "is not a square of tokens by tokens (8 × 8 for 17 tokens)",
    "squeezebert": "is given as scores before the softmax",
    "big_bird": "returns no attention maps",
    "fnet": "returns no attention maps",
}


@pytest.mark.parametrize(("kind", "head"), EQUAL)
def test_every_weight_shown_is_that_of_eager_attention(kind, head, tmp_path):
    found = compare(Family(kind, head), tmp_path / "model")
    assert found.outcome == "equal", found.reason


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_shown_is_refused_with_the_reason(kind, tmp_path):
    found = compare(Family(kind, MASKED), tmp_path / "model")
    assert found.outcome == "refused"
    assert REFUSED[kind] in found.reason


@pytest.mark.parametrize("kind", ["longt5", "pegasus_x", "led"])
def test_an_encoder_that_looks_at_pieces_says_so_beside_its_decoder(kind, tmp_path):
    Family(kind, WRITES).make(tmp_path)
    (record,) = attend(str(tmp_path), TEXT, "the food was terrible")
    encoder, decoder, cross = record.blocks
    assert all(layer.missing for layer in encoder.layers)
    assert encoder.maps == {}
    assert len(decoder.maps) == len(cross.maps) == 8
    assert any("2 of 2 layers keep no map of tokens by tokens" in note for note in record.notes)
    assert record.rollout is None
    assert read_json(record.to_json()).blocks[2].maps.keys() == cross.maps.keys()


@pytest.mark.parametrize("kind", ["t5", "longt5", "switch_transformers", "plbart"])
def test_a_decoder_without_a_start_token_of_its_own_begins_as_t5_does(kind, tmp_path):
    Family(kind, WRITES).make(tmp_path)
    for name in ("config.json", "generation_config.json"):
        path = tmp_path / name
        plain = json.loads(path.read_text("utf-8"))
        for field in ("decoder_start_token_id", "bos_token_id"):
            plain.pop(field, None)
        path.write_text(json.dumps(plain), "utf-8")
    watched = open_source(str(tmp_path))
    for target in ("the food was terrible", None):  # read, and written by the model itself
        (record,) = attend(watched, TEXT, target)
        first = record.sequences["target"].tokens[0]
        assert first == watched.tokenizer.pad_token
        assert len(record.blocks[2].maps) == 8


@pytest.mark.parametrize("kind", ["codegen", "gemma3", "ctrl", "cpmant", "reformer"])
def test_a_model_writes_on_and_its_answer_is_taken_apart_or_the_reason_is_reported(kind, tmp_path):
    changes = {"is_decoder": True} if kind == "reformer" else {}
    Family(kind, CAUSAL).make(tmp_path, **changes)
    watched = open_source(str(tmp_path))
    (record,) = attend(watched, TEXT, max_new_tokens=3)
    assert record.sequences["source"].prompt is not None
    (record,) = attend(watched, TEXT)
    for method in METHODS:
        try:
            checked = check(watched.model, watched.tokenizer, record, method=method)
        except ModelError as error:
            assert str(error) == f"a {kind} model takes no embeddings; use occlusion"
            assert method == "input_x_gradient"
        else:
            assert any(checked.occlusion["importance"])


def test_a_model_that_looks_twice_in_a_layer_has_each_layer_once(tmp_path):
    Family("diffllama", CAUSAL).make(tmp_path)
    (record,) = attend(str(tmp_path), TEXT)
    assert [layer.number for layer in record.blocks[0].layers] == [1, 2]


def test_tokens_that_an_indexer_leaves_out_are_not_looked_at(tmp_path):
    """Under a name of its own for the attention, the model would look at all of them."""
    Family("deepseek_v32", CAUSAL).make(tmp_path, index_topk=4)
    watched = open_source(str(tmp_path))
    (record,) = attend(watched, TEXT)
    looked = (record.map(0, 0, 0) > 0.004).sum(-1)
    assert looked.max() <= 4 < len(record.tokens)
    assert (eager_maps(watched, tmp_path, record)["self"][0][0, 0].numpy() > 0).sum(-1).max() <= 4
