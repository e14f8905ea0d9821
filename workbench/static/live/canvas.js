// @ts-check
// Drawing one panel on its canvas: axes, curves, marks, and the line where one reads.

import { lastAtOrBefore, limits, logTicks, robustLimits, short, ticks } from "./numbers.js";
import { shownSteps, xOfStep } from "./store.js";

/** @import { Area, Axes, Labels, Mark, Range, Series, Spec, Store, Style } from "./types.d.ts" */

const BEST = "#c0629b";
const LOST = "#c62828";
/** @type {Record<Mark["kind"], string>} */
export const MARK_COLOURS = { act: "#9b6bc8", checkpoint: "#57809c", evaluation: "#d9640b", break: "#777c83" };

/**
 * Lay out the axes of a panel; null while it has no width.
 * @param {HTMLCanvasElement} canvas
 * @param {Spec} spec
 * @param {Series[]} series
 * @param {Store} store
 * @param {Labels} labels
 * @param {number} left
 * @returns {Axes | null}
 */
export function layOut(canvas, spec, series, store, labels, left) {
  const width = canvas.clientWidth;
  if (!width) return null;
  const height = spec.height;
  const area = { left, right: width - 18, top: 14, bottom: height - 40, width, height };
  const [firstStep, lastStep] = shownSteps(store);
  /** @type {Range} */
  const xRange = [xOfStep(store, firstStep), xOfStep(store, lastStep)];
  const log = spec.log === "always" || Boolean(spec.log && store.look.log);
  const { low, high, outside } = yRange(series, xRange, spec, log, store.look.clip);
  const along = (/** @type {number} */ share) => area.left + share * (area.right - area.left);
  const height01 = (/** @type {number} */ y) => ((log ? Math.log10(y) : y) - low) / (high - low);
  return {
    area, xRange, log, low, high, outside,
    px: (x) => along((x - xRange[0]) / (xRange[1] - xRange[0])),
    py: (y) => area.bottom - height01(y) * (area.bottom - area.top),
    x: (px) => xRange[0] + ((px - area.left) / (area.right - area.left)) * (xRange[1] - xRange[0]),
    title: labels.units[spec.name] + (log && spec.log !== "always" ? labels.log_suffix : ""),
  };
}

/**
 * The range of the vertical axis for what is in sight, in powers of ten where it is logarithmic.
 * @param {Series[]} series
 * @param {Range} about
 * @param {Spec} spec
 * @param {boolean} log
 * @param {boolean} clip
 */
function yRange(series, [xLow, xHigh], spec, log, clip) {
  const seen = [];
  let thinned = false;
  for (const { xs, ys, thinned: some } of series) {
    thinned ||= some;
    const start = Math.max(0, lastAtOrBefore(xs, xLow));
    for (let i = start; i < xs.length && xs[i] <= xHigh; i++) {
      const y = log ? Math.log10(ys[i]) : ys[i];
      if (Number.isFinite(y)) seen.push(y);
    }
  }
  if (!seen.length) return { low: 0, high: 1, outside: null };
  let [low, high] = (clip ? robustLimits(seen) : limits(seen)) ?? [0, 1];
  const count = clip ? seen.filter((y) => y < low || y > high).length : 0;
  if (spec.zero && !log) low = Math.min(0, low);
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  if (!(spec.zero && !log && low === 0)) low -= margin;
  return { low, high: high + margin, outside: count ? { count, thinned } : null };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Axes} axes
 * @param {Spec} spec
 * @param {Series[]} series
 * @param {Store} store
 * @param {Labels} labels
 * @param {Style} style
 */
export function paint(canvas, axes, spec, series, store, labels, style) {
  const { area } = axes;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(area.width * ratio), Math.round(area.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, area.width, area.height);
  ctx.font = style.font;
  drawAxes(ctx, axes, store, labels, style);
  ctx.save();
  ctx.beginPath();
  const beyond = store.look.zoom ? 0 : 8; // the last point is a whole disc
  ctx.rect(area.left, area.top, area.right - area.left + beyond, area.bottom - area.top + 1);
  ctx.clip();
  drawRules(ctx, axes, store);
  for (const one of [...series].reverse()) drawSeries(ctx, one, axes, store.state.best_step);
  ctx.restore();
  if (spec.name === "loss") drawMarks(ctx, axes, store);
  if (!series.length) drawNothing(ctx, area, labels[`nothing_${spec.name}`] ?? labels.nothing, style);
  drawCursor(ctx, series, axes, store, style);
}

// ---- axes

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Axes} axes
 * @param {Store} store
 * @param {Labels} labels
 * @param {Style} style
 */
function drawAxes(ctx, axes, store, labels, style) {
  const { area, px, py, log, low, high } = axes;
  ctx.strokeStyle = style.grid;
  ctx.fillStyle = style.ink;
  ctx.lineWidth = 1;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  const wanted = (area.bottom - area.top) / 38;
  for (const tick of (log ? logTicks : ticks)(low, high, wanted)) {
    rule(ctx, area.left, py(tick), area.right, py(tick));
    ctx.fillText(short(tick), area.left - 8, py(tick));
  }
  ctx.textAlign = "center";
  const scale = xScale(store, axes.xRange);
  const [from, to] = axes.xRange.map((x) => x / scale.by);
  for (const tick of ticks(from, to, (area.right - area.left) / 105)) {
    if (scale.whole && !Number.isInteger(tick)) continue;
    const text = scale.whole ? tick.toLocaleString() : String(tick);
    const half = ctx.measureText(text).width / 2;
    ctx.fillText(text, Math.min(px(tick * scale.by), area.width - half - 1), area.bottom + 13);
  }
  ctx.strokeStyle = style.axis;
  rule(ctx, area.left, area.bottom, area.right, area.bottom);
  ctx.fillText(labels.x[scale.name], (area.left + area.right) / 2, area.height - 9);
  ctx.save();
  ctx.translate(10, (area.top + area.bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.fillText(axes.title, 0, 0);
  ctx.restore();
}

/** @param {Store} store @param {Range} about */
function xScale(store, [, high]) {
  if (store.look.x !== "time") return { name: store.look.x, by: 1, whole: true };
  const unit = high > 3 * 3600 ? "hours" : high > 180 ? "minutes" : "seconds";
  return { name: unit, by: { seconds: 1, minutes: 60, hours: 3600 }[unit], whole: false };
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Area} area
 * @param {string} sentence
 * @param {Style} style
 */
function drawNothing(ctx, area, sentence, style) {
  ctx.fillStyle = style.ink;
  ctx.textAlign = "center";
  ctx.fillText(sentence, (area.left + area.right) / 2, (area.top + area.bottom) / 2);
}

// ---- curves

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Series} series
 * @param {Axes} about
 * @param {number | null | undefined} best
 */
function drawSeries(ctx, series, { px, py, area }, best) {
  const { xs, ys, smooth: smoothed } = series;
  ctx.strokeStyle = ctx.fillStyle = series.colour;
  ctx.lineJoin = "round";
  ctx.setLineDash(series.dash);
  if (smoothed) {
    ctx.globalAlpha = 0.4;
    ctx.lineWidth = 1;
    curve(ctx, xs, ys, px, py, area);
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = (smoothed ? 2.2 : 1.8) - (series.own ? 0 : 0.4);
  curve(ctx, xs, smoothed ?? ys, px, py, area);
  ctx.setLineDash([]);
  drawLost(ctx, series, px, area);
  if (!series.markers) return;
  const radius = xs.length > 60 ? 1.5 : series.own ? 3 : 2;
  xs.forEach((x, i) => disc(ctx, px(x), py(ys[i]), radius));
  const at = series.own && best != null ? series.steps.indexOf(best) : -1;
  if (at >= 0) ring(ctx, px(xs[at]), py(ys[at]), 7);
}

/**
 * A line through all points; where several share a pixel column, through their extremes.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {(x: number) => number} px
 * @param {(y: number) => number} py
 * @param {Area} area
 */
function curve(ctx, xs, ys, px, py, area) {
  const first = Math.max(0, lastAtOrBefore(xs, xAt(px, xs, area.left)));
  ctx.beginPath();
  let open = false;
  /** @type {number | null} */
  let column = null;
  let [low, high, last] = [0, 0, 0];
  const flush = () => {
    if (column === null) return;
    for (const y of low === high ? [last] : [low, high, last]) {
      if (open) ctx.lineTo(column, y);
      else ctx.moveTo(column, y);
      open = true;
    }
    if (low === high) ctx.lineTo(column + 0.01, last); // a lone point shows, too
    column = null;
  };
  const dense = xs.length > 2 * (area.right - area.left);
  for (let i = first; i < xs.length; i++) {
    const at = px(xs[i]);
    const y = py(ys[i]);
    if (!Number.isFinite(at + y)) {
      flush();
      open = false;
      continue;
    }
    const x = dense ? Math.round(at) : at;
    if (x !== column) {
      flush();
      column = x;
      low = high = y;
    }
    low = Math.min(low, y);
    high = Math.max(high, y);
    last = y;
    if (at > area.right + 20) break;
  }
  flush();
  ctx.stroke();
}

/**
 * The x value that lies at a pixel, for a scale that is known only in the other direction.
 * @param {(x: number) => number} px
 * @param {number[]} xs
 * @param {number} pixel
 */
function xAt(px, xs, pixel) {
  const [a, b] = [px(0), px(1)];
  return (pixel - a) / (b - a || 1);
}

/**
 * A value that is no number leaves a gap, and a cross above it.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Series} series
 * @param {(x: number) => number} px
 * @param {Area} area
 */
function drawLost(ctx, series, px, area) {
  if (series.markers || !series.own) return;
  ctx.strokeStyle = LOST;
  ctx.lineWidth = 1.6;
  let before = -Infinity;
  series.ys.forEach((y, i) => {
    const x = px(series.xs[i]);
    if (Number.isFinite(y) || x < before + 4 || x < area.left || x > area.right) return;
    before = x;
    ctx.beginPath();
    ctx.moveTo(x - 3, area.top + 2);
    ctx.lineTo(x + 3, area.top + 8);
    ctx.moveTo(x + 3, area.top + 2);
    ctx.lineTo(x - 3, area.top + 8);
    ctx.stroke();
  });
}

// ---- marks: acts, breaks, checkpoints and evaluations

/** @param {Store} store */
function visibleMarks(store) {
  const steps = store.runs[0]?.evaluations.columns.step ?? [];
  const evaluations = steps.map((step) => ({ kind: /** @type {const} */ ("evaluation"), step }));
  const marks = [...store.marks, ...evaluations];
  return marks.filter(({ kind }) => !store.look.hidden.has(`mark ${kind}`));
}

/**
 * Acts and breaks cross every panel.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Axes} about
 * @param {Store} store
 */
function drawRules(ctx, { px, area }, store) {
  for (const { kind, step } of visibleMarks(store)) {
    if (kind !== "act" && kind !== "break") continue;
    ctx.strokeStyle = MARK_COLOURS[kind];
    ctx.setLineDash(kind === "act" ? [4, 3] : [1, 3]);
    const x = px(xOfStep(store, step));
    rule(ctx, x, area.top, x, area.bottom);
  }
  ctx.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} ctx @param {Axes} about @param {Store} store */
function drawMarks(ctx, { px, area }, store) {
  for (const { kind, step } of visibleMarks(store)) {
    const best = kind === "checkpoint" && step === store.state.best_step;
    const x = px(xOfStep(store, step));
    if (x < area.left - 1 || x > area.right + 1) continue;
    ctx.fillStyle = ctx.strokeStyle = best ? BEST : MARK_COLOURS[kind];
    if (kind === "act") triangle(ctx, x, area.top);
    if (best) star(ctx, x, area.bottom - 5, 8);
    else if (kind === "checkpoint") ctx.fillRect(x - 3, area.bottom - 7, 6, 6);
    ctx.lineWidth = 1.5;
    if (kind === "evaluation") rule(ctx, x, area.bottom, x, area.bottom + 5);
  }
}

/**
 * The marks within a few pixels of where one reads.
 * @param {Store} store
 * @param {Axes} axes
 * @param {number} step
 */
export function marksNear(store, axes, step) {
  const at = axes.px(xOfStep(store, step));
  return store.marks.filter(({ kind, step: other }) => {
    const near = Math.abs(axes.px(xOfStep(store, other)) - at) <= 5;
    return near && !store.look.hidden.has(`mark ${kind}`);
  });
}

// ---- the line where one reads, and the step that was picked

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Series[]} series
 * @param {Axes} about
 * @param {Store} store
 * @param {Style} style
 */
function drawCursor(ctx, series, { px, py, area }, store, style) {
  const { at, picked } = store.look;
  /** @param {number} step @param {string} colour @param {number[]} dash */
  const line = (step, colour, dash) => {
    const x = px(xOfStep(store, step));
    if (x < area.left || x > area.right) return;
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1;
    ctx.setLineDash(dash);
    rule(ctx, x, area.top, x, area.bottom);
    ctx.setLineDash([]);
  };
  if (picked !== null) line(picked, style.accent, []);
  if (at === null) return;
  line(at, style.strong, [3, 3]);
  for (const { steps, xs, ys, smooth: smoothed, colour } of [...series].reverse()) {
    const place = lastAtOrBefore(steps, at);
    if (place < 0 || px(xs[place]) < area.left) continue;
    ctx.fillStyle = colour;
    const y = py((smoothed ?? ys)[place]);
    if (y >= area.top && y <= area.bottom) disc(ctx, px(xs[place]), y, 4);
  }
}

// ---- shapes

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function disc(ctx, x, y, radius) {
  if (!Number.isFinite(x + y)) return;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function ring(ctx, x, y, radius) {
  if (!Number.isFinite(x + y)) return;
  ctx.strokeStyle = BEST;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y */
function triangle(ctx, x, y) {
  ctx.beginPath();
  ctx.moveTo(x - 5, y - 8);
  ctx.lineTo(x + 5, y - 8);
  ctx.lineTo(x, y);
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function star(ctx, x, y, radius) {
  ctx.beginPath();
  for (let i = 0; i < 10; i++) {
    const [r, angle] = [i % 2 ? radius * 0.45 : radius, (i * Math.PI) / 5 - Math.PI / 2];
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function rule(ctx, x1, y1, x2, y2) {
  const [dx, dy] = x1 === x2 ? [0.5, 0] : [0, 0.5];
  ctx.beginPath();
  ctx.moveTo(Math.round(x1) + dx, Math.round(y1) + dy);
  ctx.lineTo(Math.round(x2) + dx, Math.round(y2) + dy);
  ctx.stroke();
}
