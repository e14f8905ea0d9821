// What the modules of the live chart share.
import type { Model } from "../types.d.ts";
import type {
  FromLive, Mark as LoggedMark, Offer, RunTable, State as RunState, ToLive,
} from "../messages.d.ts";

export type { FromLive, Offer, ToLive };
export type Part = RunTable;
export type State = Partial<RunState>;

export type Range = [low: number, high: number];

/** Rows that have arrived, by column; `total` is how many the log holds. */
export interface Table { columns: Record<string, number[]>; length: number; total: number }
export interface Stretch { first: number; last: number; table: Table }
export interface Run { steps: Table; evaluations: Table; detail?: Stretch | null }
/** A mark of the log, or an evaluation among them. */
export interface Mark { kind: LoggedMark["kind"] | "evaluation"; step: number; text?: string }
/** How the chart is looked at; all views of a model share it. */
export interface Look {
  x: string; share: number; log: boolean; clip: boolean; zoom: Range | null; at: number | null;
  picked: number | null; offer: Offer | null; fault: string; forking: boolean;
  hidden: Set<string>; folded: Set<string>;
}
export interface Store {
  state: State; runs: Run[]; marks: LoggedMark[]; views: Set<() => void>; look: Look;
}
export interface SeriesLook {
  table: "steps" | "evaluations"; column: string; colour: number; dash?: number;
  smoothed?: boolean; markers?: boolean; scale?: number;
}
export interface Series {
  id: string; run: number; own: boolean; label: string; colour: string; dash: number[];
  markers?: boolean; steps: number[]; xs: number[]; ys: number[]; smooth: number[] | null;
  thinned: boolean;
}
export interface Spec {
  name: string; height: number; log?: boolean | "always"; zero?: boolean; folds?: boolean;
}
export interface Area {
  left: number; right: number; top: number; bottom: number; width: number; height: number;
}
export interface Axes {
  area: Area; xRange: Range; log: boolean; low: number; high: number;
  outside: { count: number; thinned: boolean } | null; title: string;
  px(x: number): number; py(y: number): number; x(px: number): number;
}
export interface Style {
  font: string; ink: string; strong: string; grid: string; accent: string; axis: string;
}
export interface Panel {
  spec: Spec; box: HTMLElement; canvas: HTMLCanvasElement; selection: HTMLElement;
  axes: Axes | null; visible: Series[];
  draw(style: Style): void;
}
/** What a panel can ask of the view. */
export interface Acts {
  draw(): void;
  point(panel: Panel, step: number | null, speak: boolean): void;
  pick(panel: Panel, step: number | null, byKey: boolean): void;
  zoom(steps: Range | null): void;
  clear(): void;
}
export interface Callout {
  box: HTMLElement; panel: Panel | null; byKey: boolean;
  draw(el: HTMLElement, panels: Panel[]): void;
}
export interface Entry {
  id: string; label: string; colour: string; dashed?: boolean; mark?: string;
}
/** A line of the read-out. */
export interface Reading { label: string; colour: string; text: string }
export interface Readout {
  title: string; place: string; rows: Reading[]; marks: { text: string; colour: string }[];
}
export interface Traits { run_names: string[]; labels: Labels; can_fork: boolean }
/** Words by name; some are groups of words. */
export type Labels = Record<string, any>;
export type LiveModel = Model<Traits, FromLive>;
