"""What all tests share: the tiers, and a guard over what they may touch."""

from __future__ import annotations

import functools
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
import tiers
import warm_kernels
from hypothesis import HealthCheck, settings

from workbench import language

# How long an example takes says nothing on a machine that does other things as well.
settings.register_profile("workbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workbench")

# An executed notebook or a worker process must speak the language that the tests expect.
os.environ["WORKBENCH_LANGUAGE"] = "en"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each process computes on a core of its own, and none takes the other's waiting worker.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="workbench-tests-")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note the tier of each test; in CI a browser test may be tried a second time.

    A browser on a busy machine can be late for any limit of time. A second try is shown in the
    summary as a rerun, with its traceback, so a test that needs one now and then is not hidden.
    """
    for item in items:
        marked = (marker for marker in tiers.MARKERS if item.get_closest_marker(marker))
        tier = next(marked, "unit")
        item.user_properties.append(("tier", tier))
        if tier == "browser" and tiers.all_required():
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one process, and those of the browser tier.

    The groups of `--dist loadgroup` would say it in a word, but pytest-xdist 3.8 does not see them
    under pytest 9.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "tests/browser" if file.startswith("tests/browser/") else file

    return ByFile(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out the tests of a tier that this machine cannot run, or fail where all must run."""
    for marker in tiers.MARKERS:
        if item.get_closest_marker(marker) and (reason := tiers.missing(marker)):
            if tiers.all_required():
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
    if any(item.get_closest_marker(marker) for marker in ("notebook", "browser")):
        _offer_warm_kernels()


@functools.cache
def _offer_warm_kernels() -> None:
    if hasattr(os, "fork"):
        warm_kernels.offer()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say of each tier how many tests ran, and why any were left out."""
    counts: dict[str, dict[str, int]] = {}
    for outcome in ("passed", "failed", "error", "skipped", "rerun"):
        for report in terminalreporter.stats.get(outcome, []):
            tier = dict(getattr(report, "user_properties", ())).get("tier", "unit")
            row = counts.setdefault(tier, {})
            row[outcome] = row.get(outcome, 0) + 1
    terminalreporter.section("tiers")
    for tier in ("unit", *tiers.MARKERS):
        row = counts.get(tier, {})
        result = ", ".join(f"{n} {outcome}" for outcome, n in row.items()) or "none selected"
        reason = tiers.missing_if_known(tier)
        terminalreporter.write_line(f"{tier:9}{result}{f'; {reason}' if reason else ''}")


@pytest.fixture(autouse=True)
def interface_language():
    """Start every test in the language of the environment."""
    language.use("auto")
    yield
    language.use("auto")


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse unit tests a connection to another machine."""
    if any(request.node.get_closest_marker(marker) for marker in tiers.MARKERS):
        return
    connect = socket.socket.connect

    def connect_to_this_machine(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("localhost", "127.0.0.1", "::1"):
            raise AssertionError(f"a unit test reached for the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_this_machine)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Return the folder for screenshots and the like, `artifacts/` unless told otherwise."""
    folder = Path(os.environ.get("WORKBENCH_ARTIFACTS", tiers.ROOT / "artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium."""
    found = tiers.find_chromium()
    assert found, "only tests marked `browser` may ask for Chromium"
    return found
