// @ts-check
// Along the way: the snapshots of one text, scrubbed by step beside the loss curve.

import { readLook, sized } from "./colour.js";
import { figure } from "./numbers.js";
import { keepKeys, make } from "../controls.js";

/** @import { Choice, Desk, OpenRecord } from "./types.d.ts" */

const PLOT = { wide: 640, high: 120, left: 46, right: 10, top: 8, foot: 20 };

/** @param {Desk} desk */
export function makeAlong(desk) {
  const box = make("section", "wb-along");
  const label = make("label", "wb-scrub", desk.say("scrub"));
  const slider = make("input");
  Object.assign(slider, { type: "range", min: 0, step: 1 });
  slider.setAttribute("aria-label", desk.say("scrub"));
  keepKeys(slider);
  const where = make("output");
  label.append(slider, where);
  const loss = make("div", "wb-plot");
  const entropy = make("div", "wb-small");
  const title = make("h4", "", desk.say("loss_curve"));
  box.append(label, title, loss,
    make("h4", "", desk.say("entropy_by_layer")), entropy);
  slider.addEventListener("input", () => {
    const at = stepsOf(desk)[Number(slider.value)];
    /** @type {Partial<Choice>} */
    const changes = { at };
    if (desk.choice.against !== null) changes.against = at === 0 ? null : 0;
    desk.change(changes);
  });
  return {
    node: box,
    title: desk.say("along"),
    possible: () => stepsOf(desk).length > 2,
    update() {
      const steps = stepsOf(desk);
      if (steps.length < 3) return;
      slider.max = String(steps.length - 1);
      slider.value = String(Math.max(0, steps.indexOf(desk.choice.at)));
      const { step } = desk.record().plain;
      where.textContent = desk.say("step", { step: step.toLocaleString() });
      slider.setAttribute("aria-valuetext", where.textContent);
      const curve = desk.model.get("loss") ?? [];
      title.hidden = loss.hidden = !curve.length;
      if (curve.length) {
        loss.replaceChildren(drawLine(desk, curve, step, PLOT.wide, PLOT.high, desk.say("loss_curve")));
      }
      entropy.replaceChildren(...entropyByLayer(desk, steps, step));
    },
  };
}

/**
 * The records that show the same text as the one that is open, in the order of their steps.
 * @param {Desk} desk
 */
function stepsOf(desk) {
  const text = (/** @type {OpenRecord} */ record) => JSON.stringify(record.plain.sequences.source.tokens);
  if (!desk.records.length) return [];
  const open = text(desk.record());
  return desk.records
    .map((_, n) => n)
    .filter((n) => text(desk.records[n]) === open)
    .sort((a, b) => desk.records[a].plain.step - desk.records[b].plain.step);
}

/** @param {Desk} desk @param {number[]} steps @param {number} step */
function entropyByLayer(desk, steps, step) {
  const { layers } = desk.block();
  const curves = layers.flatMap((layer, l) => {
    if (layer.missing) return [];
    /** @type {[number, number][]} */
    const curve = steps.flatMap((n) => {
      const row = desk.records[n].blocks[desk.choice.block]?.statistics.entropy?.[l];
      const known = (row ?? []).filter((value) => value !== null);
      return known.length
        ? [[desk.records[n].plain.step, known.reduce((a, b) => a + b, 0) / known.length]] : [];
    });
    return [{ curve, title: desk.say("layer_entropy", { layer: layer.number }) }];
  });
  // One scale for all: layers are there to be compared.
  const values = curves.flatMap(({ curve }) => curve.map(([, value]) => value));
  const ends = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  return curves.map(({ curve, title }) => {
    const box = make("figure");
    box.append(make("figcaption", "", title), drawLine(desk, curve, step, 190, 84, title, ends));
    return box;
  });
}

/**
 * @param {Desk} desk
 * @param {[x: number, y: number][]} curve
 * @param {number} step
 * @param {number} wide
 * @param {number} high
 * @param {string} title
 * @param {number[]} [ends] lowest and highest value of the axis, where not the curve's own
 */
function drawLine(desk, curve, step, wide, high, title, ends) {
  const canvas = make("canvas");
  const pen = sized(canvas, wide, high);
  const look = readLook(desk.root);
  const [xs, ys] = [curve.map(([x]) => x), curve.map(([, y]) => y)];
  const [x0, x1] = [Math.min(0, ...xs), Math.max(1, ...xs)];
  const [y0, y1] = ends ?? [Math.min(...ys), Math.max(...ys)];
  const { left, right, top, foot } = PLOT;
  const x = (/** @type {number} */ value) => left + ((value - x0) / (x1 - x0)) * (wide - left - right);
  const y = (/** @type {number} */ value) => high - foot - ((value - y0) / (y1 - y0 || 1)) * (high - top - foot);
  pen.font = `11px ${look.family}`;
  pen.fillStyle = look.quiet;
  pen.strokeStyle = look.line;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const value of y1 > y0 ? [y0, y1] : [y0]) {
    pen.fillText(figure(value), left - 6, y(value));
    pen.beginPath();
    pen.moveTo(left, y(value));
    pen.lineTo(wide - right, y(value));
    pen.stroke();
  }
  pen.textBaseline = "alphabetic";
  pen.textAlign = "left";
  pen.fillText(String(x0), left, high - 5);
  pen.textAlign = "right";
  pen.fillText(x1.toLocaleString(), wide - right, high - 5);
  pen.strokeStyle = look.ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  curve.forEach(([a, b], n) => (n ? pen.lineTo(x(a), y(b)) : pen.moveTo(x(a), y(b))));
  pen.stroke();
  pen.strokeStyle = look.brand;
  pen.lineWidth = 2;
  pen.setLineDash([4, 3]);
  pen.beginPath();
  pen.moveTo(x(step), top);
  pen.lineTo(x(step), high - foot);
  pen.stroke();
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title);
  return canvas;
}
