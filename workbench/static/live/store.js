// @ts-check
// What has arrived of a run, and of the runs behind it. Python sends only the new rows, as
// Float64 columns, and says how many rows a view must already hold; whoever has missed some asks
// for all of them. Where a log is long, Python sends some of its rows: those with the extremes.

import { interpolate, roundUp, smooth } from "./numbers.js";

/**
 * @import {
 *   Labels, Part, Range, Run, Series, SeriesLook, Store, Stretch, Table, ToLive,
 * } from "./types.d.ts"
 */

/** @returns {Store} */
export function makeStore() {
  return {
    state: {},
    runs: [],
    marks: [],
    views: new Set(),
    // How the chart is looked at; all views of a model share it, and it survives every update.
    look: {
      x: "step",
      share: 0.05,
      log: false,
      clip: false,
      zoom: null,
      at: null,
      picked: null,
      offer: null, // what a fork at the picked step would start from
      fault: "",
      forking: false,
      hidden: new Set(),
      folded: new Set(["rate", "norm", "speed", "memory"]),
    },
  };
}

/**
 * Take a message of new points; false when rows before them are missing.
 * @param {Store} store
 * @param {Extract<ToLive, { kind: "points" }>} message
 * @param {DataView[]} buffers
 */
export function takePoints(store, message, buffers) {
  store.state = message.state;
  const whole = message.parts.every((part, number) => takePart(store, part, buffers[number]));
  if (message.marks_at > store.marks.length) return false;
  store.marks.splice(message.marks_at, Infinity, ...message.marks);
  return whole;
}

/** @param {Store} store @param {Part} part @param {DataView} buffer */
function takePart(store, part, buffer) {
  const run = (store.runs[part.run] ??= { steps: makeTable([]), evaluations: makeTable([]) });
  if (part.held === 0) run[part.table] = makeTable(part.columns ?? []);
  const table = run[part.table];
  if (part.held !== table.length) return false;
  const latest = table.columns.step?.at(-1) ?? -1;
  appendRows(table, buffer);
  table.total = part.total;
  if (part.held === 0) run.detail = null;
  else if (part.table === "steps" && run.detail && run.detail.last >= latest) {
    appendRows(run.detail.table, buffer);
    run.detail.last = table.columns.step.at(-1) ?? latest;
  }
  return true;
}

/**
 * Take the rows of a stretch that someone has zoomed into.
 * @param {Store} store
 * @param {Extract<ToLive, { kind: "detail" }>} message
 * @param {DataView} buffer
 */
export function takeDetail(store, message, buffer) {
  const run = store.runs[message.run];
  if (!run) return;
  const table = makeTable(Object.keys(run.steps.columns));
  appendRows(table, buffer);
  run.detail = { first: message.first, last: message.last, table };
}

/** @param {string[]} names @returns {Table} */
function makeTable(names) {
  return { columns: Object.fromEntries(names.map((name) => [name, []])), length: 0, total: 0 };
}

/**
 * A buffer holds one column after the other.
 * @param {Table} table
 * @param {DataView} buffer
 */
function appendRows(table, buffer) {
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const numbers = new Float64Array(bytes.slice().buffer);
  const columns = Object.values(table.columns);
  const count = columns.length ? numbers.length / columns.length : 0;
  columns.forEach((column, number) => {
    for (let i = number * count; i < (number + 1) * count; i++) column.push(numbers[i]);
  });
  table.length += count;
}

// ---- what is looked at

/**
 * The steps of a run to draw: in full where one has zoomed in and they have arrived.
 * @param {Store} store
 * @param {number} run
 */
export function stepsTable(store, run) {
  const { detail, steps } = store.runs[run];
  return detail && covers(detail, steps, store.look.zoom) ? detail.table : steps;
}

/** @param {Stretch} stretch @param {Table} steps @param {Range | null} zoom */
function covers(stretch, steps, zoom) {
  const last = steps.columns.step.at(-1) ?? 0;
  return zoom !== null && stretch.first <= Math.max(0, zoom[0]) && Math.min(zoom[1], last) <= stretch.last;
}

/**
 * The runs that have more steps in the stretch one has zoomed into than are held here.
 * @param {Store} store
 */
export function runsThatLackDetail(store) {
  const { zoom } = store.look;
  if (!zoom) return [];
  return [...store.runs.keys()].filter((number) => {
    const { steps, detail } = store.runs[number];
    return steps.length < steps.total && !(detail && covers(detail, steps, zoom));
  });
}

/** @type {Record<string, string>} */
export const X_COLUMNS = { step: "step", samples: "rows", time: "active_seconds" };

/**
 * Where a step lies on the x axis of the moment, for one of the runs.
 * @param {Store} store
 * @param {number} step
 * @param {number} [run]
 */
export function xOfStep(store, step, run = 0) {
  if (store.look.x === "step") return step;
  const { step: steps = [], [X_COLUMNS[store.look.x]]: xs = [] } = store.runs[run]?.steps.columns ?? {};
  return interpolate(steps, xs, step);
}

/** @param {Store} store @param {number} x */
export function stepAtX(store, x) {
  if (store.look.x === "step") return x;
  const { step: steps = [], [X_COLUMNS[store.look.x]]: xs = [] } = store.runs[0]?.steps.columns ?? {};
  return interpolate(xs, steps, x);
}

/**
 * Whether the log knows samples or times (older ones do not).
 * @param {Store} store
 * @param {string} x
 */
export function knowsX(store, x) {
  return Number.isFinite(store.runs[0]?.steps.columns[X_COLUMNS[x]]?.at(-1));
}

/**
 * The steps in sight that the read-out can stand on, in order.
 * @param {Store} store
 */
export function readableSteps(store) {
  if (!store.runs.length) return [];
  const own = stepsTable(store, 0).columns.step ?? [];
  const checked = store.runs[0].evaluations.columns.step ?? [];
  const [low, high] = shownSteps(store);
  const inSight = [...own, ...checked].filter((step) => step >= low && step <= high);
  return [...new Set(inSight)].sort((a, b) => a - b);
}

/**
 * The steps between which the curves are drawn.
 * @param {Store} store
 * @returns {Range}
 */
export function shownSteps(store) {
  if (store.look.zoom) return store.look.zoom;
  let last = 1;
  for (const run of store.runs) {
    for (const table of [run.steps, run.evaluations]) {
      last = Math.max(last, table.columns.step?.at(-1) ?? 0);
    }
  }
  const end = Math.max(10, roundUp(last));
  const total = store.state.total;
  return [0, Math.max(last, total ? Math.min(end, total) : end)];
}

// ---- series: one curve of one panel

const PALETTE = ["#2f7ebb", "#d9640b", "#0e9a6e", "#9b6bc8", "#a98307", "#c0629b"];
const BEHIND = ["#8a8f96", "#a3957f", "#7f95a3"];
/** @type {Record<string, SeriesLook[]>} */
const LOOKS = {
  loss: [
    { table: "steps", column: "loss", colour: 0, smoothed: true },
    { table: "evaluations", column: "loss", colour: 1, markers: true },
  ],
  rate: [{ table: "steps", column: "learning_rate", colour: 2 }],
  norm: [{ table: "steps", column: "grad_norm", colour: 3, smoothed: true }],
  speed: [{ table: "steps", column: "rows_per_second", colour: 4, smoothed: true }],
  memory: [{ table: "steps", column: "memory_bytes", colour: 5, scale: 1e-9 }],
};
const NO_SCORES = ["index", "step", "loss"];
const DASHES = [[], [7, 4], [2, 4], [7, 3, 2, 3]];

/**
 * The curves of a panel, those of the watched run first.
 * @param {Store} store
 * @param {string} panel
 * @param {Labels} labels
 */
export function seriesOf(store, panel, labels) {
  return store.runs
    .flatMap((run, number) => looksOf(panel, run).map((look) => makeSeries(store, number, look, labels)))
    .filter((series) => series.ys.some(Number.isFinite) || (series.own && series.ys.length));
}

/** @param {string} panel @param {Run} run @returns {SeriesLook[]} */
function looksOf(panel, run) {
  if (panel !== "metrics") return LOOKS[panel];
  const names = Object.keys(run.evaluations.columns).filter((name) => !NO_SCORES.includes(name));
  return names.map((column, n) => {
    return { table: "evaluations", column, colour: n, dash: n, markers: true };
  });
}

/** @param {Labels} about @param {string} run @param {string} name */
function ofRun({ of_run: words }, run, name) {
  return words.replace("{name}", () => name).replace("{run}", () => run);
}

/**
 * @param {Store} store
 * @param {number} run
 * @param {SeriesLook} look
 * @param {Labels} labels
 * @returns {Series}
 */
function makeSeries(store, run, look, labels) {
  const table = look.table === "steps" ? stepsTable(store, run) : store.runs[run].evaluations;
  const { columns } = table;
  const steps = columns.step ?? [];
  const xColumn = look.table === "steps" ? columns[X_COLUMNS[store.look.x]] : null;
  const { scale = 1 } = look;
  const values = columns[look.column] ?? [];
  const ys = scale === 1 ? values : values.map((value) => value * scale);
  const share = store.look.share;
  const means = columns[`mean ${look.column}`];
  const own = run === 0;
  const name = labels.series[`${look.table}.${look.column}`] ?? look.column;
  return {
    id: `${run} ${look.table} ${look.column}`,
    run,
    own,
    label: own ? name : ofRun(labels, labels.runs[run], name),
    colour: own ? PALETTE[look.colour % PALETTE.length] : BEHIND[(run - 1) % BEHIND.length],
    dash: DASHES[((look.dash ?? 0) + Number(!own && look.markers === true)) % DASHES.length],
    markers: look.markers,
    steps,
    xs: xColumn ?? steps.map((step) => xOfStep(store, step, run)),
    ys,
    smooth: look.smoothed && share > 0 && ys.length > 2 ? smooth(means, columns.index, share) : null,
    thinned: table.length < table.total,
  };
}
