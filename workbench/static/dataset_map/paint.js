// @ts-check
// Drawing the map.

import { AREA, CORRECTED, FLAGGED, placeOf, pointAt } from "./points.js";

/** @import { Labels, Sight } from "./types.d.ts" */
/** @import { Axes, Points } from "./points.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Axes} axes
 * @param {Points} points
 * @param {Sight} sight
 * @param {Labels} labels
 * @param {string[]} colours
 */
export function paint(canvas, axes, points, sight, labels, colours) {
  const ctx = canvas.getContext("2d");
  if (!axes.width || !ctx) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(axes.width * ratio);
  canvas.height = Math.round(axes.height * ratio);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(canvas);
  const ink = style.color;
  ctx.font = `12px ${style.fontFamily}`;
  drawAxes(ctx, axes, labels, ink);
  for (let at = 0; at < points.count; at++) {
    const [x, y] = placeOf(points, axes, at);
    const { row, kind, mark } = pointAt(points, at);
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = ctx.strokeStyle = colours[kind];
    shape(ctx, kind, x, y, 2.6);
    ctx.globalAlpha = 1;
    if (mark === FLAGGED) ring(ctx, x, y, 5, colours[3]);
    if (mark === CORRECTED) tick(ctx, x, y, ink);
    if (sight.caught.has(row)) ring(ctx, x, y, 7.5, ink);
  }
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 3]);
  if (sight.lasso.length > 1) {
    ctx.beginPath();
    sight.lasso.forEach(([x, y], at) => (at ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.closePath();
    ctx.stroke();
  }
  const { cursor, anchor } = sight;
  if (cursor >= 0 && anchor >= 0 && anchor !== cursor) {
    const [[x0, y0], [x1, y1]] = [placeOf(points, axes, anchor), placeOf(points, axes, cursor)];
    ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }
  ctx.setLineDash([]);
  if (cursor >= 0) cross(ctx, ...placeOf(points, axes, cursor), ink);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} kind
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function shape(ctx, kind, x, y, r) {
  ctx.beginPath();
  if (kind === 0) ctx.arc(x, y, r, 0, 7);
  else if (kind === 1) ctx.rect(x - r, y - r, 2 * r, 2 * r);
  else {
    ctx.moveTo(x, y - 1.3 * r);
    ctx.lineTo(x + 1.3 * r, y + r);
    ctx.lineTo(x - 1.3 * r, y + r);
  }
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} r
 * @param {string} colour
 */
function ring(ctx, x, y, r, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 7);
  ctx.stroke();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 */
function tick(ctx, x, y, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x - 4, y);
  ctx.lineTo(x - 1, y + 3);
  ctx.lineTo(x + 5, y - 5);
  ctx.stroke();
}

/**
 * The point at which the keyboard stands.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 */
function cross(ctx, x, y, colour) {
  ring(ctx, x, y, 6, colour);
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const [right, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    ctx.moveTo(x + 8 * right, y + 8 * down);
    ctx.lineTo(x + 15 * right, y + 15 * down);
  }
  ctx.stroke();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Axes} axes
 * @param {Labels} labels
 * @param {string} ink
 */
function drawAxes(ctx, axes, labels, ink) {
  const bottom = axes.height - AREA.bottom;
  ctx.strokeStyle = ctx.fillStyle = ink;
  ctx.lineWidth = 1;
  ctx.globalAlpha = 0.45;
  ctx.strokeRect(AREA.left, AREA.top, axes.width - AREA.left - AREA.right, bottom - AREA.top);
  ctx.globalAlpha = 1;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const y of [0, 0.25, 0.5, 0.75, 1]) ctx.fillText(y.toFixed(2), AREA.left - 6, axes.py(y));
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const digits = axes.widest < 0.1 ? 3 : 2;
  for (const share of [0, 0.5, 1]) {
    const x = share * axes.widest;
    ctx.fillText(x.toFixed(digits), axes.px(x), bottom + 5);
  }
  ctx.fillText(labels.x, (AREA.left + axes.width) / 2, bottom + 22);
  ctx.save();
  ctx.translate(12, (AREA.top + bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textBaseline = "middle";
  ctx.fillText(labels.y, 0, 0);
  ctx.restore();
}

/**
 * @param {Labels} labels
 * @param {string[]} colours
 */
export function makeLegend(labels, colours) {
  const box = document.createElement("p");
  box.className = "wb-legend";
  const signs = ["●", "■", "▲", "◯"];
  const names = [labels.always, labels.sometimes, labels.never, labels.flagged];
  names.forEach((name, at) => {
    const sign = document.createElement("span");
    sign.className = "wb-sign";
    sign.textContent = signs[at];
    sign.style.color = colours[at];
    const item = document.createElement("span");
    item.append(sign, ` ${name}`);
    box.append(item);
  });
  const corrected = document.createElement("span");
  corrected.textContent = `✓ ${labels.corrected}`;
  box.append(corrected);
  return box;
}
