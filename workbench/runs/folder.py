"""The run folder: `runs/NAME/`, where everything about a run lies.

`spec.yaml` (resolved, with a `record` of versions and fingerprints), `events.jsonl`,
`checkpoints/step-000120/`, `model/` (the best one), `evaluation/metrics.json`,
`evaluation/predictions.parquet`, `attention/`, `report.html`; `dynamics.records`, what training
said of each row, and `corrections.jsonl`, labels put right since. Nothing in it is ever executed or
unpickled.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..errors import InputError, RunError, shorten
from ..language import translate
from ..spec import RunSpec, SpecError, build, dump_tree, parse_tree, to_yaml
from ..spec.anchor import anchored
from ..spec.earlier import as_it_was, packed_otherwise
from . import consent
from .commands import quoted
from .evaluation import Evaluation
from .events import Event, read_events
from .inside import read_json, read_text, require_inside
from .names import cut_name, expanded
from .reads import refuse_if_read

# The record's lines are copied out of the file.
UNBROKEN = 100_000


@dataclass(frozen=True)
class RunFolder:
    """A run on disk. Cheap to make; reads on demand."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name: that of its folder."""
        return self.path.name

    @property
    def events_path(self) -> Path:
        """`events.jsonl`."""
        return self.path / "events.jsonl"

    @property
    def spec_path(self) -> Path:
        """`spec.yaml`."""
        return self.path / "spec.yaml"

    @property
    def control_path(self) -> Path:
        """`control.jsonl`: what people ask of the run while it trains."""
        return self.path / "control.jsonl"

    @property
    def checkpoints_path(self) -> Path:
        """`checkpoints/`."""
        return self.path / "checkpoints"

    @property
    def model_path(self) -> Path:
        """`model/`: the best model, in the standard layout."""
        return self.path / "model"

    @property
    def dropped_path(self) -> Path:
        """`dropped.jsonl`: the rows that cleaning dropped, if any, as they stood in the source."""
        return self.path / "dropped.jsonl"

    @property
    def evaluation_path(self) -> Path:
        """`evaluation/`."""
        return self.path / "evaluation"

    @property
    def attention_path(self) -> Path:
        """`attention/`."""
        return self.path / "attention"

    @property
    def report_path(self) -> Path:
        """`report.html`."""
        return self.path / "report.html"

    def checkpoint_path(self, step: int) -> Path:
        """Return the folder of the checkpoint after `step` optimiser steps."""
        return self.checkpoints_path / f"step-{step:06d}"

    def spec(self) -> RunSpec:
        """Read the resolved spec.

        Whether code that came with the model may run is the present user's to say (see `consent`).
        """
        spec = self._own_spec()
        trusted = consent.given(self.path, spec.model)
        return spec.replace({"model.trust_remote_code": trusted})

    def trust_code(self) -> None:
        """Let the code that came with this run's model run, because the user says so."""
        consent.give(self.path, self._own_spec().model)

    def _own_spec(self) -> RunSpec:
        tree = anchored(as_it_was(self._spec_tree()))
        tree.pop("record", None)
        return build(tree, str(self.spec_path))

    def packed_otherwise(self) -> bool:
        """Say whether its version packed texts so that each saw those before it in its row."""
        return packed_otherwise(self._spec_tree())

    def record(self) -> dict[str, Any]:
        """Read what was noted when the run started: versions, fingerprints, label names."""
        return self._spec_tree().get("record", {})

    def write_spec(self, spec: RunSpec, record: dict[str, Any]) -> None:
        """Write the resolved spec and its record."""
        write_text(self.spec_path, to_yaml(spec) + "\n" + dump_tree({"record": record}, UNBROKEN))

    def events(self) -> Iterator[Event]:
        """Yield the run's events so far."""
        return read_events(self.events_path)

    def headline(self) -> dict[str, Any]:
        """Return what other programs want to know: the metrics by name, and where the run is."""
        scores = self.metrics().get("metrics", {})
        numbers = {name: value for name, value in scores.items() if value is not None}
        return {**numbers, "run": self.name, "run_path": str(self.path.absolute())}

    def metrics(self) -> Evaluation:
        """Read `evaluation/metrics.json`; empty before the evaluation."""
        path = self.evaluation_path / "metrics.json"
        if not path.is_file():
            return {}
        try:
            metrics = read_json(path)
            if not isinstance(metrics, dict):
                raise ValueError(translate("not an object"))
        except ValueError as error:
            raise RunError(
                "{path} is damaged ({reason})",
                "evaluate again: workbench evaluate {run}",
                path=path,
                reason=shorten(error),
                run=quoted(self.path),
            ) from None
        return cast(Evaluation, metrics)

    def _spec_tree(self) -> dict[str, Any]:
        require_inside(self.path)
        try:
            tree = parse_tree(read_text(self.spec_path), str(self.spec_path))
        except PermissionError as error:
            raise RunError(
                "{path} cannot be read ({reason})",
                "make the run's folder readable",
                path=self.spec_path,
                reason=error.strerror,
            ) from None
        except (FileNotFoundError, NotADirectoryError):
            raise RunError(
                "{run} is not a run: it has no spec.yaml",
                "`workbench runs list` shows the runs",
                run=self.path,
            ) from None
        except (SpecError, ValueError, OSError) as error:
            raise RunError(
                "{path} is damaged ({reason})",
                "restore it, or train again",
                path=self.spec_path,
                reason=shorten(error, 200),
            ) from None
        if not isinstance(tree, dict) or not isinstance(tree.get("record", {}), dict):
            raise RunError("{path} is damaged", "restore it, or train again", path=self.spec_path)
        return tree


def create_run(spec: RunSpec, suggested_name: str, needed_bytes: int = 0) -> RunFolder:
    """Make the folder for a new run.

    `output.run_name` names it; left empty, `suggested_name` does, numbered if it is taken.

    Raises:
        RunError: the name is taken or is no plain folder name, the folder cannot be made, or its
            disk has less than `needed_bytes` free.
    """
    runs_dir = expanded(spec.output.runs_dir)
    require_space(runs_dir, needed_bytes)
    name = spec.output.run_name or suggested_name
    if not re.fullmatch(r"\w[\w.+=@-]*", name):
        raise RunError(
            "output.run_name {name!r} is not a plain folder name",
            "use letters, digits, dots, dashes and underscores",
            name=name,
        ).at("output.run_name", name, "no_folder_name")
    candidates = (
        [name] if spec.output.run_name else [name, *(f"{name}-{n}" for n in range(2, 1000))]
    )
    for candidate in candidates:
        path = runs_dir / candidate
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(
                "cannot make the run folder {path} ({reason})",
                "set output.runs_dir to a folder you may write to",
                path=path,
                reason=error.strerror,
            ).at("output.runs_dir", str(runs_dir), "not_writable") from None
        if spec.model.trust_remote_code:
            consent.give(path, spec.model)
        return RunFolder(path)
    raise RunError(
        "a run named {name!r} is already in {runs_dir}",
        "set output.run_name to another name, or leave it empty",
        name=name,
        runs_dir=runs_dir,
    ).at("output.run_name", name, "name_taken")


def open_run(run: str | Path, runs_dir: str | Path = "runs") -> RunFolder:
    """Find a run by path, or by name inside `runs_dir`.

    Raises:
        RunError: there is none; names those that exist.
    """
    for path in (Path(run), Path(runs_dir) / run):
        try:
            if (path / "spec.yaml").is_file() or (path / "events.jsonl").is_file():
                require_inside(path)
                return RunFolder(path)
        except PermissionError as error:
            raise RunError(
                "the run {path} cannot be read ({reason})",
                "make its folder readable",
                path=path,
                reason=error.strerror,
            ) from None
        except (OSError, ValueError):  # no file can have such a name
            continue
    names = [folder.name for folder in list_runs(runs_dir)][-5:]
    raise RunError(
        "no run {name!r}",
        "the latest are {names}" if names else "there are none in {runs_dir}",
        name=str(run),
        names=", ".join(names),
        runs_dir=runs_dir,
    )


def list_runs(runs_dir: str | Path = "runs") -> list[RunFolder]:
    """Return the runs in a folder, oldest first; one that may not be read is among them.

    Raises:
        RunError: the folder itself may not be read.
    """
    found: list[tuple[float, RunFolder]] = []
    try:
        with os.scandir(runs_dir) as entries:
            for entry in entries:
                try:
                    began = RunFolder(Path(entry.path)).spec_path.stat().st_mtime
                except PermissionError:
                    began = entry.stat().st_mtime
                except OSError:
                    continue
                found.append((began, RunFolder(Path(entry.path))))
    except PermissionError as error:
        raise RunError(
            "the runs folder {runs_dir} cannot be read ({reason})",
            "make it readable, or name another one with --runs-dir",
            runs_dir=runs_dir,
            reason=error.strerror,
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [run for _, run in sorted(found, key=lambda pair: pair[0])]


def require_space(path: Path, needed_bytes: int) -> None:
    """Refuse to start when the disk that holds `path` has less room than `needed_bytes`.

    Raises:
        RunError: naming what is free and what is needed.
    """
    existing = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise RunError(
            "the disk of {path} has {free:,.0f} MB free, and the run needs about {needed:,.0f} MB",
            "free some space, or set output.runs_dir to another disk",
            path=path,
            free=free / 1e6,
            needed=needed_bytes / 1e6,
        ).at("output.runs_dir", str(path), "disk_full")


def write_text(path: Path, text: str, make_folder: bool = True) -> None:
    """Write a file whole or not at all: beside its place first, then moved there.

    Its folder is made if need be, but not the folder above: a run that was removed stays so.
    """
    if make_folder:
        path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{cut_name(path.name, 100)}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written after long work; what it holds stays.

    Raises:
        InputError: naming why.
    """
    refuse_if_read(path)
    there = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_output(path: Path, content: str | bytes) -> None:
    """Write a file that somebody named; text whole or not at all.

    Raises:
        InputError: it cannot be written there, or is what the same command reads.
    """
    refuse_if_read(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            write_text(path, content)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(
        "cannot write {path} ({reason})",
        "choose another place",
        path=path,
        reason=error.strerror,
    )


def write_json(path: Path, value: Any, make_folder: bool = True) -> None:
    """Write plain data as JSON, whole or not at all; NaN becomes null."""
    plain = json.dumps(_finite(value), ensure_ascii=False, indent=1, allow_nan=False)
    write_text(path, plain + "\n", make_folder)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
