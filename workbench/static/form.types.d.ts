// What the form of a spec gets from `_schema` of workbench/widgets/form.py.
import type { FieldGroup, FieldView, FormView, FromForm, RecipeNotice } from "./messages.d.ts";
import type { Model } from "./types.d.ts";

/** What an input holds: whether a box is ticked, or text. */
export type Entry = string | boolean;

export type Field = FieldView;
export type Group = FieldGroup;
export type Schema = FormView;
export type Labels = FormView["labels"];
export interface Traits {
  schema: Schema; entries: Record<string, Entry>; faults: Record<string, string>; recipe: string;
  /** What the form began from: what differs from it was set by hand. */
  base: Record<string, Entry>;
  notice: RecipeNotice | Record<string, never>;
}
export type FormModel = Model<Traits, FromForm>;
