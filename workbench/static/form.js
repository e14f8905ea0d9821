// @ts-check
// The form of a spec. The inputs hold `entries`; Python answers with `faults`. A slider only
// writes into the text box beside it, so that any value can be typed and none is rounded.

import { keepKeys, listen, make, makeButton, makeDetails, makeFault, makeSlider, makeTextBox } from "./controls.js";

/** @import { Entry, Field, FormModel, Group, Labels, Schema } from "./form.types.d.ts" */

let forms = 0;

export default { render };

/** @param {{ model: FormModel, el: HTMLElement }} shown */
function render({ model, el }) {
  const prefix = `wb-form-${++forms}`;
  /** @type {Record<string, ReturnType<typeof fieldRow>>} */
  let rows = {};
  let showRecipe = () => {};
  let tellFound = (/** @type {boolean} */ _found) => {};
  let wanted = ""; // what is searched for

  // A notebook in two languages shows the one of the form, once the form stands in it.
  const tellLanguage = () =>
    el.closest(".jp-Notebook, body")?.setAttribute("data-wb-language", model.get("schema").language);
  const placed = new ResizeObserver(tellLanguage);
  placed.observe(el);

  const draw = () => {
    const schema = model.get("schema");
    tellLanguage();
    const focused = document.activeElement?.closest("[data-field]")?.getAttribute("data-field");
    rows = {};
    el.replaceChildren();
    el.classList.add("wb-controls", "wb-form");
    const recipe = recipePicker(schema, model, prefix);
    showRecipe = recipe.show;
    const search = searchBox(schema.labels, wanted, (typed) => {
      wanted = typed;
      showEntries();
    });
    tellFound = search.tell;
    el.append(recipe.box, search.box);
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
    const [entries, base] = [model.get("entries"), model.get("base")];
    let found = false;
    for (const name in rows) {
      const { box, field, show } = rows[name];
      show(entries[name] ?? "", base[name] ?? "");
      box.hidden = !serves(field, entries) || !matches(field, wanted);
      found ||= !box.hidden;
    }
    tellFound(found);
    /** @type {NodeListOf<HTMLDetailsElement>} */
    const folded = el.querySelectorAll("details.wb-more");
    for (const more of folded) unfold(more, wanted !== "");
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
  const leave = listen(model, {
    "change:schema": draw,
    "change:entries": showEntries,
    "change:faults": showFaults,
    "change:base": showEntries,
    "change:recipe": () => showRecipe(),
    "change:notice": () => showRecipe(),
  });
  return () => {
    placed.disconnect();
    leave();
  };
}

/**
 * What is folded is opened while something is searched for, and then as it was before.
 * @param {HTMLDetailsElement} more
 * @param {boolean} searching
 */
function unfold(more, searching) {
  if (searching && more.dataset.before === undefined) {
    more.dataset.before = String(more.open);
    more.open = true;
  } else if (!searching && more.dataset.before !== undefined) {
    more.open = more.dataset.before === "true";
    delete more.dataset.before;
  }
}

/**
 * Whether all words that are searched for stand in a field's label, name or help.
 * @param {Field} field
 * @param {string} wanted
 */
function matches(field, wanted) {
  const searched = `${field.label} ${field.name} ${field.help}`.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => searched.includes(word));
}

/** @param {Labels} labels @param {string} wanted @param {(wanted: string) => void} typed */
function searchBox(labels, wanted, typed) {
  const box = make("div", "wb-search");
  const input = makeTextBox();
  input.type = "search";
  input.value = wanted;
  input.placeholder = labels.search;
  input.setAttribute("aria-label", labels.search);
  input.addEventListener("input", () => typed(input.value.trim()));
  const none = make("p", "wb-help");
  none.setAttribute("role", "status");
  box.append(input, none);
  return { box, tell: (/** @type {boolean} */ found) => (none.textContent = found ? "" : labels.search_none) };
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
  const notice = make("div", "wb-notice");
  notice.setAttribute("role", "status");
  const show = () => {
    select.value = model.get("recipe");
    title.textContent = schema.recipes[select.value] ?? "";
    notice.replaceChildren(...recipeNotice(schema, model));
  };
  const control = make("div", "wb-control");
  const notes = make("div", "wb-notes");
  control.append(select);
  notes.append(title, notice);
  box.append(label, control, notes);
  return { box, show };
}

/**
 * What a recipe has changed and what it left, with a button to undo it.
 * @param {Schema} schema
 * @param {FormModel} model
 */
function recipeNotice({ labels }, model) {
  const { text, kept_title: title, kept } = model.get("notice");
  if (!text) return [];
  const bar = make("div", "wb-bar");
  bar.append(makeButton(labels.undo_recipe, () => model.send({ kind: "undo_recipe" })));
  if (!kept.length) return [make("p", "", text), bar];
  bar.append(makeButton(labels.take_recipe, () => model.send({ kind: "take_recipe" })));
  const list = make("ul");
  list.append(...kept.map((line) => make("li", "", line)));
  return [make("p", "", text), make("p", "", title), list, bar];
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
  const dot = make("span", "wb-dot", "●");
  dot.setAttribute("aria-label", labels.changed);
  dot.setAttribute("role", "img");
  const name = make("span", "wb-name", field.label);
  name.append(" ", dot);
  label.append(name, make("code", "", field.name));
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
  if (Object.keys(field.suggestions).length) control.append(suggestionList(field, input, id));
  if (field.unit || slider) control.append(make("span", "wb-unit", field.unit));
  /** @type {Entry} */
  let base = "";
  const reset = makeButton("↺", () => {
    hold(base);
    changed(base);
    input.focus();
  });
  reset.className = "wb-reset";
  control.append(reset);
  const notes = make("div", "wb-notes");
  notes.append(help, fault.node);
  box.append(label, control, notes);

  const place = () => slider?.place(input.value);
  const check = input instanceof HTMLInputElement && input.type === "checkbox" ? input : null;
  const hold = (/** @type {Entry} */ entry) => {
    if (check) check.checked = entry === true;
    else if (input.value !== entry) input.value = String(entry);
    place();
  };
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
    show(/** @type {Entry} */ entry, /** @type {Entry} */ began) {
      base = began;
      const isChanged = entry !== began;
      box.classList.toggle("wb-changed", isChanged);
      dot.hidden = !isChanged;
      reset.disabled = !isChanged;
      reset.title = labels.reset.replace("{value}", shownValue(field, began));
      reset.setAttribute("aria-label", `${field.label}: ${reset.title}`);
      hold(entry);
    },
    fault(/** @type {string} */ text) {
      fault.show(text);
      box.classList.toggle("wb-at-fault", Boolean(text));
      input.setAttribute("aria-invalid", String(Boolean(text)));
    },
  };
}

/** @param {Field} field @param {Entry} entry */
function shownValue(field, entry) {
  if (typeof entry === "boolean") return entry ? "✓" : "✗";
  return entry || field.placeholder || "“”";
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
  for (const [value, note] of Object.entries(field.suggestions)) list.append(new Option(note, value));
  input.setAttribute("list", list.id);
  return list;
}
