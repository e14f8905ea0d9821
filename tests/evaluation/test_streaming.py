"""The tokens of an answer while it is written, against the model's own logits and `generate`."""

from dataclasses import replace

import pytest
import torch

from tests.tasks.test_text_generation import CHAT, make_rows, write_spec
from tests.tiny_models import make_tiny_llama
from workbench import pipeline
from workbench.evaluation import sampling
from workbench.evaluation.playground import open_playground
from workbench.evaluation.streaming import TokenStream
from workbench.models import load_tokenizer

ASKED = "what was good?"


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    spec = write_spec(
        tmp_path_factory.mktemp("chat"), make_rows()[:16], CHAT,
        **{"train.max_steps": 20, "evaluate.baselines": False, "inspect.probes": []},
    )  # fmt: skip
    return open_playground(pipeline.train(spec))


def ask(playground, **changes):
    """Return the exchange, and the tokens of each model."""
    found = {"before": [], "after": []}
    playground.forget()
    defaults = sampling.defaults(playground.run.spec())
    exchange = playground.ask(
        ASKED, replace(defaults, **changes), lambda name, token: found[name].append(token)
    )
    return exchange, found


@pytest.mark.parametrize(
    "changes", [{}, {"temperature": 1.3, "seed": 3}, {"repetition_penalty": 1.4}]
)
def test_the_tokens_are_the_answer_and_hearing_them_changes_nothing(playground, changes):
    exchange, found = ask(playground, **changes)
    playground.forget()
    defaults = sampling.defaults(playground.run.spec())
    assert exchange == playground.ask(ASKED, replace(defaults, **changes))
    for name, answer in exchange.answers().items():
        assert "".join(one.text for one in found[name] if not one.special).strip() == answer


def test_probabilities_are_those_of_the_models_logits_at_each_place(playground):
    _, found = ask(playground)
    for name, model in (("before", playground.before), ("after", playground.after)):
        tokenizer = model.setup.tokenizer
        messages = [{"role": "user", "content": ASKED}]
        prompt = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        with torch.inference_mode():
            written = model.model.generate(
                **prompt, max_new_tokens=8, do_sample=False, output_logits=True,
                return_dict_in_generate=True,
            )  # fmt: skip
        assert len(found[name]) == len(written.logits)
        for token, logits in zip(found[name], written.logits, strict=True):
            expected = logits[0].float().softmax(-1)
            assert token.probability == pytest.approx(float(expected.max()), abs=1e-5)
            values = [share for _, share in token.candidates]
            assert values == pytest.approx(expected.topk(len(values)).values.tolist(), abs=1e-5)


def test_a_drawn_token_has_the_probability_of_itself_and_not_of_the_likeliest(playground):
    _, found = ask(playground, temperature=2.0, seed=1)
    below = [one for one in found["after"] if one.probability < one.candidates[0][1]]
    assert below


def test_an_answer_can_be_stopped(playground):
    whole = ask(playground)[1]["after"]
    heard = []
    playground.forget()
    playground.ask(ASKED, None, lambda name, token: heard.append(name), lambda: len(heard) >= 1)
    assert len(whole) > 2
    # `generate` looks at its criteria one token late.
    assert all(1 <= heard.count(name) <= 2 for name in ("before", "after"))


def test_beams_give_the_same_answer_and_no_tokens(playground):
    spec = playground.after.setup.spec.replace({"generate.num_beams": 2})
    setup = replace(playground.after.setup, spec=spec)
    model = replace(playground.after, setup=setup)
    heard = []
    stream = TokenStream(setup.tokenizer, heard.append)
    row = {"messages": [{"role": "user", "content": ASKED}]}
    assert model.ask([row], stream=stream) == model.ask([row])
    assert heard == []


def test_a_character_of_several_tokens_is_shown_when_it_is_complete(tmp_path):
    tokenizer = load_tokenizer(make_tiny_llama(tmp_path / "m"))
    ids = tokenizer("a天", add_special_tokens=False)["input_ids"]
    heard = []
    stream = TokenStream(tokenizer, heard.append)
    stream.put(torch.tensor([ids[:1]]))
    for one in ids:
        logits = torch.zeros(1, 1, len(tokenizer))
        logits[0, 0, ids] = 30.0
        stream._read_logits(None, None, type("Out", (), {"logits": logits}))
        stream.put(torch.tensor([one]))
    assert [one.text for one in heard] == ["a", "", "", "天"]
    assert all(one.probability == pytest.approx(1 / 4) for one in heard)
    # What could have stood there is named alone: a part of a character by its bytes.
    named = {name for name, share in heard[0].candidates if share > 0.1}
    assert named == {"a", "<0xE5>", "<0xA4>", "<0xA9>"}
