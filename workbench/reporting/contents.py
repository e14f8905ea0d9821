"""What the run folder holds for the report; a part that is missing or damaged is None."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ..attention.reading import read_json as read_attention
from ..attention.record import AttentionRecord
from ..data.profile import DataProfile
from ..dynamics import Dynamics, read_dynamics
from ..dynamics.record import FILE as DYNAMICS
from ..errors import RunError
from ..runs import RunFolder, RunState, read_json, read_state
from ..runs.evaluation import Evaluation
from ..spec import RunSpec, SpecError
from ..tasks import Task, task_of

MAX_ERRORS = 50

Part = TypeVar("Part")


@dataclass
class Probe:
    """The attention on one sentence, before and after fine-tuning where both were kept."""

    number: int
    records: dict[str, AttentionRecord] = field(default_factory=dict)


@dataclass
class Contents:
    """The parts of a run folder that the report shows.

    `errors` holds the wrong predictions with the highest loss, the worst first. `task` says how
    they, and the metrics, are shown.
    """

    name: str
    task: Task
    spec: RunSpec | None
    record: dict[str, Any]
    state: RunState
    profile: DataProfile | None
    card: dict[str, Any] | None
    metrics: Evaluation | None
    errors: list[dict[str, Any]] | None
    probes: list[Probe]
    dynamics: Dynamics | None = None


def read_contents(run: RunFolder) -> Contents:
    """Read everything that the report shows from a run folder."""
    spec = _spec(run)
    metrics = _read(run.evaluation_path / "metrics.json", _json)
    task = task_of(metrics, spec)
    return Contents(
        name=run.path.resolve().name,
        task=task,
        spec=spec,
        record=_record(run),
        state=read_state(run),
        profile=_read(run.path / "data.json", lambda p: DataProfile.from_dict(_json(p))),
        card=_read(run.path / "model.json", _json),
        metrics=metrics,
        errors=_read(
            run.evaluation_path / "predictions.parquet", lambda p: wrong_predictions(p, task)
        ),
        probes=read_probes(run),
        dynamics=_read(run.path / DYNAMICS, lambda _: read_dynamics(run)),
    )


def wrong_predictions(path: Path, task: Task, limit: int = MAX_ERRORS) -> list[dict[str, Any]]:
    """Return the first `limit` rows of a predictions file whose prediction is wrong.

    The file is sorted by loss, so these are the worst; it is read no further than needed.
    """
    import pyarrow.parquet

    found: list[dict[str, Any]] = []
    with pyarrow.parquet.ParquetFile(path) as file:
        wanted = [name for name in file.schema_arrow.names if name != "probabilities"]
        for batch in file.iter_batches(batch_size=1000, columns=wanted):
            found += [row for row in batch.to_pylist() if task.is_wrong(row)]
            if len(found) >= limit:
                break
    return found[:limit]


def _spec(run: RunFolder) -> RunSpec | None:
    try:
        return run.spec()
    except (RunError, SpecError) as error:
        logging.getLogger(__name__).info("no spec in the report: %s", error)
        return None


def _record(run: RunFolder) -> dict[str, Any]:
    try:
        record = run.record()
    except RunError:
        return {}
    return record if isinstance(record, dict) else {}


def read_probes(run: RunFolder) -> list[Probe]:
    """Return what was kept of each probe sentence before and after fine-tuning."""
    probes: dict[int, Probe] = {}
    for when in ("before", "after"):
        for path in sorted(run.attention_path.glob(f"probe-*-{when}.json")):
            number = path.name.split("-")[1]
            read = _read(path, lambda p: read_attention(p.read_text("utf-8")))
            if read is not None and number.isdigit():
                probe = probes.setdefault(int(number), Probe(int(number)))
                probe.records[when] = read
    return [probes[number] for number in sorted(probes)]


def _json(path: Path) -> Any:
    return read_json(path)


def _read(path: Path, parse: Callable[[Path], Part]) -> Part | None:
    """Return what `parse` makes of a file; None if there is none or it is damaged."""
    if not path.is_file():
        return None
    try:
        return parse(path)
    # A report is written of what is left of a run; the library for a format knows its errors.
    except Exception as error:
        logging.getLogger(__name__).info("%s left out of the report: %s", path, error)
        return None
