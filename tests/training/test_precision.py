"""The number format: chosen by the hardware, and the reason given."""

import pytest

from workbench.training.precision import choose_precision


@pytest.fixture
def processor(monkeypatch):
    def equip(**units):
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)

    return equip


def measured(monkeypatch, **speeds):
    monkeypatch.setattr("workbench.training.precision._product_speed", speeds.__getitem__)


def test_auto_takes_bf16_where_the_processor_gains_by_it(processor, monkeypatch):
    processor(avx512_bf16=True)
    measured(monkeypatch, float32=80.0, bfloat16=280.0)
    precision = choose_precision()
    assert (precision.name, precision.device) == ("bf16", "cpu")
    assert precision.reason == (
        "the processor has avx512_bf16; measured 280 GFLOP/s in bf16, 80 in fp32"
    )


def test_auto_stays_with_fp32_where_bf16_instructions_are_slower(processor, monkeypatch):
    processor(avx512_bf16=True)
    measured(monkeypatch, float32=300.0, bfloat16=170.0)
    assert choose_precision().name == "fp32"
    assert "170 GFLOP/s in bf16" in choose_precision().reason


def test_the_measurement_is_of_this_machine():
    from workbench.training.precision import _product_speed

    assert 0.1 < _product_speed("float32") < 1e6


def test_auto_stays_with_fp32_elsewhere(processor):
    processor(avx2=True)
    assert choose_precision().name == "fp32"
    assert "no bf16" in choose_precision().reason


def test_fp16_without_a_gpu_becomes_fp32_and_says_so(processor):
    processor()
    precision = choose_precision("fp16")
    assert precision.name == "fp32"
    assert "needs a CUDA GPU" in precision.reason


def test_a_wish_is_followed(processor):
    processor(avx512_bf16=True)
    assert choose_precision("fp32").name == "fp32"


def test_a_narrow_model_stays_in_fp32_unless_bf16_is_asked_for(processor, monkeypatch):
    processor(avx512_bf16=True)
    measured(monkeypatch, float32=80.0, bfloat16=280.0)
    narrow = choose_precision(width=128)
    assert narrow.name == "fp32"
    assert "hidden size of 128" in narrow.reason
    assert choose_precision(width=384).name == "bf16"
    assert choose_precision("bf16", width=128).name == "bf16"
