"""Each widget with something in it, as the browser gets it, for the tests that run in Node."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anywidget
import numpy as np

from tests.labelling.examples import session
from tests.noisy_runs import noisy_run
from tests.records import record_of
from workbench.evaluation.streaming import Token
from workbench.labelling.items import Question
from workbench.runs import EventWriter, RunFolder
from workbench.runs.lock import writer_lock
from workbench.spec import RunSpec
from workbench.widgets.attention import AttentionDesk
from workbench.widgets.dataset_map import DatasetMap
from workbench.widgets.form import SpecForm
from workbench.widgets.labelling import LabellingDesk
from workbench.widgets.live import LiveChart
from workbench.widgets.playground import PlaygroundDesk
from workbench.widgets.spec_panel import SpecPanel
from workbench.widgets.steering import SteeringPanel

QUESTIONS = {
    "classes": Question("class", ("ham", "spam")),
    "scale": Question("number", (), scale=(1, 5)),
    "spans": Question("spans", ("name", "place"), inside="text"),
    "writing": Question("text", ()),
}


def samples(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield each widget's traits, and the messages that it sends when it is first shown."""
    yield sample("form", SpecForm(language="en"))
    yield sample("spec_panel", SpecPanel(SpecForm(language="en")))
    for name, question in QUESTIONS.items():
        asked = session(folder / f"{name}.jsonl", question=question)
        yield sample(f"labelling {name}", LabellingDesk(asked, "en"))
    yield sample("attention", _attention())
    yield sample("playground", _playground())
    run = _run(folder / "a-run")
    with writer_lock(run):
        yield sample("steering", SteeringPanel(run, "en"))
        yield sample("live", LiveChart(run, "en", on_fork=lambda *_: None), {"kind": "sync"})
    (folder / "noisy").mkdir()
    chart = DatasetMap(noisy_run(folder / "noisy"), "en", on_retrain=lambda: None)
    yield sample("dataset_map", chart, {"kind": "sync"}, {"kind": "label_issues"})


def sample(name: str, widget: anywidget.AnyWidget, *asked: dict[str, Any]) -> dict[str, Any]:
    """Return a widget's script and traits, and what it answers to messages."""
    sent: list[dict[str, Any]] = []

    def send(content: dict[str, Any], buffers: Any = ()) -> None:
        packed = [base64.b64encode(bytes(memoryview(one))).decode("ascii") for one in buffers or ()]
        sent.append({"content": content, "buffers": packed})

    widget.send = send
    for message in asked:
        widget._received(widget, message, [])
    own = set(type(widget).class_trait_names(sync=True))
    own -= set(anywidget.AnyWidget.class_trait_names(sync=True))
    shown = {name: getattr(widget, name) for name in sorted(own)}
    return {
        "name": name,
        "script": widget._esm,
        "style": widget._css,
        "traits": shown,
        "sent": sent,
    }


def _attention() -> AttentionDesk:
    weights = np.random.default_rng(0).dirichlet(np.ones(3), (2, 2, 3))
    records = [record_of(weights, ["[CLS]", "a", "b"], model=name) for name in ("before", "after")]
    asks: dict[str, Callable[..., Any]] = {"map": lambda **_: None, "text": lambda **_: []}
    return AttentionDesk(records, asks, "en", loss=[(1, 0.7), (2, 0.5)])


def _playground() -> PlaygroundDesk:
    desk = PlaygroundDesk(lambda: None, RunSpec(), language="en")
    token = vars(Token("yes", 0.75, [("yes", 0.75), ("no", 0.25)]))
    answer = {"asked": "well?", "before": None, "after": "yes", "settings": "at most 8 tokens"}
    desk.said = [answer | {"tokens": {"after": [token]}}]
    return desk


def _run(path: Path) -> RunFolder:
    run = RunFolder(path)
    run.path.mkdir()
    run.write_spec(RunSpec(), {})
    writer = EventWriter(run.events_path)
    writer.write("run_started", 0, total_steps=100, time="", device="cpu")
    for step in range(1, 31):
        writer.write("step_logged", step, epoch=0.0, loss=1 / step, learning_rate=1e-5)
    writer.write("evaluated", 30, metrics={"loss": 0.5, "accuracy": 0.8})
    writer.close()
    return run
