// What the modules of the attention desk share.
import type { Model } from "../types.d.ts";
import type { FromDesk, ToDesk } from "../messages.d.ts";

export type Head = [layer: number, head: number];
export type Cell = [row: number, column: number];
export type Colour = number[];
export type Numbers = Uint8Array | Float32Array;
export type Words = Record<string, string | number>;
export type Direction = "from" | "to";

// ---- records as workbench/attention/record.py writes them

export interface Packed { shape: number[]; dtype: string; data: string }
export interface PlainSequence {
  tokens: string[];
  special: boolean[];
  words: (number | null)[];
  spans: ([number, number] | null)[] | null;
  segments: number[] | null;
  prompt: number | null;
}
export interface Layer {
  number: number; name: string; heads: number; kv_heads: number | null; window: number | null;
  missing: string;
}
export type Statistics = Record<string, ((number | null)[] | null)[]>;
export interface PlainBlock {
  name: string; queries: string; keys: string; causal: boolean; layers: Layer[];
  statistics: Statistics; norms: Packed | null; thumbnails: { data: Packed } | null;
  maps: { layer: number; head: number; data: Packed }[];
}
export interface PlainFormula {
  block: number; layer: number; head: number; scale: number; softcap: number | null;
  sink: number | null; q: Packed; k: Packed; v: Packed; bias: Packed | null; mask: Packed | null;
}
export interface Check { method: string; importance: number[]; spearman: number | null }
export interface PlainRecord {
  text: string; text_pair: string | null; model: string; step: number; prediction: string;
  probabilities: [string, number][] | null; error: number | null; notes: string[] | null;
  sequences: Record<string, PlainSequence>; blocks: PlainBlock[]; formula: PlainFormula | null;
  rollout: { with_sinks: Packed | null; without_sinks: Packed | null } | null;
  lens: { layers: number[]; words: string[][]; probabilities: number[][] } | null;
  occlusion: Check | null;
  divergence: { against: string; blocks: (number | null)[][][] } | null;
}

// ---- the same, opened for drawing

export interface Tensor { shape: number[]; data: Numbers }
export interface Sequence extends PlainSequence { name: string; length: number; labels: string[] }
export interface Block {
  name: string; causal: boolean; layers: Layer[]; statistics: Statistics;
  queries: Sequence; keys: Sequence; sameText: boolean; heads: number;
  norms: Tensor | null; thumbnails: Tensor | null; maps: Map<string, Numbers>;
}
export interface Formula extends Omit<PlainFormula, "q" | "k" | "v" | "bias" | "mask"> {
  q: Tensor; k: Tensor; v: Tensor; bias: Tensor | null; mask: Tensor | null;
}
/** One row of softmax(QKᵀ/√d_k)V, number by number. */
export interface Stage {
  scores: number[]; scaled: number[]; seen: boolean[]; final: number[]; weights: number[];
  result: Float64Array;
}
export interface OpenRecord {
  plain: PlainRecord; blocks: Block[]; formulas: Formula[]; rollouts: Record<string, Tensor | null>;
}

// ---- the desk

/** Rows or columns of a map: a token, the pieces of a word, or a stretch of neighbours. */
export interface Group {
  members: number[]; label: string; made: boolean;
  word?: number | null; special?: boolean; segment?: number;
}
/** A map as it is shown; `signed` where it is a change, `coarse` where it is a thumbnail. */
export interface Shown {
  rows: Group[]; columns: Group[]; weights: Float32Array | null;
  brightest?: number; signed?: boolean; coarse?: boolean;
}
export interface Choice {
  at: number; against: number | null; block: number; heads: Head[]; source: string; tint: string;
  order: string; cell: Cell | null; picked: number[]; direction: Direction; words: boolean;
  hideSpecial: boolean; hideFirst: boolean; norms: boolean; brighten: boolean | null;
  values: boolean; dots: boolean; size: number;
}
export interface View {
  node: HTMLElement; update(): void; point?(): void; draw?(): void;
}
/** A view that takes turns with others. */
export interface Panel extends View { title: string; possible(): boolean }

export interface Traits {
  records: PlainRecord[]; labels: Record<string, string>; live: string[];
  loss: [number, number][]; start: Partial<Choice> | null; twin: string;
}
export type DeskModel = Model<Traits, FromDesk>;
/** What a page without a kernel gives: it can be asked for traits, and nothing more. */
export type StillModel = Pick<DeskModel, "get" | "on" | "off"> & { send?: DeskModel["send"] };

export interface Desk {
  model: StillModel; labels: Record<string, string>; choice: Choice; root: HTMLElement;
  records: OpenRecord[]; views: View[]; memo: Map<string, unknown>; waiting: number;
  whole: boolean; asking: boolean;
  say(key: string, values?: Words): string;
  record(): OpenRecord;
  block(): Block;
  otherBlock(): Block | null;
  comparing(): boolean;
  shown(): Shown;
  map(): Shown;
  measure(name: string, head: Head): number | null;
  divergences(): (number | null)[][];
  change(changes: Partial<Choice>): void;
  can(kind: string): boolean;
  want(head: Head): void;
  fetchFormula(): void;
  fetchCheck(method: string): void;
  fetchText(text: string): void;
}

export interface Look {
  ink: string; family: string; quiet: string; line: string; paper: string; brand: string;
}
export interface Tile {
  head: Head; row: number; column: number; wide: number; high: number; x: number; y: number;
}
export interface AtlasPlan {
  tiles: Tile[]; sorted: boolean; left: number; top: number; side: number; high: number;
  step: number; caption: number; grouped: boolean; height: number; width: number;
}
export interface Atlas extends View {
  plan: AtlasPlan | null; at: Head | null; pictures: Map<string, HTMLCanvasElement | null>;
  draw(): void;
}
export interface ZoomPlan {
  look: Look; font: string; left: number; top: number; cell: number; labelLeft: number;
  labelTop: number; overhang: number; rows: number; columns: number; width: number; height: number;
}
export interface Zoom extends View {
  plan: ZoomPlan | null; picture: HTMLCanvasElement | null; draw(): void; say(): void;
}
/** Where a row or a column of the large map lies on its canvas, and which are in sight. */
export interface Places { x(column: number): number; y(row: number): number }
export interface Seen { rows: [number, number]; columns: [number, number] }
export interface Picker {
  node: HTMLElement;
  offer(pairs: [string | number, string][], chosen: string | number | null): void;
  disable(off: boolean): void;
}
/** A canvas that tells tests how it is laid out. */
export type PlannedCanvas = HTMLCanvasElement & { wbPlan?: AtlasPlan | ZoomPlan | null };
