// @ts-check
// Pieces that several widgets share.

/** @import { Model } from "./types.d.ts" */

/**
 * A text from data as the page says it: what would reorder its neighbours is shown as its code, as
 * workbench/language/direction.py does.
 * @param {string} text
 */
export function inOrder(text) {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, (sign) => `U+${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * A text from data within a line of others: letters from the right move nothing beside it.
 * @param {string} text
 */
export function apart(text) {
  const said = inOrder(text);
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(said) ? `\u2068${said}\u2069` : said;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = inOrder(text);
  return node;
}

/**
 * Call an act at each event of a model, until what is returned is called.
 * @param {Pick<Model<any>, "on" | "off">} model
 * @param {Record<string, (...about: any[]) => void>} acts
 */
export function listen(model, acts) {
  for (const [name, act] of Object.entries(acts)) model.on(name, act);
  return () => {
    for (const [name, act] of Object.entries(acts)) model.off(name, act);
  };
}

/**
 * Lab would take arrows and letters for its own shortcuts on nodes that are not typed into.
 * @param {HTMLElement} node
 */
export function keepKeys(node) {
  node.dataset.lmSuppressShortcuts = "true";
}

/**
 * @param {string} label
 * @param {() => void} [act]
 */
export function makeButton(label, act) {
  const node = make("button", "", label);
  node.type = "button";
  keepKeys(node);
  if (act) node.addEventListener("click", act);
  return node;
}

export function makeTextBox(className = "") {
  const input = make("input", className);
  input.type = "text";
  input.spellcheck = false;
  input.autocomplete = "off";
  return input;
}

/**
 * Folded content under a line that opens it.
 * @param {string} className
 * @param {string} title
 */
export function makeDetails(className, title) {
  const box = make("details", className);
  const summary = make("summary", "", title);
  keepKeys(summary);
  box.append(summary);
  return box;
}

/**
 * A line that is read out when it says what is wrong.
 * @param {string} id
 */
export function makeFault(id) {
  const node = make("p", "wb-fault");
  node.id = id;
  node.setAttribute("role", "alert");
  node.hidden = true;
  return {
    node,
    show(/** @type {string} */ text) {
      node.textContent = inOrder(text);
      node.hidden = !text;
    },
  };
}

/**
 * A slider that moves over `stops`, which are texts of numbers.
 * @param {{ stops: string[], log: boolean, unit: string, range: string }} domain
 * @param {string} label
 */
export function makeSlider({ stops, log, unit, range }, label) {
  const node = make("input");
  node.type = "range";
  Object.assign(node, { min: 0, max: stops.length - 1, step: 1 });
  node.title = range;
  node.setAttribute("aria-label", label);
  keepKeys(node);
  return {
    node,
    stop: () => stops[Number(node.value)],
    place(/** @type {string} */ text) {
      node.value = String(nearest(stops, log, text));
      node.classList.toggle("wb-unset", text.trim() === "");
      node.setAttribute("aria-valuetext", [text, unit].filter(Boolean).join(" "));
    },
  };
}

/**
 * The stop nearest to a typed value; an empty or unreadable one stands at the end.
 * @param {string[]} stops
 * @param {boolean} log
 * @param {string} text
 */
export function nearest(stops, log, text) {
  const scale = (/** @type {number} */ value) => (log ? Math.log(value) : value);
  const value = scale(Number(text));
  if (text.trim() === "" || Number.isNaN(value)) return stops.length - 1;
  let best = 0;
  stops.forEach((stop, at) => {
    const distance = Math.abs(scale(Number(stop)) - value);
    if (distance < Math.abs(scale(Number(stops[best])) - value)) best = at;
  });
  return best;
}

/**
 * Pages served without https have no clipboard object; there the selection is copied.
 * @param {Node} node
 */
export async function toClipboard(node) {
  try {
    await navigator.clipboard.writeText(node.textContent ?? "");
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(node);
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
    return document.execCommand("copy");
  }
}
