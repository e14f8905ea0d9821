"""Cleaning in the hand: what the steps so far change and drop, with one more, or one less."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..data.cleaning import Cleaned, left_notes, name_of
from ..data.cleaning.source import Source, open_source, write_cleaned
from ..errors import InputError
from ..language import text
from ..spec import RunSpec, split_steps
from . import pages

Custom = Callable[[str], str | None]

EXAMPLES_A_STEP = 3


class Cleaning:
    """A source and the steps that clean it. Nothing is changed in place, the source least of all.

    `frame` holds the rows that stay, by their number in the source; `dropped` those that do not,
    and why; `steps` what each step did.
    """

    def __init__(self, source: Source, custom: Custom | None = None) -> None:
        self._source = source
        self._custom = custom
        self._cleaned: Cleaned = source.clean(custom)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """A line for each step: what it changed, what it dropped, what was left."""
        return self._cleaned.counts()

    @property
    def frame(self) -> Any:
        """The rows that stay, as a pandas frame; its index has their numbers in the source."""
        return self._cleaned.table.frame

    @property
    def dropped(self) -> Any:
        """The rows that were dropped, as they stood in the source, with step and reason."""
        import pandas

        names = ("row", "step", "found", "repeats")
        columns = [*names, *map(str, self._source.table.frame.columns)]
        rows = [[*map(one.get, names), *one["cells"].values()] for one in self._cleaned.dropped]
        return pandas.DataFrame(rows, columns=columns, dtype=object)

    def _examples(self) -> list[dict[str, Any]]:
        """Return cells before and after, a few for each step."""
        return [
            {
                text("clean.step"): one.step,
                text("clean.row"): example.row,
                text("clean.column"): example.column,
                text("clean.before"): _as_is(example.before),
                text("clean.after"): _as_is(example.after),
            }
            for one in self._cleaned.done
            for example in one.examples[:EXAMPLES_A_STEP]
        ]

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
        return self._source.spec

    def then(self, *steps: str, custom: Custom | None = None) -> Cleaning:
        """Return the cleaning with further steps; a custom function stays the last."""
        before = self._source.spec.data.cleaning
        return Cleaning(self._with([*before, *steps]), custom or self._custom)

    def undo(self) -> Cleaning:
        """Return the cleaning without its last step: all that it changed or dropped is back.

        Raises:
            InputError: there is no step left.
        """
        before = self._source.spec.data.cleaning
        if self._custom is not None:
            return Cleaning(self._source)
        if not before:
            raise InputError("there is no step to undo", "add one: .then('whitespace')")
        return Cleaning(self._with(before[:-1]))

    def save(self, path: str | Path) -> dict[str, Any]:
        """Write the rows that stay, and those that were dropped beside them; say what was written.

        In csv, cells that a spreadsheet would run as formulas get an apostrophe in front.

        Raises:
            InputError: the ending is not .csv, .tsv, .jsonl or .parquet, or it is the source.
        """
        path = Path(path)
        if any(path.resolve() == file.resolve() for file in self._source.files):
            raise InputError("{path} is the source itself", "save under another name", path=path)
        return write_cleaned(self._cleaned, path, self._source.texts)

    def _with(self, steps: Sequence[str]) -> Source:
        return self._source.with_steps(steps)

    def __repr__(self) -> str:
        """Return one line a step."""
        lines = (f"{one['step']}: {one['changed rows']:,} rows changed, {one['dropped rows']:,} "
                 f"dropped, {one['rows left']:,} left" for one in self.steps)  # fmt: skip
        return "\n".join(lines) or f"{len(self.frame):,} rows, no step"

    def _repr_html_(self) -> str:
        """Return counts and examples as tables; all text from data is escaped."""
        counts = [
            {text(f"clean.{name.replace(' ', '_')}"): value for name, value in line.items()}
            for line in self.steps
        ]
        examples = self._examples()
        title = f"<h4>{html.escape(text('clean.preview'))}</h4>" if examples else ""
        part = text("data.part.all")
        left = "".join(f"<p>{html.escape(n)}</p>" for n in left_notes(self._cleaned, part))
        markup = pages.table(counts) + left + title + pages.table(examples)
        return pages.page(markup or html.escape(repr(self)), repr(self))["text/html"]


def clean(
    spec: RunSpec,
    steps: Sequence[str] | str = (),
    custom: Custom | None = None,
) -> Cleaning:
    """Return what the steps of a spec, and further ones, make of its data."""
    spec = spec.replace({"data.cleaning": [*spec.data.cleaning, *_entries(steps)]})
    return Cleaning(open_source(spec), custom)


def _as_is(cell: str) -> Markup:
    """Return a cell with its blanks and lines to be seen, everything in it escaped."""
    return Markup('<span style="white-space:pre-wrap">{}</span>').format(cell)


def _entries(steps: Sequence[str] | str) -> list[str]:
    return split_steps(steps if isinstance(steps, str) else list(steps))
