"""A cache, a package index and a catalogue that exist only for one test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_models import make_tiny_bert
from tiny_wheels import plain_catalogue, write_catalogue

from workbench.sources import catalogue


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, used instead of the user's."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def index(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that pip takes as its only package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny encoder."""
    return make_tiny_bert(tmp_path_factory.mktemp("tiny") / "bert")


@pytest.fixture
def tree(index: Path, tiny_bert: Path) -> dict[str, Any]:
    """Return the plain catalogue of wheels in the index: tweets, and a model."""
    return plain_catalogue(index, tiny_bert)


@pytest.fixture
def use_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, Any]], None]:
    """Return a function that puts a plain catalogue in the place of the built-in one."""

    def use(tree: dict[str, Any]) -> None:
        number = len(list(tmp_path.glob("catalogue-*.yaml")))
        path = write_catalogue(tmp_path / f"catalogue-{number}.yaml", tree)
        monkeypatch.setattr(catalogue, "CATALOGUE", path)

    return use
