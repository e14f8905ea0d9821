// @ts-check
// The head of a desk: whose attention, on which text, and what it answered.

import { nameOfRecord } from "./choice.js";
import { makePicker } from "./controls.js";
import { allHeads } from "./packed.js";
import { apart, keepKeys, make, makeButton, makeFault, makeTextBox } from "../controls.js";

/** @import { Desk, Head, Picker } from "./types.d.ts" */

/** @param {Desk} desk */
export function makeHead(desk) {
  const box = make("header", "wb-head");
  const tools = make("div", "wb-tools");
  const record = makePicker(tools, desk.say("record"), (value) => {
    const at = Number(value);
    const { against } = desk.choice;
    desk.change({ at, against: against === at ? null : against });
  });
  const against = makePicker(tools, desk.say("against"), (value) => {
    const chosen = value === "" ? null : Number(value);
    const tint = chosen === null ? "entropy" : "divergence";
    desk.change({ against: chosen, tint });
  });
  const block = makePicker(tools, desk.say("block"), (value) =>
    desk.change({ block: Number(value), heads: [], picked: [], cell: null, size: 0 }));
  const layer = makePicker(tools, desk.say("layer"), (value) => chooseHeads(desk, Number(value), null));
  const head = makePicker(tools, desk.say("head"), (value) =>
    chooseHeads(desk, desk.choice.heads[0][0], value === "" ? null : Number(value)));
  const edit = makeEdit(desk);
  const answer = make("p", "wb-answer");
  const fault = makeFault(`wb-fault-${Math.random().toString(36).slice(2)}`);
  box.append(make("h3", "", desk.say("title")), edit.node, answer, fault.node, tools);
  return {
    node: box,
    fault,
    update() {
      const { choice } = desk;
      /** @type {[number, string][]} */
      const names = desk.records.map((_, n) => [n, nameOfRecord(desk, n)]);
      record.offer(names, choice.at);
      record.node.hidden = against.node.hidden = names.length < 2;
      against.offer([["", desk.say("nothing")], ...names.filter(([n]) => n !== choice.at)], choice.against ?? "");
      const { blocks } = desk.record();
      block.node.hidden = blocks.length < 2;
      block.offer(blocks.map((one, n) => numbered(n, desk.say(`block_${one.name}`))), choice.block);
      offerHeads(desk, layer, head);
      const { prediction } = desk.record().plain;
      answer.hidden = !prediction;
      answer.textContent = prediction ? `${desk.say("answer")} ${apart(prediction)}` : "";
      edit.update();
    },
  };
}

/** @param {Desk} desk @param {Picker} layer @param {Picker} head */
function offerHeads(desk, layer, head) {
  const { heads } = desk.choice;
  const block = desk.block();
  const [[chosen]] = heads;
  const one = heads.every(([l]) => l === chosen);
  const whole = one && heads.length === block.layers[chosen].heads;
  const last = block.layers[block.layers.length - 1];
  const layers = block.layers.map((each, l) => numbered(l, `${each.number} / ${last.number}`));
  layer.offer(layers.filter(([l]) => !block.layers[l].missing), one ? chosen : "");
  const count = block.layers[chosen].heads;
  const numbers = Array.from({ length: count }, (_, h) => numbered(h, `${h + 1} / ${count}`));
  /** @type {[string, string][]} */
  const several = one && !whole && heads.length > 1
    ? [["several", desk.say("several", { heads: heads.length })]] : [];
  const value = heads.length === 1 ? heads[0][1] : several.length ? "several" : "";
  head.offer([["", desk.say("mean", { heads: count })], ...numbers, ...several], value);
}

/** @param {Desk} desk @param {number} layer @param {number | null} head */
function chooseHeads(desk, layer, head) {
  const all = allHeads(desk.block()).filter(([l]) => l === layer);
  /** @type {Head[]} */
  const heads = head === null || Number.isNaN(head) ? all : [[layer, head]];
  desk.change({ heads, source: "heads" });
  heads.forEach((one) => desk.want(one));
}

/**
 * The sentence itself; live, it can be changed, and the change in answer and attention is shown.
 * @param {Desk} desk
 */
function makeEdit(desk) {
  const box = make("div", "wb-edit");
  const still = make("blockquote");
  const form = make("form");
  const input = makeTextBox("wb-sentence");
  input.setAttribute("aria-label", desk.say("sentence"));
  keepKeys(input);
  const look = makeButton(desk.say("look"));
  look.type = "submit";
  form.append(input, look);
  const note = make("p", "wb-note", desk.say("edit_note"));
  box.append(still, form, note);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() && !desk.asking) desk.fetchText(input.value);
  });
  /** @type {string | null} */
  let shown = null;
  return {
    node: box,
    update() {
      const { text, text_pair: pair } = desk.record().plain;
      const live = desk.can("text");
      form.hidden = note.hidden = !live;
      still.hidden = live && !pair;
      still.replaceChildren(make("p", "", text), ...(pair ? [make("p", "", pair)] : []));
      look.disabled = desk.asking;
      if (shown !== text) input.value = shown = text;
    },
  };
}

/** @param {number} n @param {string} text @returns {[number, string]} */
function numbered(n, text) {
  return [n, text];
}
