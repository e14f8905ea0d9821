// @ts-check
// The dataset map: points on a canvas; a lasso, a click or the keyboard, and the list of what was
// chosen.

import { keepKeys, listen, make, makeButton, makeFault } from "../controls.js";
import { watchTheme } from "../theme.js";
import { makeLegend, paint } from "./paint.js";
import {
  CORRECTED, FLAGGED, firstPoint, isClick, layOut, nearestRow, neighbour, pointAt, rowsBetween,
  rowsInside, take,
} from "./points.js";
import { showRows } from "./rows.js";

/** @import { Model } from "../types.d.ts" */
/** @import { FromMap, ToMap } from "../messages.d.ts" */
/** @import { Labels, Sight, Traits } from "./types.d.ts" */
/** @import { Axes, Place, Points } from "./points.js" */

export default { render };

/** @param {{ model: Model<Traits, FromMap>, el: HTMLElement }} shown */
function render({ model, el }) {
  const labels = model.get("labels");
  el.classList.add("wb-controls", "wb-map");
  /** @type {Points} */
  const points = { count: 0, table: new Float64Array() };
  /** @type {Sight} */
  const sight = { lasso: [], caught: new Set(), cursor: -1, anchor: -1 };
  const summary = makeStatus("wb-summary");
  const canvas = make("canvas");
  canvas.tabIndex = 0;
  keepKeys(canvas);
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${labels.map}. ${labels.keys}`);
  const spoken = makeStatus("wb-help wb-spoken");
  const fault = makeFault("wb-map-fault");
  const list = make("div", "wb-caught");
  list.setAttribute("aria-live", "polite");
  const count = makeStatus("wb-help wb-count");
  // The first rows take a while: the data is read then.
  const reading = () => {
    count.textContent = labels.reading;
    list.setAttribute("aria-busy", "true");
  };
  const issues = makeButton(labels.label_issues, () => {
    reading();
    model.send({ kind: "label_issues" });
  });
  const undo = makeButton(labels.undo, () => model.send({ kind: "undo" }));
  const retrain = makeButton(labels.retrain, () => {
    count.textContent = labels.starting;
    model.send({ kind: "retrain" });
  });
  retrain.hidden = !labels.can_retrain;
  const bar = make("div", "wb-bar");
  bar.append(issues, undo, retrain);
  const left = make("div", "wb-left");
  left.append(canvas, spoken, makeLegend(labels, model.get("colours")),
    make("p", "wb-help", `${labels.hint} ${labels.keys}`));
  const right = make("div", "wb-right");
  right.append(bar, count, fault.node, list);
  const both = make("div", "wb-both");
  both.append(left, right);
  el.append(summary, both);

  const axes = () => layOut(points, canvas);
  const draw = () => paint(canvas, axes(), points, sight, labels, model.get("colours"));
  /** @param {number[]} rows */
  const choose = (rows) => {
    if (!rows.length) return;
    reading();
    model.send({ kind: "rows", rows });
  };

  /** @param {ToMap} message @param {DataView[]} buffers */
  const received = (message, buffers) => {
    fault.show(message.kind === "fault" ? message.fault : "");
    if (message.kind === "points") {
      summary.textContent = message.message;
      retrain.disabled = undo.disabled = false;
      take(points, buffers[0]);
      if (sight.cursor >= points.count) sight.cursor = sight.anchor = -1;
      draw();
    }
    if (message.kind === "rows" || message.kind === "fault") list.setAttribute("aria-busy", "false");
    if (message.kind === "rows") {
      count.textContent = message.message;
      sight.caught = new Set(message.rows.map((row) => row.row));
      showRows(list, message.rows, message, labels, (row, value) =>
        model.send({ kind: "label", row, value }),
      );
      draw();
    }
    if (message.kind === "retrained" || message.kind === "fault") count.textContent = "";
  };
  const leave = listen(model, { "msg:custom": received });
  const unwatch = watchTheme(draw);
  followMouse(canvas, sight, draw, (path) =>
    choose(isClick(path) ? nearestRow(points, axes(), path[0]) : rowsInside(points, axes(), path)),
  );
  followKeys(canvas, points, sight, axes, (enter) => {
    draw();
    spoken.textContent = describe(points, sight, axes, labels);
    if (enter) choose(rowsBetween(points, axes(), sight.anchor, sight.cursor));
  });
  const sized = new ResizeObserver(draw);
  sized.observe(canvas);
  model.send({ kind: "sync" });
  return () => {
    sized.disconnect();
    unwatch();
    leave();
  };
}

/** @param {string} className */
function makeStatus(className) {
  const node = make("p", className);
  node.setAttribute("role", "status");
  return node;
}

/**
 * A lasso is drawn with the button held; `end` gets its way.
 * @param {HTMLCanvasElement} canvas
 * @param {Sight} sight
 * @param {() => void} draw
 * @param {(path: Place[]) => void} end
 */
function followMouse(canvas, sight, draw, end) {
  /** @param {PointerEvent} event @returns {Place} */
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const stop = () => {
    const path = sight.lasso;
    sight.lasso = [];
    draw();
    return path;
  };
  canvas.addEventListener("pointerdown", (event) => {
    sight.lasso = [place(event)];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!sight.lasso.length) return;
    sight.lasso.push(place(event));
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    if (sight.lasso.length) end(stop());
  });
  canvas.addEventListener("pointercancel", stop);
}

/** @type {Record<string, [number, number]>} */
const ARROWS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

/**
 * Arrows go from point to point, with Shift they span a rectangle; Enter or the space bar takes
 * what is there, and Escape lets go.
 * @param {HTMLCanvasElement} canvas
 * @param {Points} points
 * @param {Sight} sight
 * @param {() => Axes} axes
 * @param {(enter: boolean) => void} changed
 */
function followKeys(canvas, points, sight, axes, changed) {
  /** @param {number} cursor @param {number} anchor @param {boolean} [enter] */
  const go = (cursor, anchor, enter = false) => {
    Object.assign(sight, { cursor, anchor });
    changed(enter && cursor >= 0);
  };
  canvas.addEventListener("focus", () => {
    const from = sight.cursor < 0 && !sight.lasso.length ? firstPoint(points) : sight.cursor;
    go(from, sight.anchor < 0 ? from : sight.anchor);
  });
  canvas.addEventListener("blur", () => go(-1, -1));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !points.count) return;
    const arrow = ARROWS[event.key];
    const { cursor, anchor } = sight;
    if (arrow && cursor < 0) go(firstPoint(points), firstPoint(points));
    else if (arrow) {
      const next = neighbour(points, axes(), cursor, arrow);
      const at = next < 0 ? cursor : next;
      go(at, event.shiftKey ? anchor : at);
    } else if (event.key === "Enter" || event.key === " ") go(cursor, anchor, true);
    else if (event.key === "Escape") go(cursor, cursor);
    else return;
    event.preventDefault();
  });
}

/**
 * Where the keyboard stands, in words.
 * @param {Points} points
 * @param {Sight} sight
 * @param {() => Axes} axes
 * @param {Labels} labels
 */
function describe(points, { cursor, anchor }, axes, labels) {
  if (cursor < 0) return "";
  const { row, confidence, variability, kind, mark } = pointAt(points, cursor);
  const words = {
    row: row.toLocaleString(),
    confidence: confidence.toFixed(2),
    variability: variability.toFixed(2),
    kind: [labels.always, labels.sometimes, labels.never][kind],
  };
  const marked = { [FLAGGED]: labels.flagged, [CORRECTED]: labels.corrected }[mark];
  const point = [fill(labels.point, words), marked].filter(Boolean).join(" · ");
  const rows = rowsBetween(points, axes(), anchor, cursor).length;
  return rows > 1 ? `${point} · ${fill(labels.area, { rows: rows.toLocaleString() })}` : point;
}

/** @param {string} template @param {Record<string, string>} words */
function fill(template, words) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
}
