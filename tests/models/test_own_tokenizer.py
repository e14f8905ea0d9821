"""Tokenizers trained on the data: whole, repeatable, and only for models without a past."""

import json
import subprocess
import sys

import pytest

from tests.tiny_models import make_tiny_bert
from tests.tiny_runs import tiny_spec, write_csv
from workbench import pipeline
from workbench.attention.attend import open_before
from workbench.errors import ModelError
from workbench.evaluation.run import predict_texts
from workbench.models import load_tokenizer
from workbench.models.load import load_model
from workbench.models.own_tokenizer import (
    require_same_entries,
    train_tokenizer,
    with_own_tokenizer,
)
from workbench.sources import FoundModel, find_model
from workbench.training import prepare as preparing

KINDS = ("wordpiece", "bpe", "character", "unigram")
TEXTS = [
    f"房间{a}，服务{b}，早餐{c}。The room was {d}"
    for a in ("很干净", "很脏", "太小")
    for b in ("周到", "很差", "一般")
    for c in ("丰富", "难吃")
    for d in ("clean", "dirty", "small", "unforgettable")
]


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Return a found model without weights, and let trained tokenizers go to a cache of its own."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    folder = make_tiny_bert(tmp_path / "bare")
    (folder / "model.safetensors").unlink()
    return FoundModel("scratch:bare", "scratch", folder, pretrained=False, revision="1")


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_read_their_own_texts_without_unknowns(scratch, kind):
    found = with_own_tokenizer(scratch, TEXTS, kind, 300)
    tokenizer = load_tokenizer(found)
    config = json.loads((found.path / "config.json").read_text("utf-8"))
    assert config["vocab_size"] == len(tokenizer) <= 300
    assert config["pad_token_id"] == tokenizer.pad_token_id
    assert tokenizer.model_max_length == 64
    ids = tokenizer(TEXTS[0], TEXTS[-1])["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert ids[0] == tokenizer.cls_token_id
    assert ids.count(tokenizer.sep_token_id) == 2
    assert tokenizer("☃")["input_ids"][-2] == tokenizer.unk_token_id
    shown = tokenizer.decode(tokenizer(TEXTS[0])["input_ids"], skip_special_tokens=True)
    assert shown.replace(" ", "") == TEXTS[0].lower().replace(" ", "")


def test_a_model_that_writes_keeps_capitals_and_knows_where_a_text_begins_and_ends(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    kind = "AutoModelForSeq2SeqLM"
    found = with_own_tokenizer(find_model("scratch:m2m-tiny"), TEXTS, "bpe", 300, kind)
    tokenizer = load_tokenizer(found)
    shown = tokenizer.decode(tokenizer(TEXTS[0])["input_ids"], skip_special_tokens=True)
    assert shown.replace(" ", "") == TEXTS[0].replace(" ", "")
    result = load_model(found, kind, [], 1).generation_config
    assert result.decoder_start_token_id == tokenizer.cls_token_id
    assert result.eos_token_id == tokenizer.sep_token_id
    assert result.pad_token_id == tokenizer.pad_token_id


def test_a_causal_model_reads_lines_and_has_a_token_to_end_with(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    kind = "AutoModelForCausalLM"
    lists = [f"Rooms:\n1. {text}\n2. Clean" for text in TEXTS]
    found = with_own_tokenizer(find_model("scratch:llama-tiny"), lists, "bpe", 300, kind)
    tokenizer = load_tokenizer(found)
    ids = tokenizer(lists[0], add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == lists[0]
    model = load_model(found, kind, [], 1)
    assert model.config.vocab_size == len(tokenizer)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id == tokenizer.sep_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id != tokenizer.eos_token_id


def test_chinese_is_cut_as_each_kind_says():
    def tokens(kind):
        return train_tokenizer(TEXTS, kind, 300).encode("房间很干净").tokens[1:-1]

    assert tokens("character") == tokens("wordpiece") == list("房间很干净")
    assert len(tokens("bpe")) < 5
    assert len(tokens("unigram")) < 5


def test_the_same_texts_give_the_same_tokenizers_in_every_process():
    code = (
        "import json, sys\n"
        "from workbench.models.own_tokenizer import train_tokenizer\n"
        "kinds, texts = json.load(sys.stdin)\n"
        "for kind in kinds: print(train_tokenizer(texts, kind, 120).to_str())"
    )
    answer = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        input=json.dumps([KINDS, TEXTS]), capture_output=True, text=True, check=True,
        encoding="utf-8",
    )  # fmt: skip
    for kind, other in zip(KINDS, answer.stdout.splitlines(), strict=True):
        assert other == train_tokenizer(TEXTS, kind, 120).to_str(), kind


def test_of_more_characters_than_entries_unigram_keeps_the_commonest():
    entries = train_tokenizer([*TEXTS, "☃☄"], "unigram", 40).get_vocab()
    assert len(entries) <= 40
    assert "房" in entries
    assert "☄" not in entries


def test_other_texts_and_sizes_lie_in_folders_of_their_own(scratch):
    folders = {
        with_own_tokenizer(scratch, texts, "bpe", size).path
        for texts, size in ((TEXTS, 200), (TEXTS, 300), (TEXTS[1:], 200), (TEXTS, 200))
    }
    assert len(folders) == 3


def test_a_run_goes_on_with_its_own_tokenizer_only(scratch):
    first, second = (with_own_tokenizer(scratch, TEXTS, "bpe", size) for size in (100, 300))
    require_same_entries(load_tokenizer(first), first.path)
    with pytest.raises(
        ModelError, match="the tokenizer retrained on the data differs from the one of"
    ):
        require_same_entries(load_tokenizer(first), second.path)


def test_a_pretrained_model_keeps_its_own(tmp_path):
    with pytest.raises(ModelError) as caught:
        preparing.prepare(tiny_spec(tmp_path, **{"model.tokenizer": "bpe"}))
    result = str(caught.value)
    assert result.startswith("model.tokenizer: 'bpe' is trained on the data, but ")
    assert result.endswith(
        "was pretrained with a tokenizer of its own; set model.tokenizer to pretrained, or "
        "model.source to a scratch: model"
    )


def test_too_little_text_is_refused(scratch):
    with pytest.raises(ModelError, match="the training rows have 5 characters, too few to train"):
        with_own_tokenizer(scratch, ["short"], "bpe", 300)


def test_a_run_keeps_its_tokenizer_and_remembers_how_it_began(scratch, tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "find_model", lambda *_: scratch)
    monkeypatch.setattr("workbench.attention.attend.find_model", lambda *_: scratch)
    rows = [(text, "good" if "干净" in text else "bad") for text in TEXTS]
    write_csv(tmp_path / "rows.csv", rows)
    spec = tiny_spec(tmp_path, **{"model.tokenizer": "bpe", "model.vocab_size": 200})
    run = pipeline.train(spec)
    assert run.metrics()["metrics"]["accuracy"] > 0.9
    (answer,) = predict_texts(run, [TEXTS[0]])
    assert answer["predicted"] == "good"
    before = open_before(run)
    assert len(before.tokenizer) == before.model.config.vocab_size <= 200
    assert before.tokenizer.tokenize("房间很干净") == (
        load_tokenizer(run.model_path).tokenize("房间很干净")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_template_of_prompts_has_nothing_unknown(kind, tmp_path):
    from workbench.data import load_data
    from workbench.spec import DataSpec
    from workbench.tasks import load_task
    from workbench.training.encoding import training_texts

    path = tmp_path / "chats.jsonl"
    turns = [[("user", "how is it"), ("assistant", f"it is {word} there")] for word in "abcdefgh"]
    path.write_text("".join(
        json.dumps({"messages": [{"role": r, "content": c} for r, c in own]}) + "\n"
        for own in turns
    ))  # fmt: skip
    task = load_task("text-generation")
    table = load_data(DataSpec(source=str(path)), task, 1).train
    texts = training_texts(table, task)
    assert "how is it" in texts
    tokenizer = train_tokenizer(texts, kind, 300, writes=True)
    written = "### Instruction:\nhow is it\n\n### Response:\nit is a there"
    assert "[UNK]" not in tokenizer.encode(written).tokens
