"""Each recipe through papermill, for thirty steps.

Those that need nothing but the package index learn from their own data. The others learn from a
few rows in the form of the file that the user gives, or of the hub's; in place of the hub's model
stands a tiny one of its architecture.
"""

import json

import pytest
from tiers import ROOT

from tests.tiny_models import make_tiny_bert, make_tiny_llama
from tests.tiny_writers import make_tiny_m2m, make_tiny_marian
from workbench.cli import main
from workbench.runs import RunFolder, read_state
from workbench.spec import load, recipe_names, to_yaml
from workbench.tasks import load_task

BUILT_IN = [
    name
    for name in recipe_names()
    if name != "quickstart"  # test_studio.py runs it whole
    and load(name).data.source.startswith("wheel:")
    and load(name).model.source.startswith(("wheel:", "scratch:"))
]
SHORT = {
    "data.max_train_rows": 100, "data.max_validation_rows": 16, "data.max_tokens": 32,
    "train.max_steps": 30, "train.eval_steps": 30, "train.per_device_train_batch_size": 2,
    "evaluate.baselines": False, "output.run_name": "short", "output.language": "en",
}  # fmt: skip
pytestmark = [pytest.mark.notebook, pytest.mark.wheel]


def articles(*questions, **about):
    """Return questions on one passage as SQuAD's file has them."""
    context = "the film was wonderful and the crew was kind"
    asked = [
        {"id": str(n), "question": f"what was {word}?", **more}
        for n in range(6) for word, more in questions
    ]  # fmt: skip
    passages = [{"context": f"{context} {n}", "qas": asked, **about} for n in range(3)]
    return json.dumps({"data": [{"paragraphs": passages}]})


def found(text, start, impossible=False):
    return {"answers": [{"text": text, "answer_start": start}], "is_impossible": impossible}


def lines(row, count=40):
    return "".join(f"{row(n)}\n" for n in range(count))


def review(n):
    return f"{n % 2},送餐{'很快' if n % 2 else '太慢'}，这家店我们已经点过{n}次了"


def paraphrase(n):
    return (
        f'{n % 2}\t{n}\t{n + 1}\tThe crew "was kind {n}.\tThe crew was {("late", "kind")[n % 2]}.'
    )


def instruction(n):
    return {"instruction": f"Name {n} colours.", "input": "", "output": "red and blue " * 4}


CJRC = {"cjrc/dev_ground_truth.json": articles(
    ("wonderful", found("film", 4, "false")), ("kind", found("YES", -1, "false")),
    ("late", {"answers": [], "is_impossible": "true"}), casename="",
)}  # fmt: skip
STSB_ZH = {
    f"stsb_zh/{split}.csv": lines(
        lambda n: f"有 {n} 人 在 弹琴,有 {n} 人 在 唱歌，都很好,{n % 6}.0\r", 60
    )
    for split in ("train", "dev")
}
GOOD_FILMS = "部电影很好，我们都很喜欢。"
TATOEBA_ZH = {
    "cmn-eng/cmn.txt": lines(lambda n: f"{n} films are good.\t{n}{GOOD_FILMS}\tCC-BY (France)")
}
TATOEBA_JA = {
    "tatoeba/zh-ja.tsv": lines(lambda n: f"{n}\t{n}{GOOD_FILMS}\t{n + 9}\t{n}本の映画は良い。", 60)
}
INSTRUCTIONS = json.dumps([instruction(n) for n in range(40)])
ALPACA = {"alpaca/train.jsonl": lines(lambda n: json.dumps(instruction(n)))}

# The files of a recipe, by their paths, and what stands in for its model.
GIVEN = {
    "alpaca": ({"alpaca/alpaca_data.json": INSTRUCTIONS}, make_tiny_llama),
    "alpaca-zh": ({"alpaca/alpaca_data_zh.json": INSTRUCTIONS}, None),
    "alpaca-zh-qwen": (ALPACA, make_tiny_llama),
    "cjrc-zh": (CJRC, make_tiny_bert),
    "cjrc-zh-bert": (CJRC, make_tiny_bert),
    "hotel-reviews-zh": (
        {"ChnSentiCorp_htl_all.csv": "label,review\n" + lines(review, 120)}, make_tiny_bert
    ),
    "mrpc": ({
        f"mrpc/msr_paraphrase_{split}.txt": (
            "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n" + lines(paraphrase)
        ) for split in ("train", "test")
    }, None),
    "names-zh": ({"msra_test_bio.txt": lines(
        lambda n: f"王\tB-PER\n明{n}\tI-PER\n在\tO\n上\tB-LOC\n海\tI-LOC\n"
    )}, make_tiny_bert),
    "policyqa": ({"policyqa/train.json": articles(
        ("wonderful", found("film", 4)), ("kind", found("crew", 31)),
    )}, make_tiny_bert),
    "sms-spam": ({"sms_spam/SMSSpamCollection": lines(
        lambda n: f"{'ham' if n % 4 else 'spam'}\tThe \"film was good {n}"
    )}, make_tiny_bert),
    "squad": ({
        f"squad/{split}-v1.1.json": articles(
            ("wonderful", found("film", 4)), ("kind", found("crew", 31)),
        ) for split in ("train", "dev")
    }, None),
    "sst2": ({
        f"sst2/{split}.tsv": lines(lambda n: f"{n % 2}\tthe film was {('slow', 'good')[n % 2]} {n}")
        for split in ("train", "dev")
    }, None),
    "sst2-bert": ({
        f"sst2/{split}.jsonl": lines(
            lambda n: json.dumps({"sentence": f"the film was good {n}", "label": n % 2})
        ) for split in ("train", "validation")
    }, make_tiny_bert),
    "stsb": ({
        f"stsb_en/{split}.csv": lines(lambda n: f"a man {n},a crew {n},{n % 6}.0\r")
        for split in ("train", "dev")
    }, None),
    "stsb-zh": (STSB_ZH, make_tiny_bert),
    "stsb-zh-bge": (STSB_ZH, make_tiny_bert),
    "takeaway-reviews-zh": (
        {"waimai_10k.csv": "label,review\n" + lines(review, 120)}, make_tiny_bert
    ),
    "tatoeba-en-zh-marian": (TATOEBA_ZH, make_tiny_marian),
    "tatoeba-zh-ja-m2m100": (TATOEBA_JA, make_tiny_m2m),
    "wnut17": ({
        f"wnut17/{name}.conll": lines(lambda n: f"Paris{n}\tB-location\nis\tO\ngood\tO\n")
        for name in ("wnut17train", "emerging.dev")
    }, None),
}  # fmt: skip


def given(name, folder):
    """Write the files of a recipe to a folder, and return what of it must be changed."""
    files, make_model = GIVEN[name]
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, "utf-8", newline="")
    changes = {"model.source": str(make_model(folder / "model"))} if make_model else {}
    if not (folder / load(name).data.source).exists():  # it is a hub id
        changes["data.source"] = str((folder / next(iter(files))).parent)
    return changes


def test_no_recipe_is_left_out():
    assert {*BUILT_IN, *GIVEN, "quickstart"} == set(recipe_names())


@pytest.mark.parametrize("name", [*BUILT_IN, *GIVEN])
def test_a_recipe_runs_from_notebook_to_report(name, tmp_path, monkeypatch, capsys):
    recipe = load(name)
    writes = "generate.max_new_tokens" in load_task(recipe.task).options
    short = SHORT | ({"generate.max_new_tokens": 12} if writes else {})
    if recipe.model.source == "wheel:smollm2":  # its prompt alone takes more than 32 tokens
        short |= {"data.max_tokens": 96}
    if name in GIVEN:
        short |= given(name, tmp_path)
    spec = tmp_path / "spec.yaml"
    spec.write_text(to_yaml(recipe.replace(short)), "utf-8")
    studio = str(ROOT / "notebooks" / "studio.ipynb")
    monkeypatch.chdir(tmp_path)
    assert main(["run", studio, "-f", str(spec)]) == 0, capsys.readouterr().err
    run = RunFolder(tmp_path / "runs" / "short")
    state = read_state(run)
    assert (state.status, state.step) == ("finished", 30)
    metrics = run.metrics()
    assert metrics["rows"] > 0
    assert metrics["metrics"]["loss"] > 0
    assert run.report_path.stat().st_size > 50_000
