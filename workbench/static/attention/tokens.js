// @ts-check
// Tokens as a reader wants them: their own letters, pieces merged to words, some hidden.

/** @import { Choice, Group, PlainRecord, PlainSequence, Sequence } from "./types.d.ts" */

import { inOrder } from "../controls.js";

const MOST_SIGNS = 32;
// A character that is cut into several tokens: 天⟨1/3⟩, 天⟨2/3⟩, 天⟨3/3⟩ (see tasks/_pieces.py).
const part = /⟨\d+\/\d+⟩/;
const parts = /(.)⟨1\/(\d+)⟩(?:\1⟨\d+\/\2⟩)+/gu;

/** @param {PlainRecord} plain @param {string} name */
export function makeSequence(plain, name) {
  const raw = plain.sequences[name];
  // Places are counted in characters, as Python counts; in JavaScript an emoji has a length of 2.
  const texts = [plain.text, plain.text_pair].map((text) => Array.from(text ?? ""));
  const labels = raw.tokens.map((token, n) => short(written(raw, name === "source" ? texts : [], token, n)));
  return { ...raw, name, length: raw.tokens.length, labels };
}

/**
 * Tokenizers mark a space before a word with a letter of their own, and write bytes for text that
 * is not English; where the token's place in the text is known, the text says it better.
 * @param {PlainSequence} raw
 * @param {string[][]} texts characters of the text and of its pair, where the tokens stand in them
 * @param {string} token
 * @param {number} n
 */
function written(raw, texts, token, n) {
  const span = raw.spans?.[n];
  const spaced = /^[Ġ▁]/.test(token);
  // A space alone may have the place of the letter behind it.
  const blank = /^[Ġ▁]+$/.test(token);
  if (raw.special?.[n] || token.startsWith("##") || !span || blank || part.test(token)) return marked(token);
  const piece = (texts[raw.segments?.[n] ? 1 : 0] ?? []).slice(...span).join("").trim();
  return piece ? (spaced ? "␣" : "") + piece : marked(token);
}

/**
 * A token may be as long as a text, or one letter under thousands of accents. Both ends stay.
 * @param {string} label
 */
export function short(label) {
  const signs = Array.from(inOrder(label));
  return signs.length <= MOST_SIGNS ? signs.join("") : `${signs.slice(0, MOST_SIGNS - 9).join("")}…${signs.slice(-8).join("")}`;
}

/**
 * Blanks that would not be seen, as letters: the space before a word, and text that is nothing else.
 * @param {string} token
 */
export function marked(token) {
  return token.replace(/[Ġ▁]|^ +$/g, (blank) => "␣".repeat(blank.length)).replace(/Ċ|\n/g, "⏎") || "∅";
}

/**
 * Rows or columns of a map: each a token, or the pieces of a word; hidden ones are left out.
 * @param {Sequence} sequence
 * @param {Pick<Choice, "words" | "hideSpecial" | "hideFirst">} about
 */
export function makeGroups(sequence, { words, hideSpecial, hideFirst }) {
  /** @type {Group[]} */
  const groups = [];
  for (let n = 0; n < sequence.length; n++) {
    const special = Boolean(sequence.special?.[n]);
    if ((hideSpecial && special) || (hideFirst && n === 0)) continue;
    const word = special ? null : (sequence.words?.[n] ?? null);
    const last = groups.at(-1);
    const joins = words && last && word !== null && last.word === word
      && last.segment === sequence.segments?.[n] && last.members.at(-1) === n - 1;
    if (joins) {
      last.members.push(n);
      last.label = short((last.label + sequence.labels[n].replace(/^##/, "")).replace(parts, "$1"));
    } else {
      groups.push({
        members: [n],
        label: sequence.labels[n],
        word,
        special,
        segment: sequence.segments?.[n],
        made: sequence.prompt != null && n >= sequence.prompt,
      });
    }
  }
  return groups;
}

/**
 * As many stretches of neighbouring tokens as a thumbnail has rows or columns.
 * @param {Sequence} sequence
 * @param {number} count
 */
export function stretches(sequence, count) {
  return Array.from({ length: count }, (_, n) => {
    const start = Math.floor((n * sequence.length) / count);
    const end = Math.ceil(((n + 1) * sequence.length) / count);
    const [first, last] = [sequence.labels[start], sequence.labels[end - 1]];
    return {
      members: Array.from({ length: end - start }, (_unused, at) => start + at),
      label: end - start > 1 ? `${first} … ${last}` : first,
      made: sequence.prompt != null && start >= sequence.prompt,
    };
  });
}

/**
 * Pairs of places in two lists of labels that stay in order: the longest common subsequence.
 * @param {string[]} before
 * @param {string[]} after
 */
export function align(before, after) {
  if (before.length === after.length && before.every((label, n) => label === after[n])) {
    return after.map((_, n) => n);
  }
  const wide = after.length + 1;
  const best = new Uint16Array((before.length + 1) * wide);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      best[i * wide + j] = before[i] === after[j]
        ? best[(i + 1) * wide + j + 1] + 1
        : Math.max(best[(i + 1) * wide + j], best[i * wide + j + 1]);
    }
  }
  const found = after.map(() => -1);
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (before[i] === after[j]) found[j++] = i++;
    else if (best[(i + 1) * wide + j] >= best[i * wide + j + 1]) i++;
    else j++;
  }
  return found; // for each place in `after`, its place in `before`, or -1
}
