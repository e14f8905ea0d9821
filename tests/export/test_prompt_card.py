"""A prompt-tuned classifier in a padded batch of peft alone, and what the card says of it."""

import pytest
import torch
from peft import PeftModel, PromptTuningConfig, get_peft_model
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from tests.tiny_runs import tiny_spec
from tests.zoo.families import families, tokenizer
from workbench import pipeline
from workbench.evaluation.run import predict_texts
from workbench.export import export_run
from workbench.export.card import misreads_padding
from workbench.language import text
from workbench.spec import RunSpec
from workbench.tasks import load_task

CLASSES = "AutoModelForSequenceClassification"
TEXTS = ["the film was good", "call now to win a free prize, and many more words than that here"]
# Those that read their answer at the last token, and those that read it elsewhere.
KINDS = (
    "gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "bloom", "opt", "gpt_neox", "phi",
    "bert", "roberta", "deberta-v2", "modernbert",
)  # fmt: skip


def asked(words, *texts):
    return dict(words(list(texts), padding=True, return_tensors="pt"))


def difference(model, words):
    """Return how far the first text's answer is in a padded batch from its answer alone."""
    with torch.no_grad():
        alone = model(**asked(words, TEXTS[0])).logits
        together = model(**asked(words, *TEXTS)).logits[:1]
    return (alone - together).abs().max().item()


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_says_it_of_those_models_that_do_it(kind):
    (family,) = families(kind, auto_class=CLASSES)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        settings = PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4)
        model = get_peft_model(family.model(seed=1), settings).eval()
    spec, task = RunSpec(), load_task("text-classification")
    prompted = spec.replace({"adapter.peft_method": "prompt_tuning"})
    assert misreads_padding(prompted, task, kind) == (difference(model, tokenizer()) > 1e-4)
    assert not misreads_padding(spec.replace({"adapter.peft_method": "lora"}), task, kind)
    assert not misreads_padding(prompted, load_task("text-generation"), kind)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_card_of_a_run_says_holds(language, tmp_path):
    (family,) = families("gpt2", auto_class=CLASSES)
    source = family.make(tmp_path / "gpt2")
    run = pipeline.train(
        tiny_spec(
            tmp_path,
            **{
                "model.source": str(source), "adapter.peft_method": "prompt_tuning",
                "adapter.num_virtual_tokens": 4, "train.max_steps": 3, "train.eval_steps": 3,
                "output.language": language, "data.max_tokens": 64,
            },
        )
    )  # fmt: skip
    folder = export_run(run, "folder").path
    said = text("card.one_by_one", language)
    assert said in (folder / "README.md").read_text("utf-8")
    config = AutoConfig.from_pretrained(folder)
    base = AutoModelForSequenceClassification.from_pretrained(source, config=config)
    model = PeftModel.from_pretrained(base, folder).eval()
    words = AutoTokenizer.from_pretrained(folder)
    assert difference(model, words) > 1e-3
    records = predict_texts(run, [{"text": one} for one in TEXTS])
    for one, record in zip(TEXTS, records, strict=True):
        with torch.no_grad():
            shares = model(**asked(words, one)).logits.softmax(-1)[0]
        assert record["probabilities"] == pytest.approx(shares.tolist(), abs=1e-4)
