"""`SourceProfile`: what a source holds, as plain data for page, command line and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ...language import text as say
from ..splits import ROLES

# What flatters or spoils a result, rather than being worth a look.
HARMFUL = ("leak_exact", "leak_near", "conflicts", "unknown_tokens")
# So many row numbers of a finding are written; all of them are kept in memory.
MOST_ROWS = 1000


@dataclass(frozen=True)
class Finding:
    """One thing found, and the rows it was found in.

    `about` holds the values of its sentence besides `count` and `share`; `rows` the numbers in the
    source by split, `examples` a few of these rows: `split`, `row`, `text`, and `why`.
    """

    kind: str
    count: int
    of: int
    about: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def harmful(self) -> bool:
        """Whether it spoils the result of a run, or flatters it."""
        return self.kind in HARMFUL

    def sentence(self) -> str:
        """Return what was found, in the current language."""
        splits = {name: split_name(str(self.about[name])) for name in ("split", "other")
                  if name in self.about}  # fmt: skip
        share = percent(self.count / self.of) if self.of else "0%"
        values = self.about | splits | {"count": f"{self.count:,}", "share": share}
        return say(f"findings.{self.kind}", **values)

    def to_dict(self, most_rows: int | None = MOST_ROWS) -> dict[str, Any]:
        """Return plain data with the sentence; of each split at most so many row numbers."""
        rows = {split: numbers[:most_rows] for split, numbers in self.rows.items()}
        shown = {"sentence": self.sentence(), "harmful": self.harmful}
        return {**asdict(self), **shown, "rows": rows}


@dataclass(frozen=True)
class Column:
    """A column of the source, over all splits: `kind` is text, label, number, list or empty.

    Units:
        `longest` and `median` are in characters, of the cells that are not empty.
    """

    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    median: int
    longest: int
    example: str


@dataclass(frozen=True)
class Tokens:
    """What a model's tokenizer makes of the texts, special tokens aside.

    Shares are of all pieces; `per_character` and `per_word` are pieces. `truncated` is the share
    of texts that are longer than each limit, special tokens included.
    """

    model: str
    pieces: int
    unknown_share: float
    single_character_share: float
    per_character: float
    per_word: float
    truncated: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceProfile:
    """What a source holds, before anything is learned from it.

    Everything by split is in the order of the splits; `roles` says which column plays which role.
    `characters` and `tokens` are lengths in bins: `edges`, and `counts` by split. `languages` and
    `scripts` are shares. `sampled_rows` were drawn evenly for what takes long: languages, scripts
    and tokens. `near` says whether near-duplicates were looked for.
    """

    source: str
    task: str
    rows: dict[str, int]
    roles: dict[str, Any]
    columns: list[Column]
    label_counts: dict[str, dict[str, int]]
    characters: dict[str, Any]
    tokens: dict[str, Any]
    tokenizer: Tokens | None
    languages: dict[str, float]
    scripts: dict[str, float]
    findings: list[Finding]
    detected: dict[str, dict[str, str]]
    notes: list[str]
    fingerprint: str
    max_tokens: int
    sampled_rows: int
    near: bool

    @property
    def length_edges(self) -> list[int]:
        """The edges of the bins of lengths in tokens, as in `DataProfile`."""
        return list(self.tokens.get("edges", ()))

    @property
    def length_counts(self) -> dict[str, list[int]]:
        """The rows in each bin of lengths in tokens, by split, as in `DataProfile`."""
        return dict(self.tokens.get("counts", {}))

    @property
    def truncated_share(self) -> float:
        """The share of texts that are longer than `max_tokens`."""
        return self.tokenizer.truncated.get(self.max_tokens, 0.0) if self.tokenizer else 0.0

    @property
    def measures(self) -> dict[str, dict[str, Any]]:
        """The lengths in characters under their name, as in `DataProfile`."""
        return {say("profile.characters"): self.characters} if self.characters["edges"] else {}

    def to_dict(self, most_rows: int | None = MOST_ROWS) -> dict[str, Any]:
        """Return plain data, fit for JSON; of each finding at most so many rows a split."""
        plain = asdict(self)
        plain["findings"] = [finding.to_dict(most_rows) for finding in self.findings]
        return plain


def split_name(split: str) -> str:
    """Return the name of a split in the current language; an unusual one as it is."""
    return say(f"data.part.{split}") if split in (*ROLES, "all") else split


def split_title(split: str) -> str:
    """Return the name of a split as it stands over rows or in a legend; an unusual one as it is."""
    return say(f"figures.split.{split}") if split in (*ROLES, "all") else split


def percent(share: float) -> str:
    """Return a share with one decimal; what is there at all is never 0.0 %."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
