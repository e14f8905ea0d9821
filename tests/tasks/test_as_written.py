"""A model that writes leaves with all that a pipeline needs to write the same."""

import json

import pytest
import transformers

from tests.tasks.test_text_generation import CHAT, make_rows, write_spec
from workbench import pipeline
from workbench.evaluation.playground import remembers
from workbench.evaluation.run import predict_texts
from workbench.export import export_run
from workbench.models import load_tokenizer
from workbench.tasks._prompts import has_template
from workbench.training.prepare import prepare

ASKED = ["what was good?", "is the sky blue?"]


def trained(folder, rows, template=None, **changes):
    changes = {"train.max_steps": 30, "evaluate.baselines": False, "inspect.probes": [], **changes}
    return pipeline.train(write_spec(folder, rows, template, **changes))


@pytest.mark.parametrize("template", [None, CHAT])
@pytest.mark.parametrize("beams", [1, 2])
def test_a_pipeline_takes_messages_and_writes_what_the_run_writes(template, beams, tmp_path):
    run = trained(tmp_path, make_rows(), template, **{"generate.num_beams": beams})
    writer = transformers.pipeline("text-generation", str(run.model_path))
    wanted = [one["predicted"] for one in predict_texts(run, ASKED)]
    assert any(wanted)
    for asked, expected in zip(ASKED, wanted, strict=True):
        [answer] = writer([{"role": "user", "content": asked}])
        assert answer["generated_text"][-1]["content"].strip() == expected


def test_conversations_in_the_plain_template_are_written_as_they_were_learned(tmp_path):
    rows = [
        {"messages": [
            {"role": "user", "content": one["instruction"]},
            {"role": "assistant", "content": one["output"]},
            {"role": "user", "content": "and why?"},
            {"role": "assistant", "content": "it was"},
        ]}
        for one in make_rows()
    ]  # fmt: skip
    run = trained(tmp_path, rows)
    result = rows[0]["messages"][:3]
    (wanted,) = predict_texts(run, [{"messages": result}])
    writer = transformers.pipeline("text-generation", str(run.model_path))
    [answer] = writer(result)
    assert answer["generated_text"][-1]["content"].strip() == wanted["predicted"]


def test_the_plain_template_is_not_taken_for_the_models_own(tmp_path):
    run = trained(tmp_path, make_rows(), **{"train.max_steps": 1})
    tokenizer = load_tokenizer(run.model_path)
    assert tokenizer.chat_template
    assert not has_template(tokenizer)
    assert not remembers(run)
    # What goes on from it encodes rows with an input as before.
    spec = write_spec(tmp_path, make_rows()).replace({"model.source": str(run.model_path)})
    first, second = (
        prepare(one).train["input_ids"][:5] for one in (write_spec(tmp_path, make_rows()), spec)
    )
    assert first == second


def test_what_learned_plain_texts_has_no_template(tmp_path):
    run = trained(tmp_path, [{"text": one["output"]} for one in make_rows()],
                  **{"train.max_steps": 1})  # fmt: skip
    assert not load_tokenizer(run.model_path).chat_template


@pytest.mark.parametrize("caches", [True, False])
@pytest.mark.parametrize("method", ["none", "lora"])
def test_whether_a_model_caches_stays_as_it_was(method, caches, tmp_path):
    spec = write_spec(tmp_path, make_rows()).replace(
        {"train.max_steps": 1, "adapter.peft_method": method, "evaluate.baselines": False}
    )
    base = tmp_path / "llama" / "config.json"
    base.write_text(json.dumps(json.loads(base.read_text("utf-8")) | {"use_cache": caches}))
    run = pipeline.train(spec)
    folders = [run.model_path, *run.checkpoints_path.iterdir()]
    if method != "none":
        folders.append(export_run(run, "merged").path)
    assert len(folders) > 1
    for folder in folders:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        assert config.get("use_cache", True) is caches, folder
