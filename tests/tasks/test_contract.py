"""Every task keeps the same promises; a new one is found by its folder."""

import inspect

import pytest

from workbench import figures, language
from workbench.spec import find
from workbench.spec.run import TASKS
from workbench.tasks import load_task, served_by
from workbench.tasks.contract import Task


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
        assert all(name == name.lower() for name in role.usual_names), role.name


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


def test_every_public_function_of_a_task_has_a_sentence(task):
    for name in ("encode", "score", "evaluate", "baselines", "predictions"):
        assert inspect.getdoc(getattr(task, name)).endswith("."), name
