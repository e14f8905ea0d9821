"""Which column plays which role: as told, else by its name, else by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from ..errors import DataError, shorten
from ..tasks import Role, Task
from .cells import as_text
from .header import is_number

Columns = Mapping[str, str | list[str]]
# As people name them: by name, or by number from 0.
Given = Mapping[str, int | Sequence[str | int]]

SAMPLE_ROWS = 2000
LONGEST_LABEL = 60
MOST_LABELS = 100
_ONES = ("1", "true", "True")


def guess_columns(
    frame: Any,
    task: Task,
    given: Mapping[str, Any] | None = None,
    name: str = "the data",
    several: bool = False,
) -> dict[str, str | list[str]]:
    """Return the column of `frame` for each role of `task`; optional roles may be missing.

    `given` columns (by name, or by number from 0, or a list of such) are taken as they are. For
    the others, columns with a usual name come first, then the column with the longest texts, the
    one with few and short values for the label, and the one with the most different numbers. An
    optional role is only filled by name, and only where no text column is given. Of roles that
    stand for one another, the first set that the columns' names can fill is taken. Columns of 0
    and 1 are one role together where rows may have `several` labels, or each row one of them.
    A given column of a role that rows may go without may be missing.

    Raises:
        DataError: a given role or column does not exist, or a needed one cannot be found.
    """
    given = dict(given or {})
    columns = [str(column) for column in frame.columns]
    roles = {role.name: role for role in task.roles}
    if unknown := [role for role in given if role not in roles]:
        raise DataError(
            "data.columns: {task} has no role {role!r}",
            "its roles are {roles}",
            task=task.name,
            role=shorten(unknown[0]),
            roles=", ".join(roles),
        ).at("data.columns", given, "no_such_role")
    found = {
        role: _resolve(columns, column, role, name)
        for role, column in given.items()
        if not _may_be_missing(roles[role], column, columns)
    }
    _refuse_double(found)
    text_given = any(roles[role].kind == "text" for role in given)
    facts = _facts(frame)
    wanted = _chosen_roles(task, found, facts)
    # By name first for all roles, so that no column is taken by its looks that another role names.
    for role in wanted:
        if role.name in found or (text_given and not role.required):
            continue
        called = column_called(columns, role) if several else role.name
        if several and called and role.kind == "label" and role.name not in found:
            found[role.name] = called
            continue
        if called is None and (sets := _sets(frame, role, _free(facts, found), several)):
            found[role.name] = sets
            continue
        if (column := _by_name(role, _free(facts, found))) is not None:
            found[role.name] = column
    for role in sorted(wanted, key=lambda role: role.kind != "text"):
        if role.required and role.name not in found:
            free = _free(facts, found)
            if sets := _sets(frame, role, free, several):
                found[role.name] = sets
                continue
            # A column that is called so and does not fit is what was meant: its rows get told.
            column = _by_looks(role, free) or column_called([f.column for f in free], role)
            if column is None and several and role.kind == "label":
                column = _shortest(free)
            if column is None:
                raise DataError(
                    "{name}: no column looks like the {role}; there are {columns}",
                    "set data.columns, for example {{{role}: {example}}}"
                    if free
                    else "add a column for it; if cells hold several things, set data.delimiter",
                    name=name,
                    role=role.name,
                    columns=_listed(columns),
                    example=shorten(free[-1].column if free else "", 40),
                ).at("data.columns", given, "no_column_found")
            found[role.name] = column
    return {role.name: found[role.name] for role in task.roles if role.name in found}


def _may_be_missing(role: Role, given: Any, columns: Sequence[str]) -> bool:
    """Say whether a given column is one that rows may go without, and that nothing is called like.

    Alpaca's `input` is such; a misspelt one is a fault.
    """
    text = str(given)
    if role.required or not role.may_be_empty or isinstance(given, list):
        return False
    if text in columns or text.isdecimal():
        return False
    near = get_close_matches(text.casefold(), map(str.casefold, columns), n=1, cutoff=0.8)
    return not near


def _sets(frame: Any, role: Role, free: list[_Fact], several: bool) -> list[str]:
    """Return the columns of 0 and 1 that are labels together; none where they are not."""
    if role.kind != "label":
        return []
    columns = [fact.column for fact in free if fact.binary]
    if len(columns) < 2:
        return []
    if several:
        return columns
    if len(columns) < 3:
        return []
    rows = frame[columns].apply(lambda column: column.map(as_text).isin(_ONES))
    return columns if bool((rows.sum(axis=1) == 1).all()) else []


def unused_columns(frame: Any, columns: Columns, spare: Sequence[str] = ()) -> list[str]:
    """Return the columns of a frame that play no role."""
    used = {*flat(columns), *spare}
    return [str(column) for column in frame.columns if str(column) not in used]


def columns_of_zeros_and_ones(
    frame: Any, columns: Columns, task: Task, unused: Sequence[str]
) -> list[str]:
    """Return the label's column and unused ones where all of them hold 0 and 1, like labels."""
    role = next((role for role in task.roles if role.kind == "label" and role.answer), None)
    place = columns.get(role.name) if role else None
    if not isinstance(place, str) or not unused:
        return []
    binary = {fact.column for fact in _facts(frame) if fact.binary}
    others = [column for column in unused if column in binary]
    return [place, *others] if place in binary and others else []


def given_columns(known: Columns, task: Task, given: Given) -> dict[str, Any]:
    """Return the columns that are told: those given, and those known of the source beforehand.

    A set of the catalogue may be used for another task than the one it was listed for.
    """
    roles = {role.name for role in task.roles}
    return {**{role: column for role, column in known.items() if role in roles}, **given}


def present_columns(
    frame: Any,
    task: Task,
    given: Mapping[str, Any] | None = None,
    name: str = "the data",
    several: bool = False,
) -> tuple[dict[str, str | list[str]], list[str]]:
    """Return what `guess_columns` does, or, where no column looks like an answer, what is asked.

    The fault that stood in the way is returned as a note.

    Raises:
        DataError: a given role or column does not exist, or none looks like what is asked.
    """
    try:
        return guess_columns(frame, task, given, name, several), []
    except DataError as error:
        asked = task.without_answers()
        if {*(given or {})} - {role.name for role in asked.roles}:
            raise
        return guess_columns(frame, asked, given, name), [error.what]


def columns_of(place: int | Sequence[str | int]) -> list[str]:
    """Return the columns that play a role: as a rule one."""
    return [str(one) for one in place] if isinstance(place, list) else [str(place)]


def has_column(frame: Any, role: Role) -> bool:
    """Say whether a column is called as those of the role usually are."""
    return _by_name(role, _facts(frame)) is not None


def column_called(columns: Sequence[Any], role: Role) -> str | None:
    """Return the first column with one of the role's usual names, whatever it holds."""
    names = {str(column).strip().casefold(): str(column) for column in reversed(columns)}
    return next((names[name] for name in role.common_names if name in names), None)


def flat(columns: Given) -> list[str]:
    """Return the columns of all roles."""
    return [column for place in columns.values() for column in columns_of(place)]


def _resolve(columns: Sequence[str], given: Any, role: str, name: str) -> str | list[str]:
    if not isinstance(given, list):
        return resolve_column(columns, given, role, name)
    if not given:
        raise DataError(
            "data.columns.{role}: no column is named", "name one, or leave it out", role=role
        ).at("data.columns", {role: given}, "no_column")
    return [resolve_column(columns, one, role, name) for one in given]


def _refuse_double(found: Columns) -> None:
    named = flat(found)
    if double := next((column for column in named if named.count(column) > 1), None):
        both = " and ".join(role for role, place in found.items() if double in columns_of(place))
        raise DataError(
            "data.columns: {roles} are the same column {column!r}"
            if " and " in both
            else "data.columns.{roles} names the column {column!r} twice",
            "give each role a column of its own",
            roles=both,
            column=shorten(double),
        ).at("data.columns", found, "column_twice")


def _chosen_roles(task: Task, found: Columns, facts: list[_Fact]) -> list[Role]:
    """Return the roles to be filled; those of the first set that can be filled are required."""
    if not task.alternatives:
        return list(task.roles)
    loose = {name for names in task.alternatives for name in names}

    def can_be_filled(names: tuple[str, ...]) -> bool:
        taken = dict(found)
        for name in names:
            if name in taken:
                continue
            if (column := _by_name(task.role(name), _free(facts, taken))) is None:
                return False
            taken[name] = column
        return True

    given = [names for names in task.alternatives if set(names) & set(found)]
    chosen = next(
        filter(can_be_filled, given or task.alternatives), (given or task.alternatives)[-1]
    )
    return [
        replace(role, required=role.required or role.name in chosen)
        for role in task.roles
        if role.name not in loose or role.name in (*chosen, *found)
    ]


def resolve_column(columns: Sequence[str], wanted: str | int, role: str, name: str) -> str:
    """Return the column called or numbered `wanted`; a name wins over a number.

    Raises:
        DataError: there is no such column.
    """
    text = str(wanted)
    if text in columns:
        return text
    if text.isdecimal() and int(text) < len(columns):
        return columns[int(text)]
    if text.lstrip("-").isdecimal():
        raise DataError(
            "data.columns.{role}: {name} has no column {column}; it has {count}, 0 to {last}: "
            "{columns}",
            "set it to one of them",
            role=role,
            name=name,
            column=text,
            count=len(columns),
            last=len(columns) - 1,
            columns=_listed(columns),
        ).at("data.columns", {role: wanted}, "no_such_column")
    near = get_close_matches(text, columns, n=1, cutoff=0.5)
    same = [column for column in columns if column.casefold() == text.casefold()]
    nearest = next(iter(same or near), "")
    raise DataError(
        "data.columns.{role}: {name} has no column {column!r}; it has {columns}",
        "did you mean {near!r}?" if nearest else "set it to one of them",
        role=role,
        name=name,
        column=shorten(text),
        columns=_listed(columns),
        near=shorten(nearest),
    ).at("data.columns", {role: wanted}, "no_such_column")


@dataclass(frozen=True)
class _Fact:
    """What the first rows say about a column."""

    column: str
    filled: float
    numeric: float
    mean_length: float
    longest: int
    distinct: int
    rows: int
    binary: bool

    @property
    def is_label(self) -> bool:
        """Few different, short values in most rows; one value counts too, as a last resort."""
        few = self.distinct <= max(2, min(MOST_LABELS, self.rows * self.filled / 2))
        return few and self.filled > 0.5 and self.longest <= LONGEST_LABEL


def _facts(frame: Any) -> list[_Fact]:
    sample = frame.iloc[:: max(1, len(frame) // SAMPLE_ROWS)]
    facts = []
    for position, column in enumerate(frame.columns):
        cells = [as_text(cell).strip() for cell in sample.iloc[:, position]]
        filled = [cell for cell in cells if cell]
        count = max(len(filled), 1)
        facts.append(
            _Fact(
                column=str(column),
                filled=len(filled) / max(len(cells), 1),
                numeric=sum(map(is_number, filled)) / count,
                mean_length=sum(map(len, filled)) / count,
                longest=max(map(len, filled), default=0),
                distinct=len(set(filled)),
                rows=len(cells),
                binary=(len(filled) == len(cells) and set(filled) == {"0", "1"})
                or set(filled) in ({"true", "false"}, {"True", "False"}),
            )
        )
    return facts


def _free(facts: list[_Fact], found: Columns) -> list[_Fact]:
    taken = set(flat(found))
    return [fact for fact in facts if fact.column not in taken]


def _by_name(role: Role, facts: list[_Fact]) -> str | None:
    """Return the column with the likeliest name; its values must look their part, too."""
    exact = {fact.column.strip().casefold(): fact for fact in reversed(facts)}
    named = [exact[name] for name in role.common_names if name in exact]
    if role.required:
        # Of `review_title` and `review_text`, the longer one is the text.
        named += sorted(
            (
                fact
                for fact in facts
                if fact not in named and not set(role.common_names).isdisjoint(_words(fact.column))
            ),
            key=lambda fact: -fact.mean_length if role.kind == "text" else 0,
        )
    fits = _FITS.get(role.kind, lambda fact: fact.filled > 0.2)
    fitting = [fact for fact in named if fits(fact)]
    if fitting:
        return fitting[0].column
    # A column called exactly so that does not fit is still what was meant: its fault gets told.
    return next((f.column for f in named if f.column.strip().casefold() == role.name), None)


def _words(column: str) -> list[str]:
    """Split `reviewText` and `review_text` into lower-case words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    return [word.casefold() for word in re.split(r"[\W_]+", spaced) if word]


_FITS: dict[str, Callable[[_Fact], bool]] = {
    "text": lambda fact: fact.filled > 0.2 and fact.numeric < 0.5,
    "label": lambda fact: fact.is_label,
    "numbers": lambda fact: fact.filled > 0.2 and fact.numeric > 0.5,
}


def _by_looks(role: Role, facts: list[_Fact]) -> str | None:
    """Return the column whose values look most like the role; lists go by their name alone."""
    match role.kind:
        case "text":
            return _longest_text(facts)
        case "label":
            return _fewest_values(facts)
        case "numbers":
            return _most_numbers(facts)
    return None


def _longest_text(facts: list[_Fact]) -> str | None:
    """Return the column with the longest texts, weighed by how many rows have one."""
    texts = [
        fact for fact in facts if fact.numeric < 0.5 and fact.filled > 0.2 and fact.distinct > 1
    ]
    best = max(texts, key=lambda fact: fact.mean_length * fact.filled, default=None)
    return best.column if best else None


def _fewest_values(facts: list[_Fact]) -> str | None:
    """Return the column with the fewest values, of those with more than one where there is any."""
    labels = [fact for fact in facts if fact.is_label]
    several = [fact for fact in labels if fact.distinct > 1 and fact.filled > 0.8]
    best = min(several or labels, key=lambda fact: fact.distinct, default=None)
    return best.column if best else None


def _shortest(facts: list[_Fact]) -> str | None:
    """Return the column with the shortest words, where any combination of labels may stand."""
    words = [fact for fact in facts if fact.numeric < 0.5 and fact.longest <= 2 * LONGEST_LABEL]
    best = min(words, key=lambda fact: fact.mean_length, default=None)
    return best.column if best else None


def _most_numbers(facts: list[_Fact]) -> str | None:
    """Return the column with the most different numbers that does not merely count the rows."""
    numbers = [
        fact for fact in facts if fact.numeric > 0.9 and fact.filled > 0.5 and fact.distinct > 1
    ]
    measures = [fact for fact in numbers if fact.distinct < fact.rows * fact.filled]
    best = max(measures or numbers, key=lambda fact: fact.distinct, default=None)
    return best.column if best else None


def _listed(columns: Sequence[str]) -> str:
    return shorten(", ".join(columns), 200)


def text_columns(columns: Columns, task: Task) -> list[str]:
    """Return the columns that hold plain text for a task."""
    return [
        name
        for role in task.roles
        if role.kind == "text" and role.name in columns
        for name in columns_of(columns[role.name])
    ]
