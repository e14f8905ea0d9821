// @ts-check
// Spans of a text: marked by words with the arrows, or with the mouse; named by number keys.
// Places count characters as Python does; the browser's own count half of some of them.

import { keepKeys, make, makeButton } from "../controls.js";

/** @import { Answer, Marking, Span } from "./types.d.ts" */

// A Chinese or Japanese character, else a word, else a mark: as the task of tags cuts texts.
const HAN = "\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff";
const LETTER = `(?:(?![${HAN}])[\\p{L}\\p{M}\\p{N}_])`;
const WORD = new RegExp(`[${HAN}]|${LETTER}+(?:['’]${LETTER}+)?|\\S`, "gu");

/**
 * @param {Marking} marking
 * @returns {Answer}
 */
export function makeSpans({ text, labels, keys, spans, decide, changed, words, say }) {
  const characters = Array.from(text);
  const units = wordsOf(text);
  let marked = spans.map((span) => ({ ...span }));
  let from = 0;
  let to = 0;

  const passage = make("div", "wb-passage");
  passage.tabIndex = 0;
  passage.setAttribute("role", "textbox");
  passage.setAttribute("aria-readonly", "true");
  passage.setAttribute("aria-multiline", "true");
  keepKeys(passage);
  const names = make("div", "wb-choices wb-names");
  names.setAttribute("role", "group");
  const named = labels.length ? labels : [""];
  named.forEach((label, place) => {
    const button = makeButton("", () => name(place));
    button.append(make("kbd", "", keys[place] ?? ""), make("span", "wb-label", label || words.selection_name));
    if (label) button.style.setProperty("--wb-hue", String(hueOf(label)));
    names.append(button);
  });
  const node = make("div");
  node.append(passage, names);

  /** @param {number} start @param {number} end */
  const piece = (start, end) => characters.slice(start, end).join("");
  const low = () => Math.min(from, to);
  const high = () => Math.max(from, to);
  const selection = () => (units.length ? [units[low()][0], units[high()][1]] : [0, 0]);

  function draw() {
    const [start, end] = selection();
    const cuts = new Set([0, characters.length, start, end]);
    for (const span of marked) cuts.add(span.start).add(span.end);
    const places = [...cuts].sort((a, b) => a - b);
    passage.replaceChildren();
    for (let n = 0; n + 1 < places.length; n += 1) {
      const [a, b] = [places[n], places[n + 1]];
      const span = marked.find((one) => one.start <= a && one.end >= b);
      const part = make(span ? "mark" : "span");
      part.textContent = piece(a, b); // as it is: its characters are counted
      part.dataset.start = String(a);
      if (span?.label) part.style.setProperty("--wb-hue", String(hueOf(span.label)));
      if (span && span.end === b && span.label) part.dataset.label = span.label;
      if (a >= start && b <= end && start < end) part.classList.add("wb-chosen");
      passage.append(part);
    }
  }
  function report() {
    const [start, end] = selection();
    const span = marked.find((one) => one.start < end && one.end > start);
    say(words.selection.replace("{text}", piece(start, end)) + (span?.label ? ` (${span.label})` : ""));
  }
  /** @param {number} place @param {boolean} extend */
  function go(place, extend) {
    to = Math.min(units.length - 1, Math.max(0, place));
    if (!extend) from = to;
    draw();
    passage.querySelector(".wb-chosen")?.scrollIntoView({ block: "nearest" });
    report();
  }
  /** @param {number} place */
  function name(place) {
    if (!units.length || place >= named.length) return;
    const [start, end] = selection();
    /** @type {Span} */
    const span = { start, end, text: piece(start, end) };
    if (named[place]) span.label = named[place];
    marked = marked.filter((one) => one.end <= start || one.start >= end);
    marked.push(span);
    marked.sort((a, b) => a.start - b.start);
    changed();
    draw();
    report();
  }
  function remove() {
    const [start, end] = selection();
    marked = marked.filter((one) => one.end <= start || one.start >= end);
    changed();
    draw();
    report();
  }
  /** @param {KeyboardEvent} event */
  function key(event) {
    const place = keys.indexOf(event.key);
    const extend = event.shiftKey;
    if (place >= 0 && place < named.length) name(place);
    else if (event.key === "ArrowRight") go(to + 1, extend);
    else if (event.key === "ArrowLeft") go(to - 1, extend);
    else if (event.key === "ArrowDown") go(to + 10, extend);
    else if (event.key === "ArrowUp") go(to - 10, extend);
    else if (event.key === "Home") go(0, extend);
    else if (event.key === "End") go(units.length - 1, extend);
    else if (event.key === "Delete" || event.key === "Backspace") remove();
    else if (event.key === "Enter") decide(marked);
    else return false;
    return true;
  }
  passage.addEventListener("mouseup", () => {
    const found = getSelection();
    if (!found?.rangeCount || !passage.contains(found.anchorNode)) return;
    const anchor = placeOf(found.anchorNode, found.anchorOffset);
    const focus = placeOf(found.focusNode, found.focusOffset);
    if (anchor === null || focus === null) return;
    const [a, b] = [Math.min(anchor, focus), Math.max(anchor, focus)];
    const inside = units.flatMap(([s, e], n) => (s < Math.max(b, a + 1) && e > a ? [n] : []));
    if (!inside.length) return;
    from = inside[0];
    to = inside[inside.length - 1];
    found.removeAllRanges();
    draw();
    report();
    passage.focus();
  });
  /**
   * The character at which a point of the browser's own selection stands.
   * @param {Node | null} leaf
   * @param {number} offset
   */
  function placeOf(leaf, offset) {
    const part = leaf?.nodeType === Node.TEXT_NODE ? leaf.parentElement : leaf;
    if (!(part instanceof HTMLElement) || part.dataset.start === undefined) return null;
    return Number(part.dataset.start) + Array.from((part.textContent ?? "").slice(0, offset)).length;
  }
  draw();
  return { node, key, value: () => marked, begin: () => passage.focus() };
}

/** @param {string} text */
export function wordsOf(text) {
  /** @type {[start: number, end: number][]} */
  const found = [];
  let units = 0;
  let characters = 0;
  for (const match of text.matchAll(WORD)) {
    characters += Array.from(text.slice(units, match.index)).length;
    const length = Array.from(match[0]).length;
    found.push([characters, characters + length]);
    units = match.index + match[0].length;
    characters += length;
  }
  return found;
}

/** @param {string} label */
function hueOf(label) {
  let sum = 0;
  for (const character of label) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return sum;
}
