"""Runs of earlier versions stay what they were, though a setting came later."""

from workbench.runs import RunFolder
from workbench.spec import RunSpec, dump_tree, load, to_yaml


def write_run(folder, task, without):
    folder.mkdir()
    spec = RunSpec().replace({"task": task})
    text = to_yaml(spec) + "\n" + dump_tree({"record": {"labels": []}})
    lines = [line for line in text.splitlines() if line.strip().partition(":")[0] not in without]
    (folder / "spec.yaml").write_text("\n".join(lines), "utf-8")
    return RunFolder(folder)


LATER = ("special_tokens_in_text", "assistant_turns")


def test_a_run_without_the_setting_did_what_its_version_did(tmp_path):
    run = write_run(tmp_path / "old", "text-generation", LATER)
    for spec in (run.spec(), load(run.path), load(run.path / "spec.yaml")):
        assert spec.data.special_tokens_in_text == "keep"
        assert spec.train.assistant_turns == "last"


def test_other_tasks_get_no_setting_that_is_not_theirs(tmp_path):
    spec = write_run(tmp_path / "old", "text-classification", LATER).spec()
    assert spec.data.special_tokens_in_text == "keep"
    assert spec.train.assistant_turns == RunSpec().train.assistant_turns


def test_a_run_with_the_setting_is_read_as_written(tmp_path):
    spec = write_run(tmp_path / "new", "text-generation", ()).spec()
    assert spec == RunSpec().replace({"task": "text-generation"})


def test_a_spec_that_somebody_wrote_takes_the_defaults(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("task: text-generation\ndata: {max_tokens: 64}\n", "utf-8")
    assert load(file).data.special_tokens_in_text == "plain"
