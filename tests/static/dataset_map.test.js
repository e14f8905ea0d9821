// The dataset map by keyboard, and its geometry.

import assert from "node:assert/strict";
import { test } from "node:test";

import { neighbour, placeOf, rowsBetween, rowsInside, within } from "../../workbench/static/dataset_map/points.js";
import { makeModel, openPage } from "./browser.js";

const page = openPage();
const { default: widget } = await import("../../workbench/static/dataset_map/map.js");

// Rows 10 to 14: a cross of five points, the fourth likely wrong, and one hidden behind the first.
const TABLE = [
  [10, 11, 12, 13, 14, 15],
  [0.2, 0.1, 0.3, 0.2, 0.2, 0.2],
  [0.5, 0.5, 0.5, 0.9, 0.1, 0.5],
  [0, 0, 1, 2, 2, 0],
  [0, 0, 2, 1, 0, 0],
];
const [MIDDLE, LEFT, RIGHT, TOP, BOTTOM] = [0, 1, 2, 3, 4];
const LABELS = {
  map: "Map", x: "x", y: "y", hint: "hint", keys: "keys", always: "always", sometimes: "sometimes",
  never: "never", flagged: "likely wrong", corrected: "decided", label_issues: "issues", undo: "undo",
  retrain: "retrain", starting: "starting", reading: "reading", given: "label: {label}", likely: "likely: {label}",
  right: "right", point: "row {row}: {confidence} ± {variability}, {kind}", area: "{rows} rows",
  can_retrain: false,
};
const points = { count: 6, table: Float64Array.from(TABLE.flat()) };
const axes = { width: 900, height: 500, widest: 0.3, px: (x) => 1000 * x, py: (y) => 400 - 400 * y };

function show() {
  const model = makeModel({ labels: LABELS, colours: ["#000", "#111", "#222", "#333"] });
  const el = page.document.createElement("div");
  page.document.body.append(el);
  const leave = widget.render({ model, el });
  model.receive({ kind: "points", message: "6 rows", changed: 0 }, [new DataView(points.table.slice().buffer)]);
  model.sent.length = 0;
  const canvas = el.querySelector("canvas");
  const press = (key, more = {}) => {
    const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true, ...more });
    canvas.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { model, el, canvas, press, leave, said: () => el.querySelector(".wb-spoken").textContent };
}

test("an arrow goes to the nearest point on its side", () => {
  const go = (from, direction) => neighbour(points, axes, from, direction);
  assert.equal(go(MIDDLE, [-1, 0]), LEFT);
  assert.equal(go(MIDDLE, [1, 0]), RIGHT);
  assert.equal(go(MIDDLE, [0, -1]), TOP);
  assert.equal(go(MIDDLE, [0, 1]), BOTTOM);
  assert.equal(go(LEFT, [-1, 0]), -1);
  assert.equal(go(LEFT, [1, 0]), MIDDLE);
});

test("every point of a crowd can be reached with the arrows", () => {
  const count = 60;
  const table = new Float64Array(5 * count);
  let seed = 7;
  const draw = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let at = 0; at < count; at++) {
    table[at] = at;
    table[count + at] = draw() * 0.3;
    table[2 * count + at] = draw();
  }
  const crowd = { count, table };
  const reached = new Set([0]);
  const waiting = [0];
  while (waiting.length) {
    const from = waiting.pop();
    for (const direction of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      const next = neighbour(crowd, axes, from, direction);
      if (next >= 0 && !reached.has(next)) {
        reached.add(next);
        waiting.push(next);
      }
    }
  }
  assert.equal(reached.size, count);
});

test("a rectangle holds its corners and what lies between", () => {
  assert.deepEqual(rowsBetween(points, axes, LEFT, BOTTOM), [10, 11, 14, 15]);
  assert.deepEqual(rowsBetween(points, axes, MIDDLE, MIDDLE), [10, 15]);
});

test("what a rectangle drawn as a lasso holds is what its bounds say", () => {
  const [x0, y0, x1, y1] = [150, 100, 250, 300];
  const path = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  const bounds = ([x, y]) => x > x0 && x < x1 && y > y0 && y < y1;
  const wanted = TABLE[0].filter((_, at) => bounds(placeOf(points, axes, at)));
  assert.deepEqual(rowsInside(points, axes, path), wanted);
  assert.equal(within([0, 0], path), false);
});

test("the keyboard begins at a label that is likely wrong and says where it stands", () => {
  const map = show();
  map.canvas.focus();
  assert.equal(map.said(), "row 13: 0.90 ± 0.20, never · likely wrong");
  assert.ok(map.press("ArrowDown"));
  assert.equal(map.said(), "row 10: 0.50 ± 0.20, always · 2 rows");
  map.leave();
});

test("Enter lists the rows at the cursor, Shift and arrows those of a rectangle", () => {
  const map = show();
  map.canvas.focus();
  map.press("Enter");
  map.press("ArrowDown");
  map.press("ArrowLeft", { shiftKey: true });
  map.press(" ");
  assert.deepEqual(map.model.sent, [{ kind: "rows", rows: [13] }, { kind: "rows", rows: [10, 11, 15] }]);
  map.press("Escape");
  map.press("Enter");
  assert.deepEqual(map.model.sent.at(-1), { kind: "rows", rows: [11] });
  map.leave();
});

test("other keys, and all keys while there are no points, are left alone", () => {
  const map = show();
  map.canvas.focus();
  assert.ok(!map.press("Tab"));
  assert.ok(!map.press("a"));
  assert.ok(!map.press("ArrowLeft", { ctrlKey: true }));
  map.model.receive({ kind: "points", message: "none", changed: 0 }, [new DataView(new ArrayBuffer(0))]);
  assert.ok(!map.press("ArrowLeft"));
  assert.equal(map.el.querySelector(".wb-summary").textContent, "none");
  map.leave();
});

test("after a lasso or a press it says that it is at work, until the rows or a fault come", () => {
  const map = show();
  const count = map.el.querySelector(".wb-count");
  const list = map.el.querySelector(".wb-caught");
  const busy = () => [count.textContent, list.getAttribute("aria-busy")];
  map.canvas.focus();
  map.press("Enter");
  assert.deepEqual(busy(), ["reading", "true"]);
  map.model.receive({ kind: "rows", rows: [], message: "0 of 0 rows", names: [], answers: "class" });
  assert.deepEqual(busy(), ["0 of 0 rows", "false"]);
  map.el.querySelector("button").click();
  assert.deepEqual(busy(), ["reading", "true"]);
  map.model.receive({ kind: "fault", fault: "the data has changed" });
  assert.deepEqual(busy(), ["", "false"]);
  map.leave();
});

test("a lasso and a click ask for rows as before", () => {
  const map = show();
  const pointer = (kind, x, y) => {
    const event = new MouseEvent(kind, { clientX: x, clientY: y, bubbles: true });
    map.canvas.dispatchEvent(event);
  };
  for (const [x, y] of [[0, 0]]) pointer("pointerdown", x, y);
  for (const [x, y] of [[900, 0], [900, 500], [0, 500]]) pointer("pointermove", x, y);
  pointer("pointerup", 0, 500);
  assert.deepEqual(map.model.sent, [{ kind: "rows", rows: TABLE[0] }]);
  pointer("pointerdown", 3, 3);
  pointer("pointerup", 3, 3);
  assert.equal(map.model.sent.length, 1, "a click on nothing asks for nothing");
  map.leave();
});
