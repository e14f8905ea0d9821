// @ts-check
// What is chosen on a desk, shared by all its views, and what follows from it.

import { allHeads, headKey, statistic } from "./packed.js";
import { divergence, makeCoarse, makeDifference, makeShown } from "./weights.js";
import { inOrder } from "../controls.js";

/** @import { Block, Choice, Desk, Head, Shown, StillModel } from "./types.d.ts" */

export const STATISTICS = [
  "entropy", "distance", "previous", "first", "separators", "diagonal", "induction",
];

/**
 * `desk.change({…})` sets choices and redraws; everything else is asked of the desk.
 * @param {StillModel} model
 * @param {Record<string, string>} labels
 * @returns {Desk}
 */
export function makeDesk(model, labels) {
  /** @type {Choice} */
  const choice = {
    at: 0, // the record shown
    against: null, // the record it is compared with, or null
    block: 0,
    heads: [],
    source: "heads",
    tint: "entropy",
    order: "layers",
    cell: null, // row and column that are pointed at
    picked: [], // tokens whose attention is read in the text
    direction: "from",
    words: false,
    hideSpecial: false,
    hideFirst: false,
    norms: false,
    brighten: null, // colours up to the largest weight shown; null leaves it to the length
    values: false,
    dots: true,
    size: 0, // page pixels a cell; 0 fits the map to its place
  };
  // What follows completes it, here and in `connect` of desk.js.
  const desk = /** @type {Desk} */ (/** @type {unknown} */ ({
    model, labels, choice, records: [], views: [], memo: new Map(), waiting: 0,
  }));

  desk.say = (key, values = {}) =>
    (labels[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  desk.record = () => desk.records[choice.at];
  desk.block = () => desk.record().blocks[choice.block];
  desk.otherBlock = () => other(desk)?.blocks[choice.block] ?? null;
  desk.comparing = () => choice.against !== null && desk.otherBlock() !== null;

  desk.shown = () =>
    remembered(desk, "shown", () => {
      const after = brightened(desk, makeShown(desk.record(), desk.block(), choice));
      const [record, block] = [other(desk), desk.otherBlock()];
      return record && block ? makeDifference(makeShown(record, block, choice), after) : after;
    });
  // What the large map shows: where a head was kept in small only, that.
  desk.map = () =>
    remembered(desk, "map", () => {
      const shown = desk.shown();
      if (shown.weights || desk.comparing()) return shown;
      const small = makeCoarse(desk.block(), choice);
      return small ? brightened(desk, small) : shown;
    });
  desk.measure = (name, head) => {
    if (name !== "divergence") return statistic(desk.block(), name, head);
    const known = desk.divergences();
    return known[head[0]]?.[head[1]] ?? null;
  };
  desk.divergences = () =>
    remembered(desk, "divergence", () => {
      const [before, after] = [desk.otherBlock(), desk.block()];
      const recorded = recordedDivergence(desk);
      return after.layers.map((layer, l) =>
        Array.from({ length: layer.heads }, (_, h) =>
          recorded?.[l]?.[h] ?? (before && !layer.missing ? divergence(before, after, [l, h]) : null),
        ),
      );
    });

  desk.change = (changes) => {
    Object.assign(choice, changes);
    const names = Object.keys(changes);
    const pointing = names.length > 0 && names.every((name) => name === "cell");
    if (!pointing) {
      desk.memo.clear();
      tidy(desk);
    }
    if (desk.waiting && (pointing || desk.whole)) return;
    desk.whole = desk.whole || !pointing;
    cancelAnimationFrame(desk.waiting);
    desk.waiting = requestAnimationFrame(() => {
      const { whole } = desk;
      desk.waiting = 0;
      desk.whole = false;
      if (desk.records.length) desk.views.forEach((view) => (whole ? view.update() : view.point?.()));
    });
  };
  return desk;
}

/**
 * The record that the present one is compared with.
 * @param {Desk} desk
 */
function other({ records, choice: { against } }) {
  return against === null ? undefined : records[against];
}

// In a long text every weight is small, and on a scale up to 1 all would be dark.
const DARK_TOKENS = 96;

/** @param {Desk} desk */
export function isBright(desk) {
  return !desk.comparing() && (desk.choice.brighten ?? desk.block().keys.length > DARK_TOKENS);
}

/** @param {Desk} desk @param {Shown} shown */
function brightened(desk, shown) {
  shown.brightest = shown.weights && isBright(desk) ? shown.weights.reduce((a, b) => Math.max(a, b), 1e-6) : 1;
  return shown;
}

/**
 * The statistics that any head of the block has.
 * @param {Desk} desk
 */
export function measurable(desk) {
  const has = (/** @type {string} */ name) => desk.block().statistics[name]?.some((row) => row?.some((one) => one !== null));
  const names = STATISTICS.filter(has);
  return desk.comparing() ? ["divergence", ...names] : names;
}

/**
 * A divergence that was measured on the whole maps, before some of them were let go.
 * @param {Desk} desk
 */
function recordedDivergence(desk) {
  const recorded = desk.record().plain.divergence;
  const against = other(desk)?.plain;
  if (!recorded || !against) return null;
  if (recorded.against !== against.model || against.text !== desk.record().plain.text) return null;
  return recorded.blocks[desk.choice.block];
}

/**
 * @template Value
 * @param {Desk} desk
 * @param {string} name
 * @param {() => Value} compute
 * @returns {Value}
 */
function remembered(desk, name, compute) {
  if (!desk.memo.has(name)) desk.memo.set(name, compute());
  return /** @type {Value} */ (desk.memo.get(name));
}

/**
 * Keep the choices within what the record holds.
 * @param {Desk} desk
 */
export function tidy(desk) {
  const { choice } = desk;
  choice.at = Math.min(choice.at, desk.records.length - 1);
  if (choice.against !== null && choice.against >= desk.records.length) choice.against = null;
  choice.block = Math.min(choice.block, desk.record().blocks.length - 1);
  const block = desk.block();
  const fits = (/** @type {Head} */ [l, h]) => block.layers[l] && !block.layers[l].missing && h < block.layers[l].heads;
  choice.heads = choice.heads.filter(fits);
  if (!choice.heads.length) choice.heads = firstChoice(block);
  if (choice.source !== "heads" && !rolloutFits(desk)) choice.source = "heads";
  const side = choice.direction === "from" ? block.queries : block.keys;
  choice.picked = choice.picked.filter((token) => token < side.length);
  if (!choice.picked.length) choice.picked = [block.causal ? side.length - 1 : 0];
  if (choice.tint === "divergence" && !desk.comparing()) choice.tint = "entropy";
  if (choice.cell) {
    const { rows, columns } = desk.map();
    if (choice.cell[0] >= rows.length || choice.cell[1] >= columns.length) choice.cell = null;
  }
}

/**
 * The heads that are open at first: those of the last layer whose maps were all kept, or one.
 * @param {Block} block
 * @returns {Head[]}
 */
function firstChoice(block) {
  const kept = allHeads(block).filter((head) => block.maps.has(headKey(head)));
  if (!kept.length) return allHeads(block).slice(-1);
  const [last] = kept[kept.length - 1];
  const whole = kept.filter(([layer]) => layer === last);
  return whole.length === block.layers[last].heads ? whole : kept.slice(-1);
}

/** @param {Desk} desk */
export function rolloutFits(desk) {
  const found = desk.record().rollouts[desk.choice.source];
  const block = desk.block();
  return found != null && block.sameText && found.shape[0] === block.queries.length
    && desk.choice.block === desk.record().blocks.findIndex((one) => one.sameText);
}

/**
 * "layer 3, head 5", or what the map is the mean of.
 * @param {Desk} desk
 */
export function nameOfChoice(desk) {
  const { choice } = desk;
  const block = desk.block();
  if (choice.source !== "heads") return desk.say(choice.source);
  const [[layer, head]] = choice.heads;
  const number = block.layers[layer].number;
  if (choice.heads.length === 1) return desk.say("one_head", { layer: number, head: head + 1 });
  const oneLayer = choice.heads.every(([l]) => l === layer);
  if (oneLayer && choice.heads.length === block.layers[layer].heads) {
    return desk.say("mean_of_layer", { layer: number, heads: choice.heads.length });
  }
  return desk.say("mean_of_heads", { heads: choice.heads.length });
}

/** @param {Desk} desk @param {number} at */
export function nameOfRecord(desk, at) {
  const { model, step } = desk.records[at].plain;
  if (/^step \d+$/.test(model)) return desk.say("step", { step: step.toLocaleString() });
  const name = desk.labels[model] ?? inOrder(model || String(at + 1));
  const { text } = desk.records[desk.records.length - 1].plain;
  if (desk.records[at].plain.text !== text) return desk.say("other_sentence", { model: name });
  const twins = desk.records.filter((record) => record.plain.model === model && record.plain.text === text);
  return twins.length > 1 ? desk.say("at_step", { model: name, step: step.toLocaleString() }) : name;
}

/** @param {Head[]} heads @param {Head} head */
export function toggleHead(heads, head) {
  const rest = heads.filter((one) => headKey(one) !== headKey(head));
  if (rest.length === heads.length) return [...heads, head];
  return rest.length ? rest : heads;
}

/** @param {number[]} picked @param {number[]} members */
export function togglePicked(picked, members) {
  const rest = picked.filter((token) => !members.includes(token));
  if (rest.length === picked.length) return [...picked, ...members];
  return rest.length ? rest : picked;
}
