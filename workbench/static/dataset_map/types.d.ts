// What the modules of the dataset map share.
import type { LabelIssue, LabelIssues } from "../messages.d.ts";
import type { Place } from "./points.js";

export interface Labels {
  map: string; x: string; y: string; hint: string; keys: string; point: string; area: string;
  always: string; sometimes: string; never: string; flagged: string; corrected: string;
  label_issues: string; undo: string; retrain: string; starting: string; reading: string;
  given: string; likely: string; right: string;
  can_retrain: boolean;
}

/** What is chosen on the map: a way drawn round points, the rows listed, the keyboard's place. */
export interface Sight {
  lasso: Place[];
  caught: Set<number>;
  cursor: number;
  anchor: number;
}

export type Listed = LabelIssue;
export type Label = LabelIssue["label"];
/** What may be answered: one of the classes, several, or what is written. */
export type Answers = Pick<LabelIssues, "names" | "answers">;

export interface Traits {
  labels: Labels;
  colours: string[];
}
