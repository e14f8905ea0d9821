// What Python and the browser tell each other. The same stands in workbench/widgets/messages.py, and
// tests/static/test_messages.py compares the two.

/** A view is there and holds nothing yet. */
export interface Sync {
  kind: "sync";
}

/** The kernel is there; said every few seconds while a run goes on. */
export interface Alive {
  kind: "alive";
}

/** What was asked for could not be done; a sentence for the reader. */
export interface Fault {
  kind: "fault";
  fault: string;
}

/** One whole map of a record, packed. */
export interface AskMap {
  kind: "map";
  id: number;
  record: number;
  block: number;
  layer: number;
  head: number;
}

/** Q, K, V and mask of a head. */
export interface AskFormula {
  kind: "formula";
  id: number;
  record: number;
  block: number;
  layer: number;
  head: number;
}

/** The importance of each token. */
export interface AskCausal {
  kind: "causal";
  id: number;
  record: number;
  method: string;
}

/** Another sentence, to be shown in place of the present one. */
export interface AskText {
  kind: "text";
  id: number;
  text: string;
}

/** The answer to the question of that number, or why there is none. */
export interface Answer {
  kind: "answer";
  id: number;
  answer?: unknown;
  fault?: string;
}

export type FromDesk = AskMap | AskFormula | AskCausal | AskText;

export type ToDesk = Answer;

/** Rows that a view adds to those that it holds; without any, it begins anew with `columns`. */
export interface Table {
  table: "steps" | "evaluations";
  held: number;
  total: number;
  columns?: string[];
}

/** The rows of one of the runs shown, the chart's own being 0. */
export interface RunTable {
  table: "steps" | "evaluations";
  held: number;
  total: number;
  columns?: string[];
  run: number;
}

/** What somebody did, a break or a checkpoint. */
export interface Mark {
  kind: "act" | "break" | "checkpoint";
  step: number;
  text: string;
}

/** Where a run stands: a line of words, and the numbers for the progress bar. */
export interface State {
  text: string;
  status: string;
  step: number;
  total: number;
  best_step: number;
}

/** What is new in a run: the rows of each part are in the buffers, in this order. */
export interface Points {
  kind: "points";
  parts: RunTable[];
  marks_at: number;
  marks: Mark[];
  state: State;
}

/** All steps between two, where a view shows few of them. */
export interface Detail {
  kind: "detail";
  run: number;
  first: number;
  last: number;
}

/** A field that a fork may change, and what its input shows. */
export interface ForkField {
  name: string;
  label: string;
  entry: string;
  title: string;
}

/** From which step a fork would start, and what can be changed. */
export interface ForkOffer {
  at: number;
  fields: ForkField[];
}

/** The answer to a click on a step. */
export interface Offer {
  at: number;
  fields: ForkField[];
  kind: "offer";
  step: number;
}

/** The answer to a fork: empty where it has begun. */
export interface Forked {
  kind: "forked";
  fault: string;
}

/** Every step of a stretch. */
export interface AskDetail {
  kind: "detail";
  run: number;
  first: number;
  last: number;
}

/** What would a fork at this step start from? */
export interface PickStep {
  kind: "pick";
  step: number;
}

/** Fork there, with what was typed into the fields of the offer. */
export interface Fork {
  kind: "fork";
  step: number;
  changes: Record<string, string>;
}

export type FromLive = Sync | AskDetail | PickStep | Fork;

export type ToLive = Points | Detail | Offer | Forked | Alive;

/** How a knob is drawn. */
export interface HyperparameterView {
  name: string;
  label: string;
  help: string;
  stops: string[];
  log: boolean;
  unit: string;
  range: string;
}

/** What a knob stands at, and who has moved it. */
export interface HyperparameterValue {
  entry: string;
  note: string;
}

/** What goes wrong, and the act that answers it. */
export interface AlertView {
  words: string;
  act: string;
  value: unknown;
  do: string;
}

/** What the panel shows of a run. */
export interface Controls {
  phase: string;
  words: string;
  steerable: boolean;
  resumable: boolean;
  paused: boolean;
  asked: string[];
  useless: string[];
  values: Record<string, HyperparameterValue>;
  news: string;
  alert: AlertView | null;
}

/** The answer to an act: empty where it was asked for. */
export interface Answered {
  kind: "answered";
  act: string;
  fault: string;
}

/** A button or a knob. */
export interface AskAct {
  kind: "ask";
  act: string;
  value: unknown;
}

/** Go on with a run that nobody trains. */
export interface Resume {
  kind: "resume";
}

/** Show the alert no longer. */
export interface Dismiss {
  kind: "dismiss";
}

export type FromSteering = AskAct | Resume | Dismiss;

export type ToSteering = Answered | Alive;

/** YAML to set the form by. */
export interface Paste {
  kind: "paste";
  text: string;
}

/** Whether it was taken; the trait `paste_faults` says what is wrong. */
export interface Pasted {
  kind: "pasted";
  ok: boolean;
}

export type FromSpecPanel = Paste;

export type ToSpecPanel = Pasted;

/** One of a row's texts; spans are marked in that which is `marked`. */
export interface AskedText {
  name: string;
  text: string;
  marked: boolean;
}

/** What a model would answer. */
export interface Suggested {
  value: unknown;
  text: string;
}

/** What somebody else has decided. */
export interface Other {
  who: string;
  text: string;
}

/** The row that is asked about. */
export interface Asked {
  place: string;
  texts: AskedText[];
  value: unknown;
  was: unknown;
  id: string;
  suggestion: Suggested | null;
  others: Other[];
  notes: string[];
}

/** What the desk shows; an act names the turn that it answers. */
export interface LabellingState {
  turn: number;
  said: string;
  fault: string;
  item: Asked | null;
  progress: Record<string, unknown>;
}

/** The answer for the row that is shown. */
export interface Decide {
  kind: "decide";
  turn: number;
  value: unknown;
}

/** No answer for this row. */
export interface Skip {
  kind: "skip";
  turn: number;
}

/** Take back the last decision. */
export interface UndoDecision {
  kind: "undo";
  turn: number;
}

/** A remark on the row. */
export interface AddNote {
  kind: "note";
  turn: number;
  text: string;
}

/** Show the row so many further on. */
export interface Move {
  kind: "move";
  turn: number;
  steps: number;
}

export type FromLabelling = Decide | Skip | UndoDecision | AddNote | Move;

/** A row that the model learned from, and what training said of it. */
export interface LabelIssue {
  row: number;
  texts: string[];
  label: string | number | string[];
  likely: string | null;
  rank: string;
  said: string;
  now: string | number | string[];
  decided: boolean;
}

/** The rows that are listed, and the labels that there are. */
export interface LabelIssues {
  kind: "rows";
  rows: LabelIssue[];
  message: string;
  names: string[];
  answers: string;
}

/** All points of the map: their rows are in the buffer. */
export interface MapPoints {
  kind: "points";
  message: string;
  changed: number;
}

/** The texts of these rows. */
export interface ListRows {
  kind: "rows";
  rows: number[];
}

/** The rows whose labels are most suspect. */
export interface ListLabelIssues {
  kind: "label_issues";
}

/** A row's right label. */
export interface LabelRow {
  kind: "label";
  row: number;
  value: string | number | string[];
}

/** Take back the last label. */
export interface UndoLabel {
  kind: "undo";
}

/** Train on the corrected labels. */
export interface Retrain {
  kind: "retrain";
}

/** The run on the corrected labels has been started. */
export interface Retrained {
  kind: "retrained";
}

export type FromMap = Sync | ListRows | ListLabelIssues | LabelRow | UndoLabel | Retrain;

export type ToMap = MapPoints | LabelIssues | Retrained | Fault;

/** How a field of the form is drawn. */
export interface FieldView {
  name: string;
  label: string;
  help: string;
  range: string;
  kind: string;
  numeric: boolean;
  choices: unknown[];
  refused: string[];
  stops: string[];
  log: boolean;
  unit: string;
  placeholder: string;
  suggestions: Record<string, string>;
  tasks: string[];
  default: string | boolean;
}

/** A section of the form; `more` is folded. */
export interface FieldGroup {
  title: string;
  basic: FieldView[];
  more: FieldView[];
}

/** The form in one language. */
export interface FormView {
  language: string;
  groups: FieldGroup[];
  recipes: Record<string, string>;
  labels: Record<string, string>;
}

/** What choosing a recipe changed, and what it left as somebody had set it. */
export interface RecipeNotice {
  text: string;
  kept_title: string;
  kept: string[];
}

/** Set the form back to what it was before the recipe was chosen. */
export interface UndoRecipe {
  kind: "undo_recipe";
}

/** Take the recipe's values for the settings that were kept, too. */
export interface TakeRecipe {
  kind: "take_recipe";
}

export type FromForm = UndoRecipe | TakeRecipe;

/** A question for both models. */
export interface AskModels {
  kind: "ask";
  text: string;
}

/** Write no further. */
export interface Stop {
  kind: "stop";
}

/** Begin anew. */
export interface Forget {
  kind: "forget";
}

/** The models begin to write. */
export interface Begin {
  kind: "begin";
  asked: string;
}

/** A token and the most probable ones at its place, with their probabilities. */
export interface WrittenToken {
  text: string;
  probability: number;
  candidates: [string, number][];
  special: boolean;
}

/** A model wrote a token. */
export interface TokenWritten {
  kind: "token";
  by: "before" | "after";
  token: WrittenToken;
}

export type FromPlayground = AskModels | Stop | Forget;

export type ToPlayground = Begin | TokenWritten;
