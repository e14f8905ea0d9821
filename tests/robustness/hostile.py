"""Text that somebody put into data to be run, typeset, obeyed or read the wrong way round.

`STRINGS` stand in every place of `PLACES` at once, in a run, a profile, records of attention and
widgets; `pages` writes them as pages that open from disk, and `outputs` as what notebooks show.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tests.labelling.examples import item, session
from tests.records import record_of
from tests.static.samples import QUESTIONS, sample
from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.runs import RunFolder, write_json, write_text
from workbench.spec import RunSpec

EVIL = "http://evil.example"
SCRIPTS = (
    "<script>window.pwned = 1</script>", "<img src=x onerror='window.pwned=1'>",
    "<svg onload=window.pwned=1>", f"<iframe src={EVIL}></iframe>", "</script><b>out</b>",
    f"<link rel=stylesheet href={EVIL}/x.css>", f"<img src={EVIL}/x.png>",
    f"<meta http-equiv=refresh content=0;url={EVIL}>", "<style>* { display: none }</style>",
    "<a href=javascript:window.pwned=1>press</a>", "</textarea><b>out</b>",
    "\" onload='window.pwned=1",
    "{{ 7 * 7 }} {% raise %} ${7*7}", "<!-- never closed", "]]> &lt;b&gt; &amp;", f"[x]({EVIL})",
)  # fmt: skip
FORMULAS = (
    "paid $3 and $2 back", r"$\rule{9999px}{9999px}$", r"$\llap{here\kern200px}$",
    rf"$\href{{{EVIL}}}{{\text{{Log in again}}}}$", r"$$\Huge x$$", r"\(x^2\)", r"\[x_1\]",
    r"\begin{equation}x\end{equation}",
)  # fmt: skip
ORDERS = (
    "ends in \u202e",
    "\u202dover",
    "\u2067right",
    "\u2069\u202eafter",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0634\u064a\u0621",
)
OBEYED = ("\x1b]0;OWNED\x07", "over\rwritten", "\ufeffmark", "no\u200bwidth")
SHEETS = ("=1+1", "+1", "-1", "@SUM(A1)")
LONG = ("W" * 300, "e" + "\u0301" * 5000, "same " * 30 + "one end", "same " * 30 + "another end")
STRINGS = (*SCRIPTS, *FORMULAS, *ORDERS, *OBEYED, *SHEETS, *LONG)

# Numbers and words are no classes of one set.
CLASSES = tuple(one for one in STRINGS if one not in ("+1", "-1"))

PLACES = (
    "rows", "labels", "file name", "column names", "run names", "model names", "tokens",
    "generated text", "notes", "predictions", "people",
)  # fmt: skip
# What a folder or file may be called on every system that we run on.
NAMES = (
    "paid $3 and $2 back",
    "ends in \u202e",
    r"$x^2$ 'onload=pwned=1'",
    "\u05e9\u05dc\u05d5\u05dd",
)


PAGES = ("report", "profile", "comparison", "look", "look at one", "interactive figure")
WIDGETS = (
    "form", "spec", "labelling classes", "labelling scale", "labelling spans", "labelling writing",
    "attention", "playground", "steering", "live", "dataset map",
)  # fmt: skip


class Hostile:
    """Runs, records and widgets that hold `STRINGS` in every one of `PLACES`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.column = f"{FORMULAS[3]} {ORDERS[0]}"
        self.data = folder / f"rows {NAMES[0]} {NAMES[1]}.csv"
        with self.data.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"text {FORMULAS[1]}", self.column])
            for n, label in enumerate(CLASSES):
                writer.writerows([f"{text} {n}", label] for text in STRINGS[n % 7 :: 7])
        spec = tiny_spec(
            folder,
            **{
                "data.source": str(self.data), "data.validation_share": 0.3,
                "data.columns": {"text": f"text {FORMULAS[1]}", "label": self.column},
                "train.max_steps": 2, "inspect.probes": [FORMULAS[3]],
            },
        )  # fmt: skip
        trained = pipeline.train(spec).path
        self.runs = [RunFolder(shutil.copytree(trained, folder / "runs" / name)) for name in NAMES]
        for run in self.runs:
            self._write_more(run)

    def _write_more(self, run: RunFolder) -> None:
        """Put strings where a run of this task has none: generated text, notes, models."""
        answers = [{"asked": one, "before": one, "after": one} for one in STRINGS]
        write_json(run.evaluation_path / "answers.json", answers)
        data = json.loads((run.path / "data.json").read_text("utf-8"))
        write_json(run.path / "data.json", data | {"notes": list(STRINGS)})
        card = json.loads((run.path / "model.json").read_text("utf-8"))
        write_json(run.path / "model.json", card | {"source": FORMULAS[3], "licence": SCRIPTS[0]})
        for number, record in enumerate(self.records()):
            write_text(run.attention_path / f"probe-{number:02d}-after.json", record.to_json())
        from workbench.reporting import write_report

        write_report(run)

    def records(self) -> list[Any]:
        """Return records of attention to as many tokens as there are strings."""
        tokens = ["[CLS]", *STRINGS, "##end", "[SEP]"]
        weights = np.random.default_rng(0).dirichlet(np.ones(len(tokens)), (2, 2, len(tokens)))
        text = " ".join(STRINGS)
        return [
            replace(
                record_of(weights, tokens, model=name),
                text=text, prediction=f"{ORDERS[0]} {FORMULAS[3]}",
            )
            for name in ("before", f"{ORDERS[0]} {SCRIPTS[0]}")
        ]  # fmt: skip

    def pages(self) -> dict[str, Path]:
        """Write the pages that open from disk, and return them by name."""
        from workbench.reporting.attention_page import write_look
        from workbench.reporting.compare import write_comparison
        from workbench.reporting.profile import write_profile

        made = {
            name: self.folder / f"{name}.html"
            for name in ("profile", "comparison", "look", "look at one", "interactive figure")
        }
        write_profile(self._profile(), made["profile"])
        write_comparison(self.runs, made["comparison"])
        write_look(self.records(), made["look"])
        write_look(self.records()[:1], made["look at one"])
        made["interactive figure"].write_text(self._figure(), "utf-8")
        return {"report": self.runs[1].report_path, **made}

    def _profile(self) -> Any:
        from workbench.data.profiling import profile_source

        return profile_source(self.runs[0].spec()).profile

    def _figure(self) -> str:
        from workbench import figures

        return figures.interactive_page(figures.confusion_matrix(self.runs[0].metrics()))

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Return what notebooks show, as mime bundles by name."""
        from workbench import figures
        from workbench.notebook import pages
        from workbench.reporting.attention_page import desk_bundle
        from workbench.reporting.compare import compare
        from workbench.reporting.profile import profile_bundles
        from workbench.tasks import load_task

        run, task = self.runs[1], load_task("text-classification")
        profiled = self._profile()
        rows = [{FORMULAS[3]: one, ORDERS[0]: SCRIPTS[1]} for one in STRINGS]
        found = {
            "table": [pages.page(pages.table(rows), "rows")],
            "note": [pages.note(one) for one in (*FORMULAS, *ORDERS, *SCRIPTS)],
            "fault": [pages.fault(ValueError(one)) for one in (*FORMULAS, *ORDERS)],
            "spec": pages.spec_page(run.spec()),
            "evaluation": pages.evaluation_page(run),
            "errors": [pages.worst_errors(run, task)],
            "answers": pages.answers_page(run),
            "profile": profile_bundles(profiled),
            "comparison": compare(self.runs),
            "desk": [desk_bundle(self.records())],
            "figure": figures.explained(figures.confusion_matrix(run.metrics())),
        }
        return {f"{name} {n}": one for name, all_ in found.items() for n, one in enumerate(all_)}

    def widgets(self) -> list[dict[str, Any]]:
        """Return each widget's script, style and traits, and what it says when it is shown."""
        return [
            sample(
                name,
                widget,
                *(
                    [{"kind": "sync"}, {"kind": "suspects"}]
                    if "map" in name
                    else [{"kind": "sync"}]
                    if name == "live"
                    else []
                ),
            )
            for name, widget in self._widgets()
        ]

    def _widgets(self) -> Iterator[tuple[str, Any]]:
        from workbench.evaluation.streaming import Token
        from workbench.runs.lock import writer_lock
        from workbench.widgets.attention import AttentionDesk
        from workbench.widgets.dataset_map import DatasetMap
        from workbench.widgets.form import SpecForm
        from workbench.widgets.labelling import LabellingDesk
        from workbench.widgets.live import LiveChart
        from workbench.widgets.playground import PlaygroundDesk
        from workbench.widgets.spec_panel import SpecPanel
        from workbench.widgets.steering import SteeringPanel

        run = self.runs[1]
        form = SpecForm(run.spec(), "en")
        yield "form", form
        yield "spec", SpecPanel(form)
        for name, question in QUESTIONS.items():
            asked = replace(question, labels=CLASSES) if question.labels else question
            items = [
                item(n, one, label if question.kind == "class" else None)
                for n, (one, label) in enumerate(pairwise(STRINGS))
            ]
            path = self.folder / f"{name}.jsonl"
            yield (
                f"labelling {name}",
                LabellingDesk(session(path, items, question=asked, who=ORDERS[0]), "en"),
            )
        asks = {"map": lambda **_: None, "text": lambda **_: []}
        yield "attention", AttentionDesk(self.records(), asks, "en", loss=[(1, 0.7), (2, 0.5)])
        desk = PlaygroundDesk(lambda: None, RunSpec(), language="en")
        desk.said = [
            {"asked": one, "before": one, "after": one, "told": one,
             "tokens": {"after": [vars(Token(one, 0.75, [(one, 0.75), ("no", 0.25)]))]}}
            for one in STRINGS
        ]  # fmt: skip
        yield "playground", desk
        with writer_lock(run):
            yield "steering", SteeringPanel(run, "en")
            yield "live", LiveChart(run, "en", on_fork=lambda *_: None)
        yield "dataset map", DatasetMap(run, "en", on_retrain=lambda: None)
