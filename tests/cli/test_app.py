"""`workbench app`: Voilà shows the studio; and how a notebook knows whether somebody is there."""

import sys
from contextlib import suppress
from importlib import resources

import pytest

from workbench.cli import main, notebooks
from workbench.cli.notebooks import in_language
from workbench.errors import InputError
from workbench.notebook import kernel
from workbench.widgets import handles


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Return a folder with a notebook, and the programs that a command has become."""
    (tmp_path / "a.ipynb").write_text("{}", "utf-8")
    monkeypatch.chdir(tmp_path)
    became = []

    def execve(*about):
        became.append(about)
        raise SystemExit(0)  # it does not come back

    monkeypatch.setattr(notebooks.os, "execve", execve)
    monkeypatch.setattr(notebooks, "find_spec", lambda name: object())
    return became


@pytest.mark.skipif(sys.platform == "win32", reason="it becomes another process on POSIX alone")
def test_it_becomes_voila_with_the_root_of_the_studio(started, tmp_path):
    with suppress(SystemExit):
        main(["app", "a.ipynb", "--no-browser"])
    ((program, command, environment),) = started
    assert program == sys.executable
    assert command[1:] == ["-m", "voila", str(tmp_path / "a.ipynb"), "--no-browser"]
    assert environment["WORKBENCH_ROOT"] == str(tmp_path)


def test_without_voila_it_says_how_to_install_it(started, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "find_spec", lambda name: None)
    assert main(["app", "a.ipynb"]) == 2
    assert 'pip install "model-workbench[app]"' in capsys.readouterr().err
    assert started == []


def test_a_notebook_that_is_not_there_is_told(started, capsys):
    assert main(["app", "none.ipynb"]) == 2
    assert "no notebook 'none.ipynb'" in capsys.readouterr().err


@pytest.mark.parametrize(("wish", "live"), [("0", False), ("1", True)])
def test_workbench_live_overrides_what_is_detected(monkeypatch, wish, live):
    monkeypatch.setenv("WORKBENCH_LIVE", wish)
    monkeypatch.setattr(kernel, "is_app", lambda: True)
    assert kernel.is_live() is live


def test_workbench_live_is_0_or_1(monkeypatch):
    monkeypatch.setenv("WORKBENCH_LIVE", "yes")
    with pytest.raises(InputError, match="WORKBENCH_LIVE is 'yes'; set it to 1 where"):
        kernel.is_live()


def test_voila_is_known_by_the_name_that_it_gives_itself(monkeypatch):
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    assert not handles.is_app()
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert handles.is_app()


def test_in_an_app_a_place_is_a_widget_that_is_filled_and_emptied(monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    place = handles.make_place()
    place.update({"text/html": "<b>1</b>", "text/plain": "1"}, raw=True)
    (shown,) = place._output.outputs
    assert shown["data"]["text/html"] == "<b>1</b>"
    place.update(handles.NOTHING, raw=True)
    assert place._output.outputs == ()


SOURCE = (
    '## 2 · <span lang="en">Data</span><span class="wb-or"> · </span>'
    '<span lang="zh">数据</span>\n\n'
    '<span lang="en">Look at `rows`.</span>\n\n<span lang="zh">看 `rows`。</span>'
)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "## 2 · Data\n\nLook at `rows`."), ("zh", "## 2 · 数据\n\n看 `rows`。")],
)
def test_a_cell_in_two_languages_says_the_chosen_one(language, said):
    assert in_language(SOURCE, language) == said


def test_the_sheet_of_the_form_hides_the_other_language():
    sheet = resources.files("workbench.static").joinpath("form.css").read_text("utf-8")
    assert '[data-wb-language="zh"] .jp-RenderedMarkdown [lang="en"]' in sheet
