// @ts-check
// Where a model looked: one desk of views with one selection. The notebook shows it through
// `widget.js`, a page through `page.js`. Texts reach the page as text only.
//
// `records`: plain attention records (workbench/attention/record.py); `labels`: interface text;
// `live`: what Python can be asked for (map, formula, causal, text); `loss`: [step, loss] pairs.

import { makeAlong } from "./along.js";
import { makeAtlas } from "./atlas.js";
import { makeChange } from "./change.js";
import { makeDesk, tidy } from "./choice.js";
import { makeTabs } from "./controls.js";
import { makeFormula } from "./formula.js";
import { makeHead } from "./head.js";
import { makeHonesty } from "./honesty.js";
import { makeLens } from "./lens.js";
import { headKey, openFormula, openRecord, unpack } from "./packed.js";
import { makeStrip } from "./strip.js";
import { makeZoom } from "./zoom.js";
import { listen, make } from "../controls.js";
import { watchTheme } from "../theme.js";

/** @import { FromDesk, ToDesk } from "../messages.d.ts" */
/** @import { Choice, Desk, Head, StillModel } from "./types.d.ts" */

/** @param {{ model: StillModel, el: HTMLElement }} about */
export function render({ model, el }) {
  const desk = makeDesk(model, model.get("labels") ?? {});
  desk.root = el;
  el.classList.add("wb-attention");
  hideTwin(model.get("twin"), el);
  const head = makeHead(desk);
  const atlas = makeAtlas(desk);
  const zoom = makeZoom(desk);
  const strip = makeStrip(desk);
  const disconnect = connect(desk, model, head.fault);
  const panels = [makeChange, makeAlong, makeFormula, makeLens, makeHonesty].map((view) => view(desk));
  const tabs = makeTabs(panels);
  const two = make("div", "wb-two");
  two.append(atlas.node, zoom.node);
  const body = make("div", "wb-body");
  body.append(head.node, two, strip.node, tabs.node,
    make("p", "wb-note", desk.say("error_note")));
  body.hidden = true;
  el.replaceChildren(body);
  desk.views = [head, atlas, zoom, strip, tabs];

  let loading = 0;
  let below = 0;
  const load = async () => {
    const mine = ++loading;
    const opened = await Promise.all((model.get("records") ?? []).map(openRecord));
    if (mine !== loading) return;
    const first = !desk.records.length;
    desk.records = opened;
    body.hidden = !opened.length;
    if (!opened.length) return;
    open(desk, model.get("start"), first);
    // The maps are seen at once; what lies below them follows when they have been painted.
    for (const view of [head, atlas, zoom]) view.update();
    el.dispatchEvent(new CustomEvent("wb-ready", { bubbles: true }));
    below = setTimeout(() => [strip, tabs].forEach((view) => view.update()));
  };
  let width = 0;
  const redraw = () => {
    if (!desk.records.length) return;
    for (const view of [atlas, zoom]) view.draw();
  };
  const fit = () => {
    if (width !== el.clientWidth) redraw();
    width = el.clientWidth;
  };
  const resized = new ResizeObserver(fit);
  resized.observe(el);
  const unwatch = watchTheme(redraw);
  const leave = listen(model, { "change:records": load });
  load();
  return () => {
    loading += 1; // what is still being opened comes too late
    clearTimeout(below);
    cancelAnimationFrame(desk.waiting);
    resized.disconnect();
    unwatch();
    leave();
    disconnect();
  };
}

/**
 * A notebook also keeps a copy that needs no kernel; while this one lives, it is not seen.
 * @param {string} name
 * @param {HTMLElement} el
 */
function hideTwin(name, el) {
  if (!name) return;
  el.dataset.wbTwin = name;
  const twin = document.getElementById(name);
  if (twin) twin.hidden = true;
}

/**
 * Show what the page or the notebook asks for: by default the last record, or, after an edit,
 * its change against the sentence before.
 * @param {Desk} desk
 * @param {Partial<Choice> | null} start
 * @param {boolean} first
 */
function open(desk, start, first) {
  const { choice } = desk;
  desk.memo.clear();
  choice.cell = null;
  if (first) {
    choice.at = desk.records.length - 1;
    const cross = desk.records[choice.at].blocks.findIndex((block) => !block.sameText);
    choice.block = Math.max(0, cross);
  }
  if (start) Object.assign(choice, start);
  tidy(desk);
}

/**
 * Questions to Python, and what becomes of their answers; returns what ends the conversation.
 * @param {Desk} desk
 * @param {StillModel} model
 * @param {{ show(text: string): void }} fault
 */
function connect(desk, model, fault) {
  /** @type {Map<number, (message: ToDesk) => void>} */
  const waiting = new Map();
  let last = 0;
  const live = () => (model.send ? (model.get("live") ?? []) : []);
  desk.asking = false;
  desk.can = (kind) => live().includes(kind);
  /**
   * @template {FromDesk} Question
   * @param {Question["kind"]} kind
   * @param {Omit<Question, "kind" | "id">} about
   * @param {(answer: any) => unknown} take
   */
  const ask = async (kind, about, take) => {
    if (!desk.can(kind)) return;
    desk.asking = true;
    fault.show("");
    desk.change({});
    const id = ++last;
    /** @type {Promise<ToDesk>} */
    const heard = new Promise((resolve) => waiting.set(id, resolve));
    model.send?.(/** @type {FromDesk} */ (/** @type {unknown} */ ({ kind, id, ...about })));
    const message = await heard;
    desk.asking = waiting.size > 0;
    if (message.fault) fault.show(message.fault);
    else await take(message.answer);
    desk.change({});
  };
  const answered = (/** @type {ToDesk} */ message) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  };
  const place = (/** @type {Head} */ head) => ({ block: desk.choice.block, layer: head[0], head: head[1] });
  desk.want = (head) => {
    for (const at of new Set([desk.choice.at, desk.choice.against ?? desk.choice.at])) {
      const block = desk.records[at].blocks[desk.choice.block];
      if (block.maps.has(headKey(head))) continue;
      ask("map", { record: at, ...place(head) }, async (answer) => {
        const opened = await unpack(answer);
        if (opened) block.maps.set(headKey(head), opened.data);
      });
    }
  };
  desk.fetchFormula = () => {
    const [head] = desk.choice.heads;
    const { at } = desk.choice;
    ask("formula", { record: at, ...place(head) }, async (answer) => {
      const opened = await openFormula(answer);
      if (opened) desk.records[at].formulas.push(opened);
    });
  };
  desk.fetchCheck = (method) => {
    const { at } = desk.choice;
    ask("causal", { record: at, method }, (answer) => {
      desk.records[at].plain = { ...desk.records[at].plain, occlusion: answer };
    });
  };
  desk.fetchText = (text) => ask("text", { text }, () => {});
  return listen(model, { "msg:custom": answered });
}
