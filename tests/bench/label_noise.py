"""Planted label errors: how well each ranking finds them, and what correcting them recovers.

Some labels of clean training rows are flipped, a model learns from them, and its rows are ranked.
Precision and recall are counted against what was planted; the data's own errors count as false
finds. Then somebody who knows the planted ones looks at as many rows as were planted, or twice as
many, in the order of a ranking, and corrects what is wrong; the model learns again, from the start
or warm. The scores are of clean rows that neither training nor the choice of the checkpoint has
seen; gains are paired, row by row, within a seed. A seed draws all rows anew.

Each run is kept in the folder; what is there already is not trained again.

    python tests/bench/label_noise.py [--source wheel:tweets] [--rows 2000] [--epochs 2]
        [--shares 0.05 0.1 0.2] [--seeds 42] [--looked confident] [--folder label-noise] [--runs 99]
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
from workbench.dynamics.label_issues import confident_learning
from workbench.dynamics.rows import LearnedRows
from workbench.evaluation.run import evaluate_file
from workbench.runs import RunFolder, read_state
from workbench.spec import RunSpec
from workbench.tasks import load_task

RANKINGS = ("confident_learning", "area_under_margin", "loss", "random")
# How the rows to look at were found, how many for each planted error, and how the next run began:
# warm or anew.
LOOKED = {
    "confident": ("confident_learning", 1, False),
    "twice": ("confident_learning", 2, False),
    "warm": ("confident_learning", 1, True),
    "random": ("random", 1, False),
}
WARM_EPOCHS = 1
WITH_ERRORS = "as flipped"
SCORES = ("accuracy", "loss")
SHOWN = {
    WITH_ERRORS: "with the errors",
    "confident": "corrected by confident learning",
    "twice": "the same, looking at twice as many rows",
    "warm": "the same, warm, one epoch",
    "random": "corrected by looking at random rows",
}


class OutOfRunsError(Exception):
    """As many runs were trained as were allowed."""


class Experiment:
    """One source, its clean rows, and the runs made of them."""

    def __init__(self, options: argparse.Namespace, seed: int) -> None:
        self.folder = options.folder.absolute() / f"seed-{seed}"
        self.options = options
        self.seed = seed
        self.spec = RunSpec().replace(
            {
                "data.source": options.source,
                "data.max_train_rows": options.rows,
                "train.num_train_epochs": options.epochs,
                "train.eval_steps": 0,
                "train.seed": seed,
                "data.max_validation_rows": options.validation_rows,
                "evaluate.baselines": False,
                "inspect.probes": [],
                "output.runs_dir": str(self.folder / "runs"),
                "output.language": "en",
            }
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        data = load_data(self.spec.data, load_task(self.spec.task), seed)
        self.labels = data.labels
        self.clean = list(zip(data.train["text"], data.train["label"], strict=True))
        checked = list(zip(data.validation["text"], data.validation["label"], strict=True))
        self._write("validation.csv", checked)
        every = self.spec.data.model_copy(update={"max_validation_rows": None})
        held = load_data(every, load_task(self.spec.task), seed).validation
        known = set(data.validation["row"])
        rest = [row for row in held if row["row"] not in known]
        self._write("test.csv", [(row["text"], row["label"]) for row in rest])

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

    def corrected(self, share: float, looked: str) -> RunFolder:
        """Return the run on labels of which the first ones in a ranking were looked at."""
        by, times, warm = LOOKED[looked]
        noisy, wrong = self.noisy(share), self.planted(share)
        dynamics, rows = read_dynamics(noisy), LearnedRows(noisy)
        journal = open_corrections(RunFolder(self._copy(noisy, f"{by}-{times}")))
        if not len(journal):
            order = rank(dynamics, by, self.seed).order[: times * wrong.sum()]
            for place, row in enumerate(dynamics.rows[order].tolist(), 1):
                truth = self.labels[self.clean[row - 1][1]]
                if truth != rows.label(row):
                    correct(journal, rows, row, truth, why=f"{by}, rank {place}")
        changes: dict[str, Any] = {"output.run_name": f"{noisy.name}-{looked}"}
        if warm:
            changes["train.num_train_epochs"] = WARM_EPOCHS
        else:
            changes["model.source"] = self.spec.model.source
        return self.train(retraining_spec(noisy, journal, {}).replace(changes))

    def score(self, run: RunFolder) -> dict[str, Any]:
        """Return accuracy, loss and the rows answered wrong, of those held back until the end."""
        path = self.folder / "tested.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if run.name not in known:
            metrics, records = evaluate_file(run, str(self.folder / "test.csv"))
            wrong = sorted(one["row"] for one in records if one["label"] != one["predicted"])
            scores = {name: metrics["metrics"][name] for name in SCORES}
            known[run.name] = scores | {"rows": len(records), "wrong": wrong}
            path.write_text(json.dumps(known), "utf-8")
        return known[run.name]

    def train(self, spec: RunSpec) -> RunFolder:
        """Return the run of this name, trained if there is none yet."""
        run = RunFolder(self.folder / "runs" / spec.output.run_name)
        if run.path.exists() and read_state(run).ended:
            return run
        if self.options.runs <= 0:
            raise OutOfRunsError
        self.options.runs -= 1
        if run.path.exists():
            pipeline.resume(run)
            return run
        return pipeline.train(spec)

    def _copy(self, noisy: RunFolder, name: str) -> Path:
        """Return a folder that holds corrections, with the spec of the run."""
        folder = self.folder / "corrections" / f"{noisy.name}-{name}"
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


def gain(after: dict[str, Any], before: dict[str, Any]) -> tuple[float, float]:
    """Return how much more accurate one run is than another on the same rows, and the error.

    Source: the standard error of the mean of paired differences, each -1, 0 or 1.
    """
    rows = np.arange(1, after["rows"] + 1)
    better = np.isin(rows, before["wrong"]).astype(float) - np.isin(rows, after["wrong"])
    return better.mean(), better.std(ddof=1) / len(rows) ** 0.5


def report(scores: dict[int, dict[tuple[float, str], dict[str, Any]]]) -> None:
    """Print, for each setting, the accuracies and paired gains of the seeds, and their means."""
    for share, name in dict.fromkeys(key for found in scores.values() for key in found):
        seeds = [found for found in scores.values() if (share, name) in found]
        mean = [np.mean([found[share, name][what] for found in seeds]) for what in SCORES]
        line = f"{share:4.0%} {name:12}accuracy {mean[0]:.4f}  loss {mean[1]:.3f}"
        if name != WITH_ERRORS and share:
            gains = [gain(found[share, name], found[share, WITH_ERRORS]) for found in seeds]
            each = "  ".join(f"{100 * one:+.2f} ± {100 * error:.2f}" for one, error in gains)
            values = np.array([one for one, _ in gains])
            error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
            line += f"  gain {100 * values.mean():+.2f} ± {100 * error:.2f} points ({each})"
        print(line)


def draw(scores: dict[int, dict[tuple[float, str], dict[str, Any]]], path: Path) -> None:
    """Draw the accuracies as an SVG: a mark for each seed, a line through their means."""
    import plotly.graph_objects as go

    from workbench.figures import theme

    shares = sorted({share for found in scores.values() for share, _ in found if share})
    names = list(dict.fromkeys(n for found in scores.values() for share, n in found if share))
    clean = np.mean([100 * found[0.0, WITH_ERRORS]["accuracy"] for found in scores.values()])
    traces = []
    marks = ("circle", "diamond", "square", "triangle-up")
    for place, name in enumerate(names):
        colour, symbol = theme.PALETTE[place], marks[place]
        beside = 0.6 * (place - (len(names) - 1) / 2)  # marks of one share side by side
        dots = [
            (100 * share + beside, 100 * found[share, name]["accuracy"])
            for share in shares
            for found in scores.values()
            if (share, name) in found
        ]
        means = {x: np.mean([y for at, y in dots if at == x]) for x, _ in dots}
        if len(means) == 1:  # a mean alone is a dash
            ((x, mean),) = means.items()
            means = {x - 0.2: mean, x + 0.2: mean}
        look = {"name": SHOWN[name], "legendgroup": name}
        traces += [
            go.Scatter(
                x=list(means), y=list(means.values()), mode="lines", line={"color": colour}, **look
            ),
            go.Scatter(
                x=[x for x, _ in dots], y=[y for _, y in dots], mode="markers", showlegend=False,
                marker={"symbol": symbol, "size": 8, "color": colour}, **look,
            ),
        ]  # fmt: skip
    ends = [0 if len(shares) > 1 else 100 * shares[0] - 2, 100 * shares[-1] + 2]
    traces.append(
        go.Scatter(
            x=ends, y=[clean, clean], name="no planted errors (mean)",
            mode="lines", line={"color": theme.GREY, "dash": "dash", "width": 2},
        )
    )  # fmt: skip
    rows = min(one["rows"] for found in scores.values() for one in found.values())
    drawn = go.Figure(traces)
    drawn.update_layout(
        template=theme.TEMPLATE, width=760, height=440,
        meta={"look": "", "name": "noise"},
        title={"text": f"Accuracy on {rows:,} clean rows, a mark for each of {len(scores)} seeds"},
        margin={"l": 64, "r": 24, "t": 90, "b": 56},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        xaxis={"title": {"text": "Planted label errors (%)"}, "range": ends},
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


def rankings(experiment: Experiment, share: float) -> list[dict[str, Any]]:
    """Print and return how well the errors of a share are found."""
    dynamics, wrong = read_dynamics(experiment.noisy(share)), experiment.planted(share)
    rows = found_errors(dynamics, wrong, experiment.seed)
    print(f"\nseed {experiment.seed}: {share:.0%} of {len(wrong):,} flipped, "
          f"{dynamics.passes} passes")  # fmt: skip
    show(rows)
    return rows


def main() -> None:
    """Plant, train, rank, correct, train again; print the tables and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="wheel:tweets")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--validation-rows", type=int, default=1000)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.1, 0.2])
    parser.add_argument("--seeds", type=int, nargs="+", default=[42])
    parser.add_argument("--looked", nargs="+", choices=LOOKED, default=["confident"])
    parser.add_argument("--folder", type=Path, default=Path("label-noise"))
    parser.add_argument("--runs", type=int, default=10**6, help="train at most so many runs now")
    options = parser.parse_args()
    scores: dict[int, dict[tuple[float, str], dict[str, Any]]] = {}
    found: dict[str, Any] = {}
    try:
        for seed in options.seeds:
            experiment = Experiment(options, seed)
            clean = experiment.score(experiment.noisy(0.0))
            scores[seed] = {(0.0, WITH_ERRORS): clean}
            for share in options.shares:
                found[f"{seed}, {share:g}"] = rankings(experiment, share)
                scores[seed][share, WITH_ERRORS] = experiment.score(experiment.noisy(share))
                for looked in options.looked:
                    run = experiment.corrected(share, looked)
                    scores[seed][share, looked] = experiment.score(run)
    except OutOfRunsError:
        print("\nmore runs are to be trained")
    report(scores)
    kept = {seed: {f"{s:g} {n}": one for (s, n), one in of.items()} for seed, of in scores.items()}
    path = options.folder / "results.json"
    path.write_text(json.dumps({"rankings": found, "scores": kept}, default=float), "utf-8")
    if any(len(of) > 1 for of in scores.values()):
        draw(scores, options.folder / "accuracy.svg")
    print(f"\n{path}")


if __name__ == "__main__":
    main()
