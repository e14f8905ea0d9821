// @ts-check
// Pieces of the chart that several of its modules use.

import { xOfStep } from "./store.js";
import { inOrder } from "../controls.js";

/** @import { Panel, Store } from "./types.d.ts" */

// Lab takes a key for its cells unless the element that has the focus forbids it.
const TAKES_KEYS = ["button", "canvas", "input", "select", "summary"];

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (TAKES_KEYS.includes(tag)) node.dataset.lmSuppressShortcuts = "true";
  if (className) node.className = className;
  if (text) node.textContent = inOrder(text);
  return node;
}

/** @param {string} text @param {HTMLElement} control */
export function makeLabel(text, control) {
  const label = make("label");
  control.setAttribute("aria-label", text);
  label.append(make("span", "", text), control);
  return label;
}

/**
 * @param {string} text
 * @param {(on: boolean) => void} act
 * @returns {[HTMLInputElement, HTMLLabelElement]}
 */
export function makeSwitch(text, act) {
  const box = make("input");
  box.type = "checkbox";
  box.addEventListener("change", () => act(box.checked));
  const label = make("label");
  label.append(box, make("span", "", text));
  return [box, label];
}

/**
 * Put a box beside a step of a panel, on the side where it fits.
 * @param {HTMLElement} box
 * @param {HTMLElement} el
 * @param {Panel} panel
 * @param {Store} store
 * @param {number} step
 * @param {number} down
 */
export function beside(box, el, panel, store, step, down) {
  const outer = el.getBoundingClientRect();
  const inner = panel.canvas.getBoundingClientRect();
  const left = inner.left - outer.left + (panel.axes?.px(xOfStep(store, step)) ?? 0);
  const fits = left + 16 + box.offsetWidth < outer.width;
  box.style.left = `${Math.max(0, fits ? left + 14 : left - 14 - box.offsetWidth)}px`;
  box.style.top = `${inner.top - outer.top + down}px`;
}
