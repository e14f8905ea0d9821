"""The attention desk beside BertViz's model view and a plain plotly heatmap; time, size, memory.

Each figure is measured in a process of its own, so that the peak of memory is its own and one
that fails or runs on ends alone. BertViz is no dependency; to have its column:

    pip install --no-deps --target FOLDER bertviz==1.4.1
    PYTHONPATH=FOLDER python tests/bench/attention.py

    python tests/bench/attention.py [--threads 2] [--training]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LENGTHS = (32, 64, 128, 256, 512)
# What a notebook takes in one output before it is a burden.
WALL_BYTES = 100_000_000
LIMIT_SECONDS = 240
README = Path(__file__).parents[2] / "README.md"


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--training", action="store_true", help="also train for a minute")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        import torch

        torch.set_num_threads(options.threads)
        name, *numbers = options.one.split(":")
        print("RESULT " + json.dumps(MEASURES[name](*map(int, numbers))))
        return
    beside(options.threads)
    long_text(options.threads)
    painted()
    memory(options.threads)
    if options.training:
        along_the_way(options.threads)


# --- side by side -----------------------------------------------------------------------------


def beside(threads: int) -> None:
    """Print size and time of a page of all heads of the built-in model, by length of the text."""
    print(f"wheel:minilm, 6 × 12 heads, {threads} threads; time from the loaded model to the page")
    print(f"{'tokens':>8}{'desk':>22}{'BertViz model view':>26}{'plotly, all heads':>24}"
          f"{'plotly, one head':>22}{'BertViz / desk':>18}")  # fmt: skip
    stopped: dict[str, str] = {}
    for tokens in LENGTHS:
        cells, sizes = [], []
        for name in ("desk", "bertviz", "plotly", "plotly_one"):
            found = {} if name in stopped else one(f"{name}:{tokens}", threads)
            sizes.append(found.get("bytes"))
            if "bytes" in found:
                cells.append(f"{found['bytes'] / 1e6:.2f} MB {found['seconds']:.2f} s")
            else:
                cells.append(stopped.get(name) or found["stopped"])
            if sizes[-1] is None or sizes[-1] > WALL_BYTES:
                stopped.setdefault(name, "stopped")
        ratio = f"{sizes[1] / sizes[0]:.0f} × larger" if sizes[0] and sizes[1] else ""
        print(f"{tokens:>8}{cells[0]:>22}{cells[1]:>26}{cells[2]:>24}{cells[3]:>22}{ratio:>18}")
    print(f"  stopped: after a page of more than {WALL_BYTES / 1e6:.0f} MB, {LIMIT_SECONDS} s, or "
          "an error; BertViz's pages load their scripts from the network")  # fmt: skip


def desk(tokens: int) -> dict[str, Any]:
    """The desk's page: every head in small or whole, statistics, formula, rollout."""
    from workbench.attention.attend import capture_all
    from workbench.reporting.attention_page import desk_page

    watched = minilm(tokens)
    capture_all(watched, "warm")
    return timed(lambda: desk_page([capture_all(watched, long_english())]))


def bertviz(tokens: int) -> dict[str, Any]:
    """BertViz's model view."""
    if find_spec("bertviz") is None:
        return {"stopped": "not installed"}
    from bertviz import model_view

    def page() -> str:
        attentions, words = eager_maps(minilm(tokens))
        return model_view(attentions, words, html_action="return").data

    return timed(page)


def plotly(tokens: int) -> dict[str, Any]:
    """A grid of plotly heatmaps, one a head."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    def page() -> str:
        attentions, _ = eager_maps(minilm(tokens))
        figure = make_subplots(len(attentions), attentions[0].shape[1])
        for layer, maps in enumerate(attentions):
            for head, weights in enumerate(maps[0].numpy()):
                figure.add_trace(go.Heatmap(z=weights, showscale=False), layer + 1, head + 1)
        return figure.to_html(include_plotlyjs=True)

    return timed(page)


def plotly_one(tokens: int) -> dict[str, Any]:
    """One head as a plotly heatmap."""
    import plotly.graph_objects as go

    def page() -> str:
        attentions, words = eager_maps(minilm(tokens))
        figure = go.Figure(go.Heatmap(z=attentions[-1][0, 0].numpy(), x=words, y=words))
        return figure.to_html(include_plotlyjs=True)

    return timed(page)


# --- one long text ----------------------------------------------------------------------------


def long_text(threads: int) -> None:
    """Print size and time of the record of 512 tokens."""
    found = one("record:512", threads)
    print(f"\nall heads of wheel:minilm on {found['tokens']} tokens, {threads} threads")
    for name, what, limit in (
        ("first", "ready, first time", ""),
        ("again", "ready", " (limit 1.5 s)"),
        ("processor", "processor time", " in all threads together"),
        ("forward", "plain forward alone", ""),
    ):
        print(f"  {what:<24}{found[name]:8.2f} s{limit}")
    print(f"  {'saved':<24}{found['bytes'] / 1e3:8.0f} kB (limit 400 kB); {found['kept']}")
    print(f"  {'with formula, rollout':<24}{found['well_bytes'] / 1e3:8.0f} kB in "
          f"{found['well']:.2f} s")  # fmt: skip


def record(tokens: int) -> dict[str, Any]:
    """The record alone, as it is saved."""
    import torch

    from workbench.attention.attend import capture_all

    watched = minilm(tokens)
    text = long_english()
    first = timed(lambda: watched.capture(text).to_json())["seconds"]
    began = time.process_time()
    runs = [timed(lambda: watched.capture(text).to_json()) for _ in range(3)]
    processor = (time.process_time() - began) / len(runs)
    kept = watched.capture(text)
    block = kept.blocks[0]
    ids = watched.tokenizer(text, truncation=True, max_length=tokens, return_tensors="pt")
    with torch.no_grad():
        watched.model(**ids)
        forward = timed(lambda: watched.model(**ids) and "")["seconds"]
    well = timed(lambda: capture_all(watched, text).to_json())
    return {
        "tokens": len(kept.tokens), "first": first, "forward": forward,
        "processor": processor,
        "again": min(one["seconds"] for one in runs), "bytes": runs[0]["bytes"],
        "kept": f"thumbnails {block.thumbnails.shape[2]} × {block.thumbnails.shape[3]}, "
        f"{len(block.maps)} whole map",
        "well": well["seconds"], "well_bytes": well["bytes"],
    }  # fmt: skip


def painted() -> None:
    """Print how long a browser takes from the first line of our script to the painted desk."""
    from playwright.sync_api import Error, sync_playwright

    sys.path.insert(0, str(README.parent))
    from tests.browser.lab import CHROMIUM_ARGUMENTS
    from tests.tiers import find_chromium
    from workbench.reporting.attention_page import write_look

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "long.html"
        write_look([minilm(512).capture(long_english())], path)
        begin, end = "for (const place of", "el.hidden = false;"
        text = path.read_text("utf-8")
        assert begin in text
        assert end in text
        mark = "requestAnimationFrame(() => setTimeout(() => performance.mark('end')));"
        text = text.replace(begin, f"performance.mark('begin');\n{begin}", 1)
        path.write_text(text.replace(end, f"{end}\n{mark}", 1), encoding="utf-8")
        try:
            browser = playwright.chromium.launch(
                executable_path=find_chromium() or None, args=list(CHROMIUM_ARGUMENTS)
            )
        except Error as fault:
            print(f"  painted                 not measured: {str(fault).splitlines()[0]}")
            return
        took = []
        for _ in range(6):
            page = browser.new_page()
            page.goto(path.as_uri())
            page.locator(".wb-attention canvas:visible").first.wait_for()
            page.wait_for_timeout(500)
            took.append(page.evaluate(
                "performance.getEntriesByName('end')[0].startTime - "
                "performance.getEntriesByName('begin')[0].startTime"
            ))  # fmt: skip
            page.close()
        print(f"  {'painted in Chromium':<24}{min(took):8.0f} ms (limit 300 ms; of six, best)")


# --- memory -----------------------------------------------------------------------------------


def memory(threads: int) -> None:
    """Print the peak of memory on 2,048 tokens, beside the forward pass and beside eager."""
    tokens, layers, heads = 2048, 8, 16
    print(f"\nLlama of {layers} layers × {heads} heads (8 kv heads, 512 dimensions), "
          f"{tokens:,} tokens; peak above the loaded model")  # fmt: skip
    for name, what in (
        ("plain", "forward alone (sdpa)"),
        ("captured", "captured"),
        ("eager", "eager, output_attentions"),
    ):
        found = one(f"{name}:{tokens}:{layers}:{heads}", threads)
        if "stopped" in found:
            print(f"  {what:<28}{found['stopped']}")
            continue
        more = f", saved {found['bytes'] / 1e3:.0f} kB" if found.get("bytes") else ""
        print(f"  {what:<28}{found['peak'] / 1e6:8.0f} MB {found['seconds']:8.2f} s{more}")
    print(f"  {'one head, float32':<28}{4 * tokens**2 / 1e6:8.0f} MB")
    print(f"  {'all heads, float32':<28}{4 * tokens**2 * layers * heads / 1e6:8.0f} MB")


def plain(tokens: int, layers: int, heads: int) -> dict[str, Any]:
    """The forward pass alone."""
    watched = small_llama(tokens, layers, heads)
    return peak_of(lambda: forward(watched, tokens) and "")


def captured(tokens: int, layers: int, heads: int) -> dict[str, Any]:
    """The capture."""
    watched = small_llama(tokens, layers, heads)
    return peak_of(lambda: watched.capture(long_english()).to_json())


def eager(tokens: int, layers: int, heads: int) -> dict[str, Any]:
    """All maps at once, as transformers gives them."""
    watched = small_llama(tokens, layers, heads)
    watched.model.set_attn_implementation("eager")
    return peak_of(lambda: forward(watched, tokens, output_attentions=True) and "")


# --- along the way ----------------------------------------------------------------------------


def along_the_way(threads: int) -> None:
    """Print what the snapshots of a run take of its time."""
    found = one("training", threads)
    print(f"\nsnapshots of 1 probe sentence at {found['evaluations']} evaluations of a run of "
          f"{found['seconds']:.0f} s, both in seconds of processor time")  # fmt: skip
    print(f"  {found['snapshots']:.2f} s, {found['snapshots'] / found['seconds']:.2%} of the run; "
          f"{found['bytes'] / 1e3:.0f} kB")  # fmt: skip


def training() -> dict[str, Any]:
    """A short run of the built-in model, with an evaluation every 25 steps."""
    from workbench import pipeline
    from workbench.attention.snapshots import steps_path
    from workbench.spec import RunSpec

    taken: list[float] = []
    look_again = pipeline._capture_again

    def look_timed(trainer: Any) -> None:
        began = time.process_time()
        look_again(trainer)
        taken.append(time.process_time() - began)

    pipeline._capture_again = look_timed
    with tempfile.TemporaryDirectory() as folder:
        spec = RunSpec().replace({
            "data.source": "wheel:tweets", "train.max_steps": 150, "train.eval_steps": 25,
            "output.runs_dir": folder,
        })  # fmt: skip
        began = time.process_time()
        run = pipeline.train(spec)
        return {
            "evaluations": len(taken),
            "seconds": time.process_time() - began,
            "snapshots": sum(taken),
            "bytes": steps_path(run, 0).stat().st_size,
        }


# --- tools ------------------------------------------------------------------------------------


def one(what: str, threads: int) -> dict[str, Any]:
    """Measure one thing in a process of its own."""
    command = [sys.executable, __file__, "--threads", str(threads), "--one", what]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"stopped": f"over {LIMIT_SECONDS} s"}
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
    return {"stopped": lines[-1][:40] if done.returncode > 0 else "out of memory"}


def timed(make: Callable[[], str]) -> dict[str, Any]:
    """Return seconds, and the bytes of the text that is made."""
    began = time.perf_counter()
    text = make()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "bytes": len(text.encode())}


def peak_of(work: Callable[[], str]) -> dict[str, Any]:
    """Return the memory that some work takes above what the process held before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = timed(work)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found | {"peak": 1024 * (after - before)}


def minilm(tokens: int) -> Any:
    """Return the built-in model, to be asked for so many tokens."""
    from dataclasses import replace

    from workbench.attention.attend import open_source

    return replace(open_source("wheel:minilm"), max_tokens=tokens)


def small_llama(tokens: int, layers: int, heads: int) -> Any:
    """Return a Llama with random weights and the built-in model's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from workbench.attention.attend import LoadedModel

    words = minilm(tokens).tokenizer
    words.model_max_length = tokens
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=512, intermediate_size=1024, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=8, max_position_embeddings=tokens + 2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = LlamaForCausalLM(config).eval()
    watched = LoadedModel(model, words, "llama", tokens)
    watched.capture("warm")
    return watched


def forward(watched: Any, tokens: int, **how: Any) -> Any:
    """Run the model once."""
    import torch

    text = long_english()
    ids = watched.tokenizer(text, truncation=True, max_length=tokens, return_tensors="pt")
    with torch.no_grad():
        return watched.model(
            input_ids=ids["input_ids"], attention_mask=ids["attention_mask"], use_cache=False, **how
        )


def eager_maps(watched: Any) -> tuple[Any, list[str]]:
    """Return all maps and tokens, as BertViz and plotly are given them."""
    import torch

    watched.model.set_attn_implementation("eager")
    ids = watched.tokenizer(
        long_english(), truncation=True, max_length=watched.max_tokens, return_tensors="pt"
    )
    with torch.no_grad():
        output = watched.model(**ids, output_attentions=True)
    return output.attentions, watched.tokenizer.convert_ids_to_tokens(ids["input_ids"][0].tolist())


def long_english() -> str:
    """Return a real English text of more than 2,048 tokens."""
    return README.read_text("utf-8") * 2


MEASURES: dict[str, Callable[..., dict[str, Any]]] = {
    made.__name__: made
    for made in (desk, bertviz, plotly, plotly_one, record, plain, captured, eager, training)
}


if __name__ == "__main__":
    main()
