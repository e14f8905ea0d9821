// Stands in for the notebook's model: the view below is the one that the notebook shows.
function fakeModel(values) {
  const listeners = {};
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const call of [...(listeners[`change:${name}`] ?? []), ...(listeners.change ?? [])]) call();
    },
    on: (event, call) => (listeners[event] ??= []).push(call),
    off: (event, call) => { listeners[event] = (listeners[event] ?? []).filter((c) => c !== call); },
    save_changes() {},
    send() {},
  };
}

for (const probe of document.querySelectorAll(".probe")) {
  const data = probe.querySelector("script.records");
  if (!data) continue;
  const records = JSON.parse(data.textContent);
  const buttons = [...probe.querySelectorAll("button[data-when]")];
  const last = buttons.at(-1).dataset.when;
  const model = fakeModel({ record: records[last], language: document.documentElement.lang.slice(0, 2) });
  const choose = (when) => {
    for (const b of buttons) b.setAttribute("aria-pressed", String(b.dataset.when === when));
    model.set("record", records[when]);
  };
  for (const b of buttons) b.addEventListener("click", () => choose(b.dataset.when));
  const { render } = typeof view === "function" ? await view() : view;
  await render({ model, el: probe.querySelector(".view") });
  choose(last);
  // Only a view that has come up takes the place of the still pictures.
  probe.querySelector(".live").hidden = false;
  probe.querySelector(".still").style.display = "none";
}
