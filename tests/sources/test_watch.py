import time

import pytest

from workbench.sources._watch import growth


def test_the_growth_of_a_folder_is_reported(tmp_path):
    (tmp_path / "old").write_bytes(b"x" * 100)
    seen = []
    with growth(tmp_path, 50, "fetching", lambda *report: seen.append(report)):
        (tmp_path / "new").write_bytes(b"x" * 30)
        deadline = time.monotonic() + 20
        while (30, 50, "fetching") not in seen and time.monotonic() < deadline:
            time.sleep(0.01)
    assert seen[0] == (0, 50, "fetching")
    assert (30, 50, "fetching") in seen
    assert seen[-1] == (50, 50, "fetching")


def test_an_unknown_total_reports_what_came(tmp_path):
    seen = []
    with growth(tmp_path / "later", 0, "fetching", lambda *report: seen.append(report)):
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "new").write_bytes(b"x" * 30)
    assert seen[-1] == (30, 0, "fetching")


def test_more_than_expected_is_never_reported(tmp_path):
    seen = []
    with growth(tmp_path, 10, "fetching", lambda *report: seen.append(report)):
        (tmp_path / "new").write_bytes(b"x" * 30)
        time.sleep(0.5)
    assert max(done for done, _, _ in seen) == 10


def test_a_failure_gets_no_full_report(tmp_path):
    seen = []
    with (
        pytest.raises(ValueError, match="no"),
        growth(tmp_path, 50, "fetching", lambda *report: seen.append(report)),
    ):
        raise ValueError("no")
    assert all(done == 0 for done, _, _ in seen)
