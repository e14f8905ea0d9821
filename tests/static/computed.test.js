// What the front end computes, against Python, numpy and scipy; `test_front_end.py` writes what
// those say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { openPage } from "./browser.js";

openPage(); // some modules take a ruler from the page when they are loaded
const { SCALE, weightColour } = await import("../../workbench/static/attention/colour.js");
const { computeRow, entropyOf } = await import("../../workbench/static/attention/formula.js");
const { correlation, ranks } = await import("../../workbench/static/attention/honesty.js");
const { halves, openRecord } = await import("../../workbench/static/attention/packed.js");
const { align, makeGroups } = await import("../../workbench/static/attention/tokens.js");
const { divergence, grouped } = await import("../../workbench/static/attention/weights.js");
const { nearest } = await import("../../workbench/static/controls.js");
const { wordsOf } = await import("../../workbench/static/labelling/spans.js");
const { clock, lastAtOrBefore, robustLimits, smooth, ticks } = await import("../../workbench/static/live/numbers.js");

const file = process.env.WORKBENCH_COMPUTED;
const wanted = file ? JSON.parse(readFileSync(file, "utf-8")) : {};
const options = { skip: !file && "run it through pytest" };
const near = (found, value, room = 1e-6) => assert.ok(Math.abs(found - value) <= room, `${found} is not ${value}`);

test("halves of floats are opened as numpy opens them", options, () => {
  const { bytes, values } = wanted.halves;
  const found = halves(Uint8Array.from(Buffer.from(bytes, "base64")));
  values.forEach((value, n) => {
    if (value === null) assert.ok(Number.isNaN(found[n]));
    else assert.equal(found[n], Number(value.replace("inf", "Infinity")));
  });
});

test("a curve is smoothed as in the report", options, () => {
  const { values, smoothed } = wanted.smooth;
  const found = smooth(values, values.map((_, n) => n), 0.05);
  smoothed.forEach((value, n) => near(found[n], value, 1e-9));
});

test("heads diverge as much as Python says", options, async () => {
  const [before, after] = await Promise.all([wanted.divergence.before, wanted.divergence.after].map(openRecord));
  wanted.divergence.blocks.forEach((layers, b) => {
    layers.forEach((heads, l) => heads.forEach((value, h) => {
      near(divergence(before.blocks[b], after.blocks[b], [l, h]), value, 2e-3); // the weights are bytes
    }));
  });
});

test("ranks correlate as in scipy, ties and all", options, () => {
  const { xs, ys, rank } = wanted.spearman;
  near(correlation(ranks(xs), ranks(ys)), rank, 1e-9);
});

test("colours are those of the figures", options, () => {
  assert.deepEqual(SCALE, wanted.scale);
  assert.deepEqual(weightColour(0), wanted.scale[0]);
  assert.deepEqual(weightColour(1), wanted.scale.at(-1));
});

test("texts are cut into words where the task of tags cuts them", options, () => {
  for (const { text, places } of wanted.words) assert.deepEqual(wordsOf(text), places, text);
});

test("a row of softmax(QKᵀ/√d)V is what numpy makes of it", options, () => {
  const { q, k, v, mask, weights, results, entropy } = wanted.softmax;
  const tensor = (data, wide) => ({ shape: [5, wide], data });
  const formula = {
    q: tensor(q, 8), k: tensor(k, 8), v: tensor(v, 8), mask: tensor(mask, 5), bias: null,
    softcap: null, sink: null,
  };
  for (let row = 0; row < 5; row++) {
    const found = computeRow(formula, row, Math.sqrt(8));
    weights[row].forEach((weight, n) => near(found.weights[n], weight, 1e-12));
    results[row].forEach((value, n) => near(found.result[n], value, 1e-12));
    near(entropyOf(found.weights), entropy[row], 1e-12);
  }
});

test("a token's own letters stand where its place in the text is known", async () => {
  const { makeSequence } = await import("../../workbench/static/attention/tokens.js");
  const source = {
    tokens: ["[CLS]", "crew", "##s", "Ġkind"], special: [true, false, false, false],
    words: [null, 0, 0, 1], spans: [[0, 0], [0, 4], [4, 5], [5, 10]], segments: [0, 0, 0, 0], prompt: null,
  };
  const found = makeSequence({ text: "Crews Kind", text_pair: null, sequences: { source } }, "source");
  assert.deepEqual(found.labels, ["[CLS]", "Crew", "##s", "␣Kind"]);
  const groups = makeGroups(found, { words: true, hideSpecial: true, hideFirst: false });
  assert.deepEqual(groups.map((group) => group.label), ["Crews", "␣Kind"]);
});

test("behind an emoji, in either text, tokens still have their own letters", async () => {
  const { makeSequence } = await import("../../workbench/static/attention/tokens.js");
  const source = {
    tokens: ["▁late", "▁😀⟨1/2⟩", "😀⟨2/2⟩", "▁but", "𠮷", "▁kind"], special: Array(6).fill(false),
    words: [0, 1, 1, 2, 3, 4], spans: [[0, 4], [4, 6], [5, 6], [6, 10], [0, 1], [1, 6]],
    segments: [0, 0, 0, 0, 1, 1], prompt: null,
  };
  const record = { text: "late 😀 but", text_pair: "𠮷 kind", sequences: { source } };
  const { labels } = makeSequence(record, "source");
  assert.deepEqual(labels, ["␣late", "␣😀⟨1/2⟩", "😀⟨2/2⟩", "␣but", "𠮷", "␣kind"]);
});

test("a space that is a token of its own shows no letter of the next", async () => {
  const { makeSequence } = await import("../../workbench/static/attention/tokens.js");
  // As the tokenizer of multilingual-e5-small gives it: the first space has the place of 天.
  const source = {
    tokens: ["<s>", "▁", "天气", "▁a", "</s>"], special: [true, false, false, false, true],
    words: [null, 0, 0, 1, null], spans: [null, [0, 1], [0, 2], [2, 4], null],
    segments: [0, 0, 0, 0, 0], prompt: null,
  };
  const { labels } = makeSequence({ text: "天气 a", text_pair: null, sequences: { source } }, "source");
  assert.deepEqual(labels, ["<s>", "␣", "天气", "␣a", "</s>"]);
});

test("a word of blanks alone can be seen", async () => {
  const { marked } = await import("../../workbench/static/attention/tokens.js");
  assert.deepEqual(["  ", "\n", "", "▁a", " the"].map(marked), ["␣␣", "⏎", "∅", "␣a", " the"]);
});

test("what two texts share keeps its order", () => {
  assert.deepEqual(align(["a", "b", "c", "d"], ["b", "x", "d"]), [1, -1, 3]);
  assert.deepEqual(align(["a", "a"], ["a"]), [0]);
  assert.deepEqual(align([], ["a"]), [-1]);
});

test("a word is looked at by the sum of its pieces, and looks by their mean", () => {
  const full = Float32Array.from([0.5, 0.25, 0.25, 0.1, 0.4, 0.5, 0.2, 0.2, 0.6]);
  const groups = [{ members: [0] }, { members: [1, 2] }];
  [...grouped(full, 3, groups, groups)].forEach((value, n) => near(value, [0.5, 0.5, 0.15, 0.85][n]));
});

test("a slider stands at the stop nearest to what was typed", () => {
  const stops = ["0.0001", "0.001", "0.01", ""];
  assert.equal(nearest(stops.slice(0, 3), true, "0.0004"), 1);
  assert.equal(nearest(stops.slice(0, 3), false, "0.0004"), 0);
  assert.equal(nearest(stops, true, ""), 3);
  assert.equal(nearest(stops, true, "much"), 3);
});

test("times, places in a list and ticks", () => {
  assert.equal(clock(3725), "1:02:05");
  assert.equal(clock(65), "1:05");
  assert.deepEqual([0, 1, 1.5, 9].map((x) => lastAtOrBefore([1, 2, 3], x)), [-1, 0, 0, 2]);
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  const values = [...Array.from({ length: 100 }, (_, n) => n), 1e6];
  assert.ok(robustLimits(values)[1] < 200, "an outlier does not set the limits");
});
