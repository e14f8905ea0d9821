"""What a record holds, what fits into it, and which models are refused."""

import json

import numpy as np
import pytest
import torch

from tests.attention.zoo import make, tokenizer
from workbench.attention.budget import shrunk
from workbench.attention.capture import capture
from workbench.attention.packing import dequantise, quantise
from workbench.attention.rollout import Rollout
from workbench.errors import ModelError
from workbench.tasks._pieces import token_text

TEXT = "the film was wonderful and the crew was kind"
LONG = " ".join([TEXT, "is the sky blue? yes, it is blue", "call now to win a free prize"] * 5)


def test_tokens_specials_words_spans_and_segments_are_named():
    model = make("bert", id2label={0: "no", 1: "yes"}, label2id={"no": 0, "yes": 1})
    record = capture(model, tokenizer(), "the film", "the dinner", label="after", step=12)
    source = record.sequences["source"]
    ends = [at for at, token in enumerate(source.tokens) if token == "[SEP]"]
    assert source.special == [t in ("[CLS]", "[SEP]") for t in source.tokens]
    assert source.segments == [0] * (ends[0] + 1) + [1] * (ends[1] - ends[0])
    texts = {0: "the film", 1: "the dinner"}
    words = {}
    for segment, word, span in zip(source.segments, source.words, source.spans, strict=True):
        assert (word is None) == (span is None)
        if word is not None:
            words[word] = words.get(word, "") + texts[segment][slice(*span)]
    assert words == {0: "the", 1: "film", 2: "the", 3: "dinner"}
    assert (record.text, record.text_pair) == ("the film", "the dinner")
    assert (record.model, record.step, record.architecture) == ("after", 12, "bert")
    name, best = record.probabilities[0]
    assert record.prediction == f"{name} ({best:.0%})"
    assert sum(p for _, p in record.probabilities) == pytest.approx(1, abs=1e-3)


def test_an_unknown_word_is_no_special_token():
    source = capture(make("bert"), tokenizer(), "the Ж film").sequences["source"]
    assert source.tokens[2] == "[UNK]"
    assert not source.special[2]


def test_a_tokenizer_that_knows_no_words_has_them_by_white_space():
    from workbench.attention.texts import _words

    spans = [(0, 2), (2, 4), (4, 7), (8, 9)]
    found = _words([0] * 4, [False] * 4, [0] * 4, spans, ["Once up on"])
    assert found == [0, 0, 1, 2]
    assert _words([0] * 3, [False] * 3, [0] * 3, [(0, 4), (4, 7), (7, 10)], ["Once up on"]) == [
        0, 1, 2,
    ]  # fmt: skip


def test_padding_is_dropped():
    import copy

    model, words = make("bert"), copy.deepcopy(tokenizer())
    words.backend_tokenizer.enable_padding(length=40)
    padded, plain = capture(model, words, TEXT), capture(model, tokenizer(), TEXT)
    assert "[PAD]" not in padded.tokens
    assert padded.to_json() == plain.to_json()


def test_long_texts_are_cut_and_say_so():
    record = capture(make("bert"), tokenizer(), LONG, max_tokens=10)
    assert len(record.tokens) == 10
    assert record.notes == ["the text is longer; it was cut after 10 tokens"]
    assert capture(make("bert"), tokenizer(), TEXT).notes == []


@pytest.mark.parametrize(
    ("config", "model", "reason"),
    [
        ("MambaConfig", "MambaForCausalLM", "a mamba model returns no attention maps; choose"),
        ("LongformerConfig", "LongformerModel", "longformer model is not a square of tokens by"),
    ],
)
def test_a_model_without_square_attention_is_refused_with_the_reason(config, model, reason):
    import transformers

    small = {
        "MambaConfig": {"hidden_size": 16, "num_hidden_layers": 1, "state_size": 4},
        "LongformerConfig": {
            "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "attention_window": 4, "max_position_embeddings": 130,
        },
    }[config]  # fmt: skip
    made = getattr(transformers, model)(getattr(transformers, config)(vocab_size=300, **small))
    made.train()
    with pytest.raises(ModelError, match=reason):
        capture(made, tokenizer(), TEXT)
    assert made.training


def test_a_model_that_has_learned_itself_to_pieces_is_refused():
    model = make("bert")
    with torch.no_grad():
        model.bert.encoder.layer[0].attention.self.query.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="the attention of a bert model is not finite"):
        capture(model, tokenizer(), TEXT)


def test_the_model_is_restored_even_if_it_fails(monkeypatch):
    model = make("llama").train()

    def fail(*_, **__):
        raise RuntimeError("broken")

    monkeypatch.setattr(model.model.layers[1].mlp, "forward", fail)
    with pytest.raises(RuntimeError, match="broken"):
        capture(model, tokenizer(), TEXT)
    assert model.training
    assert model.config._attn_implementation == "sdpa"


def test_a_model_that_gives_all_maps_at_once_is_refused_where_they_are_too_large(monkeypatch):
    from workbench.attention import capture as module

    monkeypatch.setattr(module, "EAGER_BYTES", 1000)
    with pytest.raises(ModelError, match=r"gives its maps all at once, 0\.0 GB for"):
        capture(make("deberta-v2"), tokenizer(), TEXT)
    capture(make("bert"), tokenizer(), TEXT)


# --- what fits --------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [5_000, 20_000, 60_000])
@pytest.mark.parametrize("name", ["bert", "llama", "t5"])
def test_pictures_stay_within_their_budget(name, budget):
    record = capture(make(name), tokenizer(), LONG, max_tokens=120, budget_bytes=budget)
    plain = record.to_dict()
    pictures = json.dumps([[b["norms"], b["thumbnails"], b["maps"]] for b in plain["blocks"]])
    smallest = sum(len(b.layers) * b.heads * 16 * 16 * 4 / 3 + 900 for b in record.blocks)
    assert len(pictures) <= max(budget, smallest) + 400 * len(record.blocks)
    for block in record.blocks:
        assert block.thumbnails is not None or len(block.maps) == len(block.layers) * block.heads


def test_short_texts_keep_all_heads_and_long_ones_what_is_pinned():
    model = make("bert")
    assert len(capture(model, tokenizer(), TEXT).blocks[0].maps) == 8
    pinned = [(0, 1, 2), (0, 0, 3)]
    long = {"max_tokens": 120, "budget_bytes": 56_000}
    whole = capture(model, tokenizer(), LONG, max_tokens=120, budget_bytes=10**6).blocks[0]
    some = capture(model, tokenizer(), LONG, pinned=pinned, **long).blocks[0]
    assert set(some.maps) == {(1, 2), (0, 3)}
    assert np.array_equal(some.maps[1, 2], whole.maps[1, 2])
    assert set(capture(model, tokenizer(), LONG, **long).blocks[0].maps) == {(1, 0)}
    assert not capture(model, tokenizer(), LONG, pinned=[], **long).blocks[0].maps


def test_a_thumbnail_has_the_largest_weight_under_each_cell():
    model = make("bert")
    whole = capture(model, tokenizer(), LONG, max_tokens=120, budget_bytes=10**6).blocks[0]
    small = capture(
        model, tokenizer(), LONG, max_tokens=120, budget_bytes=12_000, pinned=[]
    ).blocks[0]
    rows = small.thumbnails.shape[2]
    assert rows < 64
    one, pooled = whole.maps[0, 1], small.thumbnails[0, 1]
    # Thumbnails have 52 steps of 5 bytes each.
    assert set(np.unique(pooled)) <= set(range(0, 256, 5))
    assert abs(int(pooled.max()) - int(one.max())) <= 2
    first = shrunk(shrunk(one[None, None], 64), 56)
    assert first[0, 0].max() == one.max()
    assert (pooled.astype(int) >= shrunk(one[None, None], rows)[0, 0].astype(int) - 2).all()


def test_shrinking_is_adaptive_max_pooling():
    pictures = np.random.default_rng(1).integers(0, 256, (2, 3, 37, 50)).astype(np.uint8)
    wanted = torch.nn.functional.adaptive_max_pool2d(torch.tensor(pictures).float(), (16, 16))
    assert np.array_equal(shrunk(pictures, 16), wanted.numpy())


def test_memory_stays_near_one_head():
    """No tensor of all heads' weights exists while a long text is captured."""
    from workbench.attention import interface

    sizes = []
    listening = interface.listening

    model = make("llama", num_hidden_layers=1)
    collected = capture(model, tokenizer(), LONG, max_tokens=120)
    assert len(collected.tokens) == 120
    limit = 4 * 120 * 120

    def hear(heads):
        sizes.append(heads.weights.numel() * 4)

    interface.GROUP_BYTES, before = limit, interface.GROUP_BYTES
    try:
        with listening(model, hear), torch.no_grad():
            model(**tokenizer()(LONG, max_length=120, truncation=True, return_tensors="pt"))
    finally:
        interface.GROUP_BYTES = before
    assert sizes == [limit] * 4


def test_norms_are_the_lengths_of_the_values():
    record = capture(make("llama"), tokenizer(), TEXT, formula=(0, 1, 3))
    lengths = np.linalg.norm(record.formula.v.astype(float), axis=1)
    assert record.blocks[0].norms[1, 3] == pytest.approx(lengths / lengths.max() * 255, abs=3)


# --- rollout and lens -------------------------------------------------------------------------


def test_rollout_multiplies_the_layers_with_what_passes_by_them():
    layers = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 4))
    rollout, wanted = Rollout(), np.eye(4)
    for layer in layers:
        rollout.add(torch.tensor(layer))
        wanted = (layer + np.eye(4)) / 2 @ wanted
    assert rollout.result().numpy() == pytest.approx(wanted, abs=1e-6)


def test_without_sinks_nothing_flows_to_them_but_from_themselves():
    layers = np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 4))
    rollout = Rollout([0])
    for layer in layers:
        rollout.add(torch.tensor(layer))
    found = rollout.result().numpy()
    assert found.sum(-1) == pytest.approx(np.ones(4), abs=1e-6)
    assert found[1:, 0] == pytest.approx(np.zeros(3))


def test_the_rollout_of_a_record_is_that_of_its_maps():
    record = capture(make("bert"), tokenizer(), TEXT, rollout=True)
    rollout = Rollout()
    for layer in range(2):
        rollout.add(torch.tensor(record.map(0, layer)))
    assert dequantise(record.rollout["with_sinks"]) == pytest.approx(
        dequantise(quantise(rollout.result().numpy())), abs=0.02
    )
    assert not np.array_equal(record.rollout["with_sinks"], record.rollout["without_sinks"])


def test_a_model_with_layers_without_maps_has_no_rollout():
    assert capture(make("qwen3-next"), tokenizer(), TEXT, rollout=True).rollout is None


@pytest.mark.parametrize("name", ["gpt2", "llama", "gemma2", "gpt-neox", "mistral"])
def test_the_logit_lens_ends_at_the_models_own_words(name):
    model = make(name)
    record = capture(model, tokenizer(), TEXT, lens=True)
    inputs = tokenizer()(TEXT, return_tensors="pt")
    with torch.no_grad():
        chances = model(**inputs).logits[0].softmax(-1).max(-1)
    words = [token_text(tokenizer(), one) for one in chances.indices.tolist()]
    assert record.lens["words"][-1] == words
    assert record.lens["probabilities"][-1] == pytest.approx(chances.values.tolist(), abs=1e-3)
    assert len(record.lens["words"]) == len(record.lens["layers"]) == 3


def test_the_lens_reads_each_layer_through_the_last_norm():
    model = make("llama")
    record = capture(model, tokenizer(), TEXT, lens=True)
    with torch.no_grad():
        states = model(
            **tokenizer()(TEXT, return_tensors="pt"), output_hidden_states=True
        ).hidden_states
        words = model.lm_head(model.model.norm(states[1][0])).argmax(-1).tolist()
    assert record.lens["words"][1] == [token_text(tokenizer(), one) for one in words]


def test_of_a_long_text_fewer_layers_are_read_the_last_among_them(monkeypatch):
    model = make("llama", num_hidden_layers=6)
    whole = capture(model, tokenizer(), TEXT, lens=True).lens
    tokens = len(whole["words"][0])
    assert whole["layers"] == list(range(7))
    monkeypatch.setattr("workbench.attention.lens.MOST_WORDS", 4 * tokens)
    some = capture(model, tokenizer(), TEXT, lens=True).lens
    assert some["layers"] == [0, 2, 4, 6]
    assert some["words"] == [whole["words"][layer] for layer in some["layers"]]
    monkeypatch.setattr("workbench.attention.lens.MOST_WORDS", 1)
    assert capture(model, tokenizer(), TEXT, lens=True).lens["layers"] == [0, 6]


def test_an_encoder_has_no_lens_and_says_so():
    record = capture(make("bert"), tokenizer(), TEXT, lens=True)
    assert record.lens is None
    assert any(note.startswith("no logit lens") for note in record.notes)
