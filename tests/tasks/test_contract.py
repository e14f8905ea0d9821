"""Every task keeps the same promises; a new one is found by its folder."""

import ast
import inspect
from pathlib import Path

import pytest

import workbench
from workbench import figures, language
from workbench.spec import RunSpec, find
from workbench.spec.run import TASKS
from workbench.tasks import Task, load_task, served_by


@pytest.fixture(params=TASKS)
def task(request):
    return load_task(request.param)


def test_the_folder_holds_tasks():
    assert "text-classification" in TASKS


@pytest.mark.parametrize("name", TASKS)
def test_a_file_holds_the_task_of_its_name(name):
    task = load_task(name)
    assert isinstance(task, Task)
    assert task.name == name


def test_something_is_asked_and_roles_have_names_of_their_own(task):
    names = [role.name for role in task.roles]
    assert len(set(names)) == len(names)
    assert task.inputs
    known = set(names)
    assert {name for group in task.alternatives for name in group} <= known
    assert set(task.grouped_by) <= known
    if not task.alternatives:
        assert any(role.required for role in task.inputs)
    for role in task.roles:
        assert all(name == name.lower() for name in role.common_names), role.name


def test_the_loss_is_followed_and_falls(task):
    assert task.metric("loss").followed
    assert not task.metric("loss").greater_is_better
    assert len({metric.name for metric in task.metrics}) == len(task.metrics)


def test_what_stands_at_the_top_is_measured(task):
    known = {metric.name for metric in task.metrics}
    assert task.leading
    assert set(task.leading) <= known
    assert task.compared
    assert set(task.compared) <= known
    assert len({task.metric(name).share for name in task.compared}) == 1, "they share one axis"


@pytest.mark.parametrize("lang", language.LANGUAGES)
def test_metrics_and_columns_have_names_in_both_languages(task, lang):
    known = language.catalogue(lang)
    for metric in task.metrics:
        assert f"figures.metric.{metric.name}" in known
    for column in task.columns:
        assert f"report.column.{column.name}" in known


def test_its_figures_exist(task):
    for name in (*task.figures, *task.data_figures):
        assert callable(getattr(figures, name))


def test_its_options_and_losses_are_fields_and_choices_of_the_spec(task):
    for path in task.options:
        assert find(path) is not None
        assert task.name in served_by()[path]
    assert task.losses
    assert set(task.losses) <= set(find("train.loss").domain.choices)


def test_its_head_is_one_of_transformers(task):
    transformers = pytest.importorskip("transformers")
    assert hasattr(transformers, task.auto_class)


def test_every_method_of_a_task_has_a_sentence(task):
    for name, method in inspect.getmembers(task, inspect.ismethod):
        assert "." in inspect.getdoc(method), name


@pytest.mark.parametrize("kind", [None, "encoder", "decoder", "encoder-decoder"])
@pytest.mark.parametrize("answers", ["auto", "extractive", "generative"])
def test_whatever_the_model_what_a_task_says_of_itself_agrees(task, kind, answers):
    spec = RunSpec().replace({"model.answers": answers})
    done = task.for_model(spec, kind)
    heads = ("AutoModelForCausalLM", "AutoModelForSeq2SeqLM")
    assert (done.name, done.roles) == (task.name, task.roles)
    assert done.is_generative == (done.auto_class in heads)
    assert done.is_causal == (done.auto_class == heads[0])
    assert done.predicts_tokens == done.auto_class.endswith("LM")
    assert done.names_labels == any(role.kind in ("label", "labels") for role in done.roles)
    again = done.for_model(spec, kind)
    assert type(again) is type(done)
    assert vars(again) == vars(done)


def _texts(folder):
    """Yield each text in the code of a folder, with its file."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value


def test_nobody_else_knows_a_task_by_name_or_head():
    package = Path(workbench.__file__).parent
    for folder in package.iterdir():
        if folder.is_dir() and folder.name != "tasks":
            for path, text in _texts(folder):
                assert folder.name == "spec" or text not in TASKS, path
                if folder.name not in ("models", "sources"):
                    assert not text.startswith("AutoModelFor"), path
