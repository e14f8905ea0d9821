"""Tokenizer and model that do not belong together: noticed before training, whatever differs."""

import inspect
import json

import pytest
import torch
from transformers import AutoTokenizer

from tests.tiny_runs import make_rows, tiny_spec, write_csv
from tests.zoo.families import Family, tokenizer
from workbench.attention.attend import attend, open_source
from workbench.cli import main
from workbench.errors import ModelError
from workbench.models import load_tokenizer
from workbench.models.fit import NO_LIMIT, limits_in, limits_of
from workbench.spec import to_yaml
from workbench.tasks import load_task
from workbench.training.encoding import limit_tokens
from workbench.training.prepare import prepare

CAUSAL, MASKED, WRITES = "AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModelForSeq2SeqLM"
JUDGES = "AutoModelForSequenceClassification"

# (type, head, tokens that it reads, that its decoder writes), for tables of 130 positions.
TABLES = (
    ("bert", MASKED, 130, 130), ("roberta", MASKED, 129, 129), ("mpnet", MASKED, 128, 128),
    ("luke", MASKED, 129, 129), ("esm", MASKED, 129, 129), ("longformer", MASKED, 135, 135),
    ("nystromformer", MASKED, 130, 130), ("data2vec-text", MASKED, 129, 129),
    ("albert", MASKED, 130, 130), ("distilbert", MASKED, 130, 130), ("gpt2", CAUSAL, 130, 130),
    ("opt", CAUSAL, 130, 130), ("gptj", CAUSAL, 130, 130), ("ctrl", CAUSAL, 130, 130),
    ("mpt", CAUSAL, 130, 130), ("biogpt", CAUSAL, 130, 130), ("prophetnet", CAUSAL, 128, 128),
    ("bart", WRITES, 130, 130), ("led", WRITES, 136, 130), ("marian", WRITES, 130, 130),
    ("pegasus", WRITES, 130, 130), ("blenderbot", WRITES, 130, 130),
)  # fmt: skip
ENDLESS = (
    ("t5", WRITES), ("mt5", WRITES), ("umt5", WRITES), ("longt5", WRITES),
    ("switch_transformers", WRITES), ("xlnet", CAUSAL), ("funnel", MASKED), ("bloom", CAUSAL),
    ("mamba", CAUSAL),
)  # fmt: skip


def run(model, read, written=3):
    ids = torch.full((1, read), 7)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if model.config.is_encoder_decoder:
        batch["decoder_input_ids"] = torch.full((1, written), 7)
    taken = inspect.signature(model.forward).parameters
    with torch.no_grad():
        model(**{name: one for name, one in batch.items() if name in taken})


@pytest.mark.parametrize(("kind", "head", "read", "written"), TABLES)
def test_what_a_model_can_read_is_read_off_its_tables(kind, head, read, written):
    """At the limit it runs, and one token beyond it fails."""
    model = Family(kind, head).model()
    limits = limits_of(model.config)
    assert limits_in(model) == limits
    assert (limits.read, limits.written) == (read, written)
    run(model, read, 3)
    with pytest.raises((IndexError, RuntimeError, ValueError)):
        run(model, read + 1, 3)
    if model.config.is_encoder_decoder:
        run(model, 3, written)
        with pytest.raises((IndexError, RuntimeError, ValueError)):
            run(model, 3, written + 1)


@pytest.mark.parametrize("kind", ["fsmt", "m2m_100", "encoder-decoder", "t5gemma"])
def test_halves_are_looked_at_whether_or_not_they_have_a_config_of_their_own(kind):
    """Tables that grow, and rotary positions, end where the model's training did."""
    limits = limits_in(Family(kind, WRITES).model())
    assert (limits.read, limits.written) == (130, 130)


@pytest.mark.parametrize(("kind", "head"), ENDLESS)
def test_relative_positions_have_no_end(kind, head):
    model = Family(kind, head).model()
    assert limits_of(model.config).read == NO_LIMIT
    run(model, 700)


def test_a_model_of_relative_positions_alone_is_not_cut_at_the_length_in_its_config():
    changes = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}
    model = Family("deberta-v2", MASKED).model(**changes, position_biased_input=False)
    assert limits_of(model.config).read == NO_LIMIT
    run(model, 300)
    assert limits_of(Family("deberta-v2", MASKED).config(**changes)).read == 130


def change(folder, file="config.json", **fields):
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), "utf-8")


@pytest.mark.parametrize("own", [64, 1000])
def test_t5_is_not_cut_at_n_positions(own, tmp_path):
    Family("t5", WRITES).make(tmp_path)
    change(tmp_path, n_positions=64)
    change(tmp_path, "tokenizer_config.json", model_max_length=own)
    words = load_tokenizer(tmp_path)
    # The tokenizer's own length counts, unless it is n_positions again.
    assert words.model_max_length == (1000 if own == 1000 else int(1e30))
    assert words.limits.written == NO_LIMIT


def spec_of(tmp_path, folder, **changes):
    rows = [(f"{text} " * 60, label) for text, label in make_rows()]
    data = write_csv(tmp_path / "rows.csv", rows)
    return tiny_spec(tmp_path).replace(
        {"data.source": str(data), "model.source": str(folder), **changes}
    )


@pytest.mark.parametrize(
    ("kind", "read"),
    [("bert", 130), ("roberta", 129), ("luke", 129), ("esm", 129), ("bart", 130), ("mpnet", 128)],
)
def test_texts_are_cut_where_the_model_ends_and_it_is_said(kind, read, tmp_path):
    folder = Family(kind, JUDGES).make(tmp_path / "model")
    change(folder, "tokenizer_config.json", model_max_length=1_000_000)
    found = prepare(spec_of(tmp_path, folder, **{"data.max_tokens": 2000}))
    assert found.setup.max_tokens == max(found.train["length"]) == read
    assert (
        f"data.max_tokens is 2000, but the model reads at most {read} tokens: texts are cut there."
    ) in found.data.notes


def test_a_decoder_that_reads_the_text_too_ends_it(tmp_path):
    """LED reads 136 tokens, and its decoder 130; only who writes may give the encoder more."""
    folder = Family("led", WRITES).make(tmp_path)
    words = load_tokenizer(folder)
    words.model_max_length = 1000
    assert limit_tokens(words, 500, load_task("text-classification")) == 130
    assert limit_tokens(words, 500, load_task("summarization")) == 500
    assert (words.limits.read, words.limits.written) == (136, 130)


def test_nothing_is_said_of_a_length_that_no_text_reaches(tmp_path):
    folder = Family("bert", JUDGES).make(tmp_path / "model")
    found = prepare(tiny_spec(tmp_path, **{"model.source": str(folder), "data.max_tokens": 2000}))
    assert not [note for note in found.data.notes if "max_tokens" in note]


@pytest.mark.parametrize(
    ("kind", "head"), [("qwen2", JUDGES), ("bert", MASKED), ("gpt2", CAUSAL), ("t5", WRITES)]
)
def test_a_vocabulary_larger_than_the_embeddings_is_refused_by_every_verb(
    kind, head, tmp_path, capsys
):
    folder = Family(kind, head).make(tmp_path / "model")
    words = AutoTokenizer.from_pretrained(folder)
    words.add_tokens(["wonderful-film", "late-flight"])
    words.save_pretrained(folder)
    entries = limits_of(Family(kind, head).config()).entries
    result = (
        f"the tokenizer in {folder} gives 'wonderful-film' the number {len(words) - 2}, and the "
        f"model has embeddings for {entries} tokens, from 0 (2 tokens are beyond them); copy the "
        "tokenizer and the model again, both from one place"
    )
    with pytest.raises(ModelError) as caught:
        load_tokenizer(folder)
    assert str(caught.value) == result
    capsys.readouterr()
    assert main(["attend", str(folder), "the film", "--out", str(tmp_path / "seen.json")]) == 2
    assert result in capsys.readouterr().err
    if head == JUDGES:
        path = tmp_path / "spec.yaml"
        path.write_text(to_yaml(tiny_spec(tmp_path, **{"model.source": str(folder)})), "utf-8")
        assert main(["train", str(path)]) == 2
        assert result in capsys.readouterr().err
    model = open_source((Family(kind, head).model(), tokenizer())).model
    with pytest.raises(ModelError, match="'wonderful-film'"):
        attend((model, words), "the film was wonderful")


def test_a_special_token_that_no_text_gives_may_be_beyond_the_embeddings(tmp_path):
    """As the picture of Gemma 3, whose model of texts alone has no row for it."""
    folder = Family("llama", CAUSAL).make(tmp_path / "model")
    words = AutoTokenizer.from_pretrained(folder)
    words.add_special_tokens({"additional_special_tokens": ["<picture>"]}, False)
    words.save_pretrained(folder)
    assert len(load_tokenizer(folder)) == len(words) > limits_of(_config(folder)).entries
    words.add_special_tokens({"sep_token": "<filled>"})
    words.save_pretrained(folder)
    with pytest.raises(ModelError, match="'<filled>'"):
        load_tokenizer(folder)


def _config(folder):
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(folder)


def with_types(folder):
    """Give a folder a tokenizer that numbers the texts of a pair, as BERT's does."""
    tokenizer(segments=True).save_pretrained(folder)
    return folder


def test_types_of_tokens_that_the_model_does_not_have_are_left_out_and_it_is_said(tmp_path):
    folder = with_types(Family("roberta", JUDGES).make(tmp_path / "model", type_vocab_size=1))
    with (tmp_path / "pairs.csv").open("w", encoding="utf-8") as file:
        file.write("text,text_pair,label\n")
        file.writelines(f"{text},is it?,{label}\n" for text, label in make_rows())
    spec = tiny_spec(
        tmp_path, **{"model.source": str(folder), "data.source": str(tmp_path / "pairs.csv")}
    )
    found = prepare(spec)
    assert "token_type_ids" not in found.train.column_names
    assert (
        "The tokenizer uses 2 token types, one for each text of a pair; the model has 1. Token "
        "types are omitted." in found.data.notes
    )
    model = found.new_model()
    model(**{n: v for n, v in found.collate([found.train[0]]).items() if n != "labels"})
    record = attend(str(folder), "the film", "is it blue?")[0]
    assert len(record.blocks[0].maps) == 8


def test_types_that_the_model_has_stay(tmp_path):
    folder = with_types(Family("bert", JUDGES).make(tmp_path))
    words = load_tokenizer(folder)
    assert "token_type_ids" in words.model_input_names
    assert words.types_left_out == 0


def test_gpt2_does_not_read_types_of_tokens_as_tokens(tmp_path):
    """It would add the embedding of [PAD] to every token, and say nothing."""
    folder = with_types(Family("gpt2", CAUSAL).make(tmp_path))
    words = load_tokenizer(folder)
    assert words.model_input_names == ["input_ids", "attention_mask"]
    words.save_pretrained(folder)
    assert "token_type_ids" not in AutoTokenizer.from_pretrained(folder)("the film")
    model = Family("gpt2", CAUSAL).model()
    plain = attend((model, tokenizer()), "the film was wonderful")[0]
    marked = attend((model, tokenizer(segments=True)), "the film was wonderful")[0]
    assert marked.to_json() == plain.to_json()
