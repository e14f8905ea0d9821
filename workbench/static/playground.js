// The playground: a question, and what the model wrote before fine-tuning and after it.
// Everything that people or models wrote is put in as text, never as markup.

const PATIENCE_MS = 5000;

export default { render };

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
  bar.append(makeButton(words.send, send), makeButton(words.forget, forget));
  const how = numbers(model);
  root.append(make("p", "wb-help", words.intro), log, status, alert.node, box, bar, how.node);
  el.append(root);
  let waiting = 0;

  function send() {
    const text = box.value;
    if (!text.trim() || model.get("busy") || waiting) return;
    tell({ act: "ask", text });
  }
  function forget() {
    if (!model.get("busy")) tell({ act: "forget" });
    box.focus();
  }
  function tell(message) {
    alert.show("");
    waiting = setTimeout(() => {
      waiting = 0;
      alert.show(words.no_kernel);
    }, PATIENCE_MS);
    model.send(message);
  }
  function heard() {
    clearTimeout(waiting);
    waiting = 0;
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
    log.replaceChildren(...said.map(exchange));
    log.lastElementChild?.scrollIntoView({ block: "nearest" });
    const last = said.at(-1);
    if (last && box.value.trim() === last.asked.trim()) box.value = "";
  }
  function exchange({ asked, before, after, told }) {
    const entry = make("article");
    const sides = make("div", "wb-sides");
    sides.append(side(words.before, before), side(words.after, after));
    entry.append(make("div", "wb-asked", asked), sides, make("div", "wb-help wb-told", told));
    return entry;
  }
  function side(name, text) {
    const node = make("div", "wb-side");
    const written = text ? make("div", "wb-written", text) : make("div", "wb-help", words.nothing);
    node.append(make("b", "", name), written);
    return node;
  }
  function showBusy() {
    heard();
    const busy = model.get("busy");
    root.setAttribute("aria-busy", String(busy));
    status.textContent = busy ? words.writing : "";
  }
  function showFault() {
    heard();
    alert.show(model.get("fault"));
  }

  const shows = { said: showLog, busy: showBusy, fault: showFault, ...how.shows };
  for (const [name, show] of Object.entries(shows)) {
    show();
    model.on(`change:${name}`, show);
  }
  return () => {
    heard();
    for (const [name, show] of Object.entries(shows)) model.off(`change:${name}`, show);
  };
}

let desks = 0;

// The numbers that say how tokens are chosen. What is typed goes to Python, which says what is wrong.
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
  return { node, shows: { entries, faults } };
}
