// @ts-check
// From stored bytes to the map that is shown: heads averaged, values weighed in, pieces merged,
// tokens hidden, and the difference of two such maps. Nothing here draws.

import { WEIGHTS, headKey, smallMap } from "./packed.js";
import { align, makeGroups, stretches } from "./tokens.js";

/**
 * @import {
 *   Block, Choice, Direction, Group, Head, Numbers, OpenRecord, Shown,
 * } from "./types.d.ts"
 */

/**
 * `shown.weights` has a row a group of query tokens and a column a group of key tokens.
 * @param {OpenRecord} record
 * @param {Block} block
 * @param {Choice} choice
 * @returns {Shown}
 */
export function makeShown(record, block, choice) {
  const full = choice.source === "heads"
    ? meanOfHeads(block, choice)
    : fromBytes(record.rollouts[choice.source]?.data);
  const rows = makeGroups(block.queries, choice);
  const columns = makeGroups(block.keys, choice);
  if (!full) return { rows, columns, weights: null };
  const weights = grouped(full, block.keys.length, rows, columns);
  if (choice.hideSpecial || choice.hideFirst || choice.norms) renormalise(weights, columns.length);
  return { rows, columns, weights };
}

/**
 * The thumbnails of heads whose maps were not kept: a cell is the largest of the weights of the
 * tokens it stands for, as `shrunk` in workbench/attention/budget.py takes it.
 * @param {Block} block
 * @param {Choice} about
 * @returns {Shown | null}
 */
export function makeCoarse(block, { heads, source }) {
  if (!block.thumbnails || source !== "heads") return null;
  const [, , high, wide] = block.thumbnails.shape;
  const weights = new Float32Array(high * wide);
  for (const head of heads) {
    const small = smallMap(block, head);
    if (!small) return null;
    for (let i = 0; i < weights.length; i++) {
      weights[i] += WEIGHTS[small.data[i]] / heads.length;
    }
  }
  return { rows: stretches(block.queries, high), columns: stretches(block.keys, wide), weights, coarse: true };
}

/** @param {Block} block @param {Choice} about */
function meanOfHeads(block, { heads, norms }) {
  const kept = heads.filter((head) => block.maps.has(headKey(head)));
  if (!kept.length || kept.length < heads.length) return null;
  const width = block.keys.length;
  const sum = new Float32Array(block.queries.length * width);
  for (const head of kept) {
    const bytes = block.maps.get(headKey(head)) ?? [];
    const lengths = norms ? normsOf(block, head) : null;
    for (let i = 0; i < sum.length; i++) {
      const weight = WEIGHTS[bytes[i]] * (lengths ? lengths[i % width] : 1);
      sum[i] += weight / kept.length;
    }
  }
  return sum;
}

/** @param {Block} block @param {Head} head */
function normsOf(block, [layer, head]) {
  if (!block.norms) return null;
  const [, heads, width] = block.norms.shape;
  const start = (layer * heads + head) * width;
  return block.norms.data.subarray(start, start + width);
}

/** @param {Numbers | undefined} bytes */
function fromBytes(bytes) {
  return bytes ? Float32Array.from(bytes, (byte) => WEIGHTS[byte]) : null;
}

/**
 * A word is looked at as much as all its pieces together, and looks as its pieces do on average.
 * @param {Float32Array} full
 * @param {number} width
 * @param {Group[]} rows
 * @param {Group[]} columns
 */
export function grouped(full, width, rows, columns) {
  if (rows.length * columns.length === full.length) return full;
  const weights = new Float32Array(rows.length * columns.length);
  rows.forEach((row, r) => {
    columns.forEach((column, c) => {
      let sum = 0;
      for (const q of row.members) for (const k of column.members) sum += full[q * width + k];
      weights[r * columns.length + c] = sum / row.members.length;
    });
  });
  return weights;
}

/** @param {Float32Array} weights @param {number} width */
function renormalise(weights, width) {
  for (let start = 0; start < weights.length; start += width) {
    let sum = 0;
    for (let c = 0; c < width; c++) sum += weights[start + c];
    if (sum > 0) for (let c = 0; c < width; c++) weights[start + c] /= sum;
  }
}

/**
 * After minus before, on the rows and columns of after; NaN where before has no such token.
 * @param {Shown} before
 * @param {Shown} after
 * @returns {Shown}
 */
export function makeDifference(before, after) {
  const was = before.weights;
  if (!was || !after.weights) return { ...after, weights: null, signed: true };
  const labels = (/** @type {Group[]} */ groups) => groups.map((group) => group.label);
  const rowOf = align(labels(before.rows), labels(after.rows));
  const columnOf = align(labels(before.columns), labels(after.columns));
  const wide = before.columns.length;
  const weights = after.weights.map((weight, i) => {
    const [row, column] = [Math.floor(i / after.columns.length), i % after.columns.length];
    const [r, c] = [rowOf[row], columnOf[column]];
    return r < 0 || c < 0 ? NaN : weight - was[r * wide + c];
  });
  return { ...after, weights, signed: true };
}

/**
 * The mean over query tokens of the Jensen–Shannon divergence of a head's rows, in bits: 0 where
 * nothing moved, 1 where a token looks at wholly other tokens. Only tokens in both texts count.
 * @param {Block} before
 * @param {Block} after
 * @param {Head} head
 */
export function divergence(before, after, head) {
  const [p, q] = [before, after].map((block) => block.maps.get(headKey(head)));
  if (!p || !q) return null;
  const rows = align(before.queries.labels, after.queries.labels);
  const columns = align(before.keys.labels, after.keys.labels);
  /** @type {[from: number, to: number][]} */
  const pairs = columns.flatMap((from, to) => (from < 0 ? [] : [[from, to]]));
  const [wideP, wideQ] = [before.keys.length, after.keys.length];
  let sum = 0;
  let count = 0;
  rows.forEach((from, to) => {
    if (from < 0) return;
    sum += rowDivergence(pairs, p, from * wideP, q, to * wideQ);
    count += 1;
  });
  return count ? sum / count : null;
}

/**
 * @param {[from: number, to: number][]} pairs
 * @param {Numbers} p
 * @param {number} startP
 * @param {Numbers} q
 * @param {number} startQ
 */
function rowDivergence(pairs, p, startP, q, startQ) {
  let [sumP, sumQ] = [0, 0];
  for (const [from, to] of pairs) {
    sumP += WEIGHTS[p[startP + from]];
    sumQ += WEIGHTS[q[startQ + to]];
  }
  if (!sumP || !sumQ) return 0;
  let total = 0;
  for (const [from, to] of pairs) {
    const a = WEIGHTS[p[startP + from]] / sumP;
    const b = WEIGHTS[q[startQ + to]] / sumQ;
    const middle = (a + b) / 2;
    if (a > 0) total += (a / 2) * Math.log2(a / middle);
    if (b > 0) total += (b / 2) * Math.log2(b / middle);
  }
  return Math.max(0, total);
}

/**
 * What the chosen tokens look at, or who looks at them: one number for each group on the other
 * side. Several tokens are summed.
 * @param {Shown} shown
 * @param {number[]} picked
 * @param {Direction} direction
 */
export function sumOfPicked(shown, picked, direction) {
  const chosen = direction === "from" ? shown.rows : shown.columns;
  const others = direction === "from" ? shown.columns : shown.rows;
  const width = shown.columns.length;
  const sums = new Float32Array(others.length);
  const weights = shown.weights ?? [];
  chosen.forEach((group, g) => {
    if (!isPicked(group, picked)) return;
    for (let n = 0; n < others.length; n++) {
      sums[n] += weights[direction === "from" ? g * width + n : n * width + g];
    }
  });
  return sums;
}

/** @param {Group} group @param {number[]} picked */
export function isPicked(group, picked) {
  return group.members.some((member) => picked.includes(member));
}
