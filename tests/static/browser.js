// A document without a browser, and a model as anywidget gives it, both of which count who listens.

import { JSDOM } from "jsdom";

const GLOBALS = [
  "CustomEvent", "Element", "Event", "HTMLElement", "KeyboardEvent", "MouseEvent",
  "HTMLDetailsElement", "HTMLInputElement", "MutationObserver", "Node", "Option", "document", "getComputedStyle", "getSelection",
  "localStorage", "window",
];

// Make this process a page; what is returned tells who still listens to it.
export function openPage({ storage = true } = {}) {
  const dom = new JSDOM("<!doctype html><body></body>", {
    pretendToBeVisual: true,
    url: storage ? "https://page.test/" : undefined, // an opaque origin has no storage
  });
  const { window } = dom;
  for (const name of GLOBALS) define(name, { get: () => window[name] });
  const held = new Set();
  watch(window, "window", held);
  watch(window.document, "document", held);
  watch(window.document.body, "body", held);
  const media = (query) => {
    const list = new window.EventTarget();
    watch(list, query, held);
    return Object.assign(list, { matches: false, media: query });
  };
  const frames = new Map();
  const stand = {
    matchMedia: media,
    ResizeObserver: observer("ResizeObserver", held),
    MutationObserver: observer("MutationObserver", held, window.MutationObserver),
    CSS: { escape: (text) => text },
    ImageData: class {},
    requestAnimationFrame(act) {
      const id = frames.size + 1;
      frames.set(id, act);
      return id;
    },
    cancelAnimationFrame: (id) => frames.set(id, null),
  };
  for (const [name, value] of Object.entries(stand)) {
    define(name, { get: () => value });
    Object.defineProperty(window, name, { get: () => value, configurable: true });
  }
  const sizes = { clientWidth: 900, clientHeight: 500, offsetWidth: 900, offsetHeight: 500 };
  for (const [name, size] of Object.entries(sizes)) {
    Object.defineProperty(window.HTMLElement.prototype, name, { get: () => size });
  }
  window.HTMLElement.prototype.scrollIntoView = () => {};
  const drawn = [];
  window.HTMLCanvasElement.prototype.getContext = () => pen(drawn);
  window.HTMLCanvasElement.prototype.setPointerCapture = () => {};
  return {
    window,
    document: window.document,
    held,
    drawn,
    // How many frames were asked for and neither drawn nor given up.
    waiting: () => [...frames.values()].filter(Boolean).length,
    // Let time pass: the frames that were asked for are drawn.
    async settle(rounds = 4) {
      for (let round = 0; round < rounds; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        for (const [id, act] of frames) {
          frames.set(id, null);
          act?.(0);
        }
      }
    },
  };
}

function define(name, property) {
  Object.defineProperty(globalThis, name, { ...property, configurable: true });
}

// Note each listener of a target while it is there.
function watch(target, name, held) {
  const { addEventListener, removeEventListener } = target;
  const keyOf = (kind, act) => [...held].find((one) => one.kind === kind && one.act === act);
  target.addEventListener = (kind, act, options) => {
    const note = { name, kind, act };
    held.add(note);
    options?.signal?.addEventListener("abort", () => held.delete(note));
    addEventListener.call(target, kind, act, options);
  };
  target.removeEventListener = (kind, act, options) => {
    held.delete(keyOf(kind, act));
    removeEventListener.call(target, kind, act, options);
  };
}

function observer(name, held, Real = class { observe() {} disconnect() {} }) {
  return class extends Real {
    observe(...about) {
      held.add(this);
      super.observe(...about);
    }
    disconnect() {
      held.delete(this);
      super.disconnect();
    }
    get name() {
      return name;
    }
  };
}

// A pen that notes what it was asked to draw.
function pen(drawn) {
  const held = {};
  return new Proxy(held, {
    get: (_, name) => {
      if (name in held) return held[name];
      if (name === "measureText") return (text) => ({ width: 6 * text.length });
      return (...about) => drawn.push([name, ...about]);
    },
    set: (_, name, value) => {
      held[name] = value;
      return true;
    },
  });
}

// A widget's model: its traits, who listens to which, and what was sent.
export function makeModel(traits) {
  const listeners = new Map();
  const values = structuredClone(traits);
  const of = (name) => listeners.get(name) ?? listeners.set(name, []).get(name);
  return {
    sent: [],
    saved: 0,
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
    },
    save_changes() {
      this.saved += 1;
    },
    on: (name, act) => void of(name).push(act),
    off(name, act) {
      const found = of(name).indexOf(act);
      if (found >= 0) of(name).splice(found, 1);
    },
    send(message) {
      this.sent.push(message);
    },
    // As Python does: change a trait, or send a message.
    change(name, value) {
      values[name] = value;
      for (const act of [...of(`change:${name}`)]) act();
    },
    receive(message, buffers = []) {
      for (const act of [...of("msg:custom")]) act(message, buffers);
    },
    listeners: () => [...listeners].flatMap(([name, acts]) => acts.map(() => name)),
  };
}
