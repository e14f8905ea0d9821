// @ts-check
// The form of a spec. The inputs hold `entries`; Python answers with `faults`. A slider only
// writes into the text box beside it, so that any value can be typed and none is rounded.

import { keepKeys, listen, make, makeDetails, makeFault, makeSlider, makeTextBox } from "./controls.js";

/** @import { Entry, Field, FormModel, Group, Labels, Schema } from "./form.types.d.ts" */

let forms = 0;

export default { render };

/** @param {{ model: FormModel, el: HTMLElement }} shown */
function render({ model, el }) {
  const prefix = `wb-form-${++forms}`;
  /** @type {Record<string, ReturnType<typeof fieldRow>>} */
  let rows = {};
  let showRecipe = () => {};

  const draw = () => {
    const schema = model.get("schema");
    const focused = document.activeElement?.closest("[data-field]")?.getAttribute("data-field");
    rows = {};
    el.replaceChildren();
    el.classList.add("wb-controls", "wb-form");
    const recipe = recipePicker(schema, model, prefix);
    showRecipe = recipe.show;
    el.append(recipe.box);
    for (const group of schema.groups) el.append(section(group, schema.labels));
    showRecipe();
    showEntries();
    showFaults();
    // In another language the form is drawn anew; who was in it stays where they were.
    if (focused) rows[focused]?.focus();
  };

  /** @param {Group} group @param {Labels} labels */
  const section = (group, labels) => {
    const box = make("fieldset", "wb-group");
    box.append(make("legend", "", group.title));
    for (const field of group.basic) box.append(row(field, labels));
    if (group.more.length) {
      const more = makeDetails("wb-more", labels.more);
      for (const field of group.more) more.append(row(field, labels));
      box.append(more);
    }
    return box;
  };

  /** @param {Field} field @param {Labels} labels */
  const row = (field, labels) => {
    const made = fieldRow(field, labels, `${prefix}-${field.name}`, (entry) => {
      model.set("entries", { ...model.get("entries"), [field.name]: entry });
      model.save_changes();
    });
    rows[field.name] = made;
    return made.box;
  };

  const showEntries = () => {
    const entries = model.get("entries");
    for (const name in rows) {
      rows[name].show(entries[name] ?? "");
      rows[name].box.hidden = !serves(rows[name].field, entries);
    }
    // A group of which nothing is left to see goes, too: first what is folded away, then the whole.
    /** @type {NodeListOf<HTMLElement>} */
    const groups = el.querySelectorAll(".wb-more, .wb-group");
    for (const box of groups) {
      box.hidden = !box.querySelector(".wb-row:not([hidden])");
    }
  };

  const showFaults = () => {
    const faults = model.get("faults");
    for (const name in rows) {
      rows[name].fault(faults[name] ?? "");
      // A fault that is folded away would be looked for in vain.
      const folded = faults[name] && rows[name].box.closest("details");
      if (folded) folded.open = true;
    }
  };

  draw();
  return listen(model, {
    "change:schema": draw,
    "change:entries": showEntries,
    "change:faults": showFaults,
    "change:recipe": () => showRecipe(),
  });
}

/** @param {Schema} schema @param {FormModel} model @param {string} prefix */
function recipePicker(schema, model, prefix) {
  const box = make("div", "wb-row wb-recipe");
  const label = make("label", "", schema.labels.recipe);
  label.htmlFor = `${prefix}-recipe`;
  const select = make("select");
  select.id = `${prefix}-recipe`;
  keepKeys(select);
  select.append(new Option(schema.labels.no_recipe, ""));
  for (const name in schema.recipes) select.append(new Option(name, name));
  select.addEventListener("change", () => {
    model.set("recipe", select.value);
    model.save_changes();
  });
  const title = make("p", "wb-help");
  title.id = `${prefix}-recipe-title`;
  select.setAttribute("aria-describedby", title.id);
  const show = () => {
    select.value = model.get("recipe");
    title.textContent = schema.recipes[select.value] ?? "";
  };
  const control = make("div", "wb-control");
  const notes = make("div", "wb-notes");
  control.append(select);
  notes.append(title);
  box.append(label, control, notes);
  return { box, show };
}

/**
 * Whether the chosen task heeds the field; one that was changed stays in sight all the same.
 * @param {Field} field
 * @param {Record<string, Entry>} entries
 */
function serves(field, entries) {
  if (!field.tasks.length || field.tasks.includes(String(entries.task))) return true;
  return (entries[field.name] ?? "") !== field.default;
}

/**
 * One row: label, input (with a slider where the field has one), help, fault.
 * @param {Field} field
 * @param {Labels} labels
 * @param {string} id
 * @param {(entry: Entry) => void} changed
 */
function fieldRow(field, labels, id, changed) {
  const box = make("div", `wb-row wb-${field.kind}`);
  box.dataset.field = field.name;
  const label = make("label");
  label.htmlFor = id;
  label.append(make("span", "wb-name", field.label), make("code", "", field.name));
  const control = make("div", "wb-control");
  const help = make("p", "wb-help", field.help);
  help.id = `${id}-help`;
  const fault = makeFault(`${id}-fault`);

  const input = makeInput(field);
  input.id = id;
  input.title = [field.help, field.range].filter(Boolean).join(" ");
  input.setAttribute("aria-describedby", `${help.id} ${fault.node.id}`);
  const slider =
    field.kind === "slider" ? makeSlider(field, `${field.label}, ${labels.slider}`) : null;
  if (slider) control.append(slider.node);
  control.append(input);
  if (field.suggestions.length) control.append(suggestionList(field, input, id));
  if (field.unit || slider) control.append(make("span", "wb-unit", field.unit));
  const notes = make("div", "wb-notes");
  notes.append(help, fault.node);
  box.append(label, control, notes);

  const place = () => slider?.place(input.value);
  const check = input instanceof HTMLInputElement && input.type === "checkbox" ? input : null;
  input.addEventListener(check || field.kind === "choice" ? "change" : "input", () => {
    place();
    changed(check ? check.checked : input.value);
  });
  slider?.node.addEventListener("input", () => {
    input.value = slider.stop();
    place();
    changed(input.value);
  });

  return {
    box,
    field,
    focus: () => input.focus(),
    show(/** @type {Entry} */ entry) {
      if (check) check.checked = entry === true;
      else if (input.value !== entry) input.value = String(entry);
      place();
    },
    fault(/** @type {string} */ text) {
      fault.show(text);
      box.classList.toggle("wb-at-fault", Boolean(text));
      input.setAttribute("aria-invalid", String(Boolean(text)));
    },
  };
}

/** @param {Field} field */
function makeInput(field) {
  if (field.kind === "choice") {
    const select = make("select");
    for (const choice of field.choices) {
      const option = new Option(String(choice), String(choice));
      option.disabled = field.refused.includes(option.value);
      select.append(option);
    }
    keepKeys(select);
    return select;
  }
  if (field.kind === "check") {
    const box = make("input");
    box.type = "checkbox";
    keepKeys(box);
    return box;
  }
  const input = makeTextBox(field.numeric ? "wb-number" : "");
  input.placeholder = field.placeholder;
  return input;
}

/** @param {Field} field @param {HTMLElement} input @param {string} id */
function suggestionList(field, input, id) {
  const list = make("datalist");
  list.id = `${id}-list`;
  for (const value of field.suggestions) list.append(new Option(value));
  input.setAttribute("list", list.id);
  return list;
}
