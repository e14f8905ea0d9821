// What the modules of the labelling widget share; state and question as widgets/labelling.py gives
// them.
import type { Asked, FromLabelling, LabellingState } from "../messages.d.ts";
import type { Model } from "../types.d.ts";

export type Words = Record<string, string>;
/** A stretch of a text; places count characters as Python does. */
export interface Span { start: number; end: number; text: string; label?: string }
export type Value = string | number | string[] | Span[] | null;
/** Python holds any value here; what the question's kind allows is a `Value`. */
export type Item = Omit<Asked, "value" | "was" | "suggestion"> & {
  value: Value; was: Value; suggestion: { value: Value; text: string } | null;
};
export type State = Omit<LabellingState, "item" | "progress"> & {
  item: Item | null;
  progress: { total: number; labelled: number; skipped: number; text: string; tally: string };
};
export interface Question {
  kind: "class" | "number" | "spans" | "text"; labels: string[]; several: boolean;
  scale: [number, number] | null; drafts: string;
}
export interface Traits {
  state: State; question: Question; words: Words; guidelines: string;
}
export type LabellingModel = Model<Traits, FromLabelling>;

/** Where an answer is given. `key` tells whether it used a key. */
export interface Answer {
  node: HTMLElement;
  key(event: KeyboardEvent): boolean;
  value?(): Value;
  begin?(): void;
}
export type Decide = (value: Value) => void;
export interface Choosing<One extends string | number> {
  values: One[]; names: string[]; keys: string[]; hints: Map<One, string>;
  chosen: One | One[] | null; decide: Decide; find: string; changed?: () => void;
}
export interface Counting {
  scale: [number, number] | null; value: Value; hint: { value: Value; text: string } | null;
  decide: Decide; label: string;
}
export interface Writing { text: string; decide: Decide; changed: () => void; label: string }
export interface Marking {
  text: string; labels: string[]; keys: string[]; spans: Span[]; decide: Decide;
  changed: () => void; words: Words; say: (text: string) => void;
}
