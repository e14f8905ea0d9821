"""The front end's own tests, which run in Node, over widgets as Python makes them."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import tiers

from tests.static.samples import samples


@pytest.mark.node
def test_the_front_end_passes_its_own_tests(tmp_path):
    made = []
    for number, sample in enumerate(samples(tmp_path)):
        linked = tmp_path / f"{number}.mjs"
        linked.write_text(sample.pop("script"), "utf-8")
        made.append(sample | {"linked": linked.as_uri()})
    (tmp_path / "samples.json").write_text(json.dumps(made), "utf-8")
    files = sorted((tiers.ROOT / "tests" / "static").glob("*.test.js"))
    done = subprocess.run(
        ["node", "--test", *map(str, files)],
        env=os.environ | {"WORKBENCH_SAMPLES": str(tmp_path / "samples.json")},
        cwd=tiers.ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout
