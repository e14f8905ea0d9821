"""Planted label errors: how well each ranking finds them, and what correcting them recovers.

Some labels of clean training rows are flipped, a model learns from them, and its rows are ranked.
Precision and recall are counted against what was planted; the data's own errors count as false
finds. Then somebody who knows the planted ones looks at as many rows as were planted, in the order
of a ranking, and corrects what is wrong; the model learns again, from the start and warm. The
scores are of clean rows that neither training nor the choice of the checkpoint has seen.

Each run is kept in the folder; what is there already is not trained again.

    python tests/bench/label_noise.py [--source wheel:tweets] [--rows 2000] [--epochs 2]
        [--shares 0.05 0.1 0.2] [--folder label-noise] [--runs 99]
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from workbench import figures, pipeline
from workbench.data import load_data
from workbench.dynamics import Dynamics, rank, read_dynamics
from workbench.dynamics.corrections import correct, open_corrections, retraining_spec
from workbench.dynamics.rows import LearnedRows
from workbench.dynamics.suspects import confident_learning
from workbench.evaluation.run import evaluate_file
from workbench.runs import RunFolder, read_state
from workbench.spec import RunSpec
from workbench.tasks import load_task

RANKINGS = ("confident_learning", "area_under_margin", "loss", "random")
# Whoever looks at random rows finds the planted share of them: shown for the largest one only.
CORRECTED_BY = ("confident_learning", "random")
WARM_EPOCHS = 1


class OutOfRunsError(Exception):
    """As many runs were trained as were allowed."""


class Experiment:
    """One source, its clean rows, and the runs made of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.folder = options.folder.absolute()
        self.runs_left = options.runs
        self.seed = options.seed
        self.spec = RunSpec().replace(
            {
                "data.source": options.source,
                "data.max_train_rows": options.rows,
                "train.num_train_epochs": options.epochs,
                "train.eval_steps": 0,
                "train.seed": options.seed,
                "evaluate.baselines": False,
                "inspect.probes": [],
                "output.runs_dir": str(self.folder / "runs"),
                "output.language": "en",
            }
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        data = load_data(self.spec.data, load_task(self.spec.task), options.seed)
        self.labels = data.labels
        self.clean = list(zip(data.train["text"], data.train["label"], strict=True))
        checked = list(zip(data.validation["text"], data.validation["label"], strict=True))
        self._write("validation.csv", checked)
        every = self.spec.data.model_copy(update={"max_validation_rows": None})
        held = load_data(every, load_task(self.spec.task), options.seed).validation
        known = set(data.validation["row"])
        rest = [row for row in held if row["row"] not in known]
        self._write("test.csv", [(row["text"], row["label"]) for row in rest])
        self.test_rows = len(rest)

    def planted(self, share: float) -> np.ndarray:
        """Return which rows are given another label: (N,) bool."""
        rows = len(self.clean)
        chosen = np.random.default_rng(self.seed).permutation(rows)[: round(share * rows)]
        return np.isin(np.arange(rows), chosen)

    def noisy(self, share: float) -> RunFolder:
        """Return the run that learned from so many flipped labels."""
        wrong, classes = self.planted(share), len(self.labels)
        rows = [
            (text, (label + 1) % classes if flipped else label)
            for (text, label), flipped in zip(self.clean, wrong, strict=True)
        ]
        name = f"noisy-{share:g}"
        source = self._write(f"{name}.csv", rows)
        changes = {
            "data.source": str(source),
            "data.validation_split": str(self.folder / "validation.csv"),
            "data.max_train_rows": None,
            "output.run_name": name,
        }
        return self.train(self.spec.replace(changes))

    def corrected(self, share: float, by: str, warm: bool) -> RunFolder:
        """Return the run on labels of which the first ones in a ranking were looked at."""
        noisy, wrong = self.noisy(share), self.planted(share)
        dynamics, rows = read_dynamics(noisy), LearnedRows(noisy)
        journal = open_corrections(RunFolder(self._copy(noisy, by)))
        if not len(journal):
            order = rank(dynamics, by, self.seed).order[: wrong.sum()]
            for place, row in enumerate(dynamics.rows[order].tolist(), 1):
                truth = self.labels[self.clean[row - 1][1]]
                if truth != rows.label(row):
                    correct(journal, rows, row, truth, why=f"{by}, rank {place}")
        spec = retraining_spec(noisy, journal, {})
        changes: dict[str, Any] = {
            "output.run_name": f"{noisy.name}-{by}-{'warm' * warm or 'anew'}"
        }
        if warm:
            changes["train.num_train_epochs"] = WARM_EPOCHS
        else:
            changes["model.source"] = self.spec.model.source
        return self.train(spec.replace(changes))

    def held_back_scores(self, run: RunFolder) -> dict[str, float]:
        """Return accuracy and loss of a run's best model on the rows held back until the end."""
        path = self.folder / "tested.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if run.name not in known:
            scores = evaluate_file(run, str(self.folder / "test.csv"))[0]["metrics"]
            known[run.name] = {name: scores[name] for name in ("accuracy", "loss")}
            path.write_text(json.dumps(known, indent=1), "utf-8")
        return known[run.name]

    def train(self, spec: RunSpec) -> RunFolder:
        """Return the run of this name, trained if there is none yet."""
        run = RunFolder(self.folder / "runs" / spec.output.run_name)
        if run.path.exists() and read_state(run).ended:
            return run
        if self.runs_left <= 0:
            raise OutOfRunsError
        self.runs_left -= 1
        if run.path.exists():
            pipeline.resume(run)
            return run
        return pipeline.train(spec)

    def _copy(self, noisy: RunFolder, by: str) -> Path:
        """Return a folder that holds the corrections by a ranking, with the spec of the run."""
        folder = self.folder / "corrections" / f"{noisy.name}-{by}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "spec.yaml").write_text(noisy.spec_path.read_text("utf-8"), "utf-8")
        return folder

    def _write(self, name: str, rows: list[tuple[str, int]]) -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows((text, self.labels[label]) for text, label in rows)
        return path


def found_errors(dynamics: Dynamics, wrong: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Return precision and recall of each ranking against the planted errors.

    Precision at k equals recall there, for k is the number of planted errors.
    """
    truth = wrong[dynamics.rows - 1]
    k = int(truth.sum())
    rows = []
    for name in RANKINGS:
        ranking = rank(dynamics, name, seed)
        hits = truth[ranking.order]
        rows.append(_row(name, hits, k) | _flagged(hits, ranking.flagged, k))
    for name, shares in (
        ("  of all passes alike", dynamics.probabilities.mean(axis=0)),
        ("  of the first pass", dynamics.probabilities[0]),
    ):
        flagged, doubt = confident_learning(shares, dynamics.given)
        hits = truth[np.lexsort((dynamics.rows, -doubt, ~flagged))]
        rows.insert(-3, _row(name, hits, k) | _flagged(hits, int(flagged.sum()), k))
    last = truth[np.lexsort((dynamics.rows, -dynamics.loss[-1]))]
    rows.insert(-1, _row("  of the last pass", last, k) | _flagged(last, None, k))
    return rows


def _row(name: str, hits: np.ndarray, k: int) -> dict[str, Any]:
    at = np.flatnonzero(hits) + 1
    return {
        "ranking": name,
        "planted": k,
        "precision@k/2": hits[: k // 2].mean(),
        "precision@k": hits[:k].mean(),
        "recall@2k": hits[: 2 * k].sum() / k,
        "average precision": float((np.arange(1, len(at) + 1) / at).mean()),
    }


def _flagged(hits: np.ndarray, flagged: int | None, k: int) -> dict[str, Any]:
    if flagged is None:
        return {"flagged": None, "precision": None, "recall": None}
    found = hits[:flagged].sum()
    return {"flagged": flagged, "precision": found / max(flagged, 1), "recall": found / k}


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw the accuracies as an SVG."""
    import plotly.graph_objects as go

    from workbench.figures import theme

    shares = list(results["shares"])
    accuracies = {
        share: {name: scores["accuracy"] for name, scores in found["scores"].items()}
        for share, found in results["shares"].items()
    }
    names = dict.fromkeys(n for one in accuracies.values() for n in one)
    marks = zip(names, theme.PALETTE, ("circle", "diamond", "square", "triangle-up"), strict=False)
    lines = [
        go.Scatter(
            x=[100 * float(share) for share in shares if name in accuracies[share]],
            y=[100 * accuracies[share][name] for share in shares if name in accuracies[share]],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"symbol": symbol, "size": 9},
        )
        for name, colour, symbol in marks
    ]
    clean = 100 * results["clean"]["accuracy"]
    lines.append(
        go.Scatter(
            x=[0, 100 * float(shares[-1])], y=[clean, clean], name="no planted errors",
            mode="lines", line={"color": theme.GREY, "dash": "dash", "width": 2},
        )
    )  # fmt: skip
    drawn = go.Figure(lines)
    drawn.update_layout(
        template=theme.TEMPLATE, width=760, height=440,
        meta={"look": "", "name": "noise"},
        title={"text": f"Accuracy on {results['test_rows']:,} clean rows"},
        margin={"l": 64, "r": 24, "t": 90, "b": 56},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={"title": {"text": "Planted label errors (%)"}, "range": [0, 21]},
        yaxis={"title": {"text": "Accuracy (%)"}},
    )  # fmt: skip
    path.write_text(figures.to_svg(drawn), "utf-8")


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows of numbers as a table."""
    for number, row in enumerate(rows):
        if not number:
            print("  ".join(f"{name:>17}" if name != "ranking" else f"{name:26}" for name in row))
        cells = [_cell(name, value) for name, value in row.items()]
        print("  ".join(cells))


def _cell(name: str, value: Any) -> str:
    if name == "ranking":
        return f"{value:26}"
    shown = "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
    return f"{shown:>17}"


def main() -> None:
    """Plant, train, rank, correct, train again; print the tables and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="wheel:tweets")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.1, 0.2])
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--folder", type=Path, default=Path("label-noise"))
    parser.add_argument("--runs", type=int, default=10**6, help="train at most so many runs now")
    options = parser.parse_args()
    experiment = Experiment(options)
    results: dict[str, Any] = {"shares": {}}
    try:
        for share in options.shares:
            noisy, wrong = experiment.noisy(share), experiment.planted(share)
            dynamics = read_dynamics(noisy)
            rows = found_errors(dynamics, wrong, options.seed)
            print(f"\n{share:.0%} flipped of {len(wrong):,} rows, {dynamics.passes} passes")
            show(rows)
            results["shares"][f"{share:g}"] = {"rankings": rows}
        clean = experiment.noisy(0.0)
        made: dict[float, dict[str, RunFolder]] = {}
        for share in options.shares:
            made[share] = {"with the errors": experiment.noisy(share)}
            kinds = [(f"corrected by {by.replace('_', ' ')}", by, False) for by in CORRECTED_BY]
            kinds.insert(1, ("the same, warm, one epoch", CORRECTED_BY[0], True))
            for name, by, warm in kinds if share == max(options.shares) else kinds[:2]:
                try:
                    made[share][name] = experiment.corrected(share, by, warm)
                except OutOfRunsError:
                    print(f"to be trained yet: {share:.0%} {name}")
        results |= {"clean": experiment.held_back_scores(clean), "test_rows": experiment.test_rows}
        for share, runs in made.items():
            found = {name: experiment.held_back_scores(run) for name, run in runs.items()}
            results["shares"][f"{share:g}"]["scores"] = found
            print(f"\n{share:.0%} flipped; {experiment.test_rows:,} clean rows")
            for name, scores in {"no planted errors": results["clean"], **found}.items():
                print(f"{name:36}accuracy {scores['accuracy']:.4f}  loss {scores['loss']:.4f}")
    except OutOfRunsError:
        print("\nmore runs are to be trained")
        return
    path = experiment.folder / "results.json"
    path.write_text(json.dumps(results, indent=1, default=float), "utf-8")
    draw(results, experiment.folder / "accuracy.svg")
    print(f"\n{path}")


if __name__ == "__main__":
    main()
