// @ts-check
// One map, large: rows of tokens that look, columns of tokens that are looked at. One canvas as
// large as what is seen of it; it scrolls over the map, however long the text.

import { isBright, nameOfChoice, rolloutFits, togglePicked } from "./choice.js";
import {
  PIXELS, SIGNED, changeColour, makeScale, mix, pictureOf, pixel, shadeOf, weightColour,
} from "./colour.js";
import { makePicker, makeSwitch, pairsOf } from "./controls.js";
import { signedFigure } from "./numbers.js";
import { LARGEST_CELL, paintZoom, planZoom } from "./paint.js";
import { keepKeys, make } from "../controls.js";

/**
 * @import {
 *   Cell, Desk, Direction, Group, PlannedCanvas, Shown, Zoom, ZoomPlan,
 * } from "./types.d.ts"
 */

const MOST_HEIGHT = 640;
const COARSE_ERROR = 0.02; // of a thumbnail's weights, see `_coarse` in workbench/attention/budget.py

/** @param {Desk} desk */
export function makeZoom(desk) {
  const box = make("section", "wb-zoom");
  const title = make("h4");
  const tools = makeZoomTools(desk);
  const frame = make("div", "wb-map");
  const spread = make("div", "wb-spread");
  /** @type {PlannedCanvas} */
  const canvas = make("canvas", "wb-heat");
  canvas.tabIndex = 0;
  keepKeys(canvas);
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", desk.say("zoom_keys"));
  spread.append(canvas);
  frame.append(spread);
  const lacking = make("p", "wb-lacking");
  const readout = make("p", "wb-cell");
  readout.setAttribute("role", "status");
  const scales = make("div", "wb-scales");
  const tip = make("div", "wb-tip");
  tip.hidden = true;
  box.append(title, tools.node, lacking, frame, readout, scales, tip);

  const zoom = /** @type {Zoom} */ ({ node: box, plan: null, picture: null });
  const draw = () => {
    const shown = desk.map();
    frame.hidden = !shown.weights;
    if (!shown.weights || !frame.clientWidth) return;
    const plan = planZoom(desk, frame, shown);
    canvas.wbPlan = zoom.plan = plan;
    spread.style.width = `${plan.width}px`;
    spread.style.height = `${plan.height}px`;
    frame.style.height = `${Math.min(MOST_HEIGHT, plan.height + (plan.width > frame.clientWidth ? 16 : 2))}px`;
    paintZoom(desk, plan, zoom.picture, canvas, frame, shown);
  };
  zoom.update = () => {
    const shown = desk.map();
    const comparing = desk.comparing();
    title.textContent = comparing
      ? desk.say("zoom_change", { what: nameOfChoice(desk) })
      : desk.say("zoom", { what: nameOfChoice(desk) });
    tools.update();
    scales.replaceChildren(shown.signed ? scaleOfChange(desk) : scaleOfWeights(desk, shown));
    lacking.hidden = Boolean(shown.weights) && !shown.coarse;
    lacking.textContent = lacking.hidden ? "" : desk.say(desk.asking ? "asking" : shown.coarse ? "kept_small" : "not_kept");
    const { columns, weights } = shown;
    zoom.picture = weights && shown.rows.length && columns.length
      ? pictureOf(shown.rows.length, columns.length, (i) =>
          shown.signed ? pixel(changeColour(weights[i])) : PIXELS[shadeOf(weights[i], shown.brightest ?? 1)])
      : null;
    draw();
    zoom.say();
  };
  zoom.point = () => {
    draw();
    zoom.say();
  };
  zoom.draw = draw;
  zoom.say = () => {
    const { cell } = desk.choice;
    const shown = desk.map();
    tip.hidden = !cell || !shown.weights;
    readout.replaceChildren();
    if (!cell || tip.hidden) {
      readout.append(shown.weights ? desk.say("zoom_hint") : "");
      return;
    }
    readout.append(...describeCell(desk, shown, cell), ` · ${placeOf(desk, shown, cell)}`);
    tip.replaceChildren(...describeCell(desk, shown, cell));
    if (zoom.plan) placeTip(tip, box, frame, zoom.plan, cell);
  };
  const cellAt = (/** @type {MouseEvent} */ event) => {
    const plan = zoom.plan ?? planZoom(desk, frame, desk.map());
    const x = event.offsetX - plan.left + frame.scrollLeft;
    const y = event.offsetY - plan.top + frame.scrollTop;
    /** @param {number} offset @param {number} count */
    const at = (offset, count) => Math.max(0, Math.min(count - 1, Math.floor(offset / plan.cell)));
    /** @type {Cell} */
    const cell = [at(y, plan.rows), at(x, plan.columns)];
    const beside = event.offsetX < plan.left || event.offsetY < plan.top;
    return { cell, row: event.offsetX < plan.left, column: event.offsetY < plan.top, beside };
  };
  frame.addEventListener("scroll", draw);
  canvas.addEventListener("pointermove", (event) => {
    const { cell, beside } = cellAt(event);
    desk.change({ cell: beside ? null : cell });
  });
  canvas.addEventListener("pointerleave", () => desk.change({ cell: null }));
  canvas.addEventListener("blur", () => desk.change({ cell: null }));
  canvas.addEventListener("focus", () => desk.change({ cell: desk.choice.cell ?? [0, 0] }));
  canvas.addEventListener("click", (event) => {
    const { cell, column } = cellAt(event);
    pickFromCell(desk, cell, column ? "to" : "from", event.shiftKey || event.ctrlKey || event.metaKey);
  });
  canvas.addEventListener("keydown", (event) => {
    const next = moved(desk, zoom.plan, event.key);
    if (next && zoom.plan) {
      desk.change({ cell: next });
      reveal(frame, zoom.plan, next);
    } else if ((event.key === "Enter" || event.key === " ") && desk.choice.cell) {
      pickFromCell(desk, desk.choice.cell, "from", event.shiftKey);
    } else if (event.key === "+" || event.key === "-") {
      const size = (zoom.plan?.cell ?? LARGEST_CELL) * (event.key === "+" ? 1.25 : 0.8);
      desk.change({ size: Math.max(2, Math.min(44, Math.round(size))) });
    } else return;
    event.preventDefault();
  });
  return zoom;
}

const SWITCHES = /** @type {const} */ ([
  "words", "hideSpecial", "hideFirst", "norms", "brighten", "values", "dots",
]);
const SHARES = [0, 0.05, 0.2, 0.5, 1];

/** @param {Desk} desk @param {Shown} about */
function scaleOfWeights(desk, { brightest = 1 }) {
  const text = (/** @type {number} */ share) => (brightest === 1 ? share : share * brightest).toPrecision(2).replace(/\.?0+$/, "");
  /** @type {[place: number, text: string][]} */
  const ticks = SHARES.map((share) => [Math.sqrt(share), share ? text(share) : "0"]);
  return makeScale(desk.say("weight"), ticks, (share) => weightColour(share ** 2));
}

/** @param {Desk} desk */
function scaleOfChange(desk) {
  /** @type {[place: number, text: string][]} */
  const ticks = ["−1", "−0.25", "0", "+0.25", "+1"].map((text, n) => [n / 4, text]);
  return makeScale(desk.say("change"), ticks, (share) => mix(SIGNED, share));
}

/** @param {Desk} desk */
function makeZoomTools(desk) {
  const node = make("div", "wb-tools");
  const source = makePicker(node, desk.say("map_kind"), (value) => desk.change({ source: value }));
  const switches = SWITCHES.map((name) => ({
    name,
    one: makeSwitch(node, desk.say(name), (on) => desk.change({ [name]: on })),
  }));
  const size = make("label", "", desk.say("cell_size"));
  const slider = make("input");
  Object.assign(slider, { type: "range", min: 2, max: 44, step: 1 });
  slider.setAttribute("aria-label", desk.say("cell_size"));
  keepKeys(slider);
  slider.addEventListener("input", () => desk.change({ size: Number(slider.value) }));
  size.append(slider);
  node.append(size);
  const note = make("p", "wb-note");
  const box = make("div");
  box.append(node, note);
  return {
    node: box,
    update() {
      const { choice } = desk;
      const rollouts = ["with_sinks", "without_sinks"].filter((name) => {
        const asked = { ...desk, choice: { ...choice, source: name } };
        return rolloutFits(asked);
      });
      source.node.hidden = !rollouts.length;
      source.offer(pairsOf(["heads", ...rollouts], (name) => desk.say(`source_${name}`)), choice.source);
      const block = desk.block();
      const { coarse } = desk.map();
      const has = {
        words: !coarse && [block.queries, block.keys].some((one) => one.words?.some((w, n) => w !== null && w === one.words[n - 1])),
        hideSpecial: !coarse && [block.queries, block.keys].some((one) => one.special?.some(Boolean)),
        hideFirst: !coarse,
        norms: !coarse && Boolean(block.norms) && choice.source === "heads",
        brighten: !desk.comparing(),
        values: true,
        dots: !block.sameText,
      };
      const on = { ...choice, brighten: isBright(desk) };
      for (const { name, one } of switches) one.show(on[name], has[name]);
      slider.value = String(choice.size || LARGEST_CELL);
      const notes = [];
      if (!coarse && (choice.hideSpecial || choice.hideFirst)) notes.push(desk.say("renormalised"));
      if (choice.norms && has.norms) notes.push(desk.say("norms_note"));
      if (choice.source !== "heads") notes.push(desk.say("rollout_note"));
      if (has.brighten && on.brighten) notes.push(desk.say("brighten_note"));
      if (!coarse && choice.words) notes.push(desk.say("words_note"));
      note.textContent = notes.join(" ");
    },
  };
}

/** @param {Desk} desk @param {Shown} shown @param {Cell} cell */
function describeCell(desk, shown, [row, column]) {
  const weight = shown.weights?.[row * shown.columns.length + column] ?? NaN;
  /** @type {[string, string]} */
  const names = [shown.rows[row].label, shown.columns[column].label];
  if (shown.signed) {
    if (Number.isNaN(weight)) return sentence(desk.say("cell_new"), ...names, "");
    return sentence(desk.say("cell_change"), ...names, `${signedFigure(weight, 3)} ±${2 * errorOf(desk)}`);
  }
  if (shown.coarse) return sentence(desk.say("cell_most"), ...names, `${weight.toFixed(2)} ±${COARSE_ERROR}`);
  return sentence(desk.say("cell"), ...names, `${weight.toFixed(3)} ±${errorOf(desk)}`);
}

/** @param {Desk} desk */
function errorOf(desk) {
  return desk.record().plain.error ?? 0.004;
}

/** @param {Desk} desk @param {Shown} shown @param {Cell} cell */
function placeOf(desk, shown, [row, column]) {
  const place = (/** @type {Group} */ { members }) => [...new Set([members[0] + 1, members[members.length - 1] + 1])].join("–");
  return desk.say("place", { row: place(shown.rows[row]), column: place(shown.columns[column]) });
}

/**
 * A template such as "{from} looks at {to}: {value}" as nodes, the tokens emphasised.
 * @param {string} template
 * @param {string} from
 * @param {string} to
 * @param {string} value
 */
function sentence(template, from, to, value) {
  return template.split(/(\{from\}|\{to\}|\{value\})/).map((part) => {
    if (part === "{from}") return make("b", "", from);
    if (part === "{to}") return make("b", "", to);
    return document.createTextNode(part === "{value}" ? value : part);
  });
}

/**
 * @param {HTMLElement} tip
 * @param {HTMLElement} box
 * @param {HTMLElement} frame
 * @param {ZoomPlan} plan
 * @param {Cell} cell
 */
function placeTip(tip, box, frame, plan, [row, column]) {
  const [outer, inner] = [box.getBoundingClientRect(), frame.getBoundingClientRect()];
  const x = inner.left - outer.left + plan.left + (column + 1) * plan.cell - frame.scrollLeft + 8;
  const y = inner.top - outer.top + plan.top + (row + 1) * plan.cell - frame.scrollTop + 8;
  const fits = x + tip.offsetWidth < outer.width;
  tip.style.left = `${fits ? x : Math.max(0, x - tip.offsetWidth - plan.cell - 16)}px`;
  tip.style.top = `${Math.min(y, outer.height - tip.offsetHeight)}px`;
}

/**
 * Scroll so that a cell chosen by key is not hidden behind the labels or the edge.
 * @param {HTMLElement} frame
 * @param {ZoomPlan} plan
 * @param {Cell} cell
 */
function reveal(frame, plan, [row, column]) {
  const sight = {
    x: frame.clientWidth - plan.left - plan.cell,
    y: frame.clientHeight - plan.top - plan.cell,
  };
  const [x, y] = [column * plan.cell, row * plan.cell];
  frame.scrollLeft = Math.max(x - sight.x, Math.min(frame.scrollLeft, x));
  frame.scrollTop = Math.max(y - sight.y, Math.min(frame.scrollTop, y));
}

/**
 * @param {Desk} desk
 * @param {ZoomPlan | null} plan
 * @param {string} key
 * @returns {Cell | null}
 */
function moved(desk, plan, key) {
  if (!plan) return null;
  const [row, column] = desk.choice.cell ?? [0, 0];
  /** @type {Record<string, Cell>} */
  const moves = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, plan.columns - 1],
    PageUp: [0, column],
    PageDown: [plan.rows - 1, column],
  };
  if (!(key in moves)) return null;
  const [r, c] = moves[key];
  return [Math.max(0, Math.min(plan.rows - 1, r)), Math.max(0, Math.min(plan.columns - 1, c))];
}

/**
 * A click on a row, or on a column's label, reads that token in the text below; with Shift, too.
 * @param {Desk} desk
 * @param {Cell} cell
 * @param {Direction} direction
 * @param {boolean} several
 */
function pickFromCell(desk, [row, column], direction, several) {
  const shown = desk.map();
  if (!shown.weights) return;
  const { members } = direction === "from" ? shown.rows[row] : shown.columns[column];
  const same = several && desk.choice.direction === direction;
  desk.change({ direction, picked: same ? togglePicked(desk.choice.picked, members) : [...members] });
}
