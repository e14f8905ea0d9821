"""Widgets with something in them, made once for all tests of the front end."""

import pytest

from tests.static.samples import samples


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Return the samples; see there."""
    return list(samples(tmp_path_factory.mktemp("samples")))
