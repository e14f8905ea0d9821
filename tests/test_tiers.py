"""The guard over the unit tier, and what the tiers need."""

from __future__ import annotations

import socket

import pytest
import tiers


def test_a_unit_test_cannot_reach_another_machine():
    with (
        socket.socket() as reaching,
        pytest.raises(AssertionError, match="a unit test reached for the network"),
    ):
        reaching.connect(("192.0.2.1", 80))


def test_a_unit_test_can_reach_a_server_of_its_own():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"hello")
        heard, _ = server.accept()
        with heard:
            assert heard.recv(5) == b"hello"


def test_a_browser_that_is_named_but_missing_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_CHROMIUM", str(tmp_path / "chromium"))
    assert tiers.find_chromium.__wrapped__() == ""
    (tmp_path / "chromium").write_text("")
    assert tiers.find_chromium.__wrapped__() == str(tmp_path / "chromium")


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("", False), ("0", False)])
def test_all_tiers_are_required_where_the_environment_says_so(monkeypatch, value, expected):
    monkeypatch.setenv("WORKBENCH_ALL_TIERS", value)
    assert tiers.all_required() is expected


def test_every_tier_is_a_marker_that_pytest_knows(pytestconfig):
    known = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert set(tiers.MARKERS) <= known
