// @ts-check
// Attention records as workbench/attention/record.py writes them, opened for drawing: packed
// arrays are base64 of zlib of raw bytes, and a stored byte b is the weight (b / 255)².

import { makeSequence } from "./tokens.js";

/**
 * @import {
 *   Block, Formula, Head, Numbers, OpenRecord, Packed, PlainBlock, PlainFormula, PlainRecord, Tensor,
 * } from "./types.d.ts"
 */

export const WEIGHTS = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255) ** 2);

/** @param {Packed | null | undefined} packed @returns {Promise<Tensor | null>} */
export async function unpack(packed) {
  if (!packed) return null;
  const text = atob(packed.data);
  const raw = new Uint8Array(text.length);
  for (let n = 0; n < raw.length; n++) raw[n] = text.charCodeAt(n);
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return { shape: packed.shape, data: numbersOf(bytes, packed.dtype) };
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {string} dtype @returns {Numbers} */
function numbersOf(bytes, dtype) {
  if (dtype === "float16") return halves(bytes);
  return dtype === "float32" ? new Float32Array(bytes.buffer) : bytes;
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
export function halves(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, n) => half(view.getUint16(2 * n, true)));
}

/** @param {number} bits */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** @param {PlainRecord} plain @returns {Promise<OpenRecord>} */
export async function openRecord(plain) {
  const [blocks, formula, withSinks, withoutSinks] = await Promise.all([
    Promise.all(plain.blocks.map((block) => openBlock(plain, block))),
    openFormula(plain.formula),
    unpack(plain.rollout?.with_sinks),
    unpack(plain.rollout?.without_sinks),
  ]);
  const rollouts = { with_sinks: withSinks, without_sinks: withoutSinks };
  return { plain, blocks, formulas: formula ? [formula] : [], rollouts };
}

/** @param {PlainRecord} plain @param {PlainBlock} block @returns {Promise<Block>} */
async function openBlock(plain, block) {
  const [norms, thumbnails, ...maps] = await Promise.all(
    [block.norms, block.thumbnails?.data, ...block.maps.map((map) => map.data)].map(unpack),
  );
  /** @type {Map<string, Numbers>} */
  const kept = new Map();
  block.maps.forEach((map, n) => {
    const opened = maps[n];
    if (opened) kept.set(headKey([map.layer, map.head]), opened.data);
  });
  return {
    name: block.name,
    causal: block.causal,
    layers: block.layers,
    statistics: block.statistics,
    queries: makeSequence(plain, block.queries),
    keys: makeSequence(plain, block.keys),
    sameText: block.queries === block.keys,
    heads: Math.max(1, ...block.layers.map((layer) => layer.heads)),
    norms,
    thumbnails,
    maps: kept,
  };
}

/** @param {PlainFormula | null} plain @returns {Promise<Formula | null>} */
export async function openFormula(plain) {
  if (!plain) return null;
  const packed = [plain.q, plain.k, plain.v, plain.bias, plain.mask];
  const [q, k, v, bias, mask] = await Promise.all(packed.map(unpack));
  return q && k && v ? { ...plain, q, k, v, bias, mask } : null;
}

/** @param {Head} head */
export function headKey([layer, head]) {
  return `${layer}.${head}`;
}

/** @param {Block} block @returns {Head[]} */
export function allHeads(block) {
  return block.layers.flatMap((layer, l) =>
    layer.missing ? [] : Array.from({ length: layer.heads }, (_, h) => [l, h]),
  );
}

/**
 * A head as a small picture of bytes: its thumbnail, or the whole map where there is none.
 * @param {Block} block
 * @param {Head} head
 */
export function smallMap(block, [layer, head]) {
  if (block.thumbnails) {
    const [, heads, rows, columns] = block.thumbnails.shape;
    const start = (layer * heads + head) * rows * columns;
    return { rows, columns, data: block.thumbnails.data.subarray(start, start + rows * columns) };
  }
  const data = block.maps.get(headKey([layer, head]));
  return data ? { rows: block.queries.length, columns: block.keys.length, data } : null;
}

/** @param {Block} block @param {string} name @param {Head} head */
export function statistic(block, name, [layer, head]) {
  const value = block.statistics[name]?.[layer]?.[head];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
