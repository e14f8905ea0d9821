// The dataset map: points on a canvas, a lasso or a click, and the list of what it caught.

import { keepKeys, listen, make, makeButton, makeFault } from "./controls.js";
import { watchTheme } from "./theme.js";

const AREA = { left: 52, right: 14, top: 12, bottom: 40 };
const COLUMNS = 5; // row, variability, confidence, kind, mark
const [FLAGGED, CORRECTED] = [1, 2];
const NEAR = 8; // pixels within which a click means a point

export default {
  render({ model, el }) {
    const labels = model.get("labels");
    el.classList.add("wb-controls", "wb-map");
    const points = { count: 0, table: new Float64Array() };
    const told = make("p", "wb-told");
    told.setAttribute("role", "status");
    const canvas = make("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", labels.map);
    const fault = makeFault("wb-map-fault");
    const list = make("div", "wb-caught");
    list.setAttribute("aria-live", "polite");
    const count = make("p", "wb-help");
    const suspects = makeButton(labels.suspects, () => model.send({ kind: "suspects" }));
    const undo = makeButton(labels.undo, () => model.send({ kind: "undo" }));
    const retrain = makeButton(labels.retrain, () => {
      count.textContent = labels.starting;
      model.send({ kind: "retrain" });
    });
    retrain.hidden = !labels.can_retrain;
    const bar = make("div", "wb-bar");
    bar.append(suspects, undo, retrain);
    const left = make("div", "wb-left");
    left.append(canvas, makeLegend(model), make("p", "wb-help", labels.hint));
    const right = make("div", "wb-right");
    right.append(bar, count, fault.node, list);
    const both = make("div", "wb-both");
    both.append(left, right);
    el.append(told, both);

    let lasso = [];
    let caught = new Set();
    let [names, kind] = [[], ""];
    const draw = () => paint(canvas, points, lasso, caught, model);

    const received = (message, buffers) => {
      fault.show(message.kind === "fault" ? message.fault : "");
      if (message.kind === "points") {
        told.textContent = message.told;
        retrain.disabled = undo.disabled = false;
        take(points, buffers[0]);
        draw();
      }
      if (message.kind === "rows") {
        [names, kind] = [message.names, message.answers];
        count.textContent = message.told;
        caught = new Set(message.rows.map((row) => row.row));
        showRows(list, message.rows, { names, kind }, labels, (row, value) =>
          model.send({ kind: "label", row, value }),
        );
        draw();
      }
      if (message.kind === "retrained") count.textContent = "";
      if (message.kind === "fault") count.textContent = "";
    };
    const leave = listen(model, { "msg:custom": received });
    const unwatch = watchTheme(draw);

    canvas.addEventListener("pointerdown", (event) => {
      lasso = [place(canvas, event)];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!lasso.length) return;
      lasso.push(place(canvas, event));
      draw();
    });
    const release = (event) => {
      if (!lasso.length) return;
      const at = place(canvas, event);
      const rows = isClick(lasso) ? nearestRow(points, canvas, at) : inside(points, canvas, lasso);
      lasso = [];
      draw();
      if (rows.length) model.send({ kind: "rows", rows });
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", () => {
      lasso = [];
      draw();
    });
    const sized = new ResizeObserver(draw);
    sized.observe(canvas);
    model.send({ kind: "sync" });
    return () => {
      sized.disconnect();
      unwatch();
      leave();
    };
  },
};

function take(points, buffer) {
  const bytes = buffer instanceof DataView ? buffer : new DataView(buffer);
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  points.table = new Float64Array(copy);
  points.count = points.table.length / COLUMNS;
}

const cell = ({ table, count }, at, column) => table[column * count + at];

// ---- where things are

export function place(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function layOutMap(points, canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  let widest = 0.05;
  for (let at = 0; at < points.count; at++) widest = Math.max(widest, cell(points, at, 1));
  const across = width - AREA.left - AREA.right;
  const up = height - AREA.top - AREA.bottom;
  return {
    width,
    height,
    widest,
    px: (x) => AREA.left + 6 + (x / widest) * (across - 12),
    py: (y) => height - AREA.bottom - 6 - y * (up - 12),
  };
}

const isClick = (path) =>
  path.every(([x, y]) => Math.hypot(x - path[0][0], y - path[0][1]) < 4);

function nearestRow(points, canvas, [x, y]) {
  const axes = layOutMap(points, canvas);
  let [best, distance] = [-1, NEAR];
  for (let at = 0; at < points.count; at++) {
    const far = Math.hypot(axes.px(cell(points, at, 1)) - x, axes.py(cell(points, at, 2)) - y);
    if (far < distance) [best, distance] = [at, far];
  }
  return best < 0 ? [] : [cell(points, best, 0)];
}

function inside(points, canvas, path) {
  const axes = layOutMap(points, canvas);
  const rows = [];
  for (let at = 0; at < points.count; at++) {
    const here = [axes.px(cell(points, at, 1)), axes.py(cell(points, at, 2))];
    if (within(here, path)) rows.push(cell(points, at, 0));
  }
  return rows;
}

// Whether a ray from the point crosses the outline an odd number of times.
function within([x, y], path) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [path[i], path[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

// ---- drawing

function paint(canvas, points, lasso, caught, model) {
  const axes = layOutMap(points, canvas);
  if (!axes.width) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(axes.width * ratio);
  canvas.height = Math.round(axes.height * ratio);
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(canvas);
  const ink = style.color;
  ctx.font = `12px ${style.fontFamily}`;
  drawMapAxes(ctx, axes, model.get("labels"), ink);
  const colours = model.get("colours");
  for (let at = 0; at < points.count; at++) {
    const [x, y] = [axes.px(cell(points, at, 1)), axes.py(cell(points, at, 2))];
    const [kind, mark] = [cell(points, at, 3), cell(points, at, 4)];
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = ctx.strokeStyle = colours[kind];
    shape(ctx, kind, x, y, 2.6);
    ctx.globalAlpha = 1;
    if (mark === FLAGGED) ring(ctx, x, y, 5, colours[3]);
    if (mark === CORRECTED) tick(ctx, x, y, ink);
    if (caught.has(cell(points, at, 0))) ring(ctx, x, y, 7.5, ink);
  }
  if (lasso.length > 1) {
    ctx.strokeStyle = ink;
    ctx.setLineDash([4, 3]);
    ctx.beginPath();
    lasso.forEach(([x, y], at) => (at ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.closePath();
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

function shape(ctx, kind, x, y, r) {
  ctx.beginPath();
  if (kind === 0) ctx.arc(x, y, r, 0, 7);
  else if (kind === 1) ctx.rect(x - r, y - r, 2 * r, 2 * r);
  else {
    ctx.moveTo(x, y - 1.3 * r);
    ctx.lineTo(x + 1.3 * r, y + r);
    ctx.lineTo(x - 1.3 * r, y + r);
  }
  ctx.fill();
}

function ring(ctx, x, y, r, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 7);
  ctx.stroke();
}

function tick(ctx, x, y, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x - 4, y);
  ctx.lineTo(x - 1, y + 3);
  ctx.lineTo(x + 5, y - 5);
  ctx.stroke();
}

function drawMapAxes(ctx, axes, labels, ink) {
  const bottom = axes.height - AREA.bottom;
  ctx.strokeStyle = ctx.fillStyle = ink;
  ctx.lineWidth = 1;
  ctx.globalAlpha = 0.45;
  ctx.strokeRect(AREA.left, AREA.top, axes.width - AREA.left - AREA.right, bottom - AREA.top);
  ctx.globalAlpha = 1;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const y of [0, 0.25, 0.5, 0.75, 1]) ctx.fillText(y.toFixed(2), AREA.left - 6, axes.py(y));
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  const digits = axes.widest < 0.1 ? 3 : 2;
  for (const share of [0, 0.5, 1]) {
    const x = share * axes.widest;
    ctx.fillText(x.toFixed(digits), axes.px(x), bottom + 5);
  }
  ctx.fillText(labels.x, (AREA.left + axes.width) / 2, bottom + 22);
  ctx.save();
  ctx.translate(12, (AREA.top + bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.textBaseline = "middle";
  ctx.fillText(labels.y, 0, 0);
  ctx.restore();
}

function makeLegend(model) {
  const labels = model.get("labels");
  const colours = model.get("colours");
  const box = make("p", "wb-legend");
  const signs = ["●", "■", "▲", "◯"];
  ["always", "sometimes", "never", "flagged"].forEach((name, at) => {
    const sign = make("span", "", signs[at]);
    sign.style.color = colours[at];
    const item = make("span");
    item.append(sign, ` ${labels[name]}`);
    box.append(item);
  });
  box.append(make("span", "", `✓ ${labels.corrected}`));
  return box;
}

// ---- the list

function showRows(list, rows, answers, labels, decide) {
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.row;
  list.replaceChildren(...rows.map((row) => makeRow(row, answers, labels, decide)));
  if (focused) list.querySelector(`[data-row="${CSS.escape(focused)}"]`)?.focus();
}

function makeRow(row, answers, labels, decide) {
  const box = make("div", "wb-caught-row");
  const head = make("p", "wb-help", `${row.rank} · ${row.said}`);
  const texts = row.texts.map((text) => make("p", "wb-text", text));
  const given = [].concat(row.label).join(", ");
  const told = labels.given.replace("{label}", () => given);
  const facts = make("p", "wb-facts", told);
  const likely = labels.likely.replace("{label}", () => row.likely);
  if (row.likely) facts.append(make("span", "", ` · ${likely}`));
  const choice = answers.kind === "class" ? makeChoice(row, answers.names) : makeWritten(row);
  choice.dataset.row = row.row;
  choice.setAttribute("aria-label", told);
  keepKeys(choice);
  choice.addEventListener("change", () => decide(row.row, answerIn(choice)));
  const keep = makeButton(labels.right, () => decide(row.row, row.label));
  const label = make("label");
  label.append(choice, make("span", "", row.decided ? "✓" : ""));
  const acts = make("div", "wb-bar");
  if (["class", "number", "text"].includes(answers.kind)) acts.append(label, keep);
  box.append(head, ...texts, facts, acts);
  return box;
}

function makeChoice(row, names) {
  const choice = make("select");
  choice.multiple = Array.isArray(row.label);
  const now = [].concat(row.now);
  for (const name of names) choice.append(new Option(name, name, false, now.includes(name)));
  return choice;
}

function makeWritten(row) {
  const field = make("textarea");
  field.rows = 2;
  field.value = row.now;
  return field;
}

function answerIn(choice) {
  if (!choice.options) return choice.value;
  const chosen = [...choice.selectedOptions].map((option) => option.value);
  return choice.multiple ? chosen : chosen[0];
}
