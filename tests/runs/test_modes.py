"""What is written may be read by whom the umask says, weights too."""

from __future__ import annotations

import os
import stat

import pytest

from tests.tiny_runs import tiny_spec
from workbench import pipeline
from workbench.export import export_run
from workbench.runs.modes import follow_umask

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the permissions are POSIX's")


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077, 0o027])
def test_every_file_of_a_run_and_its_export_has_the_same_permissions(umask, tmp_path):
    before = os.umask(umask)
    try:
        changes = {"train.max_steps": 2, "output.save_steps": 1, "inspect.probes": ["a b"]}
        run = pipeline.train(tiny_spec(tmp_path, **changes))
        export_run(run, "folder", tmp_path / "out")
    finally:
        os.umask(before)
    files = [p for top in (run.path, tmp_path / "out") for p in top.rglob("*") if p.is_file()]
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in files if p.suffix != ".lock"}
    assert set(modes.values()) == {0o666 & ~umask}, modes
    assert any(name.endswith(".safetensors") for name in modes)


def test_links_are_left_alone(tmp_path):
    target = tmp_path / "elsewhere"
    target.touch(0o600)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(target)
    follow_umask(tmp_path / "folder")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["link"]
