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


def test_training_takes_more_with_batch_tokens_and_layers():
    def train(**changes):
        measures = {"layers": 2, "hidden_size": 64, "heads": 4, "batch": 8, "tokens": 32}
        return estimate_memory(100_000, **(measures | changes)).train

    assert train() < train(batch=16) < train(batch=16, layers=4)
    # the attention's share grows with the square of the tokens
    assert train(tokens=64) - train() > train() - train(tokens=0)


def test_the_activations_that_torch_keeps_are_near_the_estimate():
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=100,
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=256,
        attn_implementation="eager",
    )
    model = BertModel(config).train()
    kept: dict[int, int] = {}
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(torch.ones(8, 64, dtype=torch.long)).last_hidden_state
    assert output.requires_grad
    estimate = estimate_memory(
        0, 4, 64, 4, batch=8, tokens=64, intermediate_size=256
    ).train_activations
    assert 0.8 < estimate / sum(kept.values()) < 1.25
