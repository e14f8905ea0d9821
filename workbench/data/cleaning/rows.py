"""Steps that look at whole rows: which of them are dropped, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from ...errors import DataError, shorten
from ...language import text as say
from ...spec import cleaning as spec
from ..duplicates import Copy, exact_duplicates
from ..duplicates import near_duplicates as find_near
from ..languages import UNDECIDED, identify_languages, known_languages
from .base import Change, Dropped, Rows

SHOWN_CHARACTERS = 60


def length(rows: Rows, step: spec.Length) -> Change:
    """Drop rows whose texts, taken together, are shorter or longer."""
    measure = len if step.unit == "characters" else lambda text: len(text.split())
    sizes = [measure(text) for text in rows.asked_texts()]
    unit = say(f"clean.unit.{step.unit}")
    return Change(
        dropped={
            i: Dropped(f"{size:,} {unit}")
            for i, size in enumerate(sizes)
            if not step.min <= size <= step.max
        }
    )


def language(rows: Rows, step: spec.Language) -> Change:
    """Drop rows in other languages; those whose language cannot be told stay."""
    known = known_languages()
    for code in step.keep:
        if code not in known:
            raise DataError(
                "data.cleaning: language cannot tell {language!r}",
                "choose from {choices}",
                language=shorten(code),
                choices=", ".join(known),
            ).at("data.cleaning", code, "no_such_language")
    codes = identify_languages(rows.asked_texts())
    return Change(
        dropped={
            i: Dropped(code) for i, code in enumerate(codes) if code not in (UNDECIDED, *step.keep)
        }
    )


def duplicates(rows: Rows, step: spec.Duplicates) -> Change:
    """Drop rows that repeat another, but for case and blanks.

    Keep rule: of rows that are equal, the first one stays, or the last one.
    """
    keys = rows.keys
    if step.by == "row":
        keys = list(map("\0".join, zip(keys, rows.answer_keys, strict=True)))
    order = range(len(rows)) if step.keep == "first" else range(len(rows))[::-1]
    return _dropped(order, exact_duplicates([keys[i] for i in order]))


def near_duplicates(rows: Rows, step: spec.NearDuplicates) -> Change:
    """Drop rows whose texts are nearly those of a row that stays, whatever the answers.

    Keep rule: rows are looked at in order (from the last one, from the longest one), and each
    that is nearly one of those kept so far is dropped.
    """
    keys = rows.keys
    order: Sequence[int] = range(len(keys))
    if step.keep == "last":
        order = order[::-1]
    elif step.keep == "longest":
        order = sorted(order, key=lambda i: -len(keys[i]))
    found = find_near([keys[i] for i in order], step.threshold, step.characters)
    return _dropped(order, found)


def conflicting_labels(rows: Rows, step: spec.ConflictingLabels) -> Change:
    """Drop rows with the same text and different labels, or those that the majority outvotes."""
    answers = rows.answer_keys
    by_text: dict[str, list[int]] = defaultdict(list)
    for i, key in enumerate(rows.keys):
        by_text[key].append(i)
    dropped: dict[int, Dropped] = {}
    for places in by_text.values():
        votes = Counter(answers[i] for i in places)
        if len(votes) < 2:
            continue
        (winner, most), (_, next_most) = votes.most_common(2)
        settled = step.resolve == "majority" and most > next_most
        shown = shorten(
            ", ".join(f"{answer} {n}" for answer, n in votes.most_common()), SHOWN_CHARACTERS
        )
        first = next(i for i in places if answers[i] == winner) if settled else None
        for i in places:
            if not settled or answers[i] != winner:
                dropped[i] = Dropped(shown, first)
    return Change(dropped=dropped)


def _dropped(order: Sequence[int], found: dict[int, Copy]) -> Change:
    """Return what was found among rows in an order as positions of the rows themselves."""
    return Change(
        dropped={
            order[i]: Dropped(
                "" if copy.similarity == 1 else f"{copy.similarity:.2f}", order[copy.position]
            )
            for i, copy in found.items()
        }
    )
