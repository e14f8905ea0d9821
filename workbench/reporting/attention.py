"""The report's attention section: a desk for each probe sentence, while there is room."""

from __future__ import annotations

import json
import math
from typing import Any

from ..attention.record import AttentionRecord
from ..attention.snapshots import read_snapshots
from ..runs import RunFolder, RunState
from .attention_page import desk_scripts, desk_values, still_image
from .contents import Probe

MAX_ATTENTION_BYTES = 1_200_000


def attention_values(run: RunFolder, probes: list[Probe], state: RunState) -> dict[str, Any]:
    """Return what the templates need to show where the model looked in each probe sentence.

    Where there is no room for the snapshots along the way, before and after remain; where there
    is none for these, a still picture.
    """
    loss = loss_points(state)
    room = MAX_ATTENTION_BYTES
    shown: list[dict[str, Any]] = []
    for probe in probes:
        records = list(probe.records.values())
        still = still_image(records, adaptive=True)
        choices = (probe_records(run, probe), records)
        desk = None
        for chosen in choices:
            given = desk_values(chosen, loss)
            needed = len(json.dumps(given["records"]))
            if needed <= room:
                room -= needed
                desk = {"id": f"desk-{probe.number}", "given": given, "still": still}
                break
        shown.append({"still": still, "desk": desk})
    live = any(probe["desk"] for probe in shown)
    scripts = desk_scripts(".wb-desk") if live else {"attention_script": "", "attention_style": ""}
    return {"probes": shown, **scripts}


def probe_records(run: RunFolder, probe: Probe) -> list[AttentionRecord]:
    """Return where the model looked before fine-tuning, along the way, and after it."""
    along = [one for one in read_snapshots(run, probe.number) if one.model not in probe.records]
    before, after = (probe.records.get(when) for when in ("before", "after"))
    return [one for one in (before, *along, after) if one is not None]


def loss_points(state: RunState, most: int = 300) -> list[tuple[int, float]]:
    """Return the training loss by step, thinned to at most `most` points."""
    pairs = zip(state.steps.column("step"), state.steps.column("loss"), strict=True)
    rows = [(int(step), round(loss, 4)) for step, loss in pairs if math.isfinite(loss)]
    return rows[:: max(1, -(-len(rows) // most))]
