"""What the widgets and their views in the browser tell each other, as the JSON that is sent.

The same stands in `static/messages.d.ts`, by which TypeScript checks the scripts;
`tests/static/test_messages.py` compares the two. The unions `From…` and `To…` say what each view
may send, and what it gets.

Points and rows of numbers are sent beside a message, as float32 (see `points`). What comes from
the browser is anybody's: each widget matches the forms below and leaves out everything else.
"""

from typing import Any, Literal, NotRequired, TypedDict

# What a view sends, before it is matched.
Received = dict[str, Any]


class Sync(TypedDict):
    """A view is there and holds nothing yet."""

    kind: Literal["sync"]


class Alive(TypedDict):
    """The kernel is there; said every few seconds while a run goes on."""

    kind: Literal["alive"]


class Fault(TypedDict):
    """What was asked for could not be done; a sentence for the reader."""

    kind: Literal["fault"]
    fault: str


# --- attention ----------------------------------------------------------------------------------


class AskMap(TypedDict):
    """One whole map of a record, packed."""

    kind: Literal["map"]
    id: int
    record: int
    block: int
    layer: int
    head: int


class AskFormula(TypedDict):
    """Q, K, V and mask of a head."""

    kind: Literal["formula"]
    id: int
    record: int
    block: int
    layer: int
    head: int


class AskCausal(TypedDict):
    """The importance of each token."""

    kind: Literal["causal"]
    id: int
    record: int
    method: str


class AskText(TypedDict):
    """Another sentence, to be shown in place of the present one."""

    kind: Literal["text"]
    id: int
    text: str


class Answer(TypedDict):
    """The answer to the question of that number, or why there is none."""

    kind: Literal["answer"]
    id: int
    answer: NotRequired[Any]
    fault: NotRequired[str]


FromDesk = AskMap | AskFormula | AskCausal | AskText
ToDesk = Answer


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


MarkKind = Literal["act", "break", "checkpoint"]


class Mark(TypedDict):
    """What somebody did, a break or a checkpoint."""

    kind: MarkKind
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
    first: float
    last: float


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


class AskDetail(TypedDict):
    """Every step of a stretch."""

    kind: Literal["detail"]
    run: int
    first: float
    last: float


class PickStep(TypedDict):
    """What would a fork at this step start from?"""

    kind: Literal["pick"]
    step: int


class Fork(TypedDict):
    """Fork there, with what was typed into the fields of the offer."""

    kind: Literal["fork"]
    step: int
    changes: dict[str, str]


FromLive = Sync | AskDetail | PickStep | Fork
ToLive = Points | Detail | Offer | Forked | Alive


# --- steering: knobs and buttons ----------------------------------------------------------------


class HyperparameterView(TypedDict):
    """How a knob is drawn."""

    name: str
    label: str
    help: str
    stops: list[str]
    log: bool
    unit: str
    range: str


class HyperparameterValue(TypedDict):
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
    values: dict[str, HyperparameterValue]
    news: str
    alert: AlertView | None


class Answered(TypedDict):
    """The answer to an act: empty where it was asked for."""

    kind: Literal["answered"]
    act: str
    fault: str


class AskAct(TypedDict):
    """A button or a knob."""

    kind: Literal["ask"]
    act: str
    value: Any


class Resume(TypedDict):
    """Go on with a run that nobody trains."""

    kind: Literal["resume"]


class Dismiss(TypedDict):
    """Show the alert no longer."""

    kind: Literal["dismiss"]


FromSteering = AskAct | Resume | Dismiss
ToSteering = Answered | Alive


# --- the spec beside its form -------------------------------------------------------------------


class Paste(TypedDict):
    """YAML to set the form by."""

    kind: Literal["paste"]
    text: str


class Pasted(TypedDict):
    """Whether it was taken; the trait `paste_faults` says what is wrong."""

    kind: Literal["pasted"]
    ok: bool


FromSpecPanel = Paste
ToSpecPanel = Pasted


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


class Decide(TypedDict):
    """The answer for the row that is shown."""

    kind: Literal["decide"]
    turn: int
    value: Any


class Skip(TypedDict):
    """No answer for this row."""

    kind: Literal["skip"]
    turn: int


class UndoDecision(TypedDict):
    """Take back the last decision."""

    kind: Literal["undo"]
    turn: int


class AddNote(TypedDict):
    """A remark on the row."""

    kind: Literal["note"]
    turn: int
    text: str


class Move(TypedDict):
    """Show the row so many further on."""

    kind: Literal["move"]
    turn: int
    steps: int


FromLabelling = Decide | Skip | UndoDecision | AddNote | Move


# --- the data map -------------------------------------------------------------------------------


class LabelIssue(TypedDict):
    """A row that the model learned from, and what training said of it."""

    row: int
    texts: list[str]
    label: str | float | list[str]
    likely: str | None
    rank: str
    said: str
    now: str | float | list[str]
    decided: bool


class LabelIssues(TypedDict):
    """The rows that are listed, and the labels that there are."""

    kind: Literal["rows"]
    rows: list[LabelIssue]
    message: str
    names: list[str]
    answers: str


class MapPoints(TypedDict):
    """All points of the map: their rows are in the buffer."""

    kind: Literal["points"]
    message: str
    changed: int


class ListRows(TypedDict):
    """The texts of these rows."""

    kind: Literal["rows"]
    rows: list[int]


class ListLabelIssues(TypedDict):
    """The rows whose labels are most suspect."""

    kind: Literal["label_issues"]


class LabelRow(TypedDict):
    """A row's right label."""

    kind: Literal["label"]
    row: int
    value: str | float | list[str]


class UndoLabel(TypedDict):
    """Take back the last label."""

    kind: Literal["undo"]


class Retrain(TypedDict):
    """Train on the corrected labels."""

    kind: Literal["retrain"]


class Retrained(TypedDict):
    """The run on the corrected labels has been started."""

    kind: Literal["retrained"]


FromMap = Sync | ListRows | ListLabelIssues | LabelRow | UndoLabel | Retrain
ToMap = MapPoints | LabelIssues | Retrained | Fault


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
    suggestions: dict[str, str]
    tasks: list[str]
    default: str | bool


class FieldGroup(TypedDict):
    """A section of the form; `more` is folded."""

    title: str
    basic: list[FieldView]
    more: list[FieldView]


class FormView(TypedDict):
    """The form in one language."""

    language: str
    groups: list[FieldGroup]
    recipes: dict[str, str]
    labels: dict[str, str]


class RecipeNotice(TypedDict):
    """What choosing a recipe changed, and what it left as somebody had set it."""

    text: str
    kept_title: str
    kept: list[str]


class UndoRecipe(TypedDict):
    """Set the form back to what it was before the recipe was chosen."""

    kind: Literal["undo_recipe"]


class TakeRecipe(TypedDict):
    """Take the recipe's values for the settings that were kept, too."""

    kind: Literal["take_recipe"]


FromForm = UndoRecipe | TakeRecipe


class AskModels(TypedDict):
    """A question for both models."""

    kind: Literal["ask"]
    text: str


class Stop(TypedDict):
    """Write no further."""

    kind: Literal["stop"]


class Forget(TypedDict):
    """Begin anew."""

    kind: Literal["forget"]


class Begin(TypedDict):
    """The models begin to write."""

    kind: Literal["begin"]
    asked: str


class WrittenToken(TypedDict):
    """A token and the most probable ones at its place, with their probabilities."""

    text: str
    probability: float
    candidates: list[tuple[str, float]]
    special: bool


class TokenWritten(TypedDict):
    """A model wrote a token."""

    kind: Literal["token"]
    by: Literal["before", "after"]
    token: WrittenToken


FromPlayground = AskModels | Stop | Forget
ToPlayground = Begin | TokenWritten
