// @ts-check
// The controls of a run that trains elsewhere. Python says in `shown` how the run stands; every
// button and knob sends one message, which is answered with its fault, or an empty one.

import { listen, make, makeButton, makeDetails, makeFault, makeSlider, makeTextBox } from "./controls.js";
import { makeLost, watchKernel } from "./lost.js";

/** @import { FromSteering, ToSteering } from "./messages.d.ts" */
/** @import { Confirm, Knob, Labels, Send, Shown, SteeringModel, Value } from "./steering.types.d.ts" */

let panels = 0;

const OVER = ["finished", "early_stopped", "stopped", "discarded"];

export default { render };

/** @param {{ model: SteeringModel, el: HTMLElement }} about */
function render({ model, el }) {
  const labels = model.get("labels");
  const prefix = `wb-steer-${++panels}`;
  /** @type {Send} */
  const send = (act, value) => model.send({ kind: "ask", act, value });
  el.classList.add("wb-controls", "wb-steer");

  const sure = confirmation(labels, (value) => send("stop", value));
  const acts = actBar(labels, model, send, sure.open);
  const alert = alertLine(labels, model, send, sure.open);
  const fault = makeFault(`${prefix}-fault`);
  const news = make("p", "wb-help");
  news.setAttribute("role", "status");
  const [first, ...others] = model.get("rows").map((knob) => {
    return hyperparameterRow(knob, labels, `${prefix}-${knob.name}`, send);
  });
  const rows = [first, ...others];
  const more = makeDetails("wb-more", labels.more);
  more.append(...others.map((row) => row.box));
  const probe = probeRow(labels, `${prefix}-probe`, send);
  const settings = make("div");
  settings.append(first.box, more, probe.box);

  const panel = make("section");
  panel.setAttribute("aria-label", labels.panel);
  const lost = makeLost(labels);
  panel.append(lost, acts.box, sure.box, news, fault.node, alert.box, settings);
  el.append(panel);

  const show = () => {
    const shown = model.get("shown");
    settings.hidden = ["interrupted", "failed"].includes(shown.phase);
    if (news.textContent !== shown.news) news.textContent = shown.news;
    if (!shown.steerable) sure.close();
    for (const row of rows) {
      row.show(shown.values[row.name], shown.steerable && !shown.useless.includes(row.name));
    }
    for (const part of [acts, alert, probe]) part.show(shown);
  };
  const answered = (/** @type {ToSteering} */ message) => {
    if (message.kind !== "answered") return;
    const place = [...rows, probe].find((part) => part.name === message.act);
    if (place) place.answered(message.fault);
    else fault.show(message.fault);
  };
  show();
  const over = () => OVER.includes(model.get("shown").phase);
  const unheard = watchKernel(model, over, (isLost) => {
    lost.hidden = !isLost;
    for (const part of [acts.box, sure.box, alert.box, settings]) part.inert = isLost;
  });
  const leave = listen(model, { "change:shown": show, "msg:custom": answered });
  return () => {
    unheard();
    leave();
    for (const row of rows) row.leave();
  };
}

// ---------------------------------------------------------------- buttons

/**
 * @param {Labels} labels
 * @param {SteeringModel} model
 * @param {Send} send
 * @param {Confirm} confirm
 */
function actBar(labels, model, send, confirm) {
  const box = make("div", "wb-bar");
  const phase = make("strong", "wb-phase");
  const bar = make("div", "wb-acts");
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", labels.acts);
  const act = (/** @type {string} */ name, value = true) => actButton(labels[name], () => send(name, value));
  const pause = actButton(labels.pause, () => send("paused", !model.get("shown").paused));
  const now = { evaluate: act("evaluate"), checkpoint: act("checkpoint"), rollback: act("rollback") };
  const stops = ["keep", "discard"].map((value) => {
    /** @type {HTMLButtonElement} */
    const button = actButton(labels[`stop_${value}`], () => confirm(value, button));
    return button;
  });
  const resume = actButton(labels.resume, () => model.send({ kind: "resume" }));
  resume.classList.add("wb-main");
  bar.append(pause, ...Object.values(now), ...stops, resume);
  box.append(phase, bar);
  return {
    box,
    show(/** @type {Shown} */ { phase: name, words, steerable, resumable, paused, asked }) {
      box.dataset.phase = name;
      if (phase.textContent !== words) phase.textContent = words;
      pause.textContent = paused ? labels.go_on : labels.pause;
      setWaiting(pause, asked.includes("paused"));
      for (const [asks, button] of Object.entries(now)) setWaiting(button, asked.includes(asks));
      for (const button of stops) setWaiting(button, asked.includes("stop"));
      const away = name === "interrupted" || name === "failed";
      for (const button of [pause, ...Object.values(now), ...stops]) {
        button.hidden = away;
        button.disabled = !steerable;
      }
      resume.hidden = !resumable;
    },
  };
}

/**
 * A button that waits keeps the focus, but does nothing when it is pressed again.
 * @param {string} label
 * @param {() => void} act
 */
function actButton(label, act) {
  const node = makeButton(label);
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-disabled") !== "true") act();
  });
  return node;
}

/** @param {HTMLElement} button @param {boolean} waiting */
function setWaiting(button, waiting) {
  button.classList.toggle("wb-waiting", waiting);
  button.setAttribute("aria-disabled", String(waiting));
}

/**
 * The question before a run is ended; the focus goes to "no", and back to where it came from.
 * @param {Labels} labels
 * @param {(value: string) => void} end
 */
function confirmation(labels, end) {
  const box = make("div", "wb-bar wb-sure");
  const words = make("span");
  let value = "";
  /** @type {HTMLElement | null} */
  let opener = null;
  const close = () => {
    const focused = box.contains(document.activeElement);
    box.hidden = true;
    if (focused) opener?.focus();
  };
  const yes = makeButton("", () => {
    close();
    end(value);
  });
  const no = makeButton(labels.train_on, close);
  box.setAttribute("role", "group");
  box.hidden = true;
  box.append(words, yes, no);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  return {
    box,
    close,
    /** @type {Confirm} */
    open(asked, from) {
      [value, opener] = [asked, from];
      words.textContent = labels[`sure_${value}`];
      yes.textContent = labels[`yes_${value}`];
      box.setAttribute("aria-label", words.textContent);
      box.hidden = false;
      no.focus();
    },
  };
}

/**
 * @param {Labels} labels
 * @param {SteeringModel} model
 * @param {Send} send
 * @param {Confirm} confirm
 */
function alertLine(labels, model, send, confirm) {
  const box = make("div", "wb-alert");
  const words = make("p");
  const bar = make("div", "wb-bar");
  const dismiss = () => model.send({ kind: "dismiss" });
  /** @type {HTMLButtonElement} */
  const answer = makeButton("", () => {
    const { alert } = model.get("shown");
    if (!alert) return;
    const { act, value } = alert;
    if (act === "stop") return confirm(String(value), answer);
    send(act, value);
    dismiss();
  });
  words.setAttribute("role", "alert");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", labels.alert);
  bar.append(answer, makeButton(labels.dismiss, dismiss));
  box.append(words, bar);
  return {
    box,
    show(/** @type {Shown} */ { alert }) {
      box.hidden = !alert;
      const said = alert?.words ?? "";
      if (words.textContent !== said) words.textContent = said;
      if (alert) answer.textContent = alert.do;
    },
  };
}

// ---------------------------------------------------------------- knobs

// While a value is being chosen (`editing`), what comes from the run does not overwrite it. It is
// sent when the slider is let go, or on Enter; a slider moved by keys is sent once they rest.
const KEYS_REST_MS = 600;

/** @param {Knob} knob @param {Labels} labels @param {string} id @param {Send} send */
function hyperparameterRow(knob, labels, id, send) {
  const box = make("div", "wb-row wb-slider");
  box.dataset.knob = knob.name;
  const label = make("label");
  label.htmlFor = id;
  label.append(make("span", "wb-name", knob.label), make("code", "", knob.name));
  const slider = makeSlider(knob, `${knob.label}, ${labels.slider}`);
  const input = makeTextBox("wb-number");
  input.id = id;
  input.title = knob.range;
  const control = make("div", "wb-control");
  control.append(slider.node, input, make("span", "wb-unit", knob.unit));
  const help = make("p", "wb-help", knob.help);
  help.id = `${id}-help`;
  const note = make("p", "wb-note");
  note.id = `${id}-note`;
  note.setAttribute("role", "status");
  const fault = makeFault(`${id}-fault`);
  input.setAttribute("aria-describedby", `${help.id} ${note.id} ${fault.node.id}`);
  const notes = make("div", "wb-notes");
  notes.append(help, note, fault.node);
  box.append(label, control, notes);

  let value = { entry: "", note: "" };
  let editing = false;
  /** @type {string | null} */
  let sent = null;
  let byKeys = false;
  let rest = 0;

  const draw = () => {
    if (!editing) input.value = value.entry;
    slider.place(input.value);
    const said = editing && sent === null ? labels.keys : value.note;
    if (note.textContent !== said) note.textContent = said;
  };
  const edit = () => {
    [editing, sent] = [true, null];
    setFault("");
    draw();
  };
  const takeBack = () => {
    clearTimeout(rest);
    [editing, sent] = [false, null];
    setFault("");
    draw();
  };
  const commit = () => {
    clearTimeout(rest);
    if (!editing || sent !== null) return;
    if (input.value.trim() === value.entry) return takeBack();
    sent = input.value.trim();
    send(knob.name, sent);
    draw();
  };
  const setFault = (/** @type {string} */ text) => {
    fault.show(text);
    box.classList.toggle("wb-at-fault", Boolean(text));
    input.setAttribute("aria-invalid", String(Boolean(text)));
  };

  input.addEventListener("input", edit);
  slider.node.addEventListener("input", () => {
    input.value = slider.stop();
    edit();
  });
  slider.node.addEventListener("pointerdown", () => (byKeys = false));
  slider.node.addEventListener("change", () => {
    clearTimeout(rest);
    if (byKeys) rest = setTimeout(commit, KEYS_REST_MS);
    else commit();
  });
  slider.node.addEventListener("blur", commit);
  control.addEventListener("keydown", (event) => {
    byKeys = true;
    if (event.key === "Enter") commit();
    if (event.key === "Escape") takeBack();
  });

  return {
    box,
    name: knob.name,
    leave: () => clearTimeout(rest),
    show(/** @type {Value} */ shown, /** @type {boolean} */ movable) {
      value = shown;
      input.disabled = slider.node.disabled = !movable;
      draw();
    },
    answered(/** @type {string} */ text) {
      setFault(text);
      if (sent === null) return; // it is being changed again
      if (!text) editing = false;
      sent = null;
      draw();
    },
  };
}

/** @param {Labels} labels @param {string} id @param {Send} send */
function probeRow(labels, id, send) {
  const box = make("div", "wb-row wb-probe");
  const label = make("label", "wb-name", labels.probe);
  label.htmlFor = id;
  const input = makeTextBox();
  input.id = id;
  input.placeholder = labels.probe_hint;
  const ask = () => {
    if (input.value.trim()) send("probe", input.value);
  };
  const add = makeButton(labels.add, ask);
  const control = make("div", "wb-control");
  control.append(input, add);
  const fault = makeFault(`${id}-fault`);
  input.setAttribute("aria-describedby", fault.node.id);
  const notes = make("div", "wb-notes");
  notes.append(fault.node);
  box.append(label, control, notes);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) ask();
  });
  return {
    box,
    name: "probe",
    show(/** @type {Shown} */ { steerable }) {
      input.disabled = add.disabled = !steerable;
    },
    answered(/** @type {string} */ text) {
      fault.show(text);
      if (!text) input.value = "";
    },
  };
}
