"""The journal: what people decided about rows of a data source, which itself is never edited.

One JSON object a line, append-only: `seq` (0, 1, 2, …), `time` (UTC), `who`, `row` (number in
the source, from 1), `split` (name of the source's split), `key` (of the texts asked), `act`
(`label`, `skip`, `note`, `undo`), `value`, `was` (what the source says, if anything), `note`,
`why`; an undo also has `of`, the number of what it takes back. A record is on the disk before
`decide` returns. A torn last line is passed over, and cut off by the next writer; several
processes may write. The first so many records are a version: `labels.jsonl@120`.

Values: the name of a class, or a list of such; a number; a text; spans as a list of mappings
with `start` and `end` (characters of the text shown), `text`, and, of tags, `label`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import DataError, shorten
from ..runs.append_log import AppendLog, LineReader
from ..runs.lock import whoami
from ..runs.names import cut_name, expanded

ACTS = ("label", "skip", "note", "undo")

# Why somebody decided where others differ: it counts before all that these say, now or later.
ADJUDICATION = "adjudication"

Place = tuple[str, int]


@dataclass(frozen=True)
class Decision:
    """One record of a journal."""

    seq: int
    time: str
    who: str
    row: int
    split: str
    key: str
    act: str
    value: Any = None
    was: Any = None
    note: str = ""
    why: str = ""
    of: int | None = None

    @property
    def place(self) -> Place:
        """The split and the row that were decided on."""
        return self.split, self.row


class Journal:
    """The decisions in a file, which need not exist yet; `upto` takes the first so many only.

    Raises:
        DataError: the file cannot be read.
    """

    def __init__(self, path: str | Path, upto: int | None = None) -> None:
        self.path = expanded(path)
        self.upto = upto
        self._lines = LineReader(self.path)
        self._records: list[Decision] = []
        self.refresh()

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._records)

    @property
    def version(self) -> str:
        """The journal as it now stands, as `open_journal` reads it: `labels.jsonl@120`."""
        return f"{self.path}@{len(self)}"

    def refresh(self) -> None:
        """Read what others have appended since."""
        try:
            found = [_parse(line) for line in self._lines.new()]
        except OSError as error:
            raise DataError(
                "cannot read the journal {path} ({reason})",
                "give another file",
                path=self.path,
                reason=error.strerror,
            ) from None
        self._records += [record for record in found if record is not None]
        if self.upto is not None:
            del self._records[self.upto :]

    def decide(
        self,
        row: int,
        split: str,
        key: str,
        value: Any = None,
        *,
        act: str = "label",
        was: Any = None,
        note: str = "",
        why: str = "",
        who: str = "",
    ) -> Decision:
        """Append a decision on a row and return it; by default a label, by whoever is logged in.

        Raises:
            ValueError: `act` is not one of `ACTS`, or the value is no plain data.
            DataError: the file cannot be written.
        """
        return self._append(row, split, key, act, value, was, note, why, who)

    def undo(self, who: str = "") -> Decision | None:
        """Take back the last standing act of a person and return it; None where there is none."""
        self.refresh()
        who = who or whoami()
        last = next((one for one in reversed(self.standing(who)) if one.act != "undo"), None)
        if last is not None:
            self._append(last.row, last.split, last.key, "undo", who=who, of=last.seq)
        return last

    def records(self) -> list[Decision]:
        """Return all records in order, undone ones and undos, too."""
        return list(self._records)

    def standing(self, who: str | None = None) -> list[Decision]:
        """Return what was decided and not taken back, in order; of one person or of all."""
        undone = {record.of for record in self._records if record.act == "undo"}
        return [
            record
            for record in self._records
            if record.act != "undo" and record.seq not in undone and who in (None, record.who)
        ]

    def decisions(self, who: str | None = None) -> dict[Place, Decision]:
        """Return the last label of each row, by split and row; a skip where nobody gave a label.

        A person's later decision replaces the earlier one, also a skip a label. An adjudication
        counts before other labels.
        """
        latest: dict[tuple[Place, str], Decision] = {}
        for record in self.standing(who):
            if record.act != "note":
                latest.pop((record.place, record.who), None)
                latest[record.place, record.who] = record
        found: dict[Place, Decision] = {}
        for record in latest.values():
            if _weight(record) >= _weight(found.get(record.place, record)):
                found[record.place] = record
        return found

    def by_person(self) -> dict[str, dict[Place, Decision]]:
        """Return everyone's own labels, by person, split and row, without adjudications."""
        people = dict.fromkeys(record.who for record in self._records)
        return {
            who: {place: one for place, one in self.decisions(who).items() if _weight(one) == 1}
            for who in people
        }

    def labels(self) -> list[str]:
        """Return the names that decisions use, of classes or of spans, in order."""
        names: set[str] = set()
        for one in self.decisions().values():
            for held in one.value if isinstance(one.value, list) else [one.value]:
                name = held.get("label") if isinstance(held, dict) else held
                names.update({name} if isinstance(name, str) else ())
        return sorted(names)

    def notes(self) -> dict[Place, list[str]]:
        """Return what people noted on rows, in order."""
        found: dict[Place, list[str]] = {}
        for record in self.standing():
            if record.note:
                found.setdefault(record.place, []).append(record.note)
        return found

    def _append(
        self,
        row: int,
        split: str,
        key: str,
        act: str,
        value: Any = None,
        was: Any = None,
        note: str = "",
        why: str = "",
        who: str = "",
        of: int | None = None,
    ) -> Decision:
        if act not in ACTS:
            raise ValueError(f"unknown act {act!r}; one of {', '.join(ACTS)}")
        if self.upto is not None:
            raise DataError(
                "{version} is a version of a journal",
                "write to {path}",
                version=self.version,
                path=self.path,
            )
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_name(f".{cut_name(self.path.name, 100)}.lock")
            with AppendLog.shared(self.path, lock) as log:
                self.refresh()
                seq = self._records[-1].seq + 1 if self._records else 0
                record = Decision(
                    seq, now, who or whoami(), row, split, key, act, value, was, note, why, of
                )
                log.append(_line(record))
            self.refresh()
        except OSError as error:
            raise DataError(
                "cannot write the journal {path} ({reason})",
                "choose another place",
                path=self.path,
                reason=error.strerror,
            ) from None
        return record


def open_journal(text: str) -> Journal:
    """Open an existing journal, or a version of it: `labels.jsonl`, `labels.jsonl@120`.

    Raises:
        DataError: there is no such file, or it has fewer records.
    """
    path, mark, tail = text.rpartition("@")
    versioned = bool(mark) and tail.isdecimal() and not expanded(text).exists()
    place = expanded(path if versioned else text)
    if not place.is_file():
        raise DataError(
            "journal not found: {place}", "check data.corrections", place=shorten(place, 300)
        ).at("data.corrections", text, "no_such_file")
    journal = Journal(place, int(tail) if versioned else None)
    if versioned and len(journal) < int(tail):
        raise DataError(
            "{place} has {count:,} records, not the {wanted:,} of {text}",
            "restore the journal, or leave out what follows the @",
            place=place,
            count=len(journal),
            wanted=int(tail),
            text=text,
        )
    return journal


def row_key(values: Mapping[str, Any], asked: Iterable[str]) -> str:
    """Return what tells the texts of a row from others, whatever their case and blanks.

    `values` are those of the row by role, `asked` the roles that are asked.
    """
    texts = [_letters(values[role]) for role in asked if role in values]
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _weight(record: Decision) -> int:
    return (record.act == "label") + (record.act == "label" and record.why == ADJUDICATION)


def _letters(value: Any) -> str:
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        value = "".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(text.split()).casefold()


def _line(record: Decision) -> bytes:
    held = {k: v for k, v in asdict(record).items() if k != "of" or v is not None}
    line = json.dumps(held, ensure_ascii=False, allow_nan=False) + "\n"
    return line.encode("utf-8", "backslashreplace")


_NAMES = {field.name for field in fields(Decision)}
_KINDS = {"seq": int, "who": str, "row": int, "split": str, "key": str, "note": str, "why": str}


def _parse(line: bytes) -> Decision | None:
    """Return the record of a line; None where the line holds none."""
    try:
        held = json.loads(line)
        record = Decision(**{k: v for k, v in held.items() if k in _NAMES})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    whole = all(type(getattr(record, name)) is kind for name, kind in _KINDS.items())
    return record if whole and record.act in ACTS else None
