// @ts-check
// One panel: its title, its legend, its canvas, and what mouse and keys do there.

import { MARK_COLOURS, layOut, paint } from "./canvas.js";
import { nearest } from "./numbers.js";
import { make } from "./parts.js";
import { readableSteps, seriesOf, shownSteps, stepAtX } from "./store.js";

/**
 * @import {
 *   Acts, Axes, Entry, Labels, Look, Mark, Panel, Series, Spec, Store,
 * } from "./types.d.ts"
 */

/** @type {Spec[]} */
export const PANELS = [
  { name: "loss", height: 210, log: true },
  { name: "metrics", height: 210 },
  { name: "rate", height: 190, zero: true, folds: true },
  { name: "norm", height: 190, log: "always", folds: true },
  { name: "speed", height: 190, zero: true, folds: true },
  { name: "memory", height: 190, zero: true, folds: true },
];
const LEFT = 62;
const DRAG_PIXELS = 5;

/**
 * `acts` is what a panel can ask of the view: draw, point, pick, zoom.
 * @param {Spec} spec
 * @param {Store} store
 * @param {Labels} labels
 * @param {Acts} acts
 * @returns {Panel}
 */
export function makePanel(spec, store, labels, acts) {
  const box = make(spec.folds ? "details" : "div", `wb-panel wb-panel-${spec.name}`);
  const caption = make(spec.folds ? "summary" : "div", "wb-caption");
  const legend = make("span", "wb-legend");
  const outside = make("span", "wb-outside");
  caption.append(make("span", "wb-title", labels.panels[spec.name]));
  const plot = make("div", "wb-plot");
  const canvas = makeCanvas(spec, labels);
  const selection = make("div", "wb-selection");
  selection.hidden = true;
  const row = make("div", "wb-under");
  row.append(legend, outside);
  plot.append(canvas, selection);
  box.append(caption, row, plot);
  if (box instanceof HTMLDetailsElement) foldWith(box, spec.name, store.look, acts.draw);

  /** @type {Panel} */
  const panel = {
    spec, box, canvas, selection,
    axes: null,
    visible: [],
    draw(style) {
      const all = seriesOf(store, spec.name, labels);
      panel.visible = all.filter((series) => !store.look.hidden.has(series.id));
      if (spec.folds) box.hidden = all.length === 0 && store.runs.length > 0;
      if (box.hidden || (box instanceof HTMLDetailsElement && !box.open)) return;
      drawLegend(legend, legendEntries(all, spec, store, labels), store.look.hidden, labels, acts.draw);
      panel.axes = layOut(canvas, spec, panel.visible, store, labels, LEFT);
      if (!panel.axes) return;
      paint(canvas, panel.axes, spec, panel.visible, store, labels, style);
      const out = panel.axes.outside;
      const template = out && labels[out.thinned ? "outside_at_least" : "outside"];
      outside.textContent = out ? template.replace("{count}", out.count) : "";
    },
  };
  followMouse(panel, store, acts);
  followKeys(panel, store, acts);
  return panel;
}

/** @param {Spec} spec @param {Labels} labels */
function makeCanvas(spec, labels) {
  const canvas = make("canvas");
  canvas.tabIndex = 0;
  canvas.style.height = `${spec.height}px`;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${labels.panels[spec.name]}. ${labels.keys}`);
  return canvas;
}

/**
 * @param {HTMLDetailsElement} box
 * @param {string} name
 * @param {Look} look
 * @param {() => void} draw
 */
function foldWith(box, name, look, draw) {
  box.open = !look.folded.has(name);
  box.addEventListener("toggle", () => {
    if (box.open) look.folded.delete(name);
    else look.folded.add(name);
    draw();
  });
}

// ---- legend

/**
 * @param {Series[]} series
 * @param {Spec} spec
 * @param {Store} store
 * @param {Labels} labels
 * @returns {Entry[]}
 */
function legendEntries(series, spec, store, labels) {
  const entries = series.map(({ id, label, colour, dash }) => {
    return { id, label, colour, dashed: dash.length > 0 };
  });
  if (spec.name !== "loss") return entries;
  /** @type {Set<Mark["kind"]>} */
  const kinds = new Set(store.marks.map((mark) => mark.kind));
  if (store.runs[0]?.evaluations.length) kinds.add("evaluation");
  /** @type {Mark["kind"][]} */
  const order = ["act", "checkpoint", "evaluation", "break"];
  const marks = order.filter((kind) => kinds.has(kind));
  const entry = (/** @type {Mark["kind"]} */ kind) => {
    return { id: `mark ${kind}`, label: labels.marks[kind], colour: MARK_COLOURS[kind], mark: kind };
  };
  return [...entries, ...marks.map(entry)];
}

/**
 * @param {HTMLElement} legend
 * @param {Entry[]} entries
 * @param {Set<string>} hidden
 * @param {Labels} labels
 * @param {() => void} draw
 */
function drawLegend(legend, entries, hidden, labels, draw) {
  const key = entries.map(({ id, label }) => id + label + hidden.has(id)).join();
  if (legend.dataset.key === key) return;
  legend.dataset.key = key;
  const buttons = entries.map((entry) => legendButton(entry, hidden, labels, draw));
  const focused = [...legend.children].findIndex((one) => one === document.activeElement);
  legend.replaceChildren(...buttons);
  if (focused >= 0) buttons[focused]?.focus();
}

/**
 * @param {Entry} about
 * @param {Set<string>} hidden
 * @param {Labels} labels
 * @param {() => void} draw
 */
function legendButton({ id, label, colour, dashed, mark }, hidden, labels, draw) {
  const button = make("button");
  button.type = "button";
  button.title = labels.toggle;
  button.setAttribute("aria-pressed", String(!hidden.has(id)));
  const swatch = make("i", mark ? `wb-mark wb-mark-${mark}` : dashed ? "wb-dashed" : "");
  swatch.style.color = colour;
  button.append(swatch, label);
  button.addEventListener("click", () => {
    if (!hidden.delete(id)) hidden.add(id);
    draw();
  });
  return button;
}

// ---- mouse: reads where it is, zooms by drag and by wheel, picks by click

/** @param {Panel} panel @param {Store} store @param {Acts} acts */
function followMouse(panel, store, acts) {
  const { canvas, selection } = panel;
  /** @type {number | null} */
  let from = null;
  /** @param {Axes} axes @param {number} x */
  const within = ({ area }, x) => Math.min(Math.max(x, area.left), area.right);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !panel.axes) return;
    from = event.offsetX;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const { axes } = panel;
    if (!axes) return;
    const dragged = from !== null && Math.abs(event.offsetX - from) > DRAG_PIXELS;
    selection.hidden = !dragged;
    if (from === null || !dragged) return acts.point(panel, stepNear(store, panel, event.offsetX), false);
    const [a, b] = [within(axes, from), within(axes, event.offsetX)].sort((p, q) => p - q);
    Object.assign(selection.style, { left: `${a}px`, width: `${b - a}px` });
    acts.point(panel, null, false);
  });
  const release = (/** @type {PointerEvent} */ event) => {
    const { axes } = panel;
    if (from === null || !axes) return;
    const [a, b] = [within(axes, from), within(axes, event.offsetX)].sort((p, q) => p - q);
    const dragged = !selection.hidden;
    selection.hidden = true;
    from = null;
    if (event.type === "pointercancel") return;
    if (dragged) acts.zoom([stepAtX(store, axes.x(a)), stepAtX(store, axes.x(b))]);
    else acts.pick(panel, stepNear(store, panel, event.offsetX), false);
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => from === null && acts.point(panel, null, false));
  canvas.addEventListener("dblclick", () => acts.zoom(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!(event.ctrlKey || event.altKey || event.metaKey) || !panel.axes) return;
      event.preventDefault();
      const step = stepAtX(store, panel.axes.x(within(panel.axes, event.offsetX)));
      zoomAround(store, acts, step, event.deltaY < 0 ? 0.8 : 1.25);
    },
    { passive: false },
  );
}

/** @param {Store} store @param {Panel} panel @param {number} pixel */
function stepNear(store, panel, pixel) {
  const known = readableSteps(store);
  if (!known.length || !panel.axes) return null;
  return known[nearest(known, stepAtX(store, panel.axes.x(pixel)))];
}

/**
 * Zoom so that `step` stays where it is.
 * @param {Store} store
 * @param {Acts} acts
 * @param {number} step
 * @param {number} factor
 */
function zoomAround(store, acts, step, factor) {
  const [low, high] = shownSteps(store);
  acts.zoom([step - (step - low) * factor, step + (high - step) * factor]);
}

// ---- keys

/** @type {Record<string, number>} */
const MOVES = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };

/** @param {Panel} panel @param {Store} store @param {Acts} acts */
function followKeys(panel, store, acts) {
  panel.canvas.addEventListener("blur", () => acts.point(panel, null, false));
  panel.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const known = readableSteps(store);
    const { at } = store.look;
    const by = MOVES[event.key];
    const handled = () => {
      if (by && event.shiftKey) return pan(store, acts, by);
      if (by) return known.length && acts.point(panel, moved(known, at, by), true);
      if (event.key === "+" || event.key === "=") return zoomAround(store, acts, at ?? middle(store), 0.7);
      if (event.key === "-") return zoomAround(store, acts, at ?? middle(store), 1 / 0.7);
      if (event.key === "0") return acts.zoom(null);
      if (event.key === "Enter") return at !== null && acts.pick(panel, at, true);
      if (event.key === "Escape") return acts.clear();
      return "not ours";
    };
    if (handled() !== "not ours") event.preventDefault();
  });
}

/** @param {number[]} known @param {number | null} at @param {number} by */
function moved(known, at, by) {
  const from = at === null ? known.length : nearest(known, at);
  return known[Math.min(known.length - 1, Math.max(0, from + by))];
}

/** @param {Store} store @param {Acts} acts @param {number} by */
function pan(store, acts, by) {
  if (!store.look.zoom || !Number.isFinite(by)) return;
  const [low, high] = store.look.zoom;
  const shift = Math.sign(by) * (high - low) * 0.2;
  acts.zoom([low + shift, high + shift]);
}

/** @param {Store} store */
function middle(store) {
  const [low, high] = shownSteps(store);
  return (low + high) / 2;
}
