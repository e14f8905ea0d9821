// @ts-check
// How the large map is laid out and painted: cells, labels on both sides, marks.

import { changeColour, inkOn, penOf, readLook, sized, weightColour } from "./colour.js";
import { signedFigure } from "./numbers.js";
import { isPicked } from "./weights.js";

/**
 * @import {
 *   Cell, Desk, Group, Places, PlannedCanvas, Seen, Shown, Zoom, ZoomPlan,
 * } from "./types.d.ts"
 */

export const LARGEST_CELL = 30;
const LABEL_STEP = 12; // least page pixels from one label to the next
const SLANT = (55 * Math.PI) / 180;

/** @param {Desk} desk @param {HTMLElement} frame @param {Shown} about @returns {ZoomPlan} */
export function planZoom(desk, frame, { rows, columns, coarse }) {
  const look = readLook(frame);
  const font = `12px ${look.family}`;
  const longest = (/** @type {Group[]} */ groups) => Math.max(20, ...groups.map((group) => widthOf(group.label, `bold ${font}`)));
  const most = Math.max(90, frame.clientWidth * 0.36);
  const [labelLeft, labelTop] = [Math.min(longest(rows), most), Math.min(longest(columns), 170)];
  const left = Math.max(Math.ceil(labelLeft) + 16, 84);
  const top = Math.max(Math.ceil(labelTop * Math.sin(SLANT)) + 20, 44);
  const overhang = Math.ceil(labelTop * Math.cos(SLANT)) + 8;
  const fit = (frame.clientWidth - left - overhang - 18) / columns.length;
  const least = desk.choice.values ? 36 : coarse ? 4 : columns.length <= 72 ? 15 : 2;
  let cell = desk.choice.size || Math.max(least, Math.min(LARGEST_CELL, Math.floor(fit)));
  if (desk.choice.values) cell = Math.max(cell, least);
  return {
    look, font, left, top, cell, labelLeft, labelTop, overhang,
    rows: rows.length,
    columns: columns.length,
    width: left + columns.length * cell + overhang,
    height: top + rows.length * cell + 4,
  };
}

/** @type {Map<string, number>} */
const WIDTHS = new Map();
const RULER = penOf(document.createElement("canvas"));

/** @param {string} label @param {string} font @returns {number} */
function widthOf(label, font) {
  const key = `${font} ${label}`;
  if (!WIDTHS.has(key)) {
    RULER.font = font;
    WIDTHS.set(key, RULER.measureText(label).width);
  }
  return WIDTHS.get(key) ?? 0;
}

/**
 * @param {Desk} desk
 * @param {ZoomPlan} plan
 * @param {HTMLCanvasElement | null} picture
 * @param {PlannedCanvas} canvas
 * @param {HTMLElement} frame
 * @param {Shown} shown
 */
export function paintZoom(desk, plan, picture, canvas, frame, shown) {
  const [wide, high] = [Math.min(frame.clientWidth, plan.width), Math.min(frame.clientHeight, plan.height)];
  const pen = sized(canvas, wide, high);
  const { cell, left, top } = plan;
  const [right, down] = [frame.scrollLeft, frame.scrollTop];
  /** @type {Places} */
  const at = { x: (column) => left + column * cell - right, y: (row) => top + row * cell - down };
  /** @type {Seen} */
  const seen = {
    rows: [Math.floor(down / cell), Math.min(plan.rows, Math.ceil((down + high - top) / cell))],
    columns: [Math.floor(right / cell), Math.min(plan.columns, Math.ceil((right + wide - left) / cell))],
  };
  within(pen, left, top, wide - left, high - top, () => {
    pen.imageSmoothingEnabled = cell < 1;
    if (picture) pen.drawImage(picture, at.x(0), at.y(0), plan.columns * cell, plan.rows * cell);
    paintMarks(pen, desk, shown, plan, at, seen);
  });
  within(pen, 0, top - 6, left, high - top + 6, () => paintRows(pen, desk, shown, plan, at, seen));
  within(pen, left, 0, wide - left, top, () => paintColumns(pen, desk, shown, plan, at, seen));
  pen.font = `11px ${plan.look.family}`;
  pen.fillStyle = plan.look.quiet;
  pen.textAlign = "right";
  pen.textBaseline = "alphabetic";
  pen.fillText(`${desk.say("to")} →`, left - 8, top - 20, left - 10);
  pen.fillText(`${desk.say("from")} ↓`, left - 8, top - 6, left - 10);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} high
 * @param {() => void} paint
 */
function within(pen, x, y, wide, high, paint) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, wide, high);
  pen.clip();
  paint();
  pen.restore();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {Shown} shown
 * @param {ZoomPlan} plan
 * @param {Places} at
 * @param {Seen} seen
 */
function paintMarks(pen, desk, shown, plan, at, seen) {
  const { cell } = plan;
  const { choice } = desk;
  const block = desk.block();
  const { weights, signed = false } = shown;
  if (!weights) return;
  const dots = choice.dots && !block.sameText && !shown.signed;
  for (let r = seen.rows[0]; r < seen.rows[1]; r++) {
    const best = dots ? strongest(shown, r) : -1;
    for (let c = seen.columns[0]; c < seen.columns[1]; c++) {
      const weight = weights[r * plan.columns + c];
      const ink = () => inkOn(shown.signed ? changeColour(weight) : weightColour(weight, shown.brightest));
      if (choice.values && cell >= 30) paintValue(pen, plan, at.x(c), at.y(r), weight, signed, ink());
      else if (shown.signed && cell >= 12 && Math.abs(weight) >= 0.05) {
        paintSign(pen, at.x(c) + cell / 2, at.y(r) + cell / 2, weight, ink());
      }
      if (c === best) paintDot(pen, at.x(c) + cell / 2, at.y(r) + cell / 2, cell);
    }
  }
  const made = (/** @type {Group[]} */ groups) => groups.findIndex((group) => group.made);
  const [row, column] = [made(shown.rows), made(shown.columns)];
  pen.setLineDash([4, 3]);
  if (row > 0) line(pen, at.x(0), at.y(row), at.x(plan.columns), at.y(row));
  if (column > 0) line(pen, at.x(column), at.y(0), at.x(column), at.y(plan.rows));
  pen.setLineDash([]);
  if (choice.cell) paintCross(pen, plan, at, choice.cell);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function line(pen, x0, y0, x1, y1) {
  for (const { width, colour } of [{ width: 3, colour: "#000" }, { width: 1.2, colour: "#fff" }]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }
}

/** @param {Shown} about @param {number} row */
function strongest({ weights, columns }, row) {
  let best = 0;
  const start = row * columns.length;
  if (!weights) return -1;
  for (let c = 1; c < columns.length; c++) if (weights[start + c] > weights[start + best]) best = c;
  return best;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {ZoomPlan} plan
 * @param {number} x
 * @param {number} y
 * @param {number} weight
 * @param {boolean} signed
 * @param {string} ink
 */
function paintValue(pen, plan, x, y, weight, signed, ink) {
  pen.font = `11px ${plan.look.family}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = ink;
  pen.fillText(signed ? signedFigure(weight, 2) : weight.toFixed(2), x + plan.cell / 2, y + plan.cell / 2);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} weight
 * @param {string} ink
 */
function paintSign(pen, x, y, weight, ink) {
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x - 3, y);
  pen.lineTo(x + 3, y);
  if (weight > 0) {
    pen.moveTo(x, y - 3);
    pen.lineTo(x, y + 3);
  }
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} cell
 */
function paintDot(pen, x, y, cell) {
  pen.beginPath();
  pen.arc(x, y, Math.max(2, Math.min(5, cell / 5)), 0, 2 * Math.PI);
  pen.fillStyle = "#fff";
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = "#000";
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {ZoomPlan} plan
 * @param {Places} at
 * @param {Cell} cell
 */
function paintCross(pen, plan, at, [row, column]) {
  const { cell } = plan;
  const [x, y] = [at.x(column), at.y(row)];
  pen.lineWidth = 1;
  pen.strokeStyle = "rgba(255, 255, 255, 0.85)";
  pen.strokeRect(at.x(0) + 0.5, y + 0.5, plan.columns * cell - 1, cell - 1);
  pen.strokeRect(x + 0.5, at.y(0) + 0.5, cell - 1, plan.rows * cell - 1);
  for (const { width, colour } of [{ width: 3, colour: "#000" }, { width: 1.5, colour: "#fff" }]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.strokeRect(x - 0.5, y - 0.5, cell + 1, cell + 1);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {Shown} about
 * @param {ZoomPlan} plan
 * @param {Places} at
 * @param {Seen} seen
 */
function paintRows(pen, desk, { rows }, plan, at, seen) {
  const every = Math.ceil(LABEL_STEP / plan.cell);
  const { choice } = desk;
  const pointed = choice.cell?.[0];
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (let r = seen.rows[0]; r < seen.rows[1]; r++) {
    const y = at.y(r) + plan.cell / 2;
    const picked = choice.direction === "from" && isPicked(rows[r], choice.picked);
    if (picked) paintPin(pen, plan, plan.left - 5, at.y(r), 4, plan.cell);
    const near = pointed != null && r !== pointed && Math.abs(r - pointed) * plan.cell < LABEL_STEP;
    if (r !== pointed && (r % every || near)) continue;
    setPen(pen, plan, rows[r], r === pointed || picked);
    pen.fillText(rows[r].label, plan.left - 9, y, plan.left - 12);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {Shown} about
 * @param {ZoomPlan} plan
 * @param {Places} at
 * @param {Seen} seen
 */
function paintColumns(pen, desk, { columns }, plan, at, seen) {
  const every = Math.ceil(LABEL_STEP / plan.cell / Math.sin(SLANT));
  const { choice } = desk;
  const pointed = choice.cell?.[1];
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  const first = Math.max(0, seen.columns[0] - Math.ceil(plan.labelTop / plan.cell));
  for (let c = first; c < seen.columns[1]; c++) {
    const picked = choice.direction === "to" && isPicked(columns[c], choice.picked);
    if (picked) paintPin(pen, plan, at.x(c), plan.top - 5, plan.cell, 4);
    const near = pointed != null && c !== pointed && Math.abs(c - pointed) * plan.cell < LABEL_STEP * 1.3;
    if (c !== pointed && (c % every || near)) continue;
    pen.save();
    pen.translate(at.x(c) + plan.cell / 2, plan.top - 7);
    pen.rotate(-SLANT);
    setPen(pen, plan, columns[c], c === pointed || picked);
    pen.fillText(columns[c].label, 0, 0, 172);
    pen.restore();
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {ZoomPlan} plan
 * @param {number} x
 * @param {number} y
 * @param {number} wide
 * @param {number} high
 */
function paintPin(pen, plan, x, y, wide, high) {
  pen.fillStyle = plan.look.brand;
  pen.fillRect(x, y, wide, high);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {ZoomPlan} plan
 * @param {Group} group
 * @param {boolean} strong
 */
function setPen(pen, plan, group, strong) {
  pen.font = strong ? `bold ${plan.font}` : group.made ? `italic ${plan.font}` : plan.font;
  pen.fillStyle = strong ? plan.look.brand : group.special ? plan.look.quiet : plan.look.ink;
}
