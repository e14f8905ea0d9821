// @ts-check
// What stands beside a picked step: the offer to fork the run there, with what could be changed.

import { beside, make, makeLabel } from "./parts.js";

/** @import { Acts, Callout, Labels, LiveModel, Look, Offer, Panel, Store } from "./types.d.ts" */

/**
 * @param {LiveModel} model
 * @param {Store} store
 * @param {Labels} labels
 * @param {Acts} acts
 * @returns {Callout}
 */
export function makeCallout(model, store, labels, acts) {
  const { look } = store;
  const box = make("div", "wb-callout");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", labels.fork_form);
  const fields = make("div", "wb-fields");
  const fork = make("button", "wb-fork");
  fork.type = "button";
  const close = make("button", "wb-close", "×");
  close.type = "button";
  close.setAttribute("aria-label", labels.close);
  const hint = make("p", "wb-hint");
  const fault = make("p", "wb-notice");
  fault.setAttribute("role", "alert");
  box.append(close, fields, fork, hint, fault);

  /** @type {HTMLInputElement[]} */
  let inputs = [];
  /** @type {Offer | null} */
  let shown = null; // the offer that the fields stand for
  /** @type {Callout} */
  const callout = { box, panel: null, byKey: false, draw };

  const ask = () => {
    const step = look.offer?.at ?? look.picked;
    if (look.forking || step === null) return;
    const changed = inputs.filter(({ value, dataset }) => value.trim() !== dataset.entry);
    const changes = Object.fromEntries(changed.map(({ name, value }) => [name, value.trim()]));
    Object.assign(look, { forking: true, fault: "" });
    model.send({ kind: "fork", step, changes });
    acts.draw();
  };
  const leave = () => {
    const [focused, step] = [box.contains(document.activeElement), look.picked];
    look.picked = null;
    acts.draw();
    if (!focused || !callout.panel) return;
    // The keyboard goes back to the step that it came from.
    callout.panel.canvas.focus();
    acts.point(callout.panel, step, true);
  };
  fork.addEventListener("click", ask);
  close.addEventListener("click", leave);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    // Lab keeps Enter from a form, so the text boxes ask themselves.
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) ask();
  });

  /** @param {HTMLElement} el @param {Panel[]} panels */
  function draw(el, panels) {
    const panel = callout.panel ?? panels[0];
    const { picked } = look;
    box.hidden = picked === null || !model.get("can_fork") || !panel.axes;
    if (picked === null || box.hidden) return;
    if (look.offer !== shown) offerAnew();
    const at = look.offer?.at ?? picked;
    const caption = look.forking ? labels.forking : labels.fork.replace("{step}", at.toLocaleString());
    if (fork.textContent !== caption) fork.textContent = caption;
    fork.setAttribute("aria-disabled", String(look.forking));
    say(hint, at === picked ? "" : labels.fork_hint.replace("{step}", at.toLocaleString()));
    say(fault, look.fault);
    beside(box, el, panel, store, picked, Math.max(4, panel.spec.height - 48 - box.offsetHeight));
  }

  function offerAnew() {
    shown = look.offer;
    const rows = (shown?.fields ?? []).map(makeField);
    inputs = rows.map((row) => row.input);
    fields.replaceChildren(...rows.map((row) => row.label));
    if (!shown || !callout.byKey) return;
    // A step picked by key: the keyboard goes on in the form, and comes back with Escape.
    callout.byKey = false;
    inputs[0]?.focus({ preventScroll: true });
    inputs[0]?.select();
  }

  return callout;
}

/** @param {Offer["fields"][number]} about */
function makeField({ name, label, entry, title }) {
  const input = make("input");
  Object.assign(input, { type: "text", name, value: entry, title, autocomplete: "off", spellcheck: false });
  input.dataset.entry = entry;
  return { input, label: makeLabel(label, input) };
}

/** @param {HTMLElement} node @param {string} text */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}

/**
 * The answer to a fork: done, and the form goes; or what was wrong, and it stays as it is.
 * @param {Look} look
 * @param {string} fault
 */
export function takeAnswer(look, fault) {
  Object.assign(look, { forking: false, fault });
  if (!fault) look.picked = null;
}

/** @param {Look} look */
export function leaveFork(look) {
  Object.assign(look, { offer: null, fault: "", forking: false });
}
