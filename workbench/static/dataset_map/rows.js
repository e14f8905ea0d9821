// @ts-check
// The rows that were chosen on the map: their texts, and a place for each label.

import { inOrder, keepKeys, make, makeButton } from "../controls.js";

/** @import { Answers, Label, Labels, Listed } from "./types.d.ts" */

/**
 * @param {HTMLElement} list
 * @param {Listed[]} rows
 * @param {Answers} answers
 * @param {Labels} labels
 * @param {(row: number, value: Label) => void} decide
 */
export function showRows(list, rows, answers, labels, decide) {
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && list.contains(active) && active.dataset.row;
  list.replaceChildren(...rows.map((row) => makeRow(row, answers, labels, decide)));
  if (!focused) return;
  /** @type {HTMLElement | null} */
  const again = list.querySelector(`[data-row="${CSS.escape(focused)}"]`);
  again?.focus();
}

/**
 * @param {Listed} row
 * @param {Answers} answers
 * @param {Labels} labels
 * @param {(row: number, value: Label) => void} decide
 */
function makeRow(row, { names, answers }, labels, decide) {
  const box = make("div", "wb-caught-row");
  const head = make("p", "wb-help", `${row.rank} · ${row.said}`);
  const texts = row.texts.map((text) => make("p", "wb-text", text));
  const said = labels.given.replace("{label}", () => [row.label].flat().join(", "));
  const facts = make("p", "wb-facts", said);
  const { likely } = row;
  if (likely) {
    facts.append(make("span", "", ` · ${labels.likely.replace("{label}", () => likely)}`));
  }
  const { node, value } = answers === "class" ? makeChoice(row, names) : makeWritten(row);
  node.dataset.row = String(row.row);
  node.setAttribute("aria-label", said);
  keepKeys(node);
  node.addEventListener("change", () => decide(row.row, value()));
  const keep = makeButton(labels.right, () => decide(row.row, row.label));
  const label = make("label");
  label.append(node, make("span", "", row.decided ? "✓" : ""));
  const acts = make("div", "wb-bar");
  if (["class", "number", "text"].includes(answers)) acts.append(label, keep);
  box.append(head, ...texts, facts, acts);
  return box;
}

/** @param {Listed} row @param {string[]} names */
function makeChoice(row, names) {
  const node = make("select");
  node.multiple = Array.isArray(row.label);
  const now = [row.now].flat();
  for (const name of names) node.append(new Option(inOrder(name), name, false, now.includes(name)));
  const value = () => {
    const chosen = [...node.selectedOptions].map((option) => option.value);
    return node.multiple ? chosen : chosen[0];
  };
  return { node, value };
}

/** @param {Listed} row */
function makeWritten(row) {
  const node = make("textarea");
  node.rows = 2;
  node.value = String(row.now);
  return { node, value: () => node.value };
}
