"""`profile_source`: all measures of a source, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import DataError
from ...language import text as say
from ...sources import Progress
from ...spec import RunSpec
from .columns import describe_columns
from .labels import count_labels, label_findings, missing
from .record import Column, Finding, SourceProfile, Tokens
from .repeats import NEAR_ROWS, repeats
from .source import Split, drawn, fingerprint, open_splits
from .texts import histogram, languages, odd_cells, scripts
from .vocabulary import measure_tokens, open_tokenizer

# What takes long for each row is measured on so many, drawn evenly.
SAMPLE_ROWS = 20_000
MOSTLY_EMPTY = 0.95


@dataclass(frozen=True)
class Profiled:
    """A profile, and the splits that it was made of, to show all rows of a finding."""

    profile: SourceProfile
    splits: list[Split]

    def rows(self, kind: str) -> Any:
        """Return all rows in which something was found, as a pandas frame with all columns.

        `split` and `row` say where each stands in the source.

        Raises:
            DataError: nothing of that kind was found.
        """
        import pandas

        found = [one for one in self.profile.findings if one.kind == kind and one.rows]
        if not found:
            kinds = ", ".join(dict.fromkeys(f.kind for f in self.profile.findings if f.rows))
            raise DataError(
                "no rows of the kind {kind!r} were found",
                "there are: {kinds}",
                kind=kind,
                kinds=kinds or "-",
            )
        parts = []
        for split in self.splits:
            numbers = list(dict.fromkeys(n for one in found for n in one.rows.get(split.name, ())))
            part = split.table.frame.loc[numbers]
            place = pandas.DataFrame({"split": split.name, "row": numbers}, index=part.index)
            parts.append(pandas.concat([place, part], axis=1))
        return pandas.concat(parts, ignore_index=True)


def profile_source(
    spec: RunSpec, progress: Progress | None = None, near: bool | None = None, whole: bool = True
) -> Profiled:
    """Measure all splits of a spec's data, and find what would spoil a result.

    Near-duplicates are looked for if `near`; left open, where there are at most NEAR_ROWS rows.
    Not `whole`, only what an audit looks for is found, and nothing is fetched but the data.

    Raises:
        DataError: a file cannot be read, or no column looks like what the task asks.
        SourceError: the source cannot be found or fetched.
    """
    opened = open_splits(spec, progress)
    splits = opened.splits
    rows = sum(map(len, splits))
    near = rows <= NEAR_ROWS if near is None else near
    counts = count_labels(splits)
    columns = describe_columns(splits) if whole else []
    sample = drawn(splits, SAMPLE_ROWS) if whole else []
    tokenizer, notes = open_tokenizer(spec, progress) if whole else (None, [])
    lengths: dict[str, list[int]] = {}
    tokens: Tokens | None = None
    found: list[Finding] = []
    if tokenizer is not None and sample:
        lengths, tokens, found = measure_tokens(sample, tokenizer, spec)
    spoken, foreign = languages(sample)
    findings = repeats(splits, opened.task, near)
    if whole:
        findings += [
            *found, *missing(opened), *label_findings(splits, counts), *foreign,
            *odd_cells(splits), *_empty(columns),
        ]  # fmt: skip
    if not near:
        notes.append(say("findings.near_left_out", rows=f"{NEAR_ROWS:,}"))
    profile = SourceProfile(
        source=spec.data.source,
        task=spec.task,
        rows={split.name: len(split) for split in splits},
        roles=dict(opened.columns),
        columns=columns,
        label_counts=counts,
        characters=histogram({split.name: list(map(len, split.texts)) for split in splits}),
        tokens=histogram(lengths, spec.data.max_tokens),
        tokenizer=tokens,
        languages=spoken,
        scripts=scripts([split.texts[i] for split, i in sample]),
        findings=sorted(findings, key=lambda one: not one.harmful),
        detected={split.name: split.table.detected.shown() for split in splits},
        notes=[*opened.notes, *_read_notes(splits), *notes],
        fingerprint=fingerprint(splits),
        max_tokens=spec.data.max_tokens,
        sampled_rows=len(sample),
        near=near,
    )
    return Profiled(profile, splits)


def _empty(columns: Sequence[Column]) -> list[Finding]:
    """Return the columns with next to nothing in them."""
    names = [c.name for c in columns if c.rows and c.missing > MOSTLY_EMPTY * c.rows]
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    about = {"columns": shown}
    return [Finding("empty_columns", len(names), len(columns), about)] if names else []


def _read_notes(splits: Sequence[Split]) -> list[str]:
    several = len(splits) > 1
    return [
        f"{split.name}: {note}" if several else note
        for split in splits
        for note in split.table.detected.notes
    ]
