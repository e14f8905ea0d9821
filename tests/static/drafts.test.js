// What is half written, where storage is denied: private windows, frames without an origin.

import assert from "node:assert/strict";
import { test } from "node:test";

import { dropDraft, keepDraft, readDraft } from "../../workbench/static/drafts.js";

const STORAGES = {
  "there is none": undefined,
  "reading it throws": { get: () => { throw new Error("SecurityError"); } },
  "it is full": {
    value: { getItem: () => null, removeItem() {}, setItem() { throw new Error("QuotaExceededError"); } },
  },
};

for (const [name, property] of Object.entries(STORAGES)) {
  test(`a draft lives as long as the page where ${name}`, () => {
    Object.defineProperty(globalThis, "localStorage", { configurable: true, ...(property ?? { value: undefined }) });
    assert.equal(readDraft(name), null);
    keepDraft(name, ["a", "b"]);
    assert.deepEqual(readDraft(name), ["a", "b"]);
    dropDraft(name);
    assert.equal(readDraft(name), null);
  });
}

test("a draft outlives the page where it may, and what others wrote there is no draft", () => {
  const held = new Map([["old", '{"a": 1}'], ["odd", "{no json"]]);
  const value = {
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, text) => held.set(key, text),
    removeItem: (key) => held.delete(key),
  };
  Object.defineProperty(globalThis, "localStorage", { configurable: true, value });
  assert.deepEqual(readDraft("old"), { a: 1 });
  assert.equal(readDraft("odd"), null);
  keepDraft("new", 2);
  assert.equal(held.get("new"), "2");
  dropDraft("new");
  assert.ok(!held.has("new"));
});
