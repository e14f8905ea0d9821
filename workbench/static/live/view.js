// @ts-check
// The chart as a whole: head, tools, panels, read-out and call-out.
// One factory call a model: `initialize` and `render` share the store through its closure.

import { leaveFork, makeCallout, takeAnswer } from "./callout.js";
import { MARK_COLOURS, marksNear } from "./canvas.js";
import { clock, exact, interpolate, lastAtOrBefore } from "./numbers.js";
import { PANELS, makePanel } from "./panel.js";
import { listen } from "../controls.js";
import { makeLost, watchKernel } from "../lost.js";
import { watchTheme } from "../theme.js";
import { beside, make, makeLabel, makeSwitch } from "./parts.js";
import {
  X_COLUMNS, knowsX, makeStore, runsThatLackDetail, shownSteps, stepsTable, takeDetail, takePoints,
} from "./store.js";

/**
 * @import {
 *   Acts, Labels, LiveModel, Look, Panel, Range, Reading, Readout, Series, State, Store, Style, ToLive,
 * } from "./types.d.ts"
 */

export default () => {
  const store = makeStore();
  const redraw = () => store.views.forEach((draw) => draw());
  return {
    initialize(/** @type {{ model: LiveModel }} */ { model }) {
      /** @param {ToLive} message @param {DataView[]} buffers */
      const received = (message, buffers) => {
        if (message.kind === "points" && !takePoints(store, message, buffers)) {
          model.send({ kind: "sync" });
        }
        if (message.kind === "detail") takeDetail(store, message, buffers[0]);
        if (message.kind === "offer" && message.step === store.look.picked) store.look.offer = message;
        if (message.kind === "forked") takeAnswer(store.look, message.fault);
        redraw();
      };
      const leave = listen(model, { "msg:custom": received });
      model.send({ kind: "sync" });
      return leave;
    },
    render(/** @type {{ model: LiveModel, el: HTMLElement }} */ { model, el }) {
      return makeView(store, model, el, redraw);
    },
  };
};

const OVER = ["finished", "early_stopped", "stopped", "discarded", "failed"];

/**
 * @param {Store} store
 * @param {LiveModel} model
 * @param {HTMLElement} el
 * @param {() => void} redraw
 */
function makeView(store, model, el, redraw) {
  const labels = { ...model.get("labels"), runs: model.get("run_names") };
  const { look } = store;
  el.classList.add("wb-live");

  const lost = makeLost(labels);
  const head = makeHead(labels);
  const tools = makeTools(look, labels, store, redraw);
  const spoken = make("div", "wb-spoken");
  spoken.setAttribute("role", "status");
  const tip = make("div", "wb-tip");
  tip.hidden = true;
  const grid = make("div", "wb-panels");
  /** @type {Panel | null} */
  let pointed = null; // the panel where one reads
  let waiting = 0;

  /** @type {Acts} */
  const acts = {
    draw: redraw,
    point(panel, step, speak) {
      look.at = step;
      pointed = step === null ? null : panel;
      redraw();
      if (speak && step !== null) spoken.textContent = sentence(readout(panel, store, step, labels));
    },
    pick(panel, step, byKey) {
      if (step === null) return;
      look.picked = step;
      leaveFork(look);
      callout.panel = panel;
      callout.byKey = byKey;
      model.send({ kind: "pick", step });
      redraw();
    },
    zoom(steps) {
      look.zoom = steps && withinRun(steps, store);
      askForDetail();
      redraw();
    },
    clear() {
      Object.assign(look, { at: null, picked: null });
      redraw();
    },
  };
  const callout = makeCallout(model, store, labels, acts);
  const askForDetail = later(200, () => {
    for (const run of runsThatLackDetail(store)) {
      if (!look.zoom) return;
      const [low, high] = look.zoom;
      // A little more on both sides: the smoothed curve needs a start, and the next pan is short.
      const room = (high - low) / 2;
      model.send({ kind: "detail", run, first: Math.max(0, low - room), last: high + room });
    }
  });

  const panels = PANELS.map((spec) => makePanel(spec, store, labels, acts));
  grid.append(...panels.map((panel) => panel.box));
  el.append(lost, head.box, head.progress, tools.box, grid, spoken, tip, callout.box);

  const paintAll = () => {
    const style = readStyle(el);
    head.draw(store.state, !lost.hidden);
    tools.draw();
    panels.forEach((panel) => panel.draw(style));
    drawTip(tip, el, pointed, panels, store, labels);
    callout.draw(el, panels);
  };
  const draw = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(paintAll);
  };

  const resized = new ResizeObserver(draw);
  resized.observe(el);
  const unwatch = watchTheme(draw);
  store.views.add(draw);
  draw();
  const over = () => OVER.includes(store.state.status ?? "");
  const leave = watchKernel(model, over, (isLost) => {
    lost.hidden = !isLost;
    draw();
  });
  return () => {
    leave();
    store.views.delete(draw);
    resized.disconnect();
    unwatch();
    askForDetail.cancel();
    cancelAnimationFrame(waiting);
  };
}

/** @param {Range} about @param {Store} store @returns {Range | null} */
function withinRun([low, high], store) {
  const { zoom } = store.look;
  store.look.zoom = null;
  const [first, last] = shownSteps(store);
  store.look.zoom = zoom;
  const least = Math.min(2, last - first);
  [low, high] = [Math.max(first, low), Math.min(last, high)];
  if (high - low >= last - first) return null;
  if (high - low >= least) return [low, high];
  low = Math.min(Math.max(first, (low + high - least) / 2), last - least);
  return [low, low + least];
}

/** @param {HTMLElement} el @returns {Style} */
function readStyle(el) {
  const style = getComputedStyle(el);
  return {
    font: `11px ${style.fontFamily}`,
    ink: style.getPropertyValue("--wb-ink"),
    strong: style.color,
    grid: style.getPropertyValue("--wb-grid"),
    accent: style.getPropertyValue("--jp-brand-color1") || "#1976d2",
    axis: style.getPropertyValue("--wb-axis"),
  };
}

/** @param {number} milliseconds @param {() => void} act */
function later(milliseconds, act) {
  let timer = 0;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}

// ---------------------------------------------------------------- head

/** @param {Labels} labels */
function makeHead(labels) {
  const box = make("div", "wb-head");
  const state = make("span", "wb-state");
  box.append(make("strong", "", labels.runs[0]), state);
  const progress = make("progress");
  progress.setAttribute("aria-label", labels.progress);
  return {
    box,
    progress,
    draw(/** @type {State} */ { text, step, total, status }, /** @type {boolean} */ isLost) {
      const known = text ?? labels.waiting;
      const said = isLost ? labels.last_known.replace("{state}", known) : known;
      if (state.textContent !== said) state.textContent = said;
      box.dataset.status = progress.dataset.status = status ?? "new";
      progress.max = total || 1;
      progress.value = Math.min(step ?? 0, progress.max);
    },
  };
}

// ---------------------------------------------------------------- tools

/**
 * @param {Look} look
 * @param {Labels} labels
 * @param {Store} store
 * @param {() => void} redraw
 */
function makeTools(look, labels, store, redraw) {
  const box = make("div", "wb-tools");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", labels.tools);
  const change = (/** @type {Partial<Look>} */ values) => {
    Object.assign(look, values);
    redraw();
  };

  const x = make("select");
  for (const name of Object.keys(X_COLUMNS)) x.append(new Option(labels.x[name], name));
  x.addEventListener("change", () => change({ x: x.value }));

  const smoothing = make("input");
  Object.assign(smoothing, { type: "range", min: 0, max: 25, step: 1 });
  const share = make("output");
  smoothing.addEventListener("input", () => change({ share: Number(smoothing.value) / 100 }));

  const reset = make("button", "wb-reset", labels.reset);
  reset.type = "button";
  reset.addEventListener("click", () => change({ zoom: null }));

  const [log, logLabel] = makeSwitch(labels.log, (on) => change({ log: on }));
  const [clip, clipLabel] = makeSwitch(labels.clip, (on) => change({ clip: on }));
  const slider = makeLabel(labels.smoothing, smoothing);
  slider.append(share);
  slider.title = labels.smoothing_hint;
  box.append(makeLabel(labels.x_axis, x), slider, logLabel, clipLabel, reset);
  return {
    box,
    draw() {
      x.value = look.x;
      for (const option of x.options) option.disabled = option.value !== "step" && !knowsX(store, option.value);
      smoothing.value = String(Math.round(look.share * 100));
      share.textContent = look.share ? `${smoothing.value} %` : labels.off;
      smoothing.setAttribute("aria-valuetext", share.textContent);
      log.checked = look.log;
      clip.checked = look.clip;
      reset.hidden = look.zoom === null;
    },
  };
}

// ---------------------------------------------------------------- read-out

/**
 * What is known at a step: of the panel's own curves, of the others, and of the marks beside it.
 * @param {Panel} panel
 * @param {Store} store
 * @param {number} step
 * @param {Labels} labels
 * @returns {Readout}
 */
function readout(panel, store, step, labels) {
  const place = [labels.read_step.replace("{step}", step.toLocaleString())];
  if (knowsX(store, "samples")) place.push(`${Math.round(valueAt(store, "rows", step)).toLocaleString()} ${labels.samples}`);
  if (knowsX(store, "time")) place.push(clock(valueAt(store, "active_seconds", step)));
  const marks = panel.axes ? marksNear(store, panel.axes, step) : [];
  return {
    title: place[0],
    place: place.join(" · "),
    rows: valuesAt(panel.visible, step, labels),
    marks: marks.map((mark) => ({ ...mark, colour: MARK_COLOURS[mark.kind] })),
  };
}

/**
 * @param {Series[]} series
 * @param {number} step
 * @param {Labels} labels
 * @returns {Reading[]}
 */
function valuesAt(series, step, labels) {
  return series.flatMap((one) => valueOf(one, step, labels));
}

/** @param {Store} store @param {string} column @param {number} step */
function valueAt(store, column, step) {
  const { columns } = stepsTable(store, 0);
  return Math.max(0, interpolate(columns.step, columns[column], step));
}

/**
 * The value at a step; a series that has none there gives its last one before, with its step.
 * @param {Series} about
 * @param {number} step
 * @param {Labels} labels
 * @returns {Reading[]}
 */
function valueOf({ label, colour, steps, ys, smooth: smoothed }, step, labels) {
  const at = lastAtOrBefore(steps, step);
  if (at < 0) return [];
  const since = steps[at] === step ? "" : ` (${labels.at_step.replace("{step}", steps[at].toLocaleString())})`;
  const also = smoothed ? ` · ${labels.smoothed} ${exact(smoothed[at])}` : "";
  return [{ label, colour, text: exact(ys[at]) + also + since }];
}

/** @param {Readout} about */
export function sentence({ title, rows, marks }) {
  return [title, ...rows.map((row) => `${row.label} ${row.text}`), ...marks.map((mark) => mark.text)].join(", ");
}

/**
 * @param {HTMLElement} tip
 * @param {HTMLElement} el
 * @param {Panel | null} panel
 * @param {Panel[]} panels
 * @param {Store} store
 * @param {Labels} labels
 */
function drawTip(tip, el, panel, panels, store, labels) {
  const step = store.look.at;
  tip.hidden = step === null || !panel?.axes;
  if (step === null || !panel?.axes) return;
  const { place, rows, marks } = readout(panel, store, step, labels);
  const others = panels.filter((other) => other !== panel && !isFolded(other));
  const elsewhere = others.flatMap((other) => other.visible.filter((series) => series.own));
  tip.replaceChildren(
    make("strong", "", place),
    ...rows.map((row) => tipLine(row, "wb-value")),
    ...marks.map(tipNote),
    ...valuesAt(elsewhere, step, labels).map((row) => tipLine(row, "wb-value wb-elsewhere")),
  );
  const narrow = el.clientWidth < 520; // there it would cover what one reads
  beside(tip, el, panel, store, step, narrow ? panel.spec.height + 4 : 14);
}

/** @param {Reading} about @param {string} className */
function tipLine({ label, colour, text }, className) {
  const line = make("div", className);
  const swatch = make("i");
  swatch.style.color = colour;
  line.append(swatch, make("span", "", label), make("b", "", text));
  return line;
}

/** @param {{ text: string, colour: string }} about */
function tipNote({ text, colour }) {
  const note = make("div", "wb-note", text);
  note.style.borderColor = colour;
  return note;
}

/** @param {Panel} panel */
function isFolded({ box }) {
  return box instanceof HTMLDetailsElement && !box.open;
}
