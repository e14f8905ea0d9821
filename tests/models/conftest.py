from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tiny_models import make_tiny_bert

from workbench.sources import FoundModel


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny encoder that no test changes."""
    return make_tiny_bert(tmp_path_factory.mktemp("tiny") / "bert")


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """Return a copy of a tiny encoder's folder, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "bert"))


@pytest.fixture
def found(folder: Path) -> FoundModel:
    """Return the same copy as a found model."""
    return FoundModel(place=str(folder), kind="local", path=folder)
