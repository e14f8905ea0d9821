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
  bar.append(make("span", "wb-help", words.settings));
  root.append(make("p", "wb-help", words.intro), log, status, alert.node, box, bar);
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
  function exchange({ asked, before, after }) {
    const entry = make("article");
    const sides = make("div", "wb-sides");
    sides.append(side(words.before, before), side(words.after, after));
    entry.append(make("div", "wb-asked", asked), sides);
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

  const shows = { said: showLog, busy: showBusy, fault: showFault };
  for (const [name, show] of Object.entries(shows)) {
    show();
    model.on(`change:${name}`, show);
  }
  return () => {
    heard();
    for (const [name, show] of Object.entries(shows)) model.off(`change:${name}`, show);
  };
}
