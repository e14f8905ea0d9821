"""What leaves a run answers as the run: the core of `tests/correctness/exports.py`."""

import pytest

from tests.correctness.exports import ADAPTERS, ASK, FORMATS, matrix, probes_of
from workbench.export import KINDS
from workbench.spec import find
from workbench.spec.run import TASKS
from workbench.tasks import load_task

PROBES = 8
CORE = (
    ("text-classification", "lora"),
    ("text-classification", "prompt_tuning"),
    ("text-regression", "none"),
    ("text-regression", "dora"),
    ("token-classification", "ia3"),
    ("question-answering", "none"),
    ("summarization", "lora"),
    ("translation", "none"),
    ("text-generation", "lora"),
    ("fill-mask", "none"),
)


@pytest.mark.parametrize(("task", "adapter"), CORE)
def test_folder_and_merged_answer_as_the_run(task, adapter, tmp_path):
    folder, merged = matrix(tmp_path, [task], [adapter], ["folder", "merged"], PROBES)
    assert folder.verdict == "passed", folder
    if adapter == "none":
        assert "has no adapter, so there is nothing to merge" in merged.why
    elif adapter == "prompt_tuning":
        assert "prompt tuning changes no weights" in merged.why
    else:
        assert merged.verdict == "passed", merged


@pytest.mark.parametrize("task", ["text-regression"])
def test_a_graph_answers_as_the_run(task, tmp_path):
    pytest.importorskip("onnxruntime")
    (graph,) = matrix(tmp_path, [task], ["lora"], ["onnx"], PROBES)
    assert graph.verdict == "passed", graph


def test_the_matrix_has_every_task_adapter_and_format():
    assert set(ASK) == set(TASKS)
    assert set(FORMATS) == set(KINDS) - {"card", "script"}  # a script: test_script.py
    assert set(ADAPTERS) == set(find("adapter.peft_method").domain.choices)
    assert all(len({str(one) for one in probes_of(name, 200)}) > 100 for name in ASK)
    assert {load_task(task).auto_class for task, _ in CORE} == {
        load_task(task).auto_class for task in ASK
    }
