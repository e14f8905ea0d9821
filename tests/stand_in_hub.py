"""A stand-in for the Hugging Face Hub: a local HTTP server that speaks enough of its protocol.

Repositories are folders on disk, `ROOT/models/org/name` and `ROOT/datasets/org/name`; each has
one commit, on the branch `main`. `gated` and `broken` name repositories that answer 403 and 503.
Whoever has a token may make repositories and commit to them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_API = re.compile(
    r"/api/(models|datasets)/([^/]+(?:/(?!revision/|tree/|paths-info/)[^/]+)?)(?:/(revision|tree|paths-info)/([^/]+))?/?(.*)"
)
_WRITE = re.compile(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/main")
_FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass
class StandInHub:
    """A running stand-in; `endpoint` is what HF_ENDPOINT must be."""

    root: Path
    endpoint: str = ""
    gated: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    searches: list[dict[str, list[str]]] = field(default_factory=list)
    private: dict[str, bool] = field(default_factory=dict)

    def folder(self, kind: str, repo: str) -> Path:
        return self.root / kind / repo

    def commit(self, kind: str, repo: str) -> str:
        """Return the repository's commit: 40 hex digits that follow from its content."""
        digest = hashlib.sha1(repo.encode())
        for path in self.files(kind, repo):
            digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()

    def files(self, kind: str, repo: str) -> list[Path]:
        return sorted(path for path in self.folder(kind, repo).rglob("*") if path.is_file())


@contextmanager
def stand_in_hub(root: Path) -> Iterator[StandInHub]:
    """Serve the repositories below `root` until the block ends."""
    hub = StandInHub(root)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: StandInHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._posted = self.rfile.read(length)
        path = unquote(urlsplit(self.path).path)
        if path in ("/api/repos/create", "/api/validate-yaml") or _WRITE.fullmatch(path):
            self.hub.requests.append(f"{self.command} {path}")
            self._with_body = True
            self._take(path)
            return
        self._answer(with_body=True)

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def _answer(self, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        self._with_body = with_body
        if path == "/api/models":
            self._answer_search()
        elif match := _API.fullmatch(path):
            kind, repo, what, revision, rest = match.groups()
            if self._allowed(kind, repo, revision):
                self._answer_api(kind, repo, what, rest)
        elif match := _FILE.fullmatch(path):
            prefix, repo, revision, name = match.groups()
            kind = "datasets" if prefix else "models"
            if self._allowed(kind, repo, revision):
                self._answer_file(kind, repo, name)
        else:
            self._send(404, b'{"error":"Not Found"}')

    def _take(self, path: str) -> None:
        """Take what is written: a repository, or a commit with all files in its body."""
        if not self.headers.get("Authorization"):
            self._send(401, b'{"error":"no token"}')
        elif path == "/api/validate-yaml":
            self._send_json({"warnings": []})
        elif path == "/api/repos/create":
            asked = json.loads(self._posted)
            repo = f"{asked['organization']}/{asked['name']}"
            if repo in self.hub.gated:
                self._send(403, b'{"error":"not yours"}')
                return
            self.hub.folder("models", repo).mkdir(parents=True, exist_ok=True)
            self.hub.private[repo] = asked.get("private") or asked.get("visibility") == "private"
            self._send_json({"url": f"{self.hub.endpoint}/{repo}"})
        elif match := _WRITE.fullmatch(path):
            folder = self.hub.folder("models", match[1])
            if match[2] == "preupload":
                files = json.loads(self._posted)["files"]
                answer = [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in files
                ]
                self._send_json({"files": answer})
                return
            for line in map(json.loads, self._posted.splitlines()):
                if line["key"] == "file":
                    content = base64.b64decode(line["value"]["content"])
                    (folder / line["value"]["path"]).write_bytes(content)
            commit = self.hub.commit("models", match[1])
            url = f"{self.hub.endpoint}/{match[1]}/commit/{commit}"
            self._send_json({"success": True, "commitOid": commit, "commitUrl": url})

    def _allowed(self, kind: str, repo: str, revision: str | None) -> bool:
        if repo in self.hub.broken:
            self._send(503, b'{"error":"overloaded"}')
        elif not self.hub.folder(kind, repo).is_dir():
            self._send(401, b'{"error":"no such repository"}', {"X-Error-Code": "RepoNotFound"})
        elif repo in self.hub.gated and not self.headers.get("Authorization"):
            self._send(403, b'{"error":"gated"}', {"X-Error-Code": "GatedRepo"})
        elif revision not in (None, "main", self.hub.commit(kind, repo)):
            self._send(404, b'{"error":"no such revision"}', {"X-Error-Code": "RevisionNotFound"})
        else:
            return True
        return False

    def _answer_api(self, kind: str, repo: str, what: str | None, rest: str) -> None:
        folder = self.hub.folder(kind, repo)
        names = [file.relative_to(folder).as_posix() for file in self.hub.files(kind, repo)]
        if what == "tree":
            inside = [name for name in names if name.startswith(f"{rest}/" if rest else "")]
            if "recursive=true" not in self.path.lower():
                inside = [name for name in inside if "/" not in name[len(rest) :].strip("/")]
            entries = [self._entry(folder, name) for name in inside]
            entries += self._folders(names, rest)
            self._send_json(entries)
        elif what == "paths-info":
            wanted = json.loads(self._posted)["paths"]
            known = [self._entry(folder, name) for name in names if name in wanted]
            self._send_json(known + [f for f in self._folders(names, "") if f["path"] in wanted])
        else:
            self._send_json(
                {
                    "_id": "0",
                    "id": repo,
                    "sha": self.hub.commit(kind, repo),
                    "private": False,
                    "gated": False,
                    "disabled": False,
                    "downloads": 0,
                    "likes": 0,
                    "tags": [],
                    "siblings": [{"rfilename": name} for name in names],
                }
            )

    def _answer_search(self) -> None:
        """Answer with the models whose name holds what is looked for, and that hold safetensors."""
        asked = parse_qs(urlsplit(self.path).query)
        self.hub.searches.append(asked)
        ids = sorted(
            path.relative_to(self.hub.root / "models").as_posix()
            for path in (self.hub.root / "models").glob("*/*")
        )
        found = [
            {"_id": "0", "id": repo, "modelId": repo, "private": False, "gated": False,
             "downloads": 7, "likes": 0, "tags": ["safetensors", "license:mit"]}
            for repo in ids
            if asked["search"][0] in repo
        ]  # fmt: skip
        self._send_json(found)

    def _entry(self, folder: Path, name: str) -> dict[str, object]:
        content = (folder / name).read_bytes()
        oid = hashlib.sha1(content).hexdigest()
        return {"type": "file", "path": name, "size": len(content), "oid": oid}

    def _folders(self, names: list[str], below: str) -> list[dict[str, object]]:
        found = {
            "/".join(parts[:depth])
            for parts in (name.split("/") for name in names)
            for depth in range(1, len(parts))
        }
        inside = sorted(name for name in found if name.startswith(below) and name != below)
        return [{"type": "directory", "path": name, "size": 0, "oid": "0" * 40} for name in inside]

    def _answer_file(self, kind: str, repo: str, name: str) -> None:
        commit = self.hub.commit(kind, repo)
        file = self.hub.folder(kind, repo) / name
        if not file.is_file():
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}
            self._send(404, b'{"error":"no such file"}', headers)
            return
        content = file.read_bytes()
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        headers = {"ETag": etag, "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if span:
            first, last = int(span[1]), int(span[2] or len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            self._send(206, content[first : last + 1], headers)
        else:
            self._send(200, content, headers)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self._with_body:
            self.wfile.write(body)
