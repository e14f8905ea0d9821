"""Every verb stays a verb, whatever else of the package has been imported or called before."""

from importlib import import_module
from pkgutil import iter_modules, walk_packages
from types import FunctionType

import pytest

import workbench as wb
from tests.tiny_runs import make_rows, tiny_spec
from tests.tiny_tasks import tiny_task_spec
from workbench.spec import to_flat

VERBS = [name for name in wb.__all__ if name != "RunSpec"]


@pytest.mark.parametrize("package", ["workbench", "workbench.notebook"])
def test_no_module_has_the_name_of_a_verb(package):
    """Python puts an imported module in the place of whatever its package has of that name."""
    modules = {module.name for module in iter_modules(import_module(package).__path__)}
    assert modules.isdisjoint(VERBS)
    assert modules  # they were found


def test_all_verbs_are_functions_after_all_modules_were_imported():
    for module in walk_packages(wb.__path__, "workbench."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    notebook = import_module("workbench.notebook")
    for verb in VERBS:
        assert isinstance(getattr(wb, verb), FunctionType), verb
        assert getattr(wb, verb) is getattr(notebook, verb)


def test_an_earlier_name_of_a_verb_still_works_and_says_the_new_one():
    with pytest.warns(DeprecationWarning, match=r"wb\.suspects is called wb\.label_issues now"):
        assert wb.suspects is wb.label_issues
    assert "suspects" not in dir(wb)


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Return a call of each verb by its name, and by none."""
    home = tmp_path_factory.mktemp("verbs")
    spec = tiny_spec(home, **{"train.max_steps": 4})
    writer = tiny_task_spec(home / "writer", "text-generation", **{"train.max_steps": 2})
    reader = tiny_task_spec(
        home / "reader", "fill-mask", model=home / "tiny-bert", **{"train.max_steps": 2}
    )
    run, written = wb.train(spec), wb.train(writer)
    rows = [{"text": text, "label": label} for text, label in make_rows()]
    folders = iter(range(1000))
    return {
        "adapt": lambda: wb.adapt(reader, spec),
        "attach": lambda: wb.attach(run),
        "attend": lambda: wb.attend(run, "the film was wonderful"),
        "audit": lambda: wb.audit(rows),
        "clean": lambda: wb.clean(rows, ["whitespace"]),
        "compare": lambda: wb.compare(run, written),
        "evaluate": lambda: wb.evaluate(run),
        "label": lambda: wb.label(rows, journal=home / "labels.jsonl", who="ada"),
        "playground": lambda: wb.playground(written),
        "predict": lambda: wb.predict(run, ["the film was wonderful"]),
        "profile": lambda: wb.profile(rows),
        "report": lambda: wb.report(run),
        "split": lambda: wb.split(spec.data.source, home / f"split-{next(folders)}"),
        "start": lambda: wb.start(spec).wait(60),
        "studio": lambda: wb.studio(to_flat(spec)),
        "label_issues": lambda: wb.label_issues(run),
        "train": lambda: wb.train(spec),
        "trust": lambda: wb.trust(run),
    }


def test_all_verbs_are_called_one_after_another_and_back(calls, monkeypatch, tmp_path):
    assert sorted(calls) == sorted(VERBS)
    monkeypatch.chdir(tmp_path)
    for verb in [*calls, *reversed(calls)]:
        calls[verb]()
