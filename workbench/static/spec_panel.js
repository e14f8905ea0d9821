// @ts-check
// The spec beside its form: the headless line and the YAML, each to copy, and YAML to paste.

import { keepKeys, listen, make, makeButton, makeDetails, toClipboard } from "./controls.js";

/** @import { FromSpecPanel, ToSpecPanel } from "./messages.d.ts" */
/** @import { Model } from "./types.d.ts" */

/**
 * @typedef {{ command: string, yaml: string, form_faults: string[], paste_faults: string[],
 *   labels: Labels }} Traits
 * @typedef {Record<"command" | "command_help" | "yaml" | "copy" | "copied" | "paste" | "paste_help"
 *   | "apply" | "applied" | "at_fault", string>} Labels
 * @typedef {{ model: Model<Traits, FromSpecPanel>, el: HTMLElement }} Shown
 */

export default { render };

/** @param {Shown} shown */
function render({ model, el }) {
  el.classList.add("wb-controls", "wb-spec");
  let end = draw({ model, el });
  const again = () => {
    end();
    el.replaceChildren();
    end = draw({ model, el });
  };
  const leave = listen(model, { "change:labels": again });
  return () => {
    leave();
    end();
  };
}

/** @param {Shown} shown */
function draw({ model, el }) {
  const labels = model.get("labels");
  const faults = faultList(labels.at_fault);
  const command = shown(labels.command, labels.command_help, labels);
  const yaml = shown(labels.yaml, "", labels);
  yaml.text.classList.add("wb-tall");

  const paste = makeDetails("wb-paste", labels.paste);
  const area = make("textarea");
  area.rows = 8;
  area.spellcheck = false;
  area.setAttribute("aria-label", labels.paste);
  const apply = makeButton(labels.apply);
  const status = make("span", "wb-status");
  status.setAttribute("role", "status");
  const refused = faultList("");
  const bar = make("div", "wb-bar");
  bar.append(apply, status);
  paste.append(make("p", "wb-help", labels.paste_help), area, bar, refused.box);
  apply.addEventListener("click", () => {
    status.textContent = "";
    model.send({ kind: "paste", text: area.value });
  });
  area.addEventListener("input", () => (status.textContent = ""));

  el.append(faults.box, command.box, yaml.box, paste);

  const show = () => {
    const found = model.get("form_faults");
    faults.show(found);
    refused.show(model.get("paste_faults"));
    command.show(model.get("command"), found.length > 0);
    yaml.show(model.get("yaml"), found.length > 0);
  };
  const answered = (/** @type {ToSpecPanel} */ message) => {
    if (message.kind === "pasted" && message.ok) status.textContent = labels.applied;
  };
  show();
  return listen(model, {
    "change:command": show,
    "change:yaml": show,
    "change:form_faults": show,
    "change:paste_faults": show,
    "msg:custom": answered,
  });
}

/**
 * A title, a text and a button that copies the text.
 * @param {string} title
 * @param {string} help
 * @param {Labels} labels
 */
function shown(title, help, labels) {
  const box = make("section");
  const head = make("div", "wb-bar");
  const copy = makeButton(labels.copy);
  const said = make("span", "wb-status");
  said.setAttribute("role", "status");
  copy.setAttribute("aria-label", `${labels.copy}: ${title}`);
  head.append(make("h4", "", title), copy, said);
  const text = make("pre");
  text.tabIndex = 0;
  text.setAttribute("aria-label", title);
  keepKeys(text);
  copy.addEventListener("click", async () => {
    if (await toClipboard(text)) said.textContent = labels.copied;
    setTimeout(() => (said.textContent = ""), 2000);
  });
  box.append(head);
  if (help) box.append(make("p", "wb-help", help));
  box.append(text);
  return {
    box,
    text,
    show(/** @type {string} */ value, /** @type {boolean} */ stale) {
      if (text.textContent !== value) text.textContent = value;
      box.classList.toggle("wb-stale", stale);
      copy.disabled = stale;
    },
  };
}

/** @param {string} title */
function faultList(title) {
  const box = make("div", "wb-faults");
  const list = make("ul");
  box.setAttribute("role", "alert");
  if (title) box.append(make("p", "", title));
  box.append(list);
  return {
    box,
    show(/** @type {string[]} */ faults) {
      box.hidden = faults.length === 0;
      list.replaceChildren(...faults.map((fault) => make("li", "", fault)));
    },
  };
}
