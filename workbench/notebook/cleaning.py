"""Cleaning in the hand: what the steps so far change and drop, with one more, or one less."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..data.cells import as_text
from ..data.cleaning import Cleaned, left_notes, name_of
from ..data.cleaning.source import Source, open_fitting, places_of, write_cleaned
from ..data.columns import flat
from ..data.profiling.record import split_name, split_title
from ..errors import InputError, shorten
from ..language import text
from ..spec import RunSpec, split_steps
from . import pages

Custom = Callable[[str], str | None]

EXAMPLES_A_STEP = 3
SHOWN_CHARACTERS = 200


class Cleaning:
    """A source and the steps that clean it. Nothing is changed in place, the source least of all.

    Each split is cleaned by itself. `frames` holds the rows that stay of each, `frame` those of
    the split to learn from, by their number in the source; `dropped` those that do not stay, and
    why; `steps` what each step did; `notes` which splits lack the columns and are left out.
    """

    def __init__(
        self, sources: Sequence[Source], notes: Sequence[str] = (), custom: Custom | None = None
    ) -> None:
        self._sources = list(sources)
        self._custom = custom
        self._cleaned: dict[str, Cleaned] = {
            source.table.split: source.clean(custom) for source in sources
        }
        self.notes = list(notes)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """A line for each step: what it changed, what it dropped, what was left.

        Of several splits, `split` says which one was cleaned.
        """
        return [
            self._of(split) | line for split, one in self._cleaned.items() for line in one.counts()
        ]

    @property
    def frame(self) -> Any:
        """The rows that stay of the split to learn from, as a pandas frame.

        Its index has their numbers in the source.
        """
        return next(iter(self.frames.values()))

    @property
    def frames(self) -> dict[str, Any]:
        """The rows that stay of each split, by its name; the one to learn from first."""
        return {split: one.table.frame for split, one in self._cleaned.items()}

    @property
    def dropped(self) -> Any:
        """The rows that were dropped, as they stood in the source, with step and reason.

        Of several splits, the column `split` says where they stood.
        """
        import pandas

        names = ("row", "step", "found", "repeats")
        cells = [str(column) for column in self._sources[0].table.frame.columns]
        rows = [
            [*self._of(split).values(), *map(one.get, names), *map(one["cells"].get, cells)]
            for split, cleaned in self._cleaned.items()
            for one in cleaned.dropped
        ]
        place = self._of("")
        return pandas.DataFrame(rows, columns=[*place, *names, *cells], dtype=object)

    def _of(self, split: str) -> dict[str, str]:
        """Return which split a line is of, where there are several."""
        return {"split": split} if len(self._sources) > 1 else {}

    @property
    def spec(self) -> RunSpec:
        """The spec that cleans so whenever a run loads its data.

        Raises:
            InputError: a custom function is among the steps, which no spec can hold.
        """
        if self._custom is not None:
            raise InputError(
                "{step} lives only in this notebook, and no spec can name it",
                "save the rows, and train on that file",
                step=name_of(self._custom),
            )
        return self._sources[0].spec

    def then(self, *steps: str, custom: Custom | None = None) -> Cleaning:
        """Return the cleaning with further steps; a custom function stays the last."""
        before = self._sources[0].spec.data.cleaning
        return self._with([*before, *steps], custom or self._custom)

    def undo(self) -> Cleaning:
        """Return the cleaning without its last step: all that it changed or dropped is back.

        Raises:
            InputError: there is no step left.
        """
        before = self._sources[0].spec.data.cleaning
        if self._custom is not None:
            return self._with(before)
        if not before:
            raise InputError("there is no step to undo", "add one: .then('whitespace')")
        return self._with(before[:-1])

    def _with(self, steps: Sequence[str], custom: Custom | None = None) -> Cleaning:
        return Cleaning([one.with_steps(steps) for one in self._sources], self.notes, custom)

    def save(self, path: str | Path) -> dict[str, Any]:
        """Write the rows that stay, and those that were dropped beside them; say what was written.

        Of several splits, `rows.csv` is `rows-train.csv` and so on, and the answer has what was
        written of each by its name. In csv, cells that a spreadsheet would run as formulas get an
        apostrophe in front.

        Raises:
            InputError: the ending is not .csv, .tsv, .jsonl or .parquet, or it is the source.
        """
        places = places_of(self._sources, Path(path))
        written = {
            source.table.split: write_cleaned(
                self._cleaned[source.table.split], place, source.texts
            )
            for source, place in zip(self._sources, places, strict=True)
        }
        return written if len(written) > 1 else next(iter(written.values()))

    def __repr__(self) -> str:
        """Return one line a step, and of several splits, above them the name of each."""
        lines: list[str] = []
        for split, cleaned in self._cleaned.items():
            lines += self._of(split).values()
            lines += (f"{one['step']}: {one['changed rows']:,} rows changed, "
                      f"{one['dropped rows']:,} dropped, {one['rows left']:,} left"
                      for one in cleaned.counts())  # fmt: skip
        if self.steps:
            return "\n".join(lines)
        return f"{sum(map(len, self.frames.values())):,} rows, no step"

    def _repr_html_(self) -> str:
        """Return counts, and examples of each split, as tables; all text from data is escaped."""
        counts = [
            {text(f"clean.{name.replace(' ', '_')}"): _shown(name, value)
             for name, value in line.items()}
            for line in self.steps
        ]  # fmt: skip
        left = [
            note
            for split, cleaned in self._cleaned.items()
            for note in left_notes(cleaned, split_name(split))
        ]
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in [*self.notes, *left])
        splits = [self._examples(source) for source in self._sources]
        markup = pages.table(counts) + notes + "".join(splits)
        return pages.page(markup or html.escape(repr(self)), repr(self))["text/html"]

    def _examples(self, source: Source) -> str:
        """Return cells before and after, and dropped rows, a few for each step, of a split."""
        cleaned = self._cleaned[source.table.split]
        changed = [
            {
                text("clean.step"): one.step,
                text("clean.row"): f"{example.row:,}",
                text("clean.column"): example.column,
                text("clean.before"): _as_is(example.before),
                text("clean.after"): _as_is(example.after),
            }
            for one in cleaned.done
            for example in one.examples[:EXAMPLES_A_STEP]
        ]
        markup = _titled("clean.preview", changed) + _titled("clean.gone", _gone(source, cleaned))
        if len(self._sources) == 1 or not markup:
            return markup
        is_open = " open" if source is self._sources[0] else ""
        title = html.escape(split_title(source.table.split))
        return f"<details{is_open}><summary><b>{title}</b></summary>{markup}</details>"


def clean(
    spec: RunSpec,
    steps: Sequence[str] | str = (),
    custom: Custom | None = None,
) -> Cleaning:
    """Return what the steps of a spec, and further ones, make of each split of its data."""
    spec = spec.replace({"data.cleaning": [*spec.data.cleaning, *_entries(steps)]})
    return Cleaning(*open_fitting(spec), custom)


def _titled(key: str, rows: list[dict[str, Any]]) -> str:
    return f"<h4>{html.escape(text(key))}</h4>{pages.table(rows)}" if rows else ""


def _shown(name: str, value: Any) -> Any:
    return split_title(value) if name == "split" else f"{value:,}" if name != "step" else value


def _gone(source: Source, cleaned: Cleaned) -> list[dict[str, Any]]:
    """Return the first dropped rows of each step, and why they went."""
    shown: Counter[str] = Counter()
    rows = []
    for one in cleaned.dropped:
        shown[one["step"]] += 1
        if shown[one["step"]] > EXAMPLES_A_STEP:
            continue
        like = text("clean.repeats", row=f"{one['repeats']:,}") if one["repeats"] else ""
        cells = (as_text(one["cells"].get(name)) for name in flat(source.columns))
        rows.append(
            {
                text("clean.step"): one["step"],
                text("clean.row"): f"{one['row']:,}",
                text("clean.text"): _as_is(shorten(" | ".join(cells), SHOWN_CHARACTERS)),
                text("clean.why"): " · ".join(filter(None, (like, one["found"]))),
            }
        )
    return sorted(rows, key=lambda row: list(shown).index(row[text("clean.step")]))


def _as_is(cell: str) -> Markup:
    """Return a cell with its blanks and lines to be seen, everything in it escaped."""
    return Markup('<span style="white-space:pre-wrap">{}</span>').format(cell)


def _entries(steps: Sequence[str] | str) -> list[str]:
    return split_steps(steps if isinstance(steps, str) else list(steps))
