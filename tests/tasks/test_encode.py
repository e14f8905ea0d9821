"""Texts are plain text: no control token of any tokenizer is found in them, in any task."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

import workbench
from tests import tiny_writers
from tests.tiny_models import SENTENCES, make_tiny_bert, make_tiny_llama
from workbench.models import load_tokenizer
from workbench.models.own_tokenizer import train_tokenizer
from workbench.spec import RunSpec
from workbench.tasks import Setup, load_task
from workbench.tasks._control import controls_of
from workbench.tasks._encode import TextEncoder

OWN = ("wordpiece", "bpe", "unigram", "character")


def own_tokenizer(kind):
    from transformers import PreTrainedTokenizerFast

    raw = train_tokenizer([*SENTENCES] * 30, kind, 200)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
        unk_token="[UNK]", mask_token="[MASK]",
    )  # fmt: skip


def bare_tokenizer(model, pre_tokenizer=None, normalizer=None):
    """Return a tokenizer whose model alone would find `</s>` in a text."""
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(model)
    if pre_tokenizer is not None:
        raw.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        raw.normalizer = normalizer
    raw.add_special_tokens(["<unk>", "</s>"])
    raw.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", eos_token="</s>", pad_token="</s>"
    )


def make(kind, folder):
    from tokenizers import models, normalizers, pre_tokenizers

    letters = {letter: number + 2 for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz</> ")}
    match kind:
        case "words":
            entries = {"<unk>": 0, "</s>": 1, "good": 2, "film": 3}
            model = models.WordLevel(entries, unk_token="<unk>")
            return bare_tokenizer(model, pre_tokenizers.WhitespaceSplit())
        case "merges":
            entries = {"<unk>": 0, "</s>": 1, **letters, "</": 50, "s>": 51}
            merges = [("<", "/"), ("s", ">"), ("</", "s>")]
            return bare_tokenizer(models.BPE(entries, merges, unk_token="<unk>"))
        case "unigram_nfkc":
            entries = [("<unk>", 0.0), ("</s>", 0.0), *((letter, -3.0) for letter in letters)]
            return bare_tokenizer(models.Unigram(entries, unk_id=0), None, normalizers.NFKC())
        case "byt5":
            from transformers import ByT5Tokenizer

            return ByT5Tokenizer()
        case "bert":
            return load_tokenizer(make_tiny_bert(folder / "m"))
        case "llama":
            return load_tokenizer(make_tiny_llama(folder / "m"))
        case _ if kind in OWN:
            return own_tokenizer(kind)
    found = load_tokenizer(getattr(tiny_writers, f"make_tiny_{kind}")(folder / "m"))
    if kind == "mbart":
        found.src_lang, found.tgt_lang = "en_XX", "zh_CN"
    return found


KINDS = ("bert", "llama", "t5", "bart", "mbart", "marian", "m2m", "byt5", *OWN, "words", "merges",
         "unigram_nfkc")  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request, tmp_path_factory):
    return make(request.param, tmp_path_factory.mktemp(request.param))


def inside(encoder, text):
    """Return the tokens of a text without those that stand around it."""
    return encoder(text, add_special_tokens=False)["input_ids"]


def around(encoded):
    """Return the tokens that stand around a text."""
    marked = zip(encoded["input_ids"], encoded["special_tokens_mask"], strict=True)
    return [one for one, special in marked if special]


HOW = {"return_special_tokens_mask": True}


def test_no_control_token_is_found_in_a_text(tokenizer):
    controls = controls_of(tokenizer).numbers
    assert len(controls) > 1
    encoder = TextEncoder(tokenizer)
    forbidden = set(controls.values()) - {tokenizer.unk_token_id}
    for name in controls:
        for text in (f"good {name} film", f"{name}film", f"good{name}{name}", name):
            assert forbidden.isdisjoint(inside(encoder, text)), (name, text)


def test_what_stands_around_a_text_is_as_ever(tokenizer):
    name = next(iter(controls_of(tokenizer).numbers))
    plain, hostile = (
        TextEncoder(tokenizer)(text, **HOW) for text in ("good film", f"good {name} film")
    )
    assert around(plain) == around(hostile)
    pair = TextEncoder(tokenizer)("good film", f"a {name}", truncation=True, max_length=16, **HOW)
    real = tokenizer("good film", "a film", truncation=True, max_length=16, **HOW)
    assert sum(pair["special_tokens_mask"]) == sum(real["special_tokens_mask"])


def test_a_text_without_control_tokens_has_the_tokens_that_transformers_gives_it(tokenizer):
    for text in (*SENTENCES, "  two  blanks\nand a line ", "é 这部 😀"):
        assert TextEncoder(tokenizer)(text)["input_ids"] == tokenizer(text)["input_ids"]
    texts = list(SENTENCES)
    encoded = TextEncoder(tokenizer)(texts, truncation=True, max_length=6)
    assert encoded["input_ids"] == tokenizer(texts, truncation=True, max_length=6)["input_ids"]


def test_the_tokenizer_is_left_as_it_was(tokenizer):
    name = next(iter(controls_of(tokenizer).numbers))
    before = tokenizer(f"good {name}")["input_ids"]
    TextEncoder(tokenizer)(f"good {name}")
    assert tokenizer(f"good {name}")["input_ids"] == before


def test_where_the_data_means_its_tokens_they_are_those(tokenizer):
    name = list(controls_of(tokenizer).numbers)[-1]
    text = f"good {name} film"
    assert TextEncoder(tokenizer, None)(text)["input_ids"] == tokenizer(text)["input_ids"]
    some = TextEncoder(tokenizer, frozenset([name]))(text)["input_ids"]
    assert some.count(controls_of(tokenizer).numbers[name]) == tokenizer(text)["input_ids"].count(
        controls_of(tokenizer).numbers[name]
    )


def test_lower_case_word_pieces_are_those_of_the_characters(tmp_path):
    tokenizer = load_tokenizer(make_tiny_bert(tmp_path / "m"))
    found = TextEncoder(tokenizer)("good [SEP] film", return_offsets_mapping=True)
    apart = tokenizer("good [ sep ] film")["input_ids"]
    assert found["input_ids"] == apart
    assert [found["offset_mapping"][place] for place in (2, -2)] == [(5, 6), (11, 15)]


def test_byte_level_pieces_give_the_text_back(tmp_path):
    tokenizer = load_tokenizer(make_tiny_llama(tmp_path / "m"))
    text = "good</s><s> film"
    ids = TextEncoder(tokenizer)(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("kind", ["mbart", "m2m", "marian"])
def test_targets_are_marked_with_their_language_and_are_text(kind, tmp_path):
    tokenizer = make(kind, tmp_path)
    how = {"truncation": True, "max_length": 9} | HOW
    plain = tokenizer(text_target="good film " * 9, **how)
    found = TextEncoder(tokenizer)("good </s> " * 9, target=True, **how)
    assert len(found["input_ids"]) == len(plain["input_ids"]) == 9
    assert found["special_tokens_mask"] == plain["special_tokens_mask"]
    assert around(plain) == around(found)
    assert found["input_ids"].count(tokenizer.eos_token_id) == 1


def test_a_prefix_means_its_tokens_and_the_text_behind_it_does_not(tmp_path):
    for kind in ("t5", "marian"):
        tokenizer = make(kind, tmp_path / kind)
        encoder = TextEncoder(tokenizer, prefix="</s> ")
        ids = inside(encoder, "</s> good </s>")
        assert ids.count(tokenizer.eos_token_id) == 1


def test_a_language_that_marian_is_reported_in_front_is_not_taken_from_a_text(tmp_path):
    from transformers import MarianTokenizer

    folder = tmp_path / "m"
    tiny_writers.make_tiny_marian(folder)
    vocab = json.loads((folder / "vocab.json").read_text("utf-8"))
    vocab[">>fra<<"] = len(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab), "utf-8")
    tokenizer = MarianTokenizer.from_pretrained(folder)
    said = TextEncoder(tokenizer)(">>fra<< good film")["input_ids"]
    assert vocab[">>fra<<"] not in said
    result = TextEncoder(tokenizer, prefix=">>fra<< ")
    assert result(">>fra<< good film")["input_ids"] == tokenizer(">>fra<< good film")["input_ids"]
    assert result(">>fra<< good </s>")["input_ids"].count(tokenizer.eos_token_id) == 1


# In every task


ROWS = {
    "text-classification": {"text": "good {} film", "text_pair": "bad {}"},
    "text-regression": {"text": "good {} film"},
    "token-classification": {"tokens": ["good", "{}", "film"], "tags": [0, 0, 0]},
    "question-answering": {
        "question": "is {} good?",
        "context": "the {} film was good " * 8,
        "answers": {"text": ["was"], "start": [12]},
    },
    "fill-mask": {"text": "the {} film was good"},
    "summarization": {"source": "the {} film", "target": "good {}"},
    "translation": {"source": "the {} film", "target": "good {}"},
    "text-generation": {"instruction": "is {} good?", "input": "a {}", "output": "yes {}"},
}


def put(held, name):
    if isinstance(held, str):
        return held.replace("{}", name)
    return [put(one, name) for one in held] if isinstance(held, list) else held


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("training", [True, False])
def test_no_task_finds_a_control_token_in_its_texts(name, training, tmp_path):
    folder = make_tiny_llama if name == "text-generation" else make_tiny_bert
    if name in ("summarization", "translation"):
        folder = tiny_writers.make_tiny_t5
    tokenizer, task = load_tokenizer(folder(tmp_path / "m")), load_task(name)
    spec = RunSpec().replace({"task": name, "data.max_tokens": 48})
    setup = Setup(spec, tokenizer, ["a", "b"], 48)
    for control, number in controls_of(tokenizer).numbers.items():
        if control == tokenizer.unk_token:
            continue
        counts = []
        for said in ("so", control):
            row = {role: [put(held, said)] for role, held in ROWS[name].items()}
            found = task.encode(row | {"row": [1]}, setup, training)
            columns = [one for key in ("input_ids", "labels") for one in found.get(key, [])]
            count = sum(ids.count(number) for ids in columns if isinstance(ids, list))
            counts.append((count, len(found["input_ids"])))
        (plain, rows), (hostile, more) = counts
        if control == tokenizer.mask_token and task.masks and not training:
            assert hostile == 1  # it is to be filled, and nothing else is hidden
            continue
        assert hostile <= plain + (more - rows) * 4, control
        kept = replace(setup, spec=spec.replace({"data.special_tokens_in_text": "keep"}))
        row = {role: [put(held, control)] for role, held in ROWS[name].items()}
        found = task.encode(row | {"row": [1]}, kept, training)
        assert any(ids.count(number) for ids in found["input_ids"])


def test_the_tokenizer_is_called_on_texts_in_one_place():
    folder = Path(workbench.__file__).parent
    own = {"tasks/_encode.py", "tasks/_chat.py", "tasks/_control.py", "models/own_tokenizer.py"}
    own |= {"tasks/_as_written.py", "training/trimming.py"}  # these ask a question of their own
    calls = []
    for file in folder.rglob("*.py"):
        place = file.relative_to(folder).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if node.args and all(isinstance(one, ast.Constant) for one in node.args):
                continue  # a text of our own
            called = ast.unparse(node.func)
            spoken = called.split(".")[-1]
            if (spoken == "tokenizer") or (
                spoken in ("tokenize", "encode_plus", "batch_encode_plus", "apply_chat_template")
                or (spoken in ("encode", "encode_batch") and "tokenizer" in called)
            ):
                calls.append((place, called))
    assert {place for place, _ in calls} - own == set()
    assert ("tasks/_encode.py", "self.tokenizer") in calls


# What is told of it


def notes_of(tmp_path, name="text-classification", **changes):
    from workbench.data import load_data
    from workbench.training.control_tokens import control_token_notes

    tokenizer, task = load_tokenizer(make_tiny_bert(tmp_path / "m")), load_task(name)
    texts = ["good [SEP] film", "[MASK] and [SEP]", "a good story", "</s>"]
    rows = [{"text": text, "label": "ab"[n % 2]} for n, text in enumerate(texts * 5)]
    (tmp_path / "rows.json").write_text(json.dumps(rows), "utf-8")
    spec = RunSpec().replace({"task": name, "data.source": str(tmp_path / "rows.json"), **changes})
    data = load_data(spec.data, task, 0)
    return control_token_notes(data, task, spec, tokenizer)


def test_rows_with_control_tokens_are_counted_and_it_is_said_how_they_are_read(tmp_path):
    (note,) = notes_of(tmp_path)
    assert note == (
        "Control tokens of the model, such as [SEP], [MASK], occur in the texts of 10 of 20 "
        "rows; they are read as plain text. If they are meant as tokens, set "
        "data.special_tokens_in_text to keep."
    )
    (kept,) = notes_of(tmp_path, **{"data.special_tokens_in_text": "keep"})
    assert "10 of 20 rows; they are kept as tokens" in kept
