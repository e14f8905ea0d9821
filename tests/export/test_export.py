"""What leaves a run: folder, merged model, ONNX graph, card; and what goes to the hub."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from stand_in_hub import stand_in_hub

from tests.models.test_heads import fine_tuned
from tests.tiny_models import make_tiny_bert
from tests.tiny_runs import tiny_spec
from tests.tiny_writers import WRITERS
from workbench import pipeline
from workbench.cli import main
from workbench.errors import InputError, ModelError, RunError
from workbench.evaluation.run import predict_texts
from workbench.export import KINDS, export_run, graph
from workbench.export.card import cell, model_card_text
from workbench.export.hub import require_repository
from workbench.export.sample import answers, sample
from workbench.models import load_model, load_tokenizer, load_trained
from workbench.runs import RunFolder
from workbench.sources import find_model

ROOT = Path(__file__).parents[2]
SEQ2SEQ = "AutoModelForSeq2SeqLM"
TEXTS = ["the film was wonderful", "the food was terrible"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    make_tiny_bert(home / "tiny-bert", spread=0.3)
    return home


def trained(home, name, **changes):
    short = {"train.max_steps": 6, "train.eval_steps": 3, "output.run_name": name}
    return pipeline.train(tiny_spec(home, **short, **changes))


@pytest.fixture(scope="module")
def plain(home):
    return trained(home, "plain")


@pytest.fixture(scope="module")
def lora(home):
    return trained(home, "lora", **{"adapter.peft_method": "lora"})


def outputs(folder):
    model = load_trained(folder)
    return answers(model, sample(model, load_tokenizer(folder)))


def front_matter(text):
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def test_a_folder_holds_the_model_and_its_card_and_nothing_of_the_run(plain):
    exported = export_run(plain, "folder")
    assert exported.path == plain.path / "export" / "folder"
    assert exported.files == [
        "README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    for one, two in zip(outputs(exported.path), outputs(plain.model_path), strict=True):
        assert torch.equal(one, two)


def test_of_a_run_with_an_adapter_the_folder_holds_the_adapter(lora):
    exported = export_run(lora, "folder")
    assert "adapter_model.safetensors" in exported.files
    assert "model.safetensors" not in exported.files
    adapter = json.loads((exported.path / "adapter_config.json").read_text("utf-8"))
    assert adapter["base_model_name_or_path"] == "tiny-bert"


def test_peft_alone_reads_the_folder_as_the_card_says(lora, home):
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForSequenceClassification

    folder = export_run(lora, "folder").path
    base = AutoModelForSequenceClassification.from_pretrained(
        home / "tiny-bert",
        config=AutoConfig.from_pretrained(folder),
        ignore_mismatched_sizes=True,
    )
    model = PeftModel.from_pretrained(base, folder).eval()
    given = answers(model, sample(model.get_base_model(), load_tokenizer(folder)))
    for one, two in zip(given, outputs(lora.model_path), strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("kind", ["folder", "merged"])
def test_nothing_that_leaves_names_a_folder_of_this_machine(kind, lora, home):
    exported = export_run(lora, kind)
    for file in exported.path.iterdir():
        if file.suffix != ".safetensors":
            assert str(home) not in file.read_text("utf-8"), file.name


def test_merged_is_a_whole_model_that_answers_the_same(lora, tmp_path):
    exported = export_run(lora, "merged", tmp_path / "merged")
    assert "adapter_config.json" not in exported.files
    assert "model.safetensors" in exported.files
    assert exported.largest_difference < 1e-5
    for one, two in zip(outputs(exported.path), outputs(lora.model_path), strict=True):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-4)


def test_a_merged_model_can_be_fine_tuned_further(lora, home):
    merged = export_run(lora, "merged").path
    further = trained(home, "further", **{"model.source": str(merged)})
    assert further.record().get("new_weights", "") == ""


def test_without_an_adapter_there_is_nothing_to_merge(plain):
    with pytest.raises(ModelError) as caught:
        export_run(plain, "merged")
    assert str(caught.value) == (
        "the run plain has no adapter, so there is nothing to merge; export it with --to folder"
    )
    assert not (plain.path / "export" / "merged").exists()


def test_the_onnx_graph_answers_as_the_run(lora, tmp_path):
    ort = pytest.importorskip("onnxruntime")
    exported = export_run(lora, "onnx", tmp_path / "onnx")
    assert "model.onnx" in exported.files
    assert not any(name.endswith(".safetensors") for name in exported.files)
    assert exported.largest_difference < 1e-5
    session = ort.InferenceSession(str(exported.path / "model.onnx"))
    tokenizer = load_tokenizer(exported.path)
    wanted = [one["probabilities"] for one in predict_texts(lora, TEXTS)]
    for text, expected in zip(TEXTS, wanted, strict=True):
        inputs = tokenizer([text], return_tensors="np")
        [logits] = session.run(None, dict(inputs))
        given = torch.softmax(torch.from_numpy(logits[0]), -1).tolist()
        assert given == pytest.approx(expected, abs=1e-5)


def test_t5_becomes_a_graph_that_writes_the_same(tmp_path):
    ort = pytest.importorskip("onnxruntime")
    model = load_model(find_model(str(WRITERS["t5"](tmp_path / "t5"))), SEQ2SEQ, [], 1).eval()
    tokenizer = load_tokenizer(tmp_path / "t5")
    path = tmp_path / "model.onnx"
    assert graph.write_checked(model, tokenizer, path) < 1e-5
    inputs = {one.name: one.shape for one in ort.InferenceSession(str(path)).get_inputs()}
    assert inputs["input_ids"][1] != inputs["decoder_input_ids"][1]  # as long as each happens to be
    other = load_model(find_model(str(tmp_path / "t5")), SEQ2SEQ, [], 1).eval()
    with torch.no_grad():
        other.shared.weight.copy_(other.shared.weight.flip(0))
    with pytest.raises(ModelError, match="the ONNX graph generates other text than the model"):
        graph.require_same_words(other, path, sample(other, tokenizer))


@pytest.mark.parametrize("kind", ["bart", "t5"])
def test_a_classifier_with_a_decoder_becomes_a_graph_whatever_it_is_padded_to(kind, tmp_path):
    ort = pytest.importorskip("onnxruntime")
    found = fine_tuned(tmp_path, kind, "AutoModelForSequenceClassification", ["a", "b", "c"])
    model = load_model(found, "AutoModelForSequenceClassification", ["a", "b", "c"], 1).eval()
    tokenizer = load_tokenizer(tmp_path)
    assert graph.write_checked(model, tokenizer, tmp_path / "model.onnx") < 1e-5
    session = ort.InferenceSession(str(tmp_path / "model.onnx"))
    texts = [*TEXTS, "good", "the film was late and the food was terrible, so it was the worst"]
    batch = tokenizer(texts, padding=True, return_tensors="np")
    [given] = session.run(None, {one.name: batch[one.name] for one in session.get_inputs()})
    for text, logits in zip(texts, given, strict=True):
        with torch.no_grad():
            alone = model(**tokenizer(text, return_tensors="pt")).logits[0].tolist()
        assert logits.tolist() == pytest.approx(alone, abs=1e-5)


def test_a_model_that_heeds_padding_is_no_graph(tmp_path):
    found = fine_tuned(tmp_path, "xlnet", "AutoModelForSequenceClassification", ["a", "b"])
    model = load_model(found, "AutoModelForSequenceClassification", ["a", "b"], 1).eval()
    with pytest.raises(ModelError, match="the answers of a xlnet model change with padding"):
        graph.write_checked(model, load_tokenizer(tmp_path), tmp_path / "model.onnx")


def test_what_onnx_needs_is_named(plain, monkeypatch):
    monkeypatch.setattr(graph, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        export_run(plain, "onnx")
    assert str(caught.value) == (
        'export to ONNX needs onnx, onnxscript, onnxruntime; pip install "model-workbench[onnx]"'
    )


def test_a_graph_that_answers_otherwise_is_refused(plain, monkeypatch):
    monkeypatch.setattr(graph, "_export", lambda *_: None)
    monkeypatch.setattr(graph, "_difference", lambda *_: float("nan"))
    with pytest.raises(ModelError, match=r"gives other answers than the model \(by up to nan\)"):
        export_run(plain, "onnx")


def test_the_card_tells_the_hub_what_it_is(plain, home):
    exported = export_run(plain, "card")
    assert exported.files == ["README.md"]
    facts, body = front_matter((exported.path / "README.md").read_text("utf-8"))
    assert facts["pipeline_tag"] == "text-classification"
    assert facts["library_name"] == "transformers"
    [result] = facts["model-index"][0]["results"]
    scores = plain.metrics()["metrics"]
    given = {one["type"]: one["value"] for one in result["metrics"]}
    assert given["accuracy"] == scores["accuracy"]
    assert result["dataset"]["name"] == "rows.csv"
    assert "license" not in facts
    assert "licence of the base model is unknown" in body
    assert f"| Accuracy | {scores['accuracy']:.4f} |" in body
    assert "learning_rate: 0.005" in body
    assert str(home) not in body, "folders of this machine are nobody's affair"


def test_the_card_of_an_adapter_says_so(lora):
    facts, body = front_matter((export_run(lora, "card").path / "README.md").read_text("utf-8"))
    assert facts["library_name"] == "peft"
    assert "Only an adapter (lora) was trained: " in body
    assert "PeftModel.from_pretrained" in body


def test_the_card_names_base_and_licence_of_the_catalogue(plain, tmp_path):
    run = RunFolder(tmp_path / "copy")
    run.path.mkdir()
    spec = plain.spec().replace({"model.source": "wheel:minilm", "data.source": "wheel:tweets"})
    run.write_spec(spec, plain.record())
    facts, body = front_matter(model_card_text(run))
    assert facts["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert facts["license"] == "apache-2.0"
    assert facts["language"] == ["en"]
    assert "MIT (package); texts belong to their authors" in body


def test_the_card_speaks_the_language_of_the_run(plain, tmp_path):
    run = RunFolder(tmp_path / "copy")
    run.path.mkdir()
    run.write_spec(plain.spec().replace({"output.language": "zh"}), plain.record())
    assert "## 局限" in model_card_text(run)


def test_text_from_data_makes_nothing_of_a_card():
    assert cell("a|b\n<script>*x*") == r"a\|b \<script\>\*x\*"


def test_a_folder_that_is_not_empty_is_left_alone(plain, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="is not empty; name a new folder"):
        export_run(plain, "card", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_without_a_model_is_refused(plain, tmp_path):
    run = RunFolder(tmp_path)
    run.write_spec(plain.spec(), {})
    with pytest.raises(RunError, match="has no model to export"):
        export_run(run, "folder")


def test_the_command_writes_it_and_says_where(plain, capsys):
    assert main(["export", str(plain.path), "--to", "card", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["files"] == ["README.md"]
    assert Path(answer["path"]).is_dir()
    assert answer["pushed_to"] == ""
    assert main(["export", str(plain.path), "--to", "folder"]) == 0
    assert "model.safetensors" in capsys.readouterr().out


def test_the_command_knows_all_kinds():
    from workbench.cli.exporting import KINDS as NAMED

    assert tuple(NAMED) == KINDS


# The hub, through a local stand-in, in child processes: its library reads its settings once.


def export(run, endpoint, *arguments, **settings):
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("HF_", "HUGGING"))}
    hub = {"HF_ENDPOINT": endpoint, "HF_HOME": str(run.path / "hf"), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "workbench", "export", str(run.path), *arguments],
        capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False,
        env=kept | hub | settings,
    )  # fmt: skip


@pytest.fixture
def hub(tmp_path):
    with stand_in_hub(tmp_path / "hub") as hub:
        yield hub


def test_a_push_uploads_the_folder_privately(lora, hub):
    done = export(lora, hub.endpoint, "--push", "me/mood", HF_TOKEN="hf_x")
    assert done.returncode == 0, done.stderr
    assert f"pushed to {hub.endpoint}/me/mood" in done.stdout
    assert hub.private["me/mood"]
    names = {path.name for path in hub.files("models", "me/mood")}
    assert {"README.md", "adapter_model.safetensors", "adapter_config.json"} <= names
    sent = hub.folder("models", "me/mood") / "adapter_model.safetensors"
    assert sent.read_bytes() == (lora.model_path / "adapter_model.safetensors").read_bytes()


def test_without_the_flag_nothing_is_sent(plain, hub):
    done = export(plain, hub.endpoint, "--to", "card", HF_TOKEN="hf_x")
    assert done.returncode == 0, done.stderr
    assert hub.requests == []


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("not/mine", {}, "refused to take not/mine (403); check that HF_TOKEN may write there"),
        (
            "me/mood",
            {"HF_ENDPOINT": "http://127.0.0.1:9"},
            "cannot reach http://127.0.0.1:9",
        ),
    ],
)
def test_a_push_that_fails_is_reported_in_a_line(plain, hub, name, settings, message):
    hub.gated.add("not/mine")
    token = {"HF_TOKEN": "hf_x"}
    done = export(plain, hub.endpoint, "--to", "card", "--push", name, **token, **settings)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "token", "offline", "message"),
    [
        ("me/mood", None, False, "pushing needs a token with the right to write; make one at "),
        ("mood", "hf_x", False, "'mood' is not a repository; write --push USER/NAME"),
        ("me/mood", "hf_x", True, "HF_HUB_OFFLINE is set, so nothing can be pushed; unset it"),
    ],
)
def test_a_push_that_cannot_be_is_refused_first(name, token, offline, message, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: token)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    with pytest.raises(InputError) as caught:
        require_repository(name)
    assert str(caught.value).startswith(message)
