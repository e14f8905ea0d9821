"""The catalogue of models: whole, honest about what fits, and narrowed by wishes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from stand_in_hub import stand_in_hub

from workbench import language
from workbench.cli import main
from workbench.models.catalogue import PLACES, choose_models, known_models
from workbench.sources import entries, scratch_models

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("model", known_models(), ids=lambda model: model.source)
def test_an_entry_says_what_one_has_to_know(model):
    assert model.kind in ("encoder", "decoder", "encoder-decoder")
    assert model.good_on in PLACES
    assert model.parameters > 1_000_000
    for lang in language.LANGUAGES:
        with language.using(lang):
            assert model.note[-1] in ".。"
            assert ("。" in model.note) == (lang == "zh")
    if not model.source.startswith("scratch:"):
        assert model.licence or "licence" in model.notes["en"]
        assert model.languages
    assert model.context_tokens == 0 or model.context_tokens >= 512


def test_all_that_comes_without_the_hub_is_in_it():
    built_in = {entry.source for entry in entries("model")}
    built_in |= {f"scratch:{name}" for name in scratch_models()}
    assert {model.source for model in known_models() if ":" in model.source} == built_in


@pytest.mark.parametrize(
    ("wishes", "within", "without"),
    [
        ({"language": "zh", "place": "laptop"}, "google-bert/bert-base-chinese", "wheel:minilm"),
        ({"most_parameters": 30_000_000}, "BAAI/bge-small-zh-v1.5", "FacebookAI/roberta-base"),
        ({"licence": "mit"}, "FacebookAI/roberta-base", "google-bert/bert-base-uncased"),
        ({"auto_class": "AutoModelForCausalLM"}, "Qwen/Qwen3-0.6B", "wheel:minilm"),
        ({"auto_class": "AutoModelForSeq2SeqLM"}, "google-t5/t5-small", "openai-community/gpt2"),
        ({"auto_class": "AutoModelForMaskedLM"}, "wheel:minilm", "Qwen/Qwen3-0.6B"),
        ({"place": "gpu"}, "wheel:minilm", "Qwen/Qwen2.5-7B-Instruct"),
    ],
)
def test_a_wish_leaves_what_fits(wishes, within, without):
    found = {model.source for model in choose_models(**wishes)}
    assert within in found
    assert without not in found


def test_for_a_task_of_writing_decoders_are_listed_too(capsys):
    assert main(["models", "list", "--task", "summarization", "--json"]) == 0
    found = {row["name"]: row["kind"] for row in json.loads(capsys.readouterr().out)}
    assert set(found.values()) == {"decoder", "encoder-decoder"}


def test_the_command_lists_them(capsys):
    wishes = ["--task", "token-classification", "--language", "zh", "--size", "150M", "--json"]
    assert main(["models", "list", *wishes]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert "google-bert/bert-base-chinese" in {row["name"] for row in rows}
    assert all(row["parameters"] <= 150_000_000 and "zh" in row["languages"] for row in rows)
    chinese = next(row for row in rows if row["name"] == "google-bert/bert-base-chinese")
    assert (chinese["context"], chinese["licence"]) == (512, "Apache-2.0")
    assert chinese["trained on"] == "Chinese text, simplified and traditional"
    assert main(["models", "list", "--size", "1k"]) == 0
    assert capsys.readouterr().out.startswith("no model of the catalogue fits; wish for less")
    with pytest.raises(SystemExit):
        main(["models", "list", "--size", "big"])
    assert "'big' is no size; write 150M or 1.5B" in capsys.readouterr().err


def search(endpoint, home, *arguments, **settings):
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("HF_", "HUGGING"))}
    return subprocess.run(
        [sys.executable, "-m", "workbench", "models", "search", *arguments],
        capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False,
        env=kept | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "PYTHONUTF8": "1"} | settings,
    )  # fmt: skip


def test_the_hub_is_searched_for_safe_weights(tmp_path):
    (tmp_path / "models" / "org" / "tiny-bert").mkdir(parents=True)
    (tmp_path / "models" / "org" / "other").mkdir()
    with stand_in_hub(tmp_path) as hub:
        done = search(hub.endpoint, tmp_path / "hf", "bert", "--licence", "MIT", "--json")
        assert done.returncode == 0, done.stderr
        [asked] = hub.searches
    assert json.loads(done.stdout) == [
        {"name": "org/tiny-bert", "downloads": 7, "licence": "mit", "gated": False}
    ]
    assert {"safetensors", "license:mit"} <= set(asked["filter"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({}, ""), ({"HF_HUB_OFFLINE": "1"}, "(HF_HUB_OFFLINE is set)")],
)
def test_without_a_network_the_catalogue_is_offered(tmp_path, settings, reason):
    done = search("http://127.0.0.1:9", tmp_path / "hf", "bert", **settings)
    assert done.returncode == 2, done.stderr
    assert "cannot reach http://127.0.0.1:9 to search it" in done.stderr
    assert reason in done.stderr
    assert "choose from `workbench models list`" in done.stderr
