"""The settings of writing: each does what it does in transformers' own `generate`."""

import json

import pytest
import torch
from datasets import Dataset
from transformers import GenerationConfig

from tests.tiny_models import make_tiny_llama
from tests.tiny_writers import make_tiny_bart, make_tiny_marian
from workbench.evaluation.inference import run_model
from workbench.models import load_model, load_tokenizer
from workbench.sources import find_model
from workbench.spec import RunSpec, SpecError
from workbench.tasks import Setup, load_task
from workbench.tasks._generating import set_generation_config
from workbench.training.checks import check_spec
from workbench.training.encoding import encode_rows
from workbench.training.precision import Precision

CPU = Precision("fp32", "cpu", "")
TEXTS = ["the film was lovely", "the staff", "the crew was kind and the food was great", "a room"]
DRAWN = {"do_sample": True, "temperature": 0.8}
SETTINGS = [
    {},
    DRAWN,
    {"do_sample": True, "temperature": 1.9},
    {**DRAWN, "top_p": 0.6},
    {**DRAWN, "top_k": 3},
    {**DRAWN, "top_k": 0, "sampling_seed": 7},
    {"repetition_penalty": 1.6},
    {"repetition_penalty": 1.3, "num_beams": 3},
    {"num_beams": 3, "length_penalty": -2.0, "no_repeat_ngram_size": 2},
    {**DRAWN, "num_beams": 2},
]
KINDS = {
    "text-generation": make_tiny_llama, "summarization": make_tiny_bart,
    "translation": make_tiny_marian,
}  # fmt: skip


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("writers")
    return {task: make(folder / task) for task, make in KINDS.items()}


def opened(writers, task, **asked):
    """Return task, setup, model and encoded rows."""
    own = load_task(task)
    changes = {"max_new_tokens": 8, **asked}
    spec = RunSpec().replace(
        {
            "task": task, "data.columns": {"text": "text"} if task == "text-generation" else {},
            **{f"generate.{name}": value for name, value in changes.items()},
        }
    )  # fmt: skip
    tokenizer = load_tokenizer(writers[task])
    setup = Setup(spec, tokenizer, [], 32)
    model = load_model(find_model(str(writers[task])), own.auto_class, [], 0).eval()
    own.adapt(model, setup)
    role = "instruction" if task == "text-generation" else "source"
    table = Dataset.from_dict({role: TEXTS, "row": list(range(1, len(TEXTS) + 1))})
    return own, setup, model, encode_rows(table, own, setup, training=False)


def written(found, batch=4):
    task, setup, model, rows = found
    return [one["written"] for one in run_model(model, rows, task, setup, CPU, batch)]


def by_transformers(found, **asked):
    """Return what plain transformers writes to each prompt alone."""
    _, setup, model, rows = found
    seed = asked.pop("sampling_seed", 42)
    tokenizer, texts = setup.tokenizer, []
    result = GenerationConfig.from_dict(
        {
            "max_new_tokens": 8, "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": model.generation_config.eos_token_id or tokenizer.eos_token_id,
            "decoder_start_token_id": model.generation_config.decoder_start_token_id,
            "forced_bos_token_id": model.generation_config.forced_bos_token_id,
            "forced_eos_token_id": model.generation_config.forced_eos_token_id, **asked,
        }
    )  # fmt: skip
    model.generation_config = GenerationConfig()
    for row in rows:
        ids = torch.tensor([row["input_ids"]])
        torch.manual_seed(seed)
        stops = {"tokenizer": tokenizer} if "stop_strings" in asked else {}
        [new] = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=result,
                               **stops)  # fmt: skip
        new = new if model.config.is_encoder_decoder else new[ids.shape[1] :]
        texts.append(tokenizer.decode(new, skip_special_tokens=True).strip())
    return texts


@pytest.mark.parametrize("asked", SETTINGS)
@pytest.mark.parametrize("task", KINDS)
def test_a_setting_does_what_it_does_in_transformers(task, asked, writers):
    found = opened(writers, task, **asked)
    ours = written(found)
    assert ours == by_transformers(found, **asked)
    assert any(ours)


@pytest.mark.parametrize("task", KINDS)
def test_every_setting_changes_what_is_written(task, writers):
    plain = written(opened(writers, task))
    drawn = written(opened(writers, task, **DRAWN))
    assert plain != drawn != written(opened(writers, task, **DRAWN, sampling_seed=7))
    assert drawn == written(opened(writers, task, **DRAWN))
    assert written(opened(writers, task, repetition_penalty=0.5)) != plain
    near = written(opened(writers, task, **DRAWN, top_k=1))
    assert near == plain == written(opened(writers, task, **DRAWN, top_p=0.01))


@pytest.mark.parametrize("task", KINDS)
def test_what_is_drawn_hangs_neither_on_the_batch_nor_on_its_order(task, writers):
    found = opened(writers, task, **DRAWN)
    own, setup, model, rows = found
    together = written(found, 4)
    assert together == written(found, 1)
    torch.manual_seed(99)
    backwards = rows.select(range(len(rows) - 1, -1, -1))
    assert written((own, setup, model, backwards), 3) == together[::-1]


@pytest.mark.parametrize("task", KINDS)
def test_drawing_leaves_chance_elsewhere_alone(task, writers):
    found = opened(writers, task, **DRAWN)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    written(found)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("asked", [{}, {"num_beams": 2}, DRAWN])
@pytest.mark.parametrize("task", KINDS)
def test_an_answer_ends_before_the_first_stop_string(task, asked, writers):
    plain = written(opened(writers, task, **asked))
    longest = max(plain, key=len)
    stop, later = longest[3:5], longest[-2:]
    found = opened(writers, task, **asked, stop_strings=[later, stop])
    result = written(found)
    if asked != {"num_beams": 2}:  # beams that stop elsewhere may rank otherwise
        assert result == [
            text[: min((text.find(one) for one in (stop, later) if one in text), default=None)]
            .strip() for text in plain
        ]  # fmt: skip
    assert not any(one in text for text in result for one in (stop, later))
    raw = by_transformers(found, **asked, stop_strings=[later, stop])
    for ours, theirs in zip(result, raw, strict=True):
        assert theirs.startswith(ours)
        assert len(theirs) - len(ours) <= 10  # the stop string, and the rest of its last token


def test_an_empty_stop_string_is_refused():
    with pytest.raises(SpecError, match=r"generate\.stop_strings"):
        RunSpec().replace({"generate.stop_strings": [""]})


def test_what_is_saved_writes_so_without_a_tokenizer_at_hand(writers, tmp_path):
    asked = {**DRAWN, "top_k": 4, "repetition_penalty": 1.2, "stop_strings": ["film"]}
    model = opened(writers, "summarization", **asked)[2]
    model.generation_config.save_pretrained(tmp_path)
    kept = json.loads((tmp_path / "generation_config.json").read_text("utf-8"))
    assert kept | {"do_sample": True, "temperature": 0.8, "top_k": 4} == kept
    assert kept["repetition_penalty"] == 1.2
    assert "stop_strings" not in kept
    result = GenerationConfig(do_sample=True, temperature=0.3, top_p=0.2, num_beams=9)
    set_generation_config(result, Setup(RunSpec(), None, [], 8), 5)
    assert (result.do_sample, result.temperature, result.top_p, result.num_beams) == (
        False,
        None,
        None,
        1,
    )


def test_tasks_that_write_nothing_have_no_use_for_it():
    with pytest.raises(SpecError, match=r"generate\.temperature"):
        check_spec(RunSpec().replace({"generate.temperature": 0.5}), load_task("fill-mask"))
