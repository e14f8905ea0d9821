"""Notes beside a model that are damaged end in a sentence, whatever is in them."""

import pytest

from workbench.errors import ModelError
from workbench.models import bases, trimmed

READERS = [(bases.read_record, bases.FILE), (trimmed.read_trimmed, trimmed.FILE)]


@pytest.mark.parametrize("content", [b"[" * 90_000, b"\xff", b"3", b"{", b'{"kept": {}}', b"null"])
@pytest.mark.parametrize(("read", "name"), READERS)
def test_a_damaged_note_is_named(tmp_path, read, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        read(tmp_path)


@pytest.mark.parametrize(("read", "name"), READERS)
def test_a_note_that_is_far_too_large_is_not_read(tmp_path, read, name):
    limit = max(bases.MAX_BYTES, trimmed.MAX_BYTES)
    with (tmp_path / name).open("wb") as file:
        file.truncate(limit + 1)
    with pytest.raises(ModelError, match="larger than"):
        read(tmp_path)


@pytest.mark.parametrize(("read", "name"), READERS)
def test_where_there_is_no_note_nothing_is_read(tmp_path, read, name):
    assert read(tmp_path) is None
