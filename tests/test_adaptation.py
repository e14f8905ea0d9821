"""Both steps of an adaptation, and the second alone, on a tiny BERT."""

import contextlib
import io
import json

import pytest
from safetensors.torch import load_file

from tests.tiny_runs import make_rows, tiny_spec
from workbench.cli import main
from workbench.errors import RunError
from workbench.runs import open_run
from workbench.spec import to_yaml

SHORT = {"train.max_steps": 6, "train.eval_steps": 3, "inspect.probes": []}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with both steps as files, and the three runs that they make."""
    folder = tmp_path_factory.mktemp("home")
    second = tiny_spec(folder, **SHORT, **{"output.run_name": "mood"})
    (folder / "texts.txt").write_text("\n\n".join(text for text, _ in make_rows()), "utf-8")
    reading = {"task": "fill-mask", "data.source": str(folder / "texts.txt"), "data.columns": {}}
    first = second.replace(reading | {"output.run_name": ""})
    for name, spec in (("read", first), ("mood", second)):
        (folder / f"{name}.yaml").write_text(to_yaml(spec), "utf-8")
    return folder


@pytest.fixture(scope="module")
def answer(home):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        steps = [str(home / "read.yaml"), str(home / "mood.yaml")]
        page = str(home / "both.html")
        assert main(["adapt", *steps, "--set", "train.seed=3", "--html", page, "--json"]) == 0
    return json.loads(said.getvalue())


def test_the_second_step_is_trained_alone_and_from_the_first(home, answer):
    runs = {name: open_run(path) for name, path in answer["paths"].items()}
    assert [run.name for run in runs.values()] == ["mood-reading", "mood-plain", "mood-adapted"]
    plain, adapted = runs["without"].spec(), runs["adapted"].spec()
    assert adapted.model.source == str(runs["reading"].path.absolute())
    assert plain.replace({"model.source": adapted.model.source}) == adapted
    assert plain.train.seed == 3
    assert runs["adapted"].record()["parent"]["run"] == "mood-reading"


def test_the_answer_has_both_scores_on_the_same_rows_and_the_error_of_their_difference(answer):
    assert answer["rows"] == 24
    score = answer["scores"]["accuracy"]
    assert score["difference"] == pytest.approx(score["second"] - score["first"])
    assert score["difference_error"] >= 0


def test_the_adapted_model_begins_with_the_pooler_of_the_first(home, answer):
    model = open_run(answer["paths"]["reading"]).model_path / "model.safetensors"
    kept, base = load_file(model), load_file(home / "tiny-bert" / "model.safetensors")
    assert kept["bert.pooler.dense.weight"].equal(base["pooler.dense.weight"])
    assert "pooler" not in open_run(answer["paths"]["adapted"]).record()["new_weights"]


def test_one_figure_shows_both_in_the_report_and_on_the_page(home, answer):
    report = (open_run(answer["paths"]["adapted"]).report_path).read_text("utf-8")
    page = (home / "both.html").read_text("utf-8")
    title = "Validation scores of the runs: Accuracy"
    assert title in report
    assert title in page
    plain = open_run(answer["paths"]["without"]).report_path.read_text("utf-8")
    assert title not in plain


def test_a_run_that_has_read_need_not_read_again(home, answer, capsys):
    steps = [answer["paths"]["reading"], str(home / "mood.yaml")]
    assert main(["adapt", *steps, "--set", "output.run_name=again", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["paths"]["reading"] == answer["paths"]["reading"]


def test_steps_from_different_models_are_refused_before_anything_is_trained(home, capsys):
    steps = [str(home / "read.yaml"), "quickstart", "--set", f"output.runs_dir={home / 'none'}"]
    assert main(["adapt", *steps]) == 2
    said = capsys.readouterr().err
    assert "the second from wheel:minilm" in said
    assert "--set model.source=" in said
    assert not (home / "none").exists()


def test_names_that_are_taken_are_refused_before_anything_is_trained(home, answer):
    from workbench.adaptation import adapt
    from workbench.spec import load

    first, second = load(home / "read.yaml"), load(home / "mood.yaml")
    with pytest.raises(RunError, match=r"mood-plain already; give another output\.run_name"):
        adapt(first, second, train=lambda spec: pytest.fail("trained"))
