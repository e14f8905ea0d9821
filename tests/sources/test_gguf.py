"""A GGUF file becomes an ordinary model folder: the same numbers, tokens and template."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from stand_in_hub import stand_in_hub
from tiny_gguf import write_gguf
from tiny_models import SENTENCES, make_tiny_llama

from workbench.errors import SourceError
from workbench.sources import _gguf, _unpacked, find_model

ROOT = Path(__file__).parents[2]
TEMPLATE = "{% for message in messages %}<s>{{ message['content'] }}</s>{% endfor %}"


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """Return the folder of the tiny model that the files are written from."""
    return make_tiny_llama(tmp_path_factory.mktemp("tiny") / "llama", TEMPLATE)


@pytest.fixture
def file(llama, tmp_path, cache):
    """Return a folder's only file, in fp32, so that its numbers are the model's."""
    (tmp_path / "there").mkdir()
    return write_gguf(
        llama, tmp_path / "there" / "tiny.gguf", general__license="mit", general__name="Tiny"
    )


def logits_of(folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        return [model(**tokenizer(text, return_tensors="pt")).logits for text in SENTENCES]


def test_the_folder_is_that_of_the_model_that_the_file_was_made_from(file, llama):
    import torch
    from transformers import AutoTokenizer

    found = find_model(str(file))
    assert (found.place, found.kind, found.pretrained) == (str(file), "local", True)
    for ours, theirs in zip(logits_of(found.path), logits_of(llama), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    ours, theirs = (AutoTokenizer.from_pretrained(path) for path in (found.path, llama))
    assert ours(SENTENCES).input_ids == theirs(SENTENCES).input_ids
    chat = [{"role": "user", "content": "hello"}]
    assert ours.apply_chat_template(chat, tokenize=False) == "<s>hello</s>"
    assert (ours.bos_token, ours.eos_token, ours.model_max_length) == ("<s>", "</s>", 128)


def test_nothing_in_the_folder_says_gguf_but_its_readme(file):
    folder = find_model(str(file)).path
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert "quantization_config" not in config
    readme = (folder / "README.md").read_text("utf-8")
    assert readme.startswith("---\nlicense: mit\n---\n\n# Tiny, from 32-bit weights\n")
    assert "GGUF file `tiny.gguf`" in readme


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0", "F16"])
def test_weights_are_dequantised_as_the_format_says(kind, llama, tmp_path, cache):
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    found = find_model(str(write_gguf(llama, tmp_path / "tiny.gguf", kind)))
    bits = {"Q4_0": 4, "Q4_1": 4, "Q8_0": 8, "F16": 16}[kind]
    readme = (found.path / "README.md").read_text("utf-8")
    assert f"from {bits}-bit weights" in readme
    ours, theirs = (load_file(path / "model.safetensors") for path in (found.path, llama))
    name, quantised = "model.layers.1.mlp.up_proj.weight", gguf.GGMLQuantizationType[kind]
    blocks = gguf.quants.quantize(theirs[name], quantised)
    np.testing.assert_array_equal(ours[name], gguf.quants.dequantize(blocks, quantised))
    assert set(ours) == set(theirs)


def test_a_folder_and_a_file_in_it_name_the_same_model(file):
    assert find_model(f"{file.parent}#tiny.gguf").path == find_model(str(file)).path


def test_a_folder_with_several_asks_which(file, llama):
    write_gguf(llama, file.parent / "other.gguf", "Q8_0")
    with pytest.raises(SourceError) as caught:
        find_model(str(file.parent))
    assert str(caught.value) == (
        f"{file.parent} holds only GGUF files: other.gguf, tiny.gguf; name one of them: "
        f"{file.parent}#other.gguf"
    )
    (file.parent / "config.json").write_text((llama / "config.json").read_text("utf-8"), "utf-8")
    with pytest.raises(SourceError, match=r"holds only GGUF files: other.gguf, tiny.gguf"):
        find_model(str(file.parent))
    with pytest.raises(SourceError, match=r"file not found: .*missing.gguf; did you mean"):
        find_model(f"{file.parent}#missing.gguf")


def test_weights_in_the_usual_format_come_first(file, llama):
    import shutil

    shutil.copytree(llama, file.parent, dirs_exist_ok=True)
    assert find_model(str(file.parent)).path == file.parent


def test_a_changed_file_is_unpacked_anew(file, llama):
    first = find_model(str(file)).path
    write_gguf(llama, file, "Q4_0")
    second = find_model(str(file)).path
    assert first != second
    assert "from 4-bit weights" in (second / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"GIF8" + data[4:], "does not start with the GGUF magic bytes"),
        (lambda data: data[: len(data) // 2], ""),
        (lambda data: data[:100], ""),
        (lambda data: data.replace(b"llama", b"lambda"[:5]), "lambd"),
    ],
    ids=["another format", "half of it", "its beginning", "an unknown kind"],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(damage, reason, file, cache):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(SourceError) as caught:
        find_model(str(file))
    assert str(caught.value).startswith(f"the GGUF file {file} cannot be read (")
    assert reason in str(caught.value)
    assert str(caught.value).endswith(
        "check that it is whole, or choose a repository with safetensors"
    )
    assert not list((cache / "models").iterdir())


def test_one_of_several_parts_is_refused(llama, tmp_path, cache):
    part = write_gguf(llama, tmp_path / "tiny.gguf", split__count=3)
    with pytest.raises(SourceError, match=r"tiny.gguf is one of 3 parts of a model; join them"):
        find_model(str(part))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("disk_usage", r"takes 0.0 GB of the cache's disk, and 0.0 GB are free; free some space"),
        ("virtual_memory", r"unpacking tiny.gguf takes 0.0 GB of memory, and 0.0 GB are free"),
    ],
)
def test_without_room_nothing_is_begun(place, message, file, cache, monkeypatch):
    import shutil
    import types

    import psutil

    none = types.SimpleNamespace(free=10, available=10)
    monkeypatch.setattr(shutil if place == "disk_usage" else psutil, place, lambda *_: none)
    with pytest.raises(SourceError, match=message):
        find_model(str(file))
    assert not list((cache / "models").iterdir())


def test_damage_in_the_cache_is_noticed(file):
    folder = find_model(str(file)).path
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert find_model(str(file)).path == folder
    assert weights.read_bytes() == whole
    (folder / "tokenizer.json").unlink()
    find_model(str(file))
    assert (folder / "tokenizer.json").is_file()


def test_a_killed_process_leaves_nothing_half(file, cache, tmp_path):
    started = tmp_path / "started"
    code = f"""
import time
from pathlib import Path
from workbench.sources import _gguf, find_model
quiet = _gguf._as_ordinary
def slow(model):
    (next(Path({str(cache / "models")!r}).iterdir()) / "model.safetensors").write_bytes(b"half")
    Path({str(started)!r}).touch()
    time.sleep(60)
_gguf._as_ordinary = slow
find_model({str(file)!r})
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    try:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
    assert all(path.name.startswith(".partial-") for path in (cache / "models").iterdir())
    found = find_model(str(file))
    assert list((cache / "models").iterdir()) == [found.path]
    assert logits_of(found.path)


def test_several_at_once_unpack_once(file, monkeypatch):
    made = []
    write = _gguf._write
    monkeypatch.setattr(_gguf, "_write", lambda *a: made.append(1) or write(*a))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(find_model(str(file)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len({one.path for one in found}) == len(made) == 1


def test_progress_ends_full(file):
    seen = []
    find_model(str(file), progress=lambda *call: seen.append(call))
    done, total, text = seen[-1]
    assert (done, text) == (total, "unpacking tiny.gguf")
    assert total > 100_000
    assert _unpacked.cache_dir().is_dir()


def test_such_a_model_is_trained_saved_exported_and_read_back_as_any_other(file, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tests.tiny_tasks import tiny_task_spec
    from workbench import pipeline
    from workbench.export import export_run
    from workbench.models import load_trained

    spec = tiny_task_spec(
        tmp_path / "run", "text-generation",
        **{"model.source": f"{file.parent}#tiny.gguf", "train.max_steps": 2,
           "train.learning_rate": 1e-2},
    )  # fmt: skip
    run = pipeline.train(spec)
    assert run.spec().model.source == f"{file.parent}#tiny.gguf"
    exported = export_run(run, "folder").path
    ids = AutoTokenizer.from_pretrained(exported)("the film was", return_tensors="pt").input_ids
    start = AutoModelForCausalLM.from_pretrained(find_model(str(file)).path)
    theirs = AutoModelForCausalLM.from_pretrained(exported)
    with torch.no_grad():
        ours = load_trained(run.model_path)(ids).logits
        assert torch.equal(ours, theirs(ids).logits)
        assert not torch.allclose(ours, start(ids).logits, atol=1e-3)
    assert "tiny.gguf" in (exported / "README.md").read_text("utf-8")


def hub_find(hub, home, cache, text, revision=None):
    """Find a model in a process of its own: the hub's address is read once."""
    code = (
        "import json, sys; from workbench.errors import InputError; "
        "from workbench.sources import find_model\n"
        "try: f = find_model(sys.argv[1]); print(json.dumps([str(f.path), f.revision, f.kind]))\n"
        "except InputError as e: print(json.dumps(str(e)))"
    )
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("HF_", "HUGGING"))}
    places = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "WORKBENCH_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", code, text], capture_output=True, text=True, encoding="utf-8",
        check=True, cwd=ROOT, env=kept | places | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_repository_of_the_hub_with_only_gguf(llama, tmp_path, cache):
    import torch

    repo = tmp_path / "hub" / "models" / "org" / "tiny-GGUF"
    repo.mkdir(parents=True)
    write_gguf(llama, repo / "tiny.F32.gguf")
    write_gguf(llama, repo / "tiny.Q4_0.gguf", "Q4_0")
    with stand_in_hub(tmp_path / "hub") as hub:
        place = (hub.endpoint, tmp_path / "hf", cache)
        assert hub_find(*place, "org/tiny-GGUF") == (
            "the hub's model 'org/tiny-GGUF' holds only GGUF files: tiny.F32.gguf, "
            "tiny.Q4_0.gguf; name one of them: org/tiny-GGUF#tiny.F32.gguf"
        )
        path, revision, kind = hub_find(*place, "org/tiny-GGUF#tiny.F32.gguf")
        assert (revision, kind) == (hub.commit("models", "org/tiny-GGUF"), "hub")
        assert hub_find(*place, "org/tiny-GGUF#other.gguf") == (
            "the hub's model 'org/tiny-GGUF' has no file other.gguf; look for its name on the "
            "repository's page, below Files"
        )
    for ours, theirs in zip(logits_of(path), logits_of(llama), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    again = hub_find("http://127.0.0.1:9", *place[1:], "org/tiny-GGUF#tiny.F32.gguf")
    assert again == [path, revision, kind]
