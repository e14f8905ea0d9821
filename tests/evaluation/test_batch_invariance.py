"""A row has one answer: alone, beside any neighbours, and in what leaves the workbench."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.correctness.batches import CPU, TOLERANCE, apart, difference, make, rows_of, setup_of
from tests.tiny_runs import make_rows, tiny_spec, write_csv
from tests.zoo.families import Family, tokenizer
from workbench.evaluation.inference import run_model
from workbench.evaluation.sampling import Sampling, within
from workbench.export.graph import write_checked
from workbench.tasks import load_task
from workbench.tasks._batching import batching_of, batching_of_inputs
from workbench.tasks._forward import forward, write_on
from workbench.training.prepare import prepare
from workbench.training.validation import validate

CLASSES = "SequenceClassification"
TASKS = {
    CLASSES: "text-classification",
    "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering",
    "MaskedLM": "fill-mask",
    "CausalLM": "text-generation",
    "Seq2SeqLM": "summarization",
}
# Encoders, decoders and both; those that mix, pool or read at the end whatever is padded.
PLAIN = {
    "bert": (CLASSES, "TokenClassification", "QuestionAnswering", "MaskedLM"),
    "roberta": (CLASSES, "MaskedLM"),
    "gpt2": (CLASSES, "TokenClassification", "QuestionAnswering", "CausalLM"),
    "llama": (CLASSES, "CausalLM"),
    "bloom": ("CausalLM",),
    "mamba": ("CausalLM",),
    "t5": (CLASSES, "QuestionAnswering", "Seq2SeqLM"),
    "bart": (CLASSES, "Seq2SeqLM"),
    "xlnet": (CLASSES, "TokenClassification"),
    "fnet": (CLASSES, "QuestionAnswering", "MaskedLM"),
    "funnel": (CLASSES, "TokenClassification"),
    "convbert": ("TokenClassification",),
    "big_bird": (CLASSES,),
    "switch_transformers": ("Seq2SeqLM",),
    "fsmt": ("Seq2SeqLM",),  # it changes the labels that it is given
    "prophetnet": ("Seq2SeqLM",),  # its decoder heeds the padding behind what it reads
}
ADAPTED = {"bert": (CLASSES,), "gpt2": (CLASSES, "CausalLM"), "t5": ("Seq2SeqLM",)}


def family(kind: str, head: str) -> Family:
    return Family(kind, f"AutoModelFor{head}")


@pytest.mark.parametrize(("kind", "head"), [(k, h) for k, heads in PLAIN.items() for h in heads])
def test_a_row_is_answered_in_a_batch_of_64_as_it_is_alone(kind, head):
    model = make(family(kind, head))
    assert difference(model, setup_of(TASKS[head], model)) <= TOLERANCE


@pytest.mark.parametrize("adapter", ["lora", "dora", "ia3", "prompt_tuning"])
@pytest.mark.parametrize(("kind", "head"), [(k, h) for k, heads in ADAPTED.items() for h in heads])
def test_so_it_is_inside_an_adapter(kind, head, adapter):
    model = make(family(kind, head), adapter)
    assert difference(model, setup_of(TASKS[head], model)) <= TOLERANCE


@pytest.mark.parametrize(("kind", "batching"), [("bert", "any"), ("fnet", "equal")])
def test_only_batches_of_models_that_heed_the_padding_are_cut_up(kind, batching):
    assert batching_of(make(family(kind, CLASSES)), 0) == batching


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3", "bloom"])
def test_a_classifier_behind_learned_tokens_reads_its_answer_before_the_padding(kind):
    model = make(family(kind, CLASSES), "prompt_tuning")
    assert batching_of(model, 0) == "any"
    rows = [[2, 30, 31, 3], [2, 40, 41, 42, 43, 44, 3]]
    batch = load_task("text-classification").collate(
        [{"input_ids": ids} for ids in rows], setup_of("text-classification", model)
    )
    alone = torch.cat([model(input_ids=torch.tensor([ids])).logits for ids in rows])
    torch.testing.assert_close(forward(model, batch).logits, alone, atol=1e-4, rtol=0)
    prompt = dict(model.named_parameters())["prompt_encoder.default.embedding.weight"]
    forward(model, batch).logits.sum().backward()
    assert prompt.grad.abs().sum() > 0


def test_a_model_stays_in_its_mode_when_it_is_tried():
    model = make(family("fnet", CLASSES)).train()
    model.fnet.embeddings.eval()  # as what is frozen may be
    state = torch.get_rng_state()
    batching_of(model, 0)
    assert model.training
    assert not model.fnet.embeddings.training
    assert torch.equal(state, torch.get_rng_state())


def test_gradients_of_a_batch_that_is_cut_up_are_the_mean_of_those_of_its_rows():
    model = make(family("fnet", CLASSES))
    setup = setup_of("text-classification", model)
    rows = [rows_of("text-classification", ("input_ids", "attention_mask"))[n] for n in range(8)]
    task = load_task("text-classification")

    def gradient(chosen):
        model.zero_grad()
        batch = task.collate(chosen, setup)
        logits = forward(model, batch).logits
        torch.nn.functional.cross_entropy(logits, batch["labels"], reduction="sum").backward()
        return model.classifier.weight.grad.clone()

    alone = sum(gradient([row]) for row in rows)
    torch.testing.assert_close(gradient(rows), alone, atol=1e-4, rtol=1e-4)


# Whatever the model's folder says of padding


NAMED = [
    (kind, padding)
    for kind in ("gpt2", "bert", "roberta", "llama", "bart")
    for padding in (0, 1, 60, None, 9999)
    # RoBERTa counts places from this token, and BART shifts its input by it.
    if padding not in {"roberta": (60, None), "bart": (None,)}.get(kind, ())
]


@pytest.mark.parametrize(("kind", "padding"), NAMED)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_batch_is_answered_as_its_rows_are_whatever_the_folder_names_for_padding(
    kind, side, padding, tmp_path
):
    changes = {} if padding == 9999 else {"pad_token_id": padding}
    folder = family(kind, CLASSES).make(tmp_path / "model", **changes)
    change(folder / "tokenizer_config.json", padding_side=side)
    if padding == 9999:  # beyond the vocabulary
        change(folder / "config.json", pad_token_id=-1)
    prepared = prepare(tiny_spec(tmp_path, **{"model.source": str(folder), "data.max_tokens": 64}))
    model = prepared.base_model().eval()
    assert difference(model, replace(prepared.setup, max_tokens=100)) <= TOLERANCE


@pytest.mark.parametrize("kind", ["gpt2", "bert", "llama"])
def test_what_is_saved_answers_batches_in_plain_transformers_as_it_does_rows(kind, tmp_path):
    from transformers import pipeline

    folder = family(kind, CLASSES).make(tmp_path / "model", pad_token_id=60)
    change(folder / "tokenizer_config.json", padding_side="left")
    prepared = prepare(tiny_spec(tmp_path, **{"model.source": str(folder)}))
    model = prepared.base_model().eval()
    model.save_pretrained(tmp_path / "saved")
    prepared.tokenizer.save_pretrained(tmp_path / "saved")
    texts = ["the film", "see you at home for dinner tonight, call now to win", "great", "is it?"]
    plain = pipeline("text-classification", str(tmp_path / "saved"), top_k=None)
    scores = [
        [sorted((one["label"], one["score"]) for one in row) for row in plain(texts, batch_size=n)]
        for n in (1, 4)
    ]
    ours = forward(model, prepared.task.collate(encoded(prepared, texts), prepared.setup))
    shares = np.sort(ours.logits.softmax(-1).detach().numpy(), axis=1)
    for found in scores:
        held = np.sort([[score for _, score in row] for row in found], axis=1)
        np.testing.assert_allclose(held, shares, atol=1e-4)


def test_end_tokens_within_texts_move_no_answer_of_a_classifier_with_a_decoder():
    model = make(family("bart", CLASSES))
    end = model.config.eos_token_id
    rows = [[2, 30, 31, end], [2, 40, end, 41, end, 42, 43, end], [2, end, 50, end], [2, 9, end]]
    batch = load_task("text-classification").collate(
        [{"input_ids": ids} for ids in rows], setup_of("text-classification", model)
    )
    together = forward(model, batch).logits
    alone = torch.cat([model(input_ids=torch.tensor([ids])).logits for ids in rows])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["gpt2", "bert", "fnet", "xlnet"])
def test_a_text_of_no_tokens_is_answered_alike_too(kind):
    model = make(family(kind, CLASSES))
    setup, task = setup_of("text-classification", model), load_task("text-classification")
    rows = [{"input_ids": ids} for ids in ([], [2, 30, 31, 45, 3], [2, 3])]
    together = forward(model, task.collate(rows, setup)).logits
    alone = torch.cat([forward(model, task.collate([row], setup)).logits for row in rows])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


def test_a_batch_of_a_model_that_heeds_no_padding_is_not_searched_for_it():
    model = make(family("bert", CLASSES))
    batch = {"input_ids": torch.ones(2, 4).long()}  # without a mask, a search would fail
    assert batching_of_inputs(model, batch) == "any"


def test_the_loss_of_a_question_does_not_count_the_padding():
    model = make(family("bert", "QuestionAnswering"))
    setup, task = setup_of("question-answering", model), load_task("question-answering")
    rows = rows_of("question-answering", ("input_ids", "attention_mask"))
    rows = [dict(rows[n]) for n in range(4)]
    batch = task.collate(rows, setup)
    with torch.no_grad():
        outputs = forward(model, batch)
    kept = task.reduce_logits((outputs.start_logits, outputs.end_logits), batch["labels"])
    for row, own in zip(rows, kept, strict=True):
        with torch.no_grad():
            alone = model(input_ids=torch.tensor([row["input_ids"]]))
        losses = [
            torch.nn.functional.cross_entropy(logits[0], torch.tensor(place))
            for logits, place in zip((alone.start_logits, alone.end_logits), row["labels"],
                                     strict=True)
        ]  # fmt: skip
        assert float(own[2]) == pytest.approx(float(sum(losses)) / 2, abs=1e-4)


def test_an_onnx_graph_answers_a_padded_batch_as_its_rows(tmp_path):
    ort = pytest.importorskip("onnxruntime")
    model, words = make(family("gpt2", CLASSES)), tokenizer()
    assert write_checked(model, words, tmp_path / "model.onnx") < 1e-5
    session = ort.InferenceSession(str(tmp_path / "model.onnx"))
    texts = ["the film", "see you at home for dinner tonight, call now to win", "is it?"]
    [together] = session.run(None, dict(words(texts, padding=True, return_tensors="np")))
    for text, own in zip(texts, together, strict=True):
        with torch.no_grad():
            alone = model(**words(text, return_tensors="pt")).logits[0]
        np.testing.assert_allclose(own, alone, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "method"),
    [("gpt2", "none"), ("fnet", "none"), ("gpt2", "prompt_tuning"), ("bert", "prompt_tuning")],
)
def test_a_validation_pass_in_batches_of_64_says_what_one_in_single_rows_does(
    kind, method, tmp_path
):
    folder = family(kind, CLASSES).make(tmp_path / "model", pad_token_id=60)
    write_csv(tmp_path / "rows.csv", [(f"{text} film" * (n % 7 + 1), label)
                                      for n, (text, label) in enumerate(make_rows())])  # fmt: skip
    changes = {"model.source": str(folder), "adapter.peft_method": method, "data.max_tokens": 64}
    prepared = prepare(tiny_spec(tmp_path, **changes, **{"adapter.num_virtual_tokens": 4}))
    model = prepared.new_model()
    found = [
        validate(model, prepared.fitted(prepared.asked.replace(
            {"train.per_device_eval_batch_size": size})))[0]
        for size in (1, 64)
    ]  # fmt: skip
    assert found[0] == pytest.approx(found[1], abs=1e-4)


# Writing


@pytest.mark.parametrize(
    ("kind", "adapter"),
    [
        *((kind, "none") for kind in ("gpt2", "llama", "bloom", "mamba", "opt", "recurrent_gemma")),
        *((kind, "prompt_tuning") for kind in ("gpt2", "llama", "bloom", "opt")),
    ],
)
def test_what_is_written_is_the_likeliest_token_each_time(kind, adapter):
    model = make(family(kind, "CausalLM"), adapter)
    prompts = [[2, 30, 31, 45, 46, 50, 51, 77], [2, 40], [2, 9, 19, 29, 39], [2, 11]]

    def by_hand(ids):
        ids = list(ids)
        for _ in range(4):
            given = torch.tensor([ids])
            logits = model(input_ids=given, attention_mask=torch.ones_like(given)).logits
            ids.append(int(logits[0, -1].argmax()))
        return ids[-4:]

    written = write_on(model, prompts, [4] * 4, 0, do_sample=False, eos_token_id=None)
    assert written == [by_hand(ids) for ids in prompts]


@pytest.mark.parametrize("asked", [{"no_repeat_ngram_size": 1}, {"num_beams": 3}, {}])
def test_prompts_of_several_lengths_are_gone_on_with_as_each_alone(asked):
    model = make(family("gpt2", "CausalLM"))
    model.generation_config.repetition_penalty = 1.3 if not asked else None
    prompts = [[2, 30, 31, 45, 46, 50, 51, 77], [2, 40], [2, 9, 19, 29, 39]]
    result = {"do_sample": False, "eos_token_id": 3, **asked}
    rooms = [6, 3, 6]
    together = write_on(model, prompts, rooms, 3, **result)
    alone = [
        write_on(model, [ids], [room], 3, **result)[0]
        for ids, room in zip(prompts, rooms, strict=True)
    ]
    assert together == alone
    assert [len(ids) for ids in together] == rooms


def test_answers_that_are_drawn_are_drawn_alike_in_a_batch():
    model = make(family("llama", "CausalLM"))
    sampling = Sampling(max_new_tokens=5, seed=3, temperature=1.0)
    setup = setup_of("text-generation", model)
    setup = replace(setup, spec=within(setup.spec, sampling))
    size = 4
    task = load_task("text-generation")
    rows = rows_of("text-generation", ("input_ids", "attention_mask")).select(range(6))
    together = run_model(model, rows, task, setup, CPU, size)
    alone = [run_model(model, rows.select([n]), task, setup, CPU, size)[0] for n in range(6)]
    assert apart(together, alone) <= TOLERANCE
    assert len({one["written"] for one in together}) > 1


def change(path, **settings):
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")


def encoded(prepared, texts):
    found = prepared.task.encode({"text": texts}, prepared.setup, False)
    return [{name: held[n] for name, held in found.items()} for n in range(len(texts))]
