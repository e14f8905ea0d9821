from workbench.models import estimate_memory


def test_weights_gradients_and_optimiser_take_sixteen_bytes_a_parameter():
    memory = estimate_memory(1000, layers=1, hidden_size=8, heads=2)
    assert (memory.weights, memory.gradients, memory.optimizer) == (4000, 4000, 8000)
    assert memory.train == 16_000 + memory.train_activations
    assert memory.run == 4000 + memory.run_activations


def test_activations_follow_the_stated_formula():
    memory = estimate_memory(
        0, layers=3, hidden_size=8, heads=2, batch=5, tokens=7, intermediate_size=16
    )
    assert memory.train_activations == 4 * 3 * (5 * 7 * (14 * 8 + 2 * 16) + 2 * 5 * 2 * 7 * 7)
    assert memory.run_activations == 4 * (5 * 7 * (4 * 8 + 2 * 16) + 5 * 2 * 7 * 7)


def test_what_says_words_holds_a_score_for_each_token_thrice_while_it_learns():
    measures = {"layers": 1, "hidden_size": 8, "heads": 2, "batch": 5, "tokens": 7}
    plain = estimate_memory(0, **measures)
    words = estimate_memory(0, **measures, vocabulary=1000)
    assert words.train_activations - plain.train_activations == 4 * 3 * 5 * 7 * 1000
    assert words.run_activations == 4 * 5 * 7 * 1000
    both = {**measures, "decoder_layers": 1, "written_tokens": 3}
    more = estimate_memory(0, **both, vocabulary=1000).train_activations
    assert more - estimate_memory(0, **both).train_activations == 4 * 3 * 5 * 3 * 1000


def test_training_takes_more_with_batch_tokens_and_layers():
    def train(**changes):
        measures = {"layers": 2, "hidden_size": 64, "heads": 4, "batch": 8, "tokens": 32}
        return estimate_memory(100_000, **(measures | changes)).train

    assert train() < train(batch=16) < train(batch=16, layers=4)
    # the attention's share grows with the square of the tokens
    assert train(tokens=64) - train() > train() - train(tokens=0)


def kept_by(model, tokens, **inputs):
    """Return the bytes that torch keeps for the backward pass, of eight rows."""
    import torch

    kept: dict[int, int] = {}
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(torch.ones(8, tokens, dtype=torch.long), **inputs).last_hidden_state
    assert output.requires_grad
    return sum(kept.values())


def test_the_activations_that_torch_keeps_are_near_the_estimate():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=100,
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=256,
        attn_implementation="eager",
    )
    kept = kept_by(BertModel(config).train(), tokens=64)
    estimate = estimate_memory(
        0, 4, 64, 4, batch=8, tokens=64, intermediate_size=256
    ).train_activations
    assert 0.8 < estimate / kept < 1.25


def test_what_a_decoder_beside_an_encoder_keeps_is_near_the_estimate():
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=100, hidden_size=64, num_hidden_layers=4, num_attention_heads=4,
        intermediate_size=256, attn_implementation="eager", is_decoder=True,
        add_cross_attention=True,
    )  # fmt: skip
    read = torch.rand(8, 96, 64, requires_grad=True)
    kept = kept_by(
        BertModel(config).train(), encoder_hidden_states=read, use_cache=False, tokens=48
    )
    estimate = estimate_memory(
        0, 0, 64, 4, batch=8, tokens=96, intermediate_size=256, decoder_layers=4, written_tokens=48
    ).train_activations
    assert 0.8 < estimate / kept < 1.25
