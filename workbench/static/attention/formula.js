// @ts-check
// softmax(QKᵀ/√d_k)V on one head, number by number, for one token that looks.

import { nameOfChoice } from "./choice.js";
import { changeColour, pictureOf, pixel, sized } from "./colour.js";
import { makePicker } from "./controls.js";
import { WEIGHTS, headKey } from "./packed.js";
import { keepKeys, make, makeButton } from "../controls.js";

/** @import { Block, Desk, Formula, Stage, Tensor } from "./types.d.ts" */

const MOST_ROWS = 400;

/** @param {Desk} desk */
export function makeFormula(desk) {
  const box = make("section", "wb-formula");
  const head = make("h4");
  const lacking = make("p", "wb-lacking");
  const ask = makeButton(desk.say("fetch_formula"), () => desk.fetchFormula());
  const body = make("div");
  const tools = make("div", "wb-tools");
  const token = makePicker(tools, desk.say("formula_token"), (value) =>
    desk.change({ picked: [Number(value)], direction: "from" }));
  const sharp = make("label", "wb-sharp");
  const slider = make("input");
  Object.assign(slider, { type: "range", min: -3, max: 3, step: 0.05, value: 0 });
  slider.setAttribute("aria-label", desk.say("divisor"));
  keepKeys(slider);
  const sharpValue = make("output");
  sharp.append(make("span", "", desk.say("divisor")), slider, sharpValue);
  tools.append(sharp, makeButton(desk.say("divisor_back"), () => {
    slider.value = "0";
    fill();
  }));
  const about = make("p", "wb-note", desk.say("divisor_note"));
  const effect = make("p", "wb-cell");
  effect.setAttribute("role", "status");
  const vectors = make("div", "wb-vectors");
  const steps = make("div", "wb-scroll");
  steps.tabIndex = 0;
  const result = make("div", "wb-vectors");
  const check = make("p", "wb-note");
  body.append(tools, about, effect, vectors, steps, result, check);
  box.append(head, lacking, ask, body);

  const fill = () => {
    const formula = formulaOf(desk);
    if (!formula) return;
    const query = Math.min(desk.choice.picked[0] ?? 0, formula.q.shape[0] - 1);
    const divisor = 2 ** Number(slider.value) / formula.scale;
    const own = 1 / formula.scale;
    sharpValue.textContent = `${divisor.toPrecision(3)} (${desk.say("divisor_own", { value: own.toPrecision(3) })})`;
    slider.setAttribute("aria-valuetext", sharpValue.textContent);
    const row = computeRow(formula, query, divisor);
    const before = computeRow(formula, query, own);
    effect.textContent = desk.say("divisor_effect", {
      entropy: entropyOf(row.weights).toFixed(2),
      own: entropyOf(before.weights).toFixed(2),
      most: Math.max(...row.weights).toFixed(3),
    });
    const block = desk.record().blocks[formula.block];
    vectors.replaceChildren(
      drawMatrix(desk, "Q", formula.q, query, block.queries.labels),
      drawMatrix(desk, "K", formula.k, -1, block.keys.labels),
      drawMatrix(desk, "V", formula.v, -1, block.keys.labels),
    );
    steps.replaceChildren(tableOfSteps(desk, formula, row, block));
    result.replaceChildren(drawVector(desk, row.result));
    check.textContent = checkOf(desk, formula, before, block, query);
  };
  slider.addEventListener("input", fill);
  return {
    node: box,
    title: desk.say("formula"),
    possible: () => desk.records.some((record) => record.formulas.length) || desk.can("formula"),
    update() {
      const formula = formulaOf(desk);
      body.hidden = !formula;
      lacking.hidden = Boolean(formula);
      ask.hidden = Boolean(formula) || !desk.can("formula") || desk.choice.heads.length !== 1;
      head.textContent = formula ? titleOf(desk, formula) : desk.say("formula_title", { what: nameOfChoice(desk) });
      lacking.textContent = desk.say(desk.can("formula") ? "formula_one_head" : "formula_not_kept");
      if (!formula) return;
      const { labels } = desk.record().blocks[formula.block].queries;
      token.offer(labels.map((label, n) => [n, `${n + 1} ${label}`]), Math.min(desk.choice.picked[0] ?? 0, labels.length - 1));
      fill();
    },
  };
}

/**
 * The formula of the chosen head; where only another head's was kept, that one.
 * @param {Desk} desk
 */
function formulaOf(desk) {
  const { formulas } = desk.record();
  const { block, heads } = desk.choice;
  const of = (/** @type {Formula} */ formula) => heads.length === 1 && formula.block === block
    && headKey([formula.layer, formula.head]) === headKey(heads[0]);
  return formulas.find(of) ?? (desk.can("formula") ? null : formulas[0]) ?? null;
}

/** @param {Desk} desk @param {Formula} formula */
function titleOf(desk, formula) {
  const layer = desk.record().blocks[formula.block].layers[formula.layer].number;
  const what = desk.say("one_head", { layer, head: formula.head + 1 });
  return desk.say("formula_title", { what });
}

/**
 * Every stage of one row: dot products, scaled, biased, masked, softmax, weighted values.
 * @param {Formula} formula
 * @param {number} query
 * @param {number} divisor
 */
export function computeRow(formula, query, divisor) {
  const { q, k, v, bias, mask, softcap, sink } = formula;
  const [keys, depth] = k.shape;
  const wide = v.shape[1];
  /** @type {Stage} */
  const stage = { scores: [], scaled: [], seen: [], final: [], weights: [], result: new Float64Array(wide) };
  for (let n = 0; n < keys; n++) {
    let score = 0;
    for (let i = 0; i < depth; i++) score += q.data[query * depth + i] * k.data[n * depth + i];
    let scaled = score / divisor;
    if (softcap) scaled = softcap * Math.tanh(scaled / softcap);
    stage.scores.push(score);
    stage.scaled.push(scaled);
    stage.seen.push(!mask || mask.data[query * keys + n] === 1);
    stage.final.push(scaled + (bias ? bias.data[query * keys + n] : 0));
  }
  const open = stage.final.filter((_, n) => stage.seen[n]);
  const top = Math.max(...open, sink ?? -Infinity);
  let sum = sink === null || sink === undefined ? 0 : Math.exp(sink - top);
  stage.final.forEach((value, n) => (sum += stage.seen[n] ? Math.exp(value - top) : 0));
  stage.weights = stage.final.map((value, n) => (stage.seen[n] ? Math.exp(value - top) / sum : 0));
  stage.weights.forEach((weight, n) => {
    for (let i = 0; i < wide; i++) stage.result[i] += weight * v.data[n * wide + i];
  });
  return stage;
}

/** @param {number[]} weights */
export function entropyOf(weights) {
  return weights.reduce((sum, p) => (p > 0 ? sum - p * Math.log2(p) : sum), 0);
}

/** @param {Desk} desk @param {Formula} formula @param {Stage} row @param {Block} block */
function tableOfSteps(desk, formula, row, block) {
  const wide = formula.v.shape[1];
  const titles = ["step_key", "step_score", "step_scaled", ...(formula.bias ? ["step_bias"] : []),
    "step_masked", "step_softmax", "step_value"];
  const table = make("table");
  const [top, body] = [make("thead"), make("tbody")];
  const heading = make("tr");
  heading.append(...titles.map((title) => {
    const cell = make("th", "", desk.say(title));
    cell.scope = "col";
    return cell;
  }));
  top.append(heading);
  const order = block.keys.labels.map((_, n) => n);
  const kept = order.length > MOST_ROWS
    ? order.sort((a, b) => row.weights[b] - row.weights[a]).slice(0, MOST_ROWS).sort((a, b) => a - b)
    : order;
  for (const n of kept) {
    const line = make("tr");
    const name = make("th", "", block.keys.labels[n]);
    name.scope = "row";
    let length = 0;
    for (let i = 0; i < wide; i++) length += formula.v.data[n * wide + i] ** 2;
    const cells = [row.scores[n].toFixed(2), row.scaled[n].toFixed(2)];
    if (formula.bias) cells.push(row.final[n].toFixed(2));
    cells.push(row.seen[n] ? row.final[n].toFixed(2) : "−∞");
    line.append(name, ...cells.map((text) => make("td", "", text)));
    line.append(barCell(row.weights[n], row.weights[n].toFixed(3)));
    line.append(make("td", "", (row.weights[n] * Math.sqrt(length)).toFixed(3)));
    body.append(line);
  }
  table.append(top, body);
  return table;
}

/** @param {number} share @param {string} text */
export function barCell(share, text) {
  const cell = make("td", "wb-bar-cell");
  const bar = make("span", "wb-bar-fill");
  bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  cell.append(bar, make("span", "", text));
  return cell;
}

/**
 * A matrix as a small picture, one row a token; the row that looks is framed.
 * @param {Desk} desk
 * @param {string} name
 * @param {Tensor} about
 * @param {number} marked
 * @param {string[]} labels
 */
function drawMatrix(desk, name, { shape, data }, marked, labels) {
  const [rows, columns] = shape;
  const most = Math.max(1e-6, ...data.map(Math.abs));
  const [wide, high] = [Math.max(96, Math.min(220, columns * 4)), Math.max(48, Math.min(220, rows * 8))];
  const canvas = make("canvas", "wb-matrix");
  const pen = sized(canvas, wide, high);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(pictureOf(rows, columns, (i) => pixel(changeColour(data[i] / most))), 0, 0, wide, high);
  if (marked >= 0) {
    const step = high / rows;
    pen.lineWidth = 2;
    pen.strokeStyle = "#000";
    pen.strokeRect(1, marked * step, wide - 2, Math.max(3, step));
  }
  const box = make("figure");
  const text = desk.say("matrix", { name, rows, columns, most: most.toPrecision(3) });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text);
  const readout = make("output", "wb-note");
  canvas.addEventListener("pointermove", (event) => {
    const r = Math.max(0, Math.min(rows - 1, Math.floor((event.offsetY / high) * rows)));
    const c = Math.max(0, Math.min(columns - 1, Math.floor((event.offsetX / wide) * columns)));
    readout.textContent = `${name}[${labels[r]}, ${c + 1}] = ${data[r * columns + c].toFixed(3)}`;
  });
  canvas.addEventListener("pointerleave", () => (readout.textContent = ""));
  const numbers = marked >= 0 ? make("code", "", listed(data.slice(marked * columns, (marked + 1) * columns))) : null;
  box.append(make("figcaption", "", text), canvas, ...(numbers ? [numbers] : []), readout);
  return box;
}

/** @param {Desk} desk @param {ArrayLike<number>} values */
function drawVector(desk, values) {
  const box = make("figure");
  box.append(make("figcaption", "", desk.say("result", { size: values.length })), make("code", "", listed(values)));
  return box;
}

/** @param {ArrayLike<number>} values */
function listed(values) {
  return `[${Array.from(values, (value) => value.toFixed(2)).join("  ")}]`;
}

/**
 * The row made from these numbers against the row that the model itself used.
 * @param {Desk} desk
 * @param {Formula} formula
 * @param {Stage} row
 * @param {Block} block
 * @param {number} query
 */
function checkOf(desk, formula, row, block, query) {
  const bytes = block.maps.get(headKey([formula.layer, formula.head]));
  if (!bytes) return "";
  const width = block.keys.length;
  const far = row.weights.map((weight, n) => Math.abs(weight - WEIGHTS[bytes[query * width + n]]));
  return desk.say("formula_check", { error: Math.max(...far).toFixed(4), stored: desk.record().plain.error ?? 0.004 });
}
