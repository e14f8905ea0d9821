// What the modules of the dataset map share.
import type { Place } from "./points.js";

export interface Labels {
  map: string; x: string; y: string; hint: string; keys: string; point: string; area: string;
  always: string; sometimes: string; never: string; flagged: string; corrected: string;
  suspects: string; undo: string; retrain: string; starting: string;
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

export type Label = string | number | string[];

/** A row as Python lists it. */
export interface Listed {
  row: number;
  texts: string[];
  label: Label;
  likely: string | null;
  rank: string;
  said: string;
  now: Label;
  decided: boolean;
}

/** What may be answered: one of the classes, several, or what is written. */
export interface Answers {
  names: string[];
  answers: string;
}

export interface Traits {
  labels: Labels;
  colours: string[];
}

/** What the browser asks. */
export type FromMap =
  | { kind: "sync" | "suspects" | "undo" | "retrain" }
  | { kind: "rows"; rows: number[] }
  | { kind: "label"; row: number; value: Label };

/** What Python answers; the points come as the buffer of their message. */
export type ToMap =
  | { kind: "points"; told: string; changed: number }
  | { kind: "rows"; rows: Listed[]; told: string; names: string[]; answers: string }
  | { kind: "retrained" }
  | { kind: "fault"; fault: string };
