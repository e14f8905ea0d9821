"""A model that was fine-tuned before: its head is taken over by the names of its labels."""

import pytest
import torch
import transformers

from tests.attention.zoo import _BART, _DECODER, _ENCODER, _T5, tokenizer
from workbench.models import load_model, load_trained
from workbench.models.adapters import add_adapter
from workbench.models.heads import match_names
from workbench.models.load import head_of, load_skeleton
from workbench.models.weights import save_standard
from workbench.sources import FoundModel
from workbench.spec import AdapterSpec

SEQUENCE, TOKEN = "AutoModelForSequenceClassification", "AutoModelForTokenClassification"
NAMES = ["negative", "neutral", "positive"]
OTHER_ORDER = ["Positive", "Negative", "Neutral"]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
TAGS_OTHER_ORDER = ["B-LOC", "B-PER", "I-LOC", "I-PER", "O"]
_SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
ENCODERS = {
    "bert": ("BertConfig", _ENCODER),
    "roberta": ("RobertaConfig", _ENCODER),
    "distilbert": ("DistilBertConfig", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}),
    "electra": ("ElectraConfig", {**_ENCODER, "embedding_size": 16}),
    "albert": ("AlbertConfig", {**_ENCODER, "embedding_size": 16}),
    "deberta-v2": ("DebertaV2Config", _ENCODER),
    "modernbert": ("ModernBertConfig", {**_ENCODER, "pad_token_id": 0}),
    "xlnet": ("XLNetConfig", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}),
    "llama": ("LlamaConfig", _DECODER),
    "gpt2": ("GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 4, "pad_token_id": 0}),
    "t5": ("T5Config", _T5),
}
CLASSIFIERS = {
    **ENCODERS,
    "bart": ("BartConfig", _BART),
    "funnel": ("FunnelConfig", {"d_model": 32, "block_sizes": [1, 1], "n_head": 4, "d_inner": 48}),
    "convbert": ("ConvBertConfig", {**_SMALL, "embedding_size": 32, "intermediate_size": 48}),
    "xlm": ("XLMConfig", {"emb_dim": 32, "n_layers": 2, "n_heads": 4}),
    "mobilebert": ("MobileBertConfig", {**_SMALL, "intermediate_size": 48, "embedding_size": 32}),
}


def fine_tuned(folder, kind, auto_class, names, seed=0, **settings):
    """Write a model with a head for these labels, and return it as transformers reads it."""
    config_name, own = CLASSIFIERS[kind]
    if isinstance(names, list):
        settings["id2label"] = dict(enumerate(names))
        settings["label2id"] = {name: number for number, name in enumerate(names)}
    config = getattr(transformers, config_name)(vocab_size=len(tokenizer()), **own, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, auto_class).from_config(config)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.25)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return FoundModel(place=str(folder), kind="local", path=folder)


def by_name(model):
    """Return the logits of some texts, (B, …) for each label, by its name in lower case."""
    texts = ["the film was wonderful", "a bad plot with an end"]
    inputs = dict(tokenizer()(texts, return_tensors="pt", padding=True))
    with torch.no_grad():
        logits = model.eval()(**inputs).logits
    return {name.lower(): logits[..., place] for place, name in model.config.id2label.items()}


def as_saved(found, auto_class):
    return by_name(getattr(transformers, auto_class).from_pretrained(found.path))


def differences(one, two, tolerance=0.0):
    """Return the labels whose logits are further apart than the tolerance."""
    assert sorted(one) == sorted(two)
    return [
        name
        for name, logits in one.items()
        if not torch.allclose(logits, two[name], rtol=tolerance, atol=tolerance)
    ]


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_classifier_with_its_labels_in_another_order_answers_as_before(kind, tmp_path):
    found = fine_tuned(tmp_path, kind, SEQUENCE, NAMES)
    model = load_model(found, SEQUENCE, OTHER_ORDER, seed=1)
    assert [model.config.id2label[n] for n in range(3)] == OTHER_ORDER
    assert model.new_weights == []
    assert differences(by_name(model), as_saved(found, SEQUENCE)) == []
    model.save_pretrained(tmp_path / "again")
    tokenizer().save_pretrained(tmp_path / "again")
    again = FoundModel(place="again", kind="local", path=tmp_path / "again")
    assert differences(as_saved(again, SEQUENCE), as_saved(found, SEQUENCE)) == []


@pytest.mark.parametrize("kind", [kind for kind in ENCODERS if kind not in ("albert", "t5")])
def test_a_tagger_with_its_tags_in_another_order_answers_as_before(kind, tmp_path):
    found = fine_tuned(tmp_path, kind, TOKEN, TAGS)
    model = load_model(found, TOKEN, TAGS_OTHER_ORDER, seed=1)
    assert differences(by_name(model), as_saved(found, TOKEN), tolerance=1e-5) == []


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlnet", "llama", "bart", "t5"])
@pytest.mark.parametrize("names", [["like", "dislike", "neutral"], ["negative", "positive"], 3])
def test_a_head_for_other_labels_is_new_and_as_if_there_had_been_none(kind, names, tmp_path):
    kept = {"num_labels": names} if names == 3 else {}
    found = fine_tuned(tmp_path / "tuned", kind, SEQUENCE, names, **kept)
    head = head_of(found, SEQUENCE, NAMES)
    model = load_model(found, SEQUENCE, NAMES, seed=1)
    assert model.new_weights == sorted(head.axes)
    other = fine_tuned(tmp_path / "other", kind, SEQUENCE, ["a", "b", "c", "d"], seed=2)
    fresh = load_model(other, SEQUENCE, NAMES, seed=1)
    for name in head.axes:
        assert torch.equal(model.get_parameter(name), fresh.get_parameter(name))
    skeleton = load_skeleton(found, SEQUENCE, NAMES)
    assert sorted(skeleton.new_weights) == model.new_weights
    model.save_pretrained(tmp_path / "again")
    saved = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "again")
    for name, weight in model.state_dict().items():
        assert torch.equal(saved.state_dict()[name], weight), name


@pytest.mark.parametrize(
    ("theirs", "ours", "order"),
    [
        (["a", "b"], ["a", "b"], (0, 1)),
        (["a", "b"], ["b", "a"], (1, 0)),
        (["NEGATIVE", " Positive "], ["positive", "negative"], (1, 0)),
        (["LABEL_0", "LABEL_1"], ["1", "0"], (1, 0)),
        (["LABEL_0", "LABEL_1"], ["label_1", "label_0"], (1, 0)),
        (["0", "1", "2"], ["LABEL_2", "LABEL_0", "LABEL_1"], (2, 0, 1)),
        (["LABEL_0", "LABEL_1"], ["negative", "positive"], None),
        (["LABEL_0", "LABEL_1"], ["1", "2"], None),
        (["a", "A"], ["A", "a"], (1, 0)),  # as they are written
        (["a", "A"], ["a", "Ä"], None),
        (["it", "IT"], ["It", "iT"], None),  # in lower case, they are one
        (["LABEL_1", "1"], ["1", "LABEL_1"], (1, 0)),
        (["LABEL_1", "1"], ["label_1", "one"], None),
        (["a", "b", "c"], ["a", "b"], None),
        (["a", "b"], ["a", "c"], None),
        (["O", "B-PER", "I-PER"], ["O", "S-PER", "I-PER"], None),
    ],
)
def test_names_match_when_there_is_no_doubt(theirs, ours, order):
    assert match_names(theirs, ours) == order


def test_one_number_is_the_number_whatever_its_name(tmp_path):
    found = fine_tuned(tmp_path, "bert", SEQUENCE, None, num_labels=1)
    regression = {"problem_type": "regression"}
    model = load_model(found, SEQUENCE, ["score"], seed=1, problem=regression)
    assert model.new_weights == []
    several = {"problem_type": "multi_label_classification"}
    model = load_model(found, SEQUENCE, ["toxic"], seed=1, problem=several)
    assert model.new_weights == ["classifier.bias", "classifier.weight"]


@pytest.mark.parametrize("method", ["lora", "dora", "ia3", "prompt_tuning"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "llama", "bart"])
@pytest.mark.parametrize("names", [NAMES, ["like", "dislike", "whatever"]])
def test_with_an_adapter_the_head_in_the_order_of_the_data_is_kept(kind, method, names, tmp_path):
    import peft

    found = fine_tuned(tmp_path / "base", kind, SEQUENCE, names)
    if kind == "bart" and method == "prompt_tuning":
        pytest.skip("peft puts no learned tokens before the text of an encoder-decoder classifier")
    model = load_model(found, SEQUENCE, OTHER_ORDER, seed=1)
    model = add_adapter(model, AdapterSpec(peft_method=method), SEQUENCE, found, seed=1)
    learns = {name for name, one in model.named_parameters() if one.requires_grad}
    for weight in head_of(found, SEQUENCE, OTHER_ORDER).axes:
        kept = {name for name in learns if ".modules_to_save.default." in name}
        assert any(name.endswith(weight.rpartition(".")[2]) for name in kept), weight
    (tmp_path / "adapter").mkdir()
    save_standard(model, tmp_path / "adapter")
    answers = by_name(model)
    assert differences(by_name(load_trained(tmp_path / "adapter")), answers) == []
    if method != "prompt_tuning" and names == NAMES:  # a new adapter changes nothing
        assert differences(answers, as_saved(found, SEQUENCE), tolerance=1e-5) == []
    config = transformers.AutoConfig.from_pretrained(tmp_path / "adapter")
    base = transformers.AutoModelForSequenceClassification.from_pretrained(
        found.path, config=config, ignore_mismatched_sizes=True
    )
    plain = peft.PeftModel.from_pretrained(base, tmp_path / "adapter")
    assert differences(by_name(plain), answers) == []
