"""The front end's own tests, which run in Node, over widgets as Python makes them."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
import tiers

from tests.static.computed import computed


@pytest.mark.node
def test_the_front_end_passes_its_own_tests(tmp_path, made):
    linked_samples = []
    for number, sample in enumerate(made):
        linked = tmp_path / f"{number}.mjs"
        linked.write_text(sample["script"], "utf-8")
        rest = {name: value for name, value in sample.items() if name != "script"}
        linked_samples.append(rest | {"linked": linked.as_uri()})
    (tmp_path / "samples.json").write_text(json.dumps(linked_samples), "utf-8")
    (tmp_path / "computed.json").write_text(json.dumps(computed()), "utf-8")
    files = sorted((tiers.ROOT / "tests" / "static").glob("*.test.js"))
    done = subprocess.run(
        ["node", "--test", *map(str, files)],
        env=os.environ
        | {
            "WORKBENCH_SAMPLES": str(tmp_path / "samples.json"),
            "WORKBENCH_COMPUTED": str(tmp_path / "computed.json"),
        },
        cwd=tiers.ROOT, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout
