// The live curves of a run. Python sends only the new points, as Float64 pairs (step, value);
// each part says at which index it begins, and whoever has missed some asks for all of them.
// One factory call a model: `initialize` and `render` share `store` through its closure.

const PALETTE = ["#2f7ebb", "#d9640b", "#0e9a6e", "#9b6bc8", "#a98307", "#c0629b"];
const BEST = "#c0629b";
const PANELS = [
  { name: "loss", height: 260 },
  { name: "metrics", height: 170 },
  { name: "rate", height: 170, zero: true },
];

export default () => {
  const store = { series: new Map(), state: {}, views: new Set() };
  return {
    initialize({ model }) {
      model.on("msg:custom", (message, buffers) => {
        if (message.kind !== "points") return;
        if (!take(store, message, buffers)) model.send({ kind: "sync" });
        store.views.forEach((draw) => draw());
      });
      model.send({ kind: "sync" });
    },
    render({ model, el }) {
      return view(store, model, el);
    },
  };
};

// ---------------------------------------------------------------- points

function take(store, message, buffers) {
  store.state = message.state;
  return message.parts.every((part, index) => {
    let series = store.series.get(part.series);
    if (part.at === 0 || !series) {
      series = { ...part, x: [], y: [], received: 0 };
      if (part.at === 0) store.series.set(part.series, series);
    }
    if (part.at !== series.received) return false;
    append(series, doubles(buffers[index]));
    return true;
  });
}

function append(series, pairs) {
  series.received += pairs.length / 2;
  for (let i = 0; i < pairs.length; i += 2) {
    // A run taken up again from a checkpoint repeats some steps; the later ones count.
    while (series.x.length && series.x.at(-1) >= pairs[i]) {
      series.x.pop();
      series.y.pop();
    }
    series.x.push(pairs[i]);
    series.y.push(pairs[i + 1]);
  }
  series.smooth = series.smoothed ? smooth(series.y) : null;
}

function doubles(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return new Float64Array(bytes.slice().buffer);
}

// The same average as in workbench/figures/curves.py, so that the record at the end agrees.
function smooth(values) {
  const weight = 1 - 1 / Math.max(1, values.length / 20);
  let total = 0;
  let seen = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    total = weight * total + (1 - weight) * value;
    seen = weight * seen + (1 - weight);
    return total / seen;
  });
}

// ---------------------------------------------------------------- view

function view(store, model, el) {
  const labels = model.get("labels");
  const shared = { step: null, hidden: new Set(), left: 56 };
  el.classList.add("wb-live");
  const head = make("div", "wb-head");
  const state = make("span", "wb-state");
  head.append(make("strong", "", model.get("run_name")), state);
  const progress = make("progress");
  progress.setAttribute("aria-label", labels.progress);
  const spoken = make("div", "wb-spoken");
  spoken.setAttribute("role", "status");
  const tip = make("div", "wb-tip");
  tip.hidden = true;
  const grid = make("div", "wb-panels");
  el.append(head, progress, grid, spoken, tip);

  let waiting = 0;
  const draw = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      state.textContent = store.state.text ?? labels.waiting;
      progress.max = store.state.total || 1;
      progress.value = store.state.step ?? 0;
      panels.forEach((panel) => panel.draw());
    });
  };

  const point = (panel, step, speak) => {
    shared.step = step;
    draw();
    const rows = step === null ? [] : readout(panel.visible(), step);
    tip.hidden = rows.length === 0;
    if (!rows.length) return;
    const title = `${labels.step} ${step.toLocaleString()}`;
    fillTip(tip, title, rows);
    placeTip(tip, el, panel.canvas, panel.place(step));
    if (speak) spoken.textContent = [title, ...rows.map((r) => `${r.label} ${r.text}`)].join(", ");
  };

  const panels = PANELS.map((spec) => makePanel(spec, { store, labels, shared, point, draw, el }));
  grid.append(...panels.map((panel) => panel.box));

  const resized = new ResizeObserver(draw);
  resized.observe(el);
  const themed = new MutationObserver(draw);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name"] });
  store.views.add(draw);
  draw();
  return () => {
    store.views.delete(draw);
    resized.disconnect();
    themed.disconnect();
    cancelAnimationFrame(waiting);
  };
}

function makePanel(spec, { store, labels, shared, point, draw, el }) {
  const box = make("figure", `wb-panel wb-panel-${spec.name}`);
  const caption = make("figcaption");
  const legend = make("span", "wb-legend");
  caption.append(make("span", "wb-title", labels[spec.name]), legend);
  const canvas = make("canvas");
  canvas.tabIndex = 0;
  canvas.style.height = `${spec.height}px`;
  canvas.dataset.lmSuppressShortcuts = "true";
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${labels[spec.name]}. ${labels.keys}`);
  box.append(caption, canvas);

  const mine = () => [...store.series.values()].filter((s) => s.panel === spec.name);
  const visible = () => mine().filter((s) => !shared.hidden.has(s.series));
  let axes = null;

  const panel = {
    box,
    canvas,
    visible,
    place: (step) => (axes ? axes.px(step) : 0),
    draw() {
      box.hidden = spec.name !== "loss" && mine().length === 0;
      drawLegend(legend, mine(), shared.hidden, labels, draw);
      if (!box.hidden) axes = paint(canvas, el, spec, visible(), store, shared, labels);
    },
  };

  const steps = () => [...new Set(visible().flatMap((s) => s.x))].sort((a, b) => a - b);
  canvas.addEventListener("pointermove", (event) => {
    if (!axes) return;
    const known = steps();
    if (known.length) point(panel, closest(known, axes.step(event.offsetX)), false);
  });
  canvas.addEventListener("pointerleave", () => point(panel, null, false));
  canvas.addEventListener("blur", () => point(panel, null, false));
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return point(panel, null, false);
    const known = steps();
    const at = shared.step === null ? known.length : known.indexOf(closest(known, shared.step));
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 };
    if (!(event.key in moves) || !known.length) return;
    event.preventDefault();
    const to = Math.min(known.length - 1, Math.max(0, at + moves[event.key]));
    point(panel, known[to], true);
  });
  return panel;
}

function drawLegend(legend, series, hidden, labels, draw) {
  const key = series.map((s) => s.series + hidden.has(s.series)).join();
  if (legend.dataset.key === key) return;
  legend.dataset.key = key;
  legend.hidden = series.length === 1 && series[0].label === labels[series[0].panel];
  const focused = [...legend.children].indexOf(document.activeElement);
  legend.replaceChildren(
    ...series.map((s) => {
      const button = make("button");
      button.type = "button";
      button.dataset.lmSuppressShortcuts = "true";
      button.title = labels.toggle;
      button.setAttribute("aria-pressed", String(!hidden.has(s.series)));
      const swatch = make("i");
      swatch.style.background = colour(s);
      button.append(swatch, s.label);
      button.addEventListener("click", () => {
        if (!hidden.delete(s.series)) hidden.add(s.series);
        draw();
      });
      return button;
    }),
  );
  if (focused >= 0) legend.children[focused]?.focus();
}

// The values at a step; a series that has none there gives its last one before, with its step.
function readout(series, step) {
  return series.flatMap((s) => {
    const at = lastAtOrBefore(s.x, step);
    if (at < 0) return [];
    const since = s.x[at] === step ? "" : ` (${s.stepWord} ${s.x[at].toLocaleString()})`;
    const also = s.smooth ? ` · ${s.smoothedWord} ${exact(s.smooth[at])}` : "";
    return [{ label: s.label, colour: colour(s), text: exact(s.y[at]) + also + since }];
  });
}

function fillTip(tip, title, rows) {
  tip.replaceChildren(make("strong", "", title));
  for (const row of rows) {
    const line = make("div");
    const swatch = make("i");
    swatch.style.background = row.colour;
    line.append(swatch, make("span", "", row.label), make("b", "", row.text));
    tip.append(line);
  }
}

function placeTip(tip, el, canvas, x) {
  const outer = el.getBoundingClientRect();
  const inner = canvas.getBoundingClientRect();
  const left = inner.left - outer.left + x;
  const fits = left + 16 + tip.offsetWidth < outer.width;
  tip.style.left = `${Math.max(0, fits ? left + 14 : left - 14 - tip.offsetWidth)}px`;
  tip.style.top = `${inner.top - outer.top + 14}px`;
}

// ---------------------------------------------------------------- drawing

function paint(canvas, el, spec, series, store, shared, labels) {
  const width = canvas.clientWidth;
  const height = spec.height;
  if (!width) return null;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  const style = getComputedStyle(el);
  const ink = style.getPropertyValue("--wb-ink");
  const faint = style.getPropertyValue("--wb-grid");
  ctx.font = `11px ${style.fontFamily}`;

  const area = { left: shared.left, right: width - 24, top: 8, bottom: height - 40 };
  const [xLow, xHigh] = [0, stepsShown(store)];
  const [yLow, yHigh] = range(series, spec.zero);
  const px = (step) => area.left + ((step - xLow) / (xHigh - xLow)) * (area.right - area.left);
  const py = (y) => area.bottom - ((y - yLow) / (yHigh - yLow)) * (area.bottom - area.top);

  ctx.strokeStyle = faint;
  ctx.fillStyle = ink;
  ctx.lineWidth = 1;
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  for (const tick of ticks(yLow, yHigh, height / 38)) {
    rule(ctx, area.left, py(tick), area.right, py(tick));
    ctx.fillText(short(tick), area.left - 8, py(tick));
  }
  ctx.textAlign = "center";
  for (const tick of ticks(xLow, xHigh, width / 110).filter(Number.isInteger)) {
    ctx.fillText(tick.toLocaleString(), px(tick), area.bottom + 13);
  }
  ctx.fillText(labels.step, (area.left + area.right) / 2, height - 8);
  ctx.strokeStyle = style.getPropertyValue("--wb-axis");
  rule(ctx, area.left, area.bottom, area.right, area.bottom);
  ctx.save();
  ctx.translate(11, (area.top + area.bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.fillText(labels[`${spec.name}_unit`], 0, 0);
  ctx.restore();

  ctx.save();
  ctx.beginPath();
  ctx.rect(area.left, area.top - 4, area.right - area.left + 10, area.bottom - area.top + 8);
  ctx.clip();
  for (const s of series) drawSeries(ctx, s, px, py, store.state.best_step);
  ctx.restore();
  if (shared.step !== null) drawCursor(ctx, series, shared.step, px, py, area, ink);
  return { px, step: (x) => xLow + ((x - area.left) / (area.right - area.left)) * (xHigh - xLow) };
}

function drawSeries(ctx, s, px, py, best) {
  ctx.strokeStyle = ctx.fillStyle = colour(s);
  ctx.lineJoin = "round";
  ctx.setLineDash(s.dash ?? []);
  if (s.smooth) {
    ctx.globalAlpha = 0.4;
    ctx.lineWidth = 1;
    curve(ctx, s.x, s.y, px, py);
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = s.smooth ? 2.2 : 1.8;
  curve(ctx, s.x, s.smooth ?? s.y, px, py);
  ctx.setLineDash([]);
  if (!s.markers) return;
  s.x.forEach((step, i) => disc(ctx, px(step), py(s.y[i]), s.x.length > 60 ? 1.5 : 3));
  const at = s.x.indexOf(best);
  if (at >= 0) {
    ctx.strokeStyle = BEST;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.arc(px(best), py(s.y[at]), 7, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

// A line through all points; where several share a pixel column, through their extremes.
function curve(ctx, xs, ys, px, py) {
  ctx.beginPath();
  let open = false;
  let column = null;
  let low, high, last;
  const flush = () => {
    if (column === null) return;
    for (const y of low === high ? [last] : [low, high, last]) {
      if (open) ctx.lineTo(column, py(y));
      else ctx.moveTo(column, py(y));
      open = true;
    }
    column = null;
  };
  const dense = xs.length > 2 * (px(xs.at(-1) ?? 0) - px(xs[0] ?? 0));
  for (let i = 0; i < xs.length; i++) {
    const x = dense ? Math.round(px(xs[i])) : px(xs[i]);
    if (!Number.isFinite(ys[i])) {
      flush();
      open = false;
      continue;
    }
    if (x !== column) {
      flush();
      column = x;
      low = high = ys[i];
    }
    low = Math.min(low, ys[i]);
    high = Math.max(high, ys[i]);
    last = ys[i];
  }
  flush();
  ctx.stroke();
}

function drawCursor(ctx, series, step, px, py, area, ink) {
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1;
  ctx.setLineDash([3, 3]);
  rule(ctx, px(step), area.top, px(step), area.bottom);
  ctx.setLineDash([]);
  for (const s of series) {
    const at = lastAtOrBefore(s.x, step);
    const y = at < 0 ? NaN : (s.smooth ?? s.y)[at];
    ctx.fillStyle = colour(s);
    disc(ctx, px(s.x[at]), py(y), 4);
  }
}

function disc(ctx, x, y, radius) {
  if (!Number.isFinite(x + y)) return;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

function rule(ctx, x1, y1, x2, y2) {
  const [dx, dy] = x1 === x2 ? [0.5, 0] : [0, 0.5];
  ctx.beginPath();
  ctx.moveTo(Math.round(x1) + dx, Math.round(y1) + dy);
  ctx.lineTo(Math.round(x2) + dx, Math.round(y2) + dy);
  ctx.stroke();
}

// ---------------------------------------------------------------- numbers

// The axis ends at a round number beyond the last step, so that it moves seldom.
function stepsShown(store) {
  let last = 1;
  for (const s of store.series.values()) last = Math.max(last, s.x.at(-1) ?? 0);
  const power = 10 ** Math.floor(Math.log10(last));
  const round = [1, 2, 3, 5, 7.5, 10].map((m) => m * power).find((end) => end >= last);
  const end = Math.max(10, round);
  const total = store.state.total;
  return Math.max(last, total ? Math.min(end, total) : end);
}

function range(series, zero) {
  let low = Infinity;
  let high = -Infinity;
  for (const s of series) {
    for (const y of s.y) {
      if (!Number.isFinite(y)) continue;
      if (y < low) low = y;
      if (y > high) high = y;
    }
  }
  if (low > high) return [0, 1];
  if (zero) low = Math.min(0, low);
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  return [zero ? low : low - margin, high + margin];
}

function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(2, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}

function short(value) {
  const size = Math.abs(value);
  return size && (size < 1e-3 || size >= 1e5) ? tidy(value.toExponential()) : String(value);
}

function exact(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const number = Number(value.toPrecision(6));
  return size && size < 1e-3 ? tidy(number.toExponential()) : String(number);
}

function tidy(text) {
  return text.replace("e+", "e");
}

function closest(sorted, wanted) {
  const at = lastAtOrBefore(sorted, wanted);
  if (at < 0) return sorted[0];
  const next = sorted[at + 1];
  return next !== undefined && next - wanted < wanted - sorted[at] ? next : sorted[at];
}

function lastAtOrBefore(sorted, wanted) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function colour(series) {
  return PALETTE[series.colour % PALETTE.length];
}

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}
