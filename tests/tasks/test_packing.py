"""Texts that fill a row together: none changes another, and the loss is that of each alone."""

import pytest
import torch

from tests.tiny_models import SENTENCES, make_tiny_llama
from tests.zoo.families import families
from workbench.errors import ModelError
from workbench.models import load_tokenizer
from workbench.spec import RunSpec
from workbench.tasks import Setup, load_task
from workbench.tasks._forward import forward
from workbench.tasks._guessing import IGNORED
from workbench.tasks._packing import keeps_apart, packed, require_apart

TASK = load_task("text-generation")

# Of each way in which a causal model knows places: turned, learned, by distance, as a state.
APART = (
    "llama", "gpt2", "gpt_neox", "gptj", "phi3", "qwen2", "qwen3", "qwen3_moe", "gemma2",
    "gemma3_text", "mistral", "mixtral", "olmoe", "granitemoe", "starcoder2", "deepseek_v3",
)  # fmt: skip
NOT_APART = (
    "bloom", "mpt", "opt", "mamba", "mamba2", "rwkv", "jamba", "recurrent_gemma", "qwen3_next",
    "bert", "roberta", "xlnet",
)  # fmt: skip


def rows(*lengths):
    return [
        {"row": n, "input_ids": list(range(10 * n, 10 * n + length)),
         "labels": [IGNORED, *range(10 * n + 1, 10 * n + length)]}
        for n, length in enumerate(lengths)
    ]  # fmt: skip


def test_whole_texts_fill_rows_and_places_begin_anew():
    found = packed(rows(5, 2, 4, 3, 8, 1), 8)
    assert [row["row"] for row in found] == [0, 1, 4]
    first, second, third = found
    assert first["position_ids"] == [*range(5), *range(3)]
    assert first["input_ids"] == [0, 1, 2, 3, 4, 30, 31, 32]
    assert second["position_ids"] == [*range(2), *range(4), 0]
    assert third["position_ids"] == list(range(8))
    assert [n for n, one in enumerate(second["labels"]) if one == IGNORED] == [0, 2, 6]
    every = sorted(one for row in found for one in row["input_ids"])
    assert every == sorted(one for row in rows(5, 2, 4, 3, 8, 1) for one in row["input_ids"])


def test_each_row_takes_what_fits_best():
    found = packed(rows(6, 5, 3, 2), 8)
    assert [row["input_ids"][0] for row in found] == [0, 10]
    assert [len(row["input_ids"]) for row in found] == [8, 8]


def model_of(model_type):
    (family,) = families(model_type, auto_class="AutoModelForCausalLM")
    return family.model(is_decoder=True) if model_type in ("bert", "roberta") else family.model()


def logits_of(model, *rows_of_texts):
    width = max(sum(map(len, row)) for row in rows_of_texts)
    ids, places = [], []
    for row in rows_of_texts:
        missing = width - sum(map(len, row))
        ids.append([one for text in row for one in text] + [0] * missing)
        places.append([place for text in row for place in range(len(text))] + [0] * missing)
    batch = {"input_ids": torch.tensor(ids), "position_ids": torch.tensor(places)}
    with torch.no_grad():
        return forward(model, batch).logits


ONE, OTHER, THIRD = list(range(20, 29)), list(range(60, 69)), list(range(100, 105))


@pytest.mark.parametrize("model_type", APART)
def test_what_a_neighbour_says_changes_nothing(model_type):
    model = model_of(model_type)
    assert keeps_apart(model)
    packed_rows = logits_of(model, [ONE, THIRD], [OTHER, THIRD, ONE])
    alone = [logits_of(model, [text])[0] for text in (ONE, OTHER, THIRD)]
    first, second = packed_rows
    for found, expected in (
        (first[:9], alone[0]), (first[9:14], alone[2]), (second[:9], alone[1]),
        (second[9:14], alone[2]), (second[14:23], alone[0]),
    ):  # fmt: skip
        assert torch.allclose(found, expected, atol=1e-4, rtol=1e-4)
    # It is no model that is blind altogether: within a text, what was said before counts.
    changed = logits_of(model, [[OTHER[0], *ONE[1:]]])[0]
    assert not torch.allclose(changed[-1], alone[0][-1], atol=1e-3)


@pytest.mark.parametrize("model_type", NOT_APART)
def test_a_model_that_reads_over_the_edges_is_refused(model_type):
    model = model_of(model_type)
    with pytest.raises(ModelError) as caught:
        require_apart(model)
    assert str(caught.value) == (
        f"data.packing: a {model.config.model_type} model reads each text of a row together with "
        "those before it; set data.packing to false"
    )


def test_trying_leaves_no_trace():
    model = model_of("llama").train()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    state = torch.get_rng_state()
    assert keeps_apart(model)
    assert model.training
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_the_loss_of_packed_texts_is_that_of_the_texts_alone(tmp_path):
    from transformers import AutoModelForCausalLM

    folder = make_tiny_llama(tmp_path / "llama")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), load_tokenizer(folder)
    columns = {"text": list(SENTENCES[:8]), "row": list(range(8))}

    def loss_of(packing):
        spec = RunSpec().replace(
            {"task": "text-generation", "data.max_tokens": 60, "data.packing": packing}
        )
        setup = Setup(spec, tokenizer, [], 60)
        found = TASK.encode(columns, setup, True)
        encoded = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
        batch = TASK.collate(encoded, setup)
        with torch.no_grad():
            return len(encoded), TASK.reduce_logits(
                forward(model, batch).logits, batch["labels"]
            ).sum(0)

    (rows_alone, alone), (rows_together, together) = loss_of(False), loss_of(True)
    assert rows_together < rows_alone == 8
    assert torch.allclose(alone, together, rtol=1e-5)
    assert alone[1] > 50
