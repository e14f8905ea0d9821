// @ts-check
// The playground: a question, and what two models write to it, token by token. A token that is
// pointed at, or reached with the arrow keys, shows what else could have stood there.
// Everything that people or models wrote is put in as text, never as markup.

import { inOrder, keepKeys, listen, make, makeButton, makeFault, makeTextBox } from "./controls.js";

/** @import { FromPlayground, ToPlayground, WrittenToken } from "./messages.d.ts" */
/** @import { Model } from "./types.d.ts" */

/**
 * @typedef {"before" | "after"} By
 * @typedef {Record<string, string>} Words
 * @typedef {{ asked: string, before: string | null, after: string, settings: string,
 *   tokens?: Partial<Record<By, WrittenToken[]>> }} Exchange
 * @typedef {{ name: string, label: string, help: string, range: string }} Field
 * @typedef {{ said: Exchange[], fields: Field[], entries: Record<string, string>,
 *   faults: Record<string, string>, busy: boolean, fault: string, words: Words }} Traits
 * @typedef {Model<Traits, FromPlayground>} PlaygroundModel
 * @typedef {ReturnType<typeof makeSide>} Side
 */

const PATIENCE_MS = 5000;

export default { render };

/** @param {{ model: PlaygroundModel, el: HTMLElement }} shown */
function render({ model, el }) {
  el.classList.add("wb-controls", "wb-playground");
  const words = model.get("words");
  const root = make("section");
  root.setAttribute("aria-label", words.title);
  const log = make("div", "wb-log");
  log.setAttribute("role", "log");
  log.setAttribute("aria-label", words.title);
  const alert = makeFault("");
  const status = make("p", "wb-help");
  status.setAttribute("role", "status");
  const box = make("textarea");
  box.rows = 2;
  box.placeholder = words.hint;
  box.setAttribute("aria-label", words.ask);
  keepKeys(box);
  const bar = make("div", "wb-bar");
  const stop = makeButton(words.stop, () => model.send({ kind: "stop" }));
  bar.append(makeButton(words.send, send), stop, makeButton(words.forget, forget));
  const how = numbers(model);
  const intro = make("p", "wb-help", `${words.intro} ${words.tokens}`);
  root.append(intro, log, status, alert.node, box, bar, how.node);
  el.append(root);
  /** @type {ReturnType<typeof setTimeout> | null} */
  let waiting = null;
  /** @type {Record<By, Side> | null} */
  let writing = null; // the entry that is being written

  function send() {
    const text = box.value;
    if (!text.trim() || model.get("busy") || waiting) return;
    tell({ kind: "ask", text });
  }
  function forget() {
    if (!model.get("busy")) tell({ kind: "forget" });
    box.focus();
  }
  /** @param {FromPlayground} message */
  function tell(message) {
    alert.show("");
    waiting = setTimeout(() => {
      waiting = null;
      alert.show(words.no_kernel);
    }, PATIENCE_MS);
    model.send(message);
  }
  function heard() {
    if (waiting !== null) clearTimeout(waiting);
    waiting = null;
  }

  box.addEventListener("keydown", (event) => {
    event.stopPropagation();
    // While an input method composes, Enter takes its suggestion.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });

  function showLog() {
    heard();
    const said = model.get("said");
    writing = null;
    log.replaceChildren(...said.map(exchange));
    log.lastElementChild?.scrollIntoView({ block: "nearest" });
    const last = said.at(-1);
    if (last && box.value.trim() === last.asked.trim()) box.value = "";
  }
  /** @param {Exchange} said */
  function exchange({ asked, before, after, settings, tokens = {} }) {
    /** @param {By} by @param {string | null} answer */
    const sideOf = (by, answer) => {
      const side = makeSide(words[by], words);
      (tokens[by] ?? []).forEach(side.add);
      if (!tokens[by]?.length) side.text(answer || words.nothing, !answer);
      return side;
    };
    const sides = [sideOf("before", before), sideOf("after", after)];
    return entryOf(asked, sides, tokens.after?.length ? settings : `${settings}. ${words.beams_only}`);
  }
  /** @param {string} asked @param {Side[]} sides @param {string} settings */
  function entryOf(asked, sides, settings) {
    const entry = make("article");
    const columns = make("div", "wb-sides");
    columns.append(...sides.map(({ node }) => node));
    entry.append(make("div", "wb-asked", asked), columns, make("div", "wb-help wb-settings", settings));
    return entry;
  }
  /** @param {ToPlayground} message */
  function heardMessage(message) {
    if (message.kind === "begin") {
      writing = { before: makeSide(words.before, words), after: makeSide(words.after, words) };
      const entry = entryOf(message.asked, Object.values(writing), "");
      log.append(entry);
      entry.scrollIntoView({ block: "nearest" });
    }
    if (message.kind === "token") writing?.[message.by].add(message.token);
  }
  function showBusy() {
    heard();
    const busy = model.get("busy");
    root.setAttribute("aria-busy", String(busy));
    status.textContent = busy ? words.writing : "";
    stop.disabled = !busy;
    if (!busy && writing) showLog(); // it ended with a fault
  }
  function showFault() {
    heard();
    alert.show(model.get("fault"));
  }

  const shows = {
    "change:said": showLog,
    "change:busy": showBusy,
    "change:fault": showFault,
    "change:entries": how.entries,
    "change:faults": how.faults,
  };
  for (const show of Object.values(shows)) show();
  const leave = listen(model, { ...shows, "msg:custom": heardMessage });
  return () => {
    heard();
    leave();
  };
}

/**
 * One model's answer. Its tokens are one tab stop; the arrow keys go from one to the next.
 * @param {string} name
 * @param {Words} words
 */
function makeSide(name, words) {
  const node = make("div", "wb-side");
  const written = make("div", "wb-written");
  const places = make("div", "wb-places");
  places.setAttribute("role", "status");
  places.hidden = true;
  node.append(make("b", "", name), written, places);
  /** @type {{ span: HTMLElement, token: WrittenToken }[]} */
  const tokens = [];
  let current = 0;

  /** @param {WrittenToken} token */
  function add(token) {
    const span = make("span", token.special ? "wb-token wb-special" : "wb-token", token.text);
    span.tabIndex = tokens.length ? -1 : 0;
    keepKeys(span);
    const place = tokens.length;
    span.addEventListener("pointerenter", () => show(place));
    span.addEventListener("focus", () => show(place));
    tokens.push({ span, token });
    written.append(span);
  }
  /** @param {number} place */
  function show(place) {
    for (const { span } of tokens) span.classList.remove("wb-shown");
    tokens[current].span.tabIndex = -1;
    current = place;
    const { span, token } = tokens[place];
    span.tabIndex = 0;
    span.classList.add("wb-shown");
    places.hidden = false;
    places.replaceChildren(make("div", "wb-help", words.places), candidates(token, words));
  }
  written.addEventListener("keydown", (event) => {
    const step = Number(event.key === "ArrowRight") - Number(event.key === "ArrowLeft");
    if (!step || !tokens.length) return;
    event.preventDefault();
    event.stopPropagation();
    tokens[Math.min(Math.max(current + step, 0), tokens.length - 1)].span.focus();
  });
  /** @param {string} content @param {boolean} isHelp */
  function text(content, isHelp) {
    written.className = isHelp ? "wb-help" : "wb-written";
    written.textContent = inOrder(content);
  }
  return { node, add, text };
}

/**
 * The most probable tokens of a place, as bars; the one that was taken is marked, and is there
 * even where it is not among them.
 * @param {WrittenToken} token
 * @param {Words} words
 */
function candidates({ text, probability, candidates: found }, words) {
  const list = make("ol", "wb-candidates");
  const taken = found.findIndex(([, share]) => share === probability);
  const rows = found.map(([name, share], place) => ({ name, share, isTaken: place === taken }));
  if (taken < 0) rows.push({ name: text, share: probability, isTaken: true });
  for (const { name, share, isTaken } of rows) {
    const item = make("li", isTaken ? "wb-taken" : "");
    const bar = make("span", "wb-share");
    bar.style.width = `${(100 * share).toFixed(1)}%`;
    const track = make("span", "wb-track");
    track.append(bar);
    const percent = share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
    item.append(make("code", "", visible(name)), track, make("span", "wb-percent", percent));
    if (isTaken) item.append(make("span", "wb-help", words.taken));
    list.append(item);
  }
  return list;
}

/**
 * Blanks and line ends would not be seen at the edges of a token.
 * @param {string} text
 */
function visible(text) {
  return text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥") || "∅";
}

let desks = 0;

/**
 * The numbers that say how tokens are chosen. What is typed goes to Python, which says what is
 * wrong.
 * @param {PlaygroundModel} model
 */
function numbers(model) {
  const node = make("fieldset", "wb-numbers");
  node.append(make("legend", "", model.get("words").how));
  const desk = ++desks;
  const rows = model.get("fields").map(({ name, label, help, range }) => {
    const box = make("div");
    const id = `wb-playground-${desk}-${name}`;
    const title = make("label", "wb-name", label);
    title.htmlFor = id;
    const input = makeTextBox("wb-number");
    input.id = id;
    input.inputMode = "decimal";
    input.title = range;
    input.dataset.name = name;
    const line = make("p", "wb-help", help);
    line.id = `${id}-help`;
    const fault = makeFault(`${id}-fault`);
    input.setAttribute("aria-describedby", `${line.id} ${fault.node.id}`);
    input.addEventListener("keydown", (event) => event.stopPropagation());
    input.addEventListener("input", () => {
      model.set("entries", { ...model.get("entries"), [name]: input.value });
      model.save_changes();
    });
    box.append(title, input, line, fault.node);
    node.append(box);
    return { name, box, input, fault };
  });
  const entries = () => {
    const held = model.get("entries");
    for (const { name, input } of rows) if (input.value !== held[name]) input.value = held[name];
  };
  const faults = () => {
    const found = model.get("faults");
    for (const { name, box, input, fault } of rows) {
      fault.show(found[name] ?? "");
      box.classList.toggle("wb-at-fault", name in found);
      input.setAttribute("aria-invalid", String(name in found));
    }
  };
  return { node, entries, faults };
}
