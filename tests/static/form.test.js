// The form: what was changed and back, the search, and what a recipe left.

import assert from "node:assert/strict";
import { test } from "node:test";

import { makeModel, openPage } from "./browser.js";

const page = openPage();
const { default: widget } = await import("../../workbench/static/form.js");

const field = (name, more = {}) => ({
  name, label: name, help: `about ${name}`, range: "", kind: "text", numeric: false, choices: [],
  refused: [], stops: [], log: false, unit: "", placeholder: "not set", suggestions: {}, tasks: [],
  default: "", ...more,
});
const SCHEMA = {
  language: "zh",
  groups: [{
    title: "Training",
    basic: [field("learning_rate", { label: "Learning rate" }), field("seed")],
    more: [field("dropout"), field("packing", { kind: "check", default: false }),
      field("huber_delta", { tasks: ["text-regression"] })],
  }],
  recipes: { one: "The one" },
  labels: {
    recipe: "Recipe", no_recipe: "none", more: "More", slider: "slider", search: "Search",
    search_none: "nothing found", changed: "changed", reset: "Back to {value}",
    undo_recipe: "Undo", take_recipe: "Take these, too",
  },
};
const BASE = { task: "x", learning_rate: "2e-5", seed: "1", dropout: "", packing: false, huber_delta: "" };

function show(entries = {}) {
  const model = makeModel({
    schema: SCHEMA, base: BASE, entries: { ...BASE, ...entries }, faults: {}, recipe: "one", notice: {},
  });
  const notebook = page.document.createElement("div");
  const el = page.document.createElement("div");
  notebook.className = "jp-Notebook";
  notebook.append(el);
  page.document.body.append(notebook);
  const leave = widget.render({ model, el });
  const row = (name) => el.querySelector(`[data-field=${name}]`);
  const search = (words) => {
    const box = el.querySelector("input[type=search]");
    box.value = words;
    box.dispatchEvent(new Event("input"));
  };
  const seen = () => [...el.querySelectorAll(".wb-row[data-field]")]
    .filter((one) => !one.hidden).map((one) => one.dataset.field);
  return { model, el, notebook, row, search, seen, leave };
}

test("a dot stands at what was changed, and its button takes it back", () => {
  const form = show({ learning_rate: "1", packing: true });
  const dots = () => Object.keys(BASE).filter((name) => form.row(name)?.querySelector(".wb-dot").hidden === false);
  const reset = (name) => form.row(name).querySelector(".wb-reset");
  assert.deepEqual(dots(), ["learning_rate", "packing"]);
  assert.equal(reset("seed").disabled, true);
  assert.equal(reset("learning_rate").getAttribute("aria-label"), "Learning rate: Back to 2e-5");
  reset("learning_rate").click();
  assert.equal(form.row("learning_rate").querySelector("input").value, "2e-5");
  assert.equal(form.model.get("entries").learning_rate, "2e-5");
  reset("packing").click();
  assert.equal(form.row("packing").querySelector("input").checked, false);
  assert.equal(form.model.saved, 2);
  form.model.change("entries", { ...BASE });
  assert.deepEqual(dots(), []);
  form.model.change("base", { ...BASE, seed: "7" });
  assert.deepEqual(dots(), ["seed"]);
  form.leave();
});

test("a search shows the settings that are called so, folded ones too, and all again after it", () => {
  const form = show();
  const folded = form.el.querySelector("details.wb-more");
  assert.deepEqual(form.seen(), ["learning_rate", "seed", "dropout", "packing"]);
  assert.equal(folded.open, false);
  form.search("ABOUT drop");
  assert.deepEqual(form.seen(), ["dropout"]);
  assert.equal(folded.open, true);
  form.search("huber");
  assert.deepEqual(form.seen(), [], "another task's setting stays out of sight");
  assert.equal(form.el.querySelector(".wb-search [role=status]").textContent, "nothing found");
  form.search("");
  assert.deepEqual(form.seen(), ["learning_rate", "seed", "dropout", "packing"]);
  assert.equal(folded.open, false);
  form.leave();
});

test("what a recipe left is listed, with buttons to undo it and to take the rest", () => {
  const form = show();
  const told = form.el.querySelector(".wb-notice");
  assert.equal(told.textContent, "");
  form.model.change("notice", { text: "one: 3 changed.", kept_title: "Left:", kept: ["seed: <b> (recipe: 1)"] });
  assert.ok(told.textContent.includes("seed: <b> (recipe: 1)"));
  const [undo, take] = told.querySelectorAll("button");
  undo.click();
  take.click();
  assert.deepEqual(form.model.sent, [{ kind: "undo_recipe" }, { kind: "take_recipe" }]);
  form.model.change("notice", { text: "one: 3 changed.", kept_title: "", kept: [] });
  assert.equal(told.querySelectorAll("button").length, 1);
  form.leave();
});

test("the notebook knows which language was chosen", () => {
  const form = show();
  assert.equal(form.notebook.dataset.wbLanguage, "zh");
  form.model.change("schema", { ...SCHEMA, language: "en" });
  assert.equal(form.notebook.dataset.wbLanguage, "en");
  form.leave();
});
