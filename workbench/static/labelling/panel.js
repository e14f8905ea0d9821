// @ts-check
// The labelling widget: a row, the question asked of it, and keys that answer.
// The kernel moves on only when a decision is in the journal; until it has, no key counts.

import { inOrder, keepKeys, listen, make, makeButton, makeFault, makeTextBox } from "../controls.js";
import { dropDraft, keepDraft, readDraft } from "../drafts.js";
import { makeChoice, makeNumber, makeWriting } from "./choices.js";
import { makeSpans } from "./spans.js";

/** @import { FromLabelling } from "../messages.d.ts" */
/** @import { Answer, Item, LabellingModel, Span, Value, Words } from "./types.d.ts" */

const PATIENCE_MS = 5000;

export default { render };

/** @param {{ model: LabellingModel, el: HTMLElement }} about */
function render({ model, el }) {
  el.classList.add("wb-controls", "wb-labelling");
  const words = model.get("words");
  const question = model.get("question");
  const root = make("section", "wb-desk");
  root.tabIndex = 0;
  root.setAttribute("aria-label", words.title);
  keepKeys(root);
  const head = make("div", "wb-bar wb-head");
  const bar = make("progress");
  const counted = make("span");
  head.append(bar, counted, make("span", "wb-who", words.by));
  const row = make("div", "wb-item");
  const status = make("p", "wb-status");
  status.setAttribute("role", "status");
  const alert = makeFault("");
  const main = make("div", "wb-main");
  const tally = make("p", "wb-help wb-tally");
  main.append(head, row, status, alert.node, tally, make("p", "wb-help", words.keys));
  root.append(main);
  if (model.get("guidelines")) root.append(guide(model.get("guidelines"), words));
  el.append(root);

  /** @type {Answer | null} */
  let answer = null;
  /** @type {ReturnType<typeof noting> | null} */
  let note = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let waiting = null;

  /**
   * Python answers with another turn; until it has, no key counts.
   * @template {FromLabelling["kind"]} Kind
   * @param {Kind} kind
   * @param {Omit<Extract<FromLabelling, { kind: Kind }>, "kind" | "turn">} more
   */
  function send(kind, more) {
    if (waiting !== null) return;
    const { turn } = model.get("state");
    root.setAttribute("aria-busy", "true");
    waiting = setTimeout(() => {
      waiting = null;
      alert.show(words.no_kernel);
    }, PATIENCE_MS);
    model.send(/** @type {FromLabelling} */ (/** @type {unknown} */ ({ kind, turn, ...more })));
  }
  const decide = (/** @type {Value} */ value) => send("decide", { value });
  // What is half written or marked outlives the kernel, and the page.
  const draftOf = (/** @type {Item} */ item) => `${question.drafts}:${item.id}`;
  const keep = (/** @type {Item} */ item) => keepDraft(draftOf(item), answer?.value?.());
  /** @type {Item | null} */
  let shown = null;

  function show() {
    if (waiting !== null) clearTimeout(waiting);
    waiting = null;
    root.removeAttribute("aria-busy");
    const state = model.get("state");
    const { progress, item } = state;
    if (shown && state.said && item?.id !== shown.id) dropDraft(draftOf(shown));
    shown = item;
    bar.max = progress.total;
    bar.value = progress.labelled + progress.skipped;
    bar.setAttribute("aria-label", progress.text);
    counted.textContent = inOrder(progress.text);
    tally.textContent = progress.tally; // its names are apart already
    status.replaceChildren(make("span", "", state.said));
    if (item && state.turn > 0) {
      const read = item.texts.map((one) => one.text).join(". ");
      status.append(make("span", "wb-read", ` ${item.place}. ${read}`));
    }
    alert.show(state.fault);
    const here = root.contains(document.activeElement);
    row.replaceChildren();
    answer = null;
    note = null;
    if (!item) {
      row.append(make("p", "wb-done", words.all_done), acts());
    } else {
      answer = answerTo(item);
      const texts = item.texts.filter((one) => !one.marked).map(shownText);
      row.append(make("p", "wb-place", item.place), ...texts, ...others(item), answer.node);
      note = noting(item);
      row.append(acts(), note.box);
    }
    if (here || state.turn > 0) (answer?.begin ?? (() => root.focus({ preventScroll: true })))();
  }

  /** @param {Item} item @returns {Answer} */
  function answerTo(item) {
    const keys = question.labels.map((_, n) => (n < 9 ? String(n + 1) : n === 9 ? "0" : ""));
    const hint = item.suggestion && { value: item.suggestion.value, text: item.suggestion.text };
    const say = (/** @type {string} */ text) => void (status.textContent = inOrder(text));
    const draft = readDraft(draftOf(item));
    const changed = () => keep(item);
    switch (question.kind) {
      case "class": {
        /** @type {Map<string, string>} */
        const hints = new Map();
        for (const one of classesOf(item.was)) hints.set(one, words.was);
        for (const one of classesOf(hint && hint.value)) {
          hints.set(one, [hints.get(one), hint?.text].filter(Boolean).join(", "));
        }
        const start = draft ?? item.value ?? (hint ? hint.value : item.was);
        return makeChoice({
          values: question.labels, names: question.labels, keys, hints, decide, changed,
          chosen: question.several ? classesOf(start) : (classesOf(item.value)[0] ?? null), find: words.find,
        });
      }
      case "number":
        return makeNumber({ scale: question.scale, value: item.value, hint, decide, label: words.title });
      case "text":
        return makeWriting({
          text: String(draft ?? item.value ?? hint?.value ?? item.was ?? ""),
          decide, changed, label: words.write,
        });
      default: {
        const text = item.texts.find((one) => one.marked)?.text ?? "";
        /** @type {Span[]} */
        const spans = draft ?? item.value ?? hint?.value ?? item.was ?? [];
        return makeSpans({
          text, labels: question.labels, keys: keys.length ? keys : ["1"], spans,
          decide, changed, words, say,
        });
      }
    }
  }

  /** @returns {HTMLElement | null} */
  function finder() {
    return root.querySelector(".wb-find");
  }

  function acts() {
    const box = make("div", "wb-bar wb-acts");
    /** @type {[label: string, act: () => void][]} */
    const offered = [];
    if (question.kind === "spans" || question.kind === "text" || question.several) {
      offered.push([words.save, () => answer?.value && decide(answer.value())]);
    }
    if (question.kind === "spans" && !question.labels.length) {
      offered.push([words.no_answer, () => answer && decide([])]);
    }
    offered.push([words.skip, () => send("skip", {})], [words.undo, () => send("undo", {})]);
    offered.push([words.note, () => note?.open()]);
    offered.push([words.back, () => send("move", { steps: -1 })], [words.next, () => send("move", { steps: 1 })]);
    box.append(...offered.map(([label, act]) => makeButton(label, act)));
    return box;
  }

  /** @param {Item} item */
  function noting(item) {
    const box = make("div", "wb-noting");
    const input = makeTextBox();
    input.placeholder = words.note_hint;
    input.setAttribute("aria-label", words.note);
    box.append(...item.notes.map((text) => make("p", "wb-help", `✎ ${text}`)), input);
    input.hidden = true;
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.isComposing) return;
      if (event.key === "Enter" && input.value.trim()) send("note", { text: input.value.trim() });
      if (event.key === "Escape") {
        input.hidden = true;
        root.focus();
      }
    });
    return {
      box,
      open() {
        input.hidden = false;
        input.focus();
      },
    };
  }

  /** @param {Item} item */
  function others(item) {
    if (!item.others.length) return [];
    const list = make("ul", "wb-others");
    for (const one of item.others) {
      const entry = make("li");
      entry.append(make("b", "", one.who), make("span", "", ` ${one.text}`));
      list.append(entry);
    }
    return [make("p", "wb-help", words.others), list];
  }

  root.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    const { target } = event;
    if (!(target instanceof Element)) return;
    const typing = target.matches("textarea, input");
    const pressed = target.matches("button, summary") && [" ", "Enter"].includes(event.key);
    if (typing && event.key === "Escape") root.focus();
    else if (typing && target.matches(".wb-find") && !["Enter", "ArrowUp", "ArrowDown"].includes(event.key)) return;
    else if (pressed) return;
    else if (answer?.key(event)) event.preventDefault();
    else if (typing) return;
    else if (!command(event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  /** @param {KeyboardEvent} event */
  function command(event) {
    const held = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (key === "u" && !held) send("undo", {});
    else if (key === "z" && held) send("undo", {});
    else if (held) return false;
    else if (key === "s") send("skip", {});
    else if (key === "n") note?.open();
    else if (key === "f") finder()?.focus();
    else if (key === "pageup" || key === "arrowleft") send("move", { steps: -1 });
    else if (key === "pagedown" || key === "arrowright") send("move", { steps: 1 });
    else return false;
    return true;
  }

  show();
  const leave = listen(model, { "change:state": show });
  return () => {
    if (waiting !== null) clearTimeout(waiting);
    leave();
  };
}

/** @param {{ name: string, text: string }} about */
function shownText({ name, text }) {
  const box = make("div", "wb-text");
  if (name) box.append(make("span", "wb-role", name));
  box.append(make("div", "", text));
  return box;
}

/** @param {string} text @param {Words} words */
function guide(text, words) {
  const box = make("aside", "wb-guide");
  box.setAttribute("aria-label", words.guidelines);
  box.append(make("h4", "", words.guidelines), make("div", "wb-guide-text", text));
  return box;
}

/**
 * A class, or several, as a list of classes.
 * @param {Value | undefined} value
 * @returns {string[]}
 */
function classesOf(value) {
  return /** @type {string[]} */ ([value ?? []].flat());
}
