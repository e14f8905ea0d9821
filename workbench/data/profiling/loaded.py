"""What is found in the rows of a run: those that it learns from and those that it is checked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...tasks import Setup, Task
from ..cells import as_text
from ..duplicates import text_key
from ..tables import Table
from .found import finding
from .labels import count_labels, label_findings
from .record import Finding
from .repeats import repeats
from .source import Split, drawn
from .texts import odd_cells
from .vocabulary import measure_tokens

if TYPE_CHECKING:
    from ..load import LoadedData

# A run must not wait: near-duplicates of so many rows take a second or two.
NEAR_ROWS = 5_000
TOKEN_ROWS = 500
BATCH_ROWS = 1000


def findings_of(
    loaded: LoadedData, task: Task, setup: Setup, lengths: Mapping[str, Sequence[int]]
) -> list[Finding]:
    """Return what stands out in the rows of a run, what spoils its result first.

    `lengths` are those of all rows by split, in tokens, before they are cut.
    What the model's tokenizer does not know is measured on some rows, drawn evenly.
    """
    splits = [
        _split("train", loaded.train, task, loaded.labels),
        _split("validation", loaded.validation, task, loaded.labels),
    ]
    near = sum(map(len, splits)) <= NEAR_ROWS
    found = [
        *repeats(splits, task, near),
        *label_findings(splits, count_labels(splits)),
        *odd_cells(splits),
        *_cut_texts(splits, lengths, setup.max_tokens),
        *_cut_answers(splits, loaded, task, setup),
    ]
    sample = drawn(splits, TOKEN_ROWS)
    if sample:
        _, _, coverage = measure_tokens(sample, setup.tokenizer, setup.spec)
        # Of texts that are cut, all rows are told above.
        found += [one for one in coverage if one.kind != "truncated"]
    return sorted(found, key=lambda one: not one.harmful)


def _cut_texts(
    splits: list[Split], lengths: Mapping[str, Sequence[int]], limit: int
) -> list[Finding]:
    """Return the rows whose end the model will not see; their `why` is their length."""
    return finding(
        "truncated",
        splits,
        {name: [i for i, n in enumerate(own) if n > limit] for name, own in lengths.items()},
        lambda split, i: f"{lengths[split.name][i]:,}",
        limit=f"{limit:,}",
    )


def _cut_answers(
    splits: list[Split], loaded: LoadedData, task: Task, setup: Setup
) -> list[Finding]:
    """Return the rows whose answer is longer than is learned, or may be written, by what cuts it.

    Their `why` is how many tokens would be needed.
    """
    limits: dict[str, int] = {}
    needed: dict[str, dict[str, list[int]]] = {}
    for split, table in zip(splits, (loaded.train, loaded.validation), strict=True):
        for start in range(0, len(table), BATCH_ROWS):
            batch = table[start : start + BATCH_ROWS]
            for why, (limit, counts) in task.cut_answers(batch, setup).items():
                limits[why] = limit
                needed.setdefault(why, {}).setdefault(split.name, []).extend(counts)
    return [
        one
        for why, counts in needed.items()
        for one in finding(
            f"cut_answers.{why}",
            splits,
            {name: [i for i, n in enumerate(own) if n] for name, own in counts.items()},
            partial(_tokens, counts),
            limit=f"{limits[why]:,}",
            longest=f"{max(map(max, counts.values())):,}",
        )
    ]


def _tokens(counts: Mapping[str, Sequence[int]], split: Split, position: int) -> str:
    return f"{counts[split.name][position]:,}"


def _split(name: str, table: Any, task: Task, labels: list[str]) -> Split:
    columns = {column: table[column][:] for column in table.column_names}
    asked = [role.name for role in task.inputs if role.name in columns]
    answers = [role.name for role in task.roles if role.answer and role.name in columns]
    named = [r.name for r in task.roles if r.kind in ("label", "labels") and r.name in answers]
    cells = [list(map(as_text, columns[role])) for role in answers]
    held = columns[named[0]] if named else [[]] * len(table)
    return Split(
        name,
        Table(name, table.to_pandas().set_index("row")),
        [list(map(as_text, columns[role])) for role in asked],
        [[labels[n] for n in (value if isinstance(value, list) else [value])] for value in held],
        list(map(text_key, *cells)) if cells else [""] * len(table),
    )
