"""Logs that only grow: nothing whole is lost, nothing torn is kept, whatever breaks off a write."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.runs import RunFolder, append_log, ask
from workbench.runs.append_log import AppendLog, LineReader
from workbench.runs.control import Requests

LINES = [b"first", b"", b"a longer third line", b'{"four": 4}']


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log"


@pytest.mark.parametrize("size", range(len(b"\n".join(LINES)) + 2))
def test_wherever_a_log_of_lines_is_torn_the_whole_lines_stay(path, size):
    held = (b"\n".join(LINES) + b"\n")[:size]
    path.write_bytes(held)
    log = AppendLog(path)
    log.append(b"next\n")
    log.close()
    whole = held[: held.rfind(b"\n") + 1]
    assert path.read_bytes() == whole + b"next\n"


@pytest.mark.parametrize("size", range(17))
def test_wherever_a_log_of_blocks_is_torn_the_whole_blocks_stay(path, size):
    path.write_bytes(b"head\n" + (b"%04d" * 4 % (1, 2, 3, 4))[:size])
    log = AppendLog(path, start=5, width=4)
    log.append(b"next")
    log.close()
    assert path.read_bytes() == b"head\n" + (b"%04d" * 4 % (1, 2, 3, 4))[: size // 4 * 4] + b"next"


def test_the_end_of_the_last_whole_line_is_found_far_from_the_end(path):
    path.write_bytes(b"whole\n" + b"x" * 3 * append_log._TAIL_BYTES)
    AppendLog(path).close()
    assert path.read_bytes() == b"whole\n"


@pytest.mark.parametrize("failing", ["write", "fsync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_of_an_append_that_fails_nothing_is_left(path, monkeypatch, failing, code):
    log = AppendLog(path)
    log.append(b"first\n")
    whole = log._file

    class Breaking:
        def write(self, block):
            if failing == "write" and len(block) < 7:
                raise OSError(code, "no")
            return whole.write(block[:3])

        def __getattr__(self, name):
            return getattr(whole, name)

    def fsync(number):
        raise OSError(code, "no")

    log._file = Breaking()
    with monkeypatch.context() as patched:
        if failing == "fsync":
            patched.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match="no"):
            log.append(b"second line\n")
    assert path.read_bytes() == b"first\n"
    log._file = whole
    log.append(b"third\n")
    log.close()
    assert path.read_bytes() == b"first\nthird\n"


def test_a_disk_that_takes_a_little_at_a_time_gets_all_of_it(path):
    log = AppendLog(path)
    whole = log._file

    class Slow:
        def write(self, block):
            return whole.write(block[:2])

        def __getattr__(self, name):
            return getattr(whole, name)

    log._file = Slow()
    log.append(b"0123456789\n")
    log.close()
    assert path.read_bytes() == b"0123456789\n"


@given(
    st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), max_size=9),
    st.lists(st.integers(0, 60), max_size=6),
    st.integers(1, 12),
)
def test_a_reader_gives_each_line_once_however_the_file_grows(tmp_path_factory, lines, cuts, block):
    path = tmp_path_factory.mktemp("grows") / "log"
    held = b"".join(line + b"\n" for line in lines)
    reader, found = LineReader(path), []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(append_log, "_BLOCK_BYTES", block)
        for size in [*sorted(cuts), len(held)]:
            path.write_bytes(held[:size])
            found += reader.new()
            assert found == held[:size].split(b"\n")[:-1]
    assert found == lines
    assert reader.offset == len(held)


def test_a_reader_that_stops_halfway_goes_on_with_the_next_line(path):
    path.write_bytes(b"one\ntwo\nthree\n")
    reader = LineReader(path)
    assert next(iter(reader.new())) == b"one"
    assert list(reader.new()) == [b"two", b"three"]


def test_a_request_written_by_hand_without_its_newline_is_kept_when_another_is_asked(tmp_path):
    run = RunFolder(tmp_path)
    run.control_path.write_text('{"act": "evaluate", "value": true, "who": "hand"}', "utf-8")
    requests = Requests(run)
    assert list(requests.new()) == []
    ask(run, "paused", True, who="ada")
    assert list(requests.new()) == [(1, "evaluate", True, "hand"), (2, "paused", True, "ada")]
