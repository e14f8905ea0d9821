// @ts-check
// Answers that are chosen: classes, one or several, and numbers of a scale.
// An answer is {node, key(event) → whether it was used, begin()}.

import { make, makeButton, makeTextBox } from "../controls.js";

/** @import { Answer, Choosing, Counting, Writing } from "./types.d.ts" */

const MOST_KEYS = 10;

/**
 * One class or number: a click or its key decides.
 * @template {string | number} One
 * @param {Choosing<One>} choosing
 */
export function makeChoice({ values, names, keys, hints, chosen, decide, find, changed }) {
  const several = Array.isArray(chosen);
  const on = new Set(Array.isArray(chosen) ? chosen : chosen === null ? [] : [chosen]);
  let at = Math.max(0, values.findIndex((value) => on.has(value) || hints.has(value)));
  const box = make("div", "wb-choices");
  box.setAttribute("role", "group");
  const buttons = values.map((value, place) => {
    const button = makeButton("", () => take(place));
    button.append(make("kbd", "", keys[place] ?? ""), make("span", "wb-label", names[place]));
    const hint = hints.get(value);
    if (hint !== undefined) button.append(make("small", "wb-hint", hint));
    if (keys[place]) button.setAttribute("aria-keyshortcuts", keys[place]);
    box.append(button);
    return button;
  });

  // Only classes are chosen several at a time.
  function chosenValues() {
    return /** @type {string[]} */ (values.filter((value) => on.has(value)));
  }
  function show() {
    buttons.forEach((button, place) => {
      button.setAttribute("aria-pressed", String(on.has(values[place])));
      button.classList.toggle("wb-at", place === at);
    });
  }
  /** @param {number} place */
  function take(place) {
    at = place;
    const value = values[place];
    if (several) {
      if (!on.delete(value)) on.add(value);
      changed?.();
    } else {
      on.clear();
      on.add(value);
      decide(value);
    }
    show();
  }
  function shown() {
    return buttons.flatMap((button, place) => (button.hidden ? [] : [place]));
  }
  /** @param {number} by */
  function step(by) {
    const places = shown();
    const now = places.indexOf(at);
    at = places[Math.min(places.length - 1, Math.max(0, now + by))] ?? at;
    buttons[at]?.scrollIntoView({ block: "nearest" });
    show();
  }
  /** @param {KeyboardEvent} event */
  function key(event) {
    const place = keys.indexOf(event.key);
    if (place >= 0 && !buttons[place].hidden) take(place);
    else if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && several) decide(chosenValues());
    else if (event.key === "Enter") take(at);
    else if (event.key === " " && several) take(at);
    else return false;
    return true;
  }
  show();
  const node = make("div");
  if (values.length > MOST_KEYS) node.append(finder());
  node.append(box);

  // Among many labels, typing a part of the name leaves those that have it.
  function finder() {
    const input = makeTextBox("wb-find");
    input.placeholder = `${find} (F)`;
    input.setAttribute("aria-label", find);
    input.addEventListener("input", () => {
      const part = input.value.trim().toLowerCase();
      buttons.forEach((b, n) => (b.hidden = !names[n].toLowerCase().includes(part)));
      if (!shown().includes(at)) at = shown()[0] ?? 0;
      show();
    });
    return input;
  }
  return { node, key, value: chosenValues };
}

/**
 * A number of a scale with few whole steps is chosen like a class, another one typed.
 * @param {Counting} counting
 * @returns {Answer}
 */
export function makeNumber({ scale, value, hint, decide, label }) {
  const [low, high] = scale ?? [0, Infinity];
  const few = Number.isInteger(low) && Number.isInteger(high) && high - low <= 10;
  if (few) {
    const values = Array.from({ length: high - low + 1 }, (_, n) => low + n);
    const keys = values.map((number) => (number >= 0 && number <= 9 ? String(number) : ""));
    return makeChoice({
      values, names: values.map(String), keys, chosen: typeof value === "number" ? value : null,
      decide, find: "",
      hints: new Map(hint ? [[Math.round(Number(hint.value)), hint.text]] : []),
    });
  }
  const input = makeTextBox("wb-number");
  input.inputMode = "decimal";
  input.value = String(value ?? hint?.value ?? "");
  input.setAttribute("aria-label", scale ? `${label} (${low} – ${high})` : label);
  const node = make("div", "wb-bar");
  node.append(input, make("span", "wb-hint", scale ? `${low} – ${high}` : ""));
  const number = () => (input.value.trim() === "" ? null : Number(input.value.replace(",", ".")));
  return {
    node,
    begin: () => input.select(),
    key(event) {
      if (event.key === "Enter") decide(number());
      else if (/^[-0-9.,]$/.test(event.key) && event.target !== input) input.select();
      // The key itself is then typed.
      return event.key === "Enter";
    },
  };
}

/**
 * A text: written or corrected; Ctrl+Enter saves it.
 * @param {Writing} writing
 * @returns {Answer}
 */
export function makeWriting({ text, decide, changed, label }) {
  const node = make("textarea", "wb-writing");
  node.rows = 5;
  node.value = text;
  node.setAttribute("aria-label", label);
  node.addEventListener("input", changed);
  return {
    node,
    value: () => node.value,
    key(event) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) decide(node.value);
      else if (event.key.toLowerCase() === "e" && event.target !== node) node.focus();
      else return false;
      return true;
    },
  };
}
