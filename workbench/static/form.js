// The form of a spec. The inputs hold `entries`; Python answers with `faults`. A slider only
// writes into the text box beside it, so that any value can be typed and none is rounded.

let forms = 0;

export default { render };

function render({ model, el }) {
  const prefix = `wb-form-${++forms}`;
  let rows = {};

  const draw = () => {
    const schema = model.get("schema");
    rows = {};
    el.replaceChildren();
    el.classList.add("wb-form");
    el.append(recipePicker(schema, model, prefix));
    for (const group of schema.groups) el.append(section(group, schema.labels));
    showEntries();
    showFaults();
  };

  const section = (group, labels) => {
    const box = make("fieldset", "wb-group");
    box.append(make("legend", "", group.title));
    for (const field of group.basic) box.append(row(field, labels));
    if (group.more.length) {
      const more = make("details", "wb-more");
      const summary = make("summary", "", labels.more);
      keepKeys(summary);
      more.append(summary);
      for (const field of group.more) more.append(row(field, labels));
      box.append(more);
    }
    return box;
  };

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
    for (const name in rows) rows[name].show(entries[name] ?? "");
  };

  const showFaults = () => {
    const faults = model.get("faults");
    for (const name in rows) rows[name].fault(faults[name] ?? "");
  };

  draw();
  model.on("change:schema", draw);
  model.on("change:entries", showEntries);
  model.on("change:faults", showFaults);
  return () => {
    model.off("change:schema", draw);
    model.off("change:entries", showEntries);
    model.off("change:faults", showFaults);
  };
}

function recipePicker(schema, model, prefix) {
  const box = make("div", "wb-row wb-recipe");
  const label = make("label", "", schema.labels.recipe);
  label.htmlFor = `${prefix}-recipe`;
  const select = make("select");
  select.id = `${prefix}-recipe`;
  keepKeys(select);
  select.append(new Option(schema.labels.no_recipe, ""));
  for (const name of schema.recipes) select.append(new Option(name, name));
  select.addEventListener("change", () => {
    model.set("recipe", select.value);
    model.save_changes();
  });
  const show = () => (select.value = model.get("recipe"));
  show();
  model.on("change:recipe", show);
  const control = make("div", "wb-control");
  control.append(select);
  box.append(label, control);
  return box;
}

// One row: label, input (with a slider where the field has one), help, fault.
function fieldRow(field, labels, id, changed) {
  const box = make("div", `wb-row wb-${field.kind}`);
  box.dataset.field = field.name;
  const label = make("label");
  label.htmlFor = id;
  label.append(make("span", "wb-name", field.label), make("code", "", field.name));
  const control = make("div", "wb-control");
  const help = make("p", "wb-help", field.help);
  help.id = `${id}-help`;
  const fault = make("p", "wb-fault");
  fault.id = `${id}-fault`;
  fault.setAttribute("role", "alert");
  fault.hidden = true;

  const input = makeInput(field, id);
  input.id = id;
  input.title = [field.help, field.range].filter(Boolean).join(" ");
  input.setAttribute("aria-describedby", `${help.id} ${fault.id}`);
  const slider = field.kind === "slider" ? makeSlider(field, labels) : null;
  if (slider) control.append(slider);
  control.append(input);
  if (field.suggestions.length) control.append(suggestionList(field, input, id));
  if (field.unit || slider) control.append(make("span", "wb-unit", field.unit));
  const notes = make("div", "wb-notes");
  notes.append(help, fault);
  box.append(label, control, notes);

  const place = () => {
    if (!slider) return;
    slider.value = nearest(field, input.value);
    slider.setAttribute("aria-valuetext", [input.value, field.unit].filter(Boolean).join(" "));
  };
  const isCheck = field.kind === "check";
  input.addEventListener(isCheck || field.kind === "choice" ? "change" : "input", () => {
    place();
    changed(isCheck ? input.checked : input.value);
  });
  slider?.addEventListener("input", () => {
    input.value = field.stops[slider.value];
    place();
    changed(input.value);
  });

  return {
    box,
    show(entry) {
      if (isCheck) input.checked = entry === true;
      else if (input.value !== entry) input.value = entry;
      place();
    },
    fault(text) {
      fault.textContent = text;
      fault.hidden = !text;
      box.classList.toggle("wb-at-fault", Boolean(text));
      input.setAttribute("aria-invalid", String(Boolean(text)));
    },
  };
}

function makeInput(field, id) {
  if (field.kind === "choice") {
    const select = make("select");
    for (const choice of field.choices) select.append(new Option(choice, choice));
    keepKeys(select);
    return select;
  }
  const input = make("input");
  input.type = field.kind === "check" ? "checkbox" : "text";
  if (field.kind === "check") {
    keepKeys(input);
    return input;
  }
  input.spellcheck = false;
  input.autocomplete = "off";
  input.placeholder = field.placeholder;
  if (field.numeric) input.classList.add("wb-number");
  return input;
}

function makeSlider(field, labels) {
  const slider = make("input");
  slider.type = "range";
  slider.min = 0;
  slider.max = field.stops.length - 1;
  slider.step = 1;
  slider.title = field.range;
  slider.setAttribute("aria-label", `${field.label}, ${labels.slider}`);
  keepKeys(slider);
  return slider;
}

function suggestionList(field, input, id) {
  const list = make("datalist");
  list.id = `${id}-list`;
  for (const value of field.suggestions) list.append(new Option(value));
  input.setAttribute("list", list.id);
  return list;
}

// The stop nearest to a typed value; an empty or unreadable one stands at the end.
function nearest(field, text) {
  const scale = (value) => (field.log ? Math.log(value) : value);
  const value = scale(Number(text));
  if (text.trim() === "" || Number.isNaN(value)) return field.stops.length - 1;
  let best = 0;
  field.stops.forEach((stop, at) => {
    const distance = Math.abs(scale(Number(stop)) - value);
    if (distance < Math.abs(scale(Number(field.stops[best])) - value)) best = at;
  });
  return best;
}

// Lab would take arrows and letters for its own shortcuts on inputs that are not typed into.
function keepKeys(node) {
  node.dataset.lmSuppressShortcuts = "true";
}

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}
