// Every widget as Python makes it: shown from its modules and from the linked script that users
// get, then taken away. `test_front_end.py` writes the samples and names their file.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { makeModel, openPage } from "./browser.js";

const MODULES = {
  attention: "attention/widget.js",
  labelling: "labelling/panel.js",
  dataset_map: "dataset_map/map.js",
  live: "live/view.js",
};
const file = process.env.WORKBENCH_SAMPLES;
const samples = file ? JSON.parse(readFileSync(file, "utf-8")) : [];
const page = openPage();

const moduleOf = (name) => {
  const [kind] = name.split(" ");
  return new URL(`../../workbench/static/${MODULES[kind] ?? `${kind}.js`}`, import.meta.url);
};
const bufferOf = (text) => new DataView(Uint8Array.from(Buffer.from(text, "base64")).buffer);

// Show a widget and let Python's messages arrive; what is returned takes it away.
async function show(address, sample) {
  const { default: made } = await import(address);
  const widget = typeof made === "function" ? await made() : made;
  const model = makeModel(sample.traits);
  const stop = await widget.initialize?.({ model });
  const el = page.document.createElement("div");
  page.document.body.append(el);
  const leave = await widget.render({ model, el });
  for (const { content, buffers } of sample.sent) model.receive(content, buffers.map(bufferOf));
  await page.settle();
  return {
    model,
    el,
    // Take the widget away, and let pass what it had asked for.
    async end() {
      leave?.();
      stop?.();
      el.remove();
      assert.equal(page.waiting(), 0, "a frame is still to be drawn");
      const { length } = model.sent;
      await page.settle();
      assert.equal(model.sent.length, length, "something is sent by nobody");
    },
  };
}

// Names that are drawn by lot, or counted up with each widget, differ from one to the next.
const plain = (el) => el.outerHTML.replace(/wb-(fault-|form-|steer-|playground-)?[a-z0-9]{9,}|wb-[a-z]+-\d+/g, "ID");

test("the samples are there", { skip: !file && "run it through pytest" }, () => {
  assert.equal(samples.length, 11);
});

for (const sample of samples) {
  test(`${sample.name}: the linked script shows what the modules show`, async () => {
    const [one, other] = [await show(moduleOf(sample.name), sample), await show(sample.linked, sample)];
    assert.ok(one.el.textContent.length > 20, "something is shown");
    assert.equal(plain(other.el), plain(one.el));
    assert.deepEqual(other.model.sent, one.model.sent);
    await one.end();
    await other.end();
  });

  test(`${sample.name}: nobody listens once it is taken away`, async () => {
    const before = page.held.size;
    const shown = await show(moduleOf(sample.name), sample);
    assert.ok(shown.model.listeners().length + page.held.size > before, "somebody listened");
    // What a widget does again and again must not leave a listener behind each time.
    for (const name of Object.keys(sample.traits)) {
      shown.model.change(name, structuredClone(sample.traits[name]));
    }
    const held = shown.model.listeners().length;
    for (const name of Object.keys(sample.traits)) {
      shown.model.change(name, structuredClone(sample.traits[name]));
    }
    assert.equal(shown.model.listeners().length, held);
    await shown.end();
    assert.deepEqual(shown.model.listeners(), []);
    assert.deepEqual([...page.held].map((one) => one.name).slice(before), []);
  });
}
