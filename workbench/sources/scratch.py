"""`scratch:NAME`: a model with random weights, from a small named config.

It has the tokenizer of a pretrained model, so the two can be compared: what does pre-training
buy? Or one that needs no vocabulary: it reads and writes bytes, in any language.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..errors import SourceError, shorten
from ..language import current
from ._cache import cache_dir, locked, write_whole
from .base import FoundData, FoundModel, Progress, Source
from .paths import has_prefix
from .wheel import model as wheel_model
from .wheel import require_revision

SCRATCH = Path(__file__).with_name("scratch.yaml")
# What else lies in a model's folder than its tokenizer.
_NOT_TOKENIZER = ("config.json", "generation_config.json", "README.md")


def claims(text: str) -> bool:
    """Say whether the text is `scratch:NAME`."""
    return has_prefix(text, "scratch")


def data(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundData:
    """Refuse: there is no data from scratch."""
    raise SourceError(
        "{text} is not data: scratch: is for models with random weights",
        "give a path, wheel:NAME or a hub id such as org/name",
        text=shorten(text),
    )


def model(text: str, revision: str | None = None, progress: Progress | None = None) -> FoundModel:
    """Return a folder with config and tokenizer, and no weights.

    Raises:
        SourceError: no such config, or its tokenizer cannot be fetched.
    """
    name = text.partition(":")[2]
    plain = scratch_models().get(name)
    if plain is None:
        near = get_close_matches(name, scratch_models(), n=1) or list(scratch_models())
        raise SourceError(
            "there is no scratch model {name!r}",
            "choose {choices}",
            name=shorten(name),
            choices=" | ".join(f"scratch:{n}" for n in near),
        )
    base = wheel_model(f"wheel:{plain['base']}", None, progress) if "base" in plain else None
    config = plain["config"]
    if base is not None:
        config = json.loads((base.path / "config.json").read_text("utf-8")) | config
    content = json.dumps(config, indent=1, sort_keys=True).encode()
    spoken = str(base.revision) if base else json.dumps(plain["tokenizer"], sort_keys=True)
    mark = hashlib.sha256(content + spoken.encode()).hexdigest()[:12]
    require_revision(text, revision, mark)
    folder = cache_dir() / "scratch" / f"{name}-{mark}"
    if not (folder / "config.json").is_file():
        with locked(f"scratch-{name}"):
            folder.mkdir(parents=True, exist_ok=True)
            for file in base.path.iterdir() if base else ():
                if file.name not in _NOT_TOKENIZER and "safetensors" not in file.name:
                    shutil.copyfile(file, folder / file.name)
            if base is None:
                write_whole(folder / "tokenizer_config.json", spoken.encode())
            write_whole(folder / "config.json", content)  # last: it marks the folder as complete
    return FoundModel(
        place=text,
        kind="scratch",
        path=folder,
        pretrained=False,
        revision=mark,
        about={"title": plain["title"][current()]},
    )


@cache
def scratch_models() -> dict[str, dict[str, Any]]:
    """Return the named configs: `title`, the `base` in the catalogue, and what `config` changes.

    One without a base has the config whole, and the settings of a `tokenizer`.
    """
    return yaml.safe_load(SCRATCH.read_text("utf-8"))


SOURCE = Source(kind="scratch", claims=claims, data=data, model=model)
