// Drawing one panel on its canvas: axes, curves, marks, and the line where one reads.

import { lastAtOrBefore, limits, logTicks, robustLimits, short, ticks } from "./numbers.js";
import { shownSteps, xOfStep } from "./store.js";

const BEST = "#c0629b";
const LOST = "#c62828";
export const MARK_COLOURS = { act: "#9b6bc8", checkpoint: "#57809c", evaluation: "#d9640b", break: "#777c83" };

// Lay out the axes of a panel; null while it has no width.
export function layOut(canvas, spec, series, store, labels, left) {
  const width = canvas.clientWidth;
  if (!width) return null;
  const height = spec.height;
  const area = { left, right: width - 18, top: 14, bottom: height - 40, width, height };
  const [firstStep, lastStep] = shownSteps(store);
  const xRange = [xOfStep(store, firstStep), xOfStep(store, lastStep)];
  const log = spec.log === "always" || (spec.log && store.look.log);
  const { low, high, outside } = yRange(series, xRange, spec, log, store.look.clip);
  const along = (share) => area.left + share * (area.right - area.left);
  const height01 = (y) => ((log ? Math.log10(y) : y) - low) / (high - low);
  return {
    area, xRange, log, low, high, outside,
    px: (x) => along((x - xRange[0]) / (xRange[1] - xRange[0])),
    py: (y) => area.bottom - height01(y) * (area.bottom - area.top),
    x: (px) => xRange[0] + ((px - area.left) / (area.right - area.left)) * (xRange[1] - xRange[0]),
    title: labels.units[spec.name] + (log && spec.log !== "always" ? labels.log_suffix : ""),
  };
}

// The range of the vertical axis for what is in sight, in powers of ten where it is logarithmic.
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
  let [low, high] = clip ? robustLimits(seen) : limits(seen);
  const count = clip ? seen.filter((y) => y < low || y > high).length : 0;
  if (spec.zero && !log) low = Math.min(0, low);
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  if (!(spec.zero && !log && low === 0)) low -= margin;
  return { low, high: high + margin, outside: count ? { count, thinned } : null };
}

export function paint(canvas, axes, spec, series, store, labels, style) {
  const { area } = axes;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(area.width * ratio), Math.round(area.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const ctx = canvas.getContext("2d");
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
  const span = axes.xRange.map((x) => x / scale.by);
  for (const tick of ticks(...span, (area.right - area.left) / 105)) {
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

function xScale(store, [, high]) {
  if (store.look.x !== "time") return { name: store.look.x, by: 1, whole: true };
  const unit = high > 3 * 3600 ? "hours" : high > 180 ? "minutes" : "seconds";
  return { name: unit, by: { seconds: 1, minutes: 60, hours: 3600 }[unit], whole: false };
}

function drawNothing(ctx, area, sentence, style) {
  ctx.fillStyle = style.ink;
  ctx.textAlign = "center";
  ctx.fillText(sentence, (area.left + area.right) / 2, (area.top + area.bottom) / 2);
}

// ---- curves

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
  const at = series.own ? series.steps.indexOf(best) : -1;
  if (at >= 0) ring(ctx, px(xs[at]), py(ys[at]), 7);
}

// A line through all points; where several share a pixel column, through their extremes.
function curve(ctx, xs, ys, px, py, area) {
  const first = Math.max(0, lastAtOrBefore(xs, xAt(px, xs, area.left)));
  ctx.beginPath();
  let open = false;
  let column = null;
  let low, high, last;
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

// The x value that lies at a pixel, for a scale that is known only in the other direction.
function xAt(px, xs, pixel) {
  const [a, b] = [px(0), px(1)];
  return (pixel - a) / (b - a || 1);
}

// A value that is no number leaves a gap, and a cross above it.
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

function visibleMarks(store) {
  const steps = store.runs[0]?.evaluations.columns.step ?? [];
  const marks = [...store.marks, ...steps.map((step) => ({ kind: "evaluation", step }))];
  return marks.filter(({ kind }) => !store.look.hidden.has(`mark ${kind}`));
}

// Acts and breaks cross every panel.
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

// The marks within a few pixels of where one reads.
export function marksNear(store, axes, step) {
  const at = axes.px(xOfStep(store, step));
  return store.marks.filter(({ kind, step: other }) => {
    const near = Math.abs(axes.px(xOfStep(store, other)) - at) <= 5;
    return near && !store.look.hidden.has(`mark ${kind}`);
  });
}

// ---- the line where one reads, and the step that was picked

function drawCursor(ctx, series, { px, py, area }, store, style) {
  const { at, picked } = store.look;
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

function disc(ctx, x, y, radius) {
  if (!Number.isFinite(x + y)) return;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

function ring(ctx, x, y, radius) {
  if (!Number.isFinite(x + y)) return;
  ctx.strokeStyle = BEST;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.stroke();
}

function triangle(ctx, x, y) {
  ctx.beginPath();
  ctx.moveTo(x - 5, y - 8);
  ctx.lineTo(x + 5, y - 8);
  ctx.lineTo(x, y);
  ctx.fill();
}

function star(ctx, x, y, radius) {
  ctx.beginPath();
  for (let i = 0; i < 10; i++) {
    const [r, angle] = [i % 2 ? radius * 0.45 : radius, (i * Math.PI) / 5 - Math.PI / 2];
    ctx.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.fill();
}

function rule(ctx, x1, y1, x2, y2) {
  const [dx, dy] = x1 === x2 ? [0.5, 0] : [0, 0.5];
  ctx.beginPath();
  ctx.moveTo(Math.round(x1) + dx, Math.round(y1) + dy);
  ctx.lineTo(Math.round(x2) + dx, Math.round(y2) + dy);
  ctx.stroke();
}
