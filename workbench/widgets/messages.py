"""What the widgets and their views in the browser tell each other, as the JSON that is sent.

Points and rows of numbers are sent beside a message, as float32 (see `points`). What comes from
the browser is anybody's: each widget matches the forms below and leaves out everything else.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

# What a view sends, before it is matched.
Received = dict[str, Any]


# --- live: the curves of a run ------------------------------------------------------------------


TableName = Literal["steps", "evaluations"]


class Table(TypedDict):
    """Rows that a view adds to those that it holds; without any, it begins anew with `columns`."""

    table: TableName
    held: int
    total: int
    columns: NotRequired[list[str]]


class RunTable(Table):
    """The rows of one of the runs shown, the chart's own being 0."""

    run: int


class Mark(TypedDict):
    """What somebody did, a break or a checkpoint."""

    kind: str
    step: int
    text: str


class State(TypedDict):
    """Where a run stands: a line of words, and the numbers for the progress bar."""

    text: str
    status: str
    step: int
    total: int
    best_step: int


class Points(TypedDict):
    """What is new in a run: the rows of each part are in the buffers, in this order."""

    kind: Literal["points"]
    parts: list[RunTable]
    marks_at: int
    marks: list[Mark]
    state: State


class Detail(TypedDict):
    """All steps between two, where a view shows few of them."""

    kind: Literal["detail"]
    run: int
    first: Any
    last: Any


class ForkField(TypedDict):
    """A field that a fork may change, and what its input shows."""

    name: str
    label: str
    entry: str
    title: str


class ForkOffer(TypedDict):
    """From which step a fork would start, and what can be changed."""

    at: int
    fields: list[ForkField]


class Offer(ForkOffer):
    """The answer to a click on a step."""

    kind: Literal["offer"]
    step: int


class Forked(TypedDict):
    """The answer to a fork: empty where it has begun."""

    kind: Literal["forked"]
    fault: str


# --- steering: knobs and buttons ----------------------------------------------------------------


class KnobView(TypedDict):
    """How a knob is drawn."""

    name: str
    label: str
    help: str
    stops: list[str]
    log: bool
    unit: str
    range: str


class KnobValue(TypedDict):
    """What a knob stands at, and who has moved it."""

    entry: str
    note: str


class AlertView(TypedDict):
    """What goes wrong, and the act that answers it."""

    words: str
    act: str
    value: Any
    do: str


class Controls(TypedDict):
    """What the panel shows of a run."""

    phase: str
    words: str
    steerable: bool
    resumable: bool
    paused: bool
    asked: list[str]
    useless: list[str]
    values: dict[str, KnobValue]
    news: str
    alert: AlertView | None


class Answered(TypedDict):
    """The answer to an act: empty where it was asked for."""

    kind: Literal["answered"]
    act: str
    fault: str


# --- labelling ----------------------------------------------------------------------------------


class AskedText(TypedDict):
    """One of a row's texts; spans are marked in that which is `marked`."""

    name: str
    text: str
    marked: bool


class Suggested(TypedDict):
    """What a model would answer."""

    value: Any
    text: str


class Other(TypedDict):
    """What somebody else has decided."""

    who: str
    text: str


class Asked(TypedDict):
    """The row that is asked about."""

    place: str
    texts: list[AskedText]
    value: Any
    was: Any
    id: str
    suggestion: Suggested | None
    others: list[Other]
    notes: list[str]


class LabellingState(TypedDict):
    """What the desk shows; an act names the turn that it answers."""

    turn: int
    said: str
    fault: str
    item: Asked | None
    progress: dict[str, Any]


# --- the data map -------------------------------------------------------------------------------


class SuspectRow(TypedDict):
    """A row that the model learned from, and what training said of it."""

    row: int
    texts: list[str]
    label: Any
    likely: str | None
    rank: str
    said: str
    now: Any
    decided: bool


class SuspectRows(TypedDict):
    """The rows that are listed, and the labels that there are."""

    kind: Literal["rows"]
    rows: list[SuspectRow]
    told: str
    names: list[str]
    answers: str


class MapPoints(TypedDict):
    """All points of the map: their rows are in the buffer."""

    kind: Literal["points"]
    told: str
    changed: int


# --- form, playground ---------------------------------------------------------------------------


class FieldView(TypedDict):
    """How a field of the form is drawn."""

    name: str
    label: str
    help: str
    range: str
    kind: str
    numeric: bool
    choices: list[Any]
    refused: list[str]
    stops: list[str]
    log: bool
    unit: str
    placeholder: str
    suggestions: list[str]
    tasks: list[str]
    default: str | bool


class FieldGroup(TypedDict):
    """A section of the form; `more` is folded."""

    title: str
    basic: list[FieldView]
    more: list[FieldView]


class FormView(TypedDict):
    """The form in one language."""

    groups: list[FieldGroup]
    recipes: dict[str, str]
    labels: dict[str, str]
