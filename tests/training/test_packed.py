"""Packed runs: what cannot keep texts apart is refused, and old ones are not gone on with."""

import pytest

from tests.tiny_models import SENTENCES, make_tiny_bert, make_tiny_llama
from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.errors import ModelError, RunError
from workbench.runs import RunFolder
from workbench.spec import SpecError
from workbench.training.prepare import prepare


def spec_of(folder, make, **changes):
    (folder / "rows.txt").write_text("\n".join(SENTENCES * 4), "utf-8")
    changes = {
        "task": "text-generation", "data.source": str(folder / "rows.txt"), "data.packing": True,
        "model.source": str(make(folder / "m")), "data.max_tokens": 40,
        "data.columns": {}, "generate.max_new_tokens": 4, **changes,
    }  # fmt: skip
    return tiny_spec(folder, **changes)


def test_a_model_that_reads_over_the_edges_is_refused_before_the_first_step(tmp_path):
    prepared = prepare(spec_of(tmp_path, make_tiny_bert))
    with pytest.raises(ModelError, match="a bert model reads each text of a row together"):
        prepared.new_model()


def test_learned_prompts_do_not_go_with_packing(tmp_path):
    spec = spec_of(tmp_path, make_tiny_llama, **{"adapter.peft_method": "prompt_tuning"})
    with pytest.raises(SpecError, match="prompt_tuning cannot separate the texts of a packed row"):
        prepare(spec)


def test_a_packed_run_of_an_earlier_version_is_not_gone_on_with(tmp_path):
    from workbench.spec import dump_tree, to_yaml

    spec = spec_of(tmp_path, make_tiny_llama)
    text = to_yaml(spec) + "\n" + dump_tree({"record": {}})
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "events.jsonl").touch()
    (folder / "spec.yaml").write_text(
        "\n".join(line for line in text.splitlines() if "special_tokens_in_text" not in line)
    )
    with pytest.raises(RunError, match="packed texts that could attend to earlier ones"):
        pipeline.require_resumable(RunFolder(folder))
    (folder / "spec.yaml").write_text(text)
    pipeline.require_resumable(RunFolder(folder))
