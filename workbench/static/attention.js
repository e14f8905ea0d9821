// Where a model looked: one head, or the mean of a layer's heads, as a map of query rows by key
// columns. One self-contained module: the notebook shows it through anywidget, a report inlines
// it with a model of its own that knows `get`. Texts reach the page as text only.
//
// `records`: plain attention records (workbench/attention/record.py); `labels`: interface text.

const CSS = `
.wb-attention { --wb-paper: var(--jp-layout-color0, Canvas); --wb-line: var(--jp-border-color1, #9997);
  --wb-brand: var(--jp-brand-color1, #1976d2); position: relative; max-width: 100%; padding: 4px 2px;
  color: var(--jp-ui-font-color1, inherit); font-family: var(--jp-ui-font-family, inherit);
  font-size: var(--jp-ui-font-size1, 13px); line-height: 1.45; }
.wb-attention *, .wb-attention *::before, .wb-attention *::after { box-sizing: border-box; }
.wb-attention .wb-tools { display: flex; flex-wrap: wrap; gap: 6px 18px; margin-bottom: 6px; }
.wb-attention label { display: inline-flex; align-items: center; gap: 8px; }
.wb-attention select { height: 28px; padding: 0 6px; border: 1px solid var(--wb-line); border-radius: 4px;
  background: var(--jp-layout-color1, Canvas); color: inherit; font: inherit; }
.wb-attention p { margin: 0 0 4px; }
.wb-attention .wb-note { opacity: 0.75; }
.wb-attention .wb-cell { min-height: 1.5em; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.wb-attention .wb-cell b, .wb-attention .wb-tip b { font-weight: 600; }
.wb-attention .wb-map { display: grid; grid-template: max-content max-content / max-content max-content;
  max-width: 100%; max-height: 85vh; overflow: auto; padding: 2px; }
.wb-attention canvas { display: block; }
.wb-attention .wb-corner { position: sticky; top: 0; left: 0; z-index: 3; background: var(--wb-paper);
  display: flex; flex-direction: column; justify-content: flex-end; align-items: flex-end;
  padding: 0 8px 4px 2px; font-size: 0.85em; opacity: 1; }
.wb-attention .wb-corner span { opacity: 0.7; white-space: nowrap; }
.wb-attention .wb-top { position: sticky; top: 0; z-index: 2; background: var(--wb-paper); }
.wb-attention .wb-left { position: sticky; left: 0; z-index: 1; background: var(--wb-paper); }
.wb-attention .wb-heat { cursor: crosshair; }
.wb-attention :focus-visible { outline: 2px solid var(--wb-brand); outline-offset: 1px; }
.wb-attention .wb-scale { margin: 10px 0 4px 8px; }
.wb-attention .wb-bar { width: 240px; height: 10px; border-radius: 2px; }
.wb-attention .wb-ticks { position: relative; width: 240px; height: 1.5em; font-size: 0.85em; opacity: 0.8; }
.wb-attention .wb-ticks span { position: absolute; transform: translateX(-50%); }
.wb-attention .wb-scale p { margin: 0; font-size: 0.92em; }
.wb-attention .wb-tip { position: absolute; z-index: 4; max-width: 20rem; padding: 4px 9px; border-radius: 6px;
  border: 1px solid var(--wb-line); background: var(--jp-layout-color1, Canvas); pointer-events: none;
  box-shadow: 0 2px 8px rgba(0, 0, 0, 0.2); font-size: 0.92em; overflow-wrap: anywhere; }
.wb-attention [hidden] { display: none; }
`;

// Viridis, as in workbench/figures/theme.py: even to the eye, and readable without colour.
const SCALE = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
];
const TICKS = [0, 0.01, 0.05, 0.2, 0.5, 1];
const ERROR = 0.004; // of a weight stored as one byte on the square-root scale
const SMALLEST_CELL = 15;
const LARGEST_CELL = 30;
const LONGEST_LABEL = 130;
const SLANT = (55 * Math.PI) / 180;

export default { render };

function render({ model, el }) {
  const state = { record: 0, layer: null, head: null, cell: null };
  const parts = build(el, labelsOf(model));
  let records = [];
  let weights = null;
  let layout = null;

  const load = () => {
    records = recordsOf(model);
    state.record = Math.max(0, Math.min(state.record || records.length - 1, records.length - 1));
    state.cell = null;
    choose();
  };

  const choose = () => {
    const labels = labelsOf(model);
    const record = records[state.record];
    parts.body.hidden = !record;
    if (!record) return;
    const [layers, heads, tokens] = record.shape;
    state.layer = Math.min(state.layer ?? layers - 1, layers - 1);
    if (state.head !== null && state.head >= heads) state.head = null;
    if (state.cell && Math.max(...state.cell) >= tokens) state.cell = null;
    options(parts.record, records.map((r, n) => [n, nameOf(r, n, labels)]), state.record);
    parts.record.parentElement.hidden = records.length < 2;
    options(parts.layer, count(layers).map((n) => [n, `${n + 1} / ${layers}`]), state.layer);
    const mean = ["", fill(labels.mean, { heads })];
    const each = count(heads).map((n) => [n, `${n + 1} / ${heads}`]);
    options(parts.head, [mean, ...each], state.head ?? "");
    parts.answer.textContent = record.prediction ? `${labels.answer} ${record.prediction}` : "";
    parts.answer.hidden = !record.prediction;
    weights = mapOf(record, state.layer, state.head);
    draw();
  };

  const draw = () => {
    const record = records[state.record];
    if (!record || !el.clientWidth) return;
    layout = measure(el, record);
    paintHeat(parts.heat, weights, layout, state.cell);
    paintLeft(parts.left, record, layout, state.cell);
    paintTop(parts.top, record, layout, state.cell);
    say();
  };

  const say = () => {
    parts.tip.hidden = !state.cell;
    parts.cell.replaceChildren();
    if (!state.cell) {
      parts.cell.append(labelsOf(model).hint ?? "");
      return;
    }
    const labels = labelsOf(model);
    const [row, column] = state.cell;
    const { tokens } = records[state.record];
    const value = weights[row * tokens.length + column].toFixed(3);
    const words = () => sentence(labels.cell, tokens[row], tokens[column], `${value} ±${ERROR}`);
    const place = fill(labels.place, { row: row + 1, column: column + 1 });
    parts.cell.append(...words(), ` · ${place}`);
    parts.tip.replaceChildren(...words());
    placeTip(parts.tip, el, parts.heat, layout, state.cell);
  };

  const point = (cell) => {
    if (String(cell) === String(state.cell)) return;
    state.cell = cell;
    draw();
  };

  parts.record.addEventListener("change", () => {
    state.record = Number(parts.record.value);
    choose();
  });
  parts.layer.addEventListener("change", () => {
    state.layer = Number(parts.layer.value);
    choose();
  });
  parts.head.addEventListener("change", () => {
    state.head = parts.head.value === "" ? null : Number(parts.head.value);
    choose();
  });
  parts.heat.addEventListener("pointermove", (event) => {
    const last = layout.tokens - 1;
    const at = (offset) => Math.max(0, Math.min(last, Math.floor(offset / layout.cell)));
    point([at(event.offsetY), at(event.offsetX)]);
  });
  parts.heat.addEventListener("pointerleave", () => point(null));
  parts.heat.addEventListener("blur", () => point(null));
  parts.heat.addEventListener("focus", () => point(state.cell ?? [0, 0]));
  parts.heat.addEventListener("keydown", (event) => {
    const last = layout.tokens - 1;
    const [row, column] = state.cell ?? [0, 0];
    const moves = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, last],
      PageUp: [0, column],
      PageDown: [last, column],
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    point(moves[event.key].map((n) => Math.max(0, Math.min(last, n))));
    reveal(parts.map, layout, state.cell);
  });

  const resized = new ResizeObserver(() => draw());
  resized.observe(el);
  const themed = new MutationObserver(() => draw());
  themed.observe(document.body, { attributes: true });
  themed.observe(document.documentElement, { attributes: true });
  const names = ["change:records", "change:record"];
  for (const name of names) model.on?.(name, load);
  load();
  return () => {
    resized.disconnect();
    themed.disconnect();
    for (const name of names) model.off?.(name, load);
  };
}

// ---------------------------------------------------------------- data

function recordsOf(model) {
  const one = model.get("record");
  return (model.get("records") ?? (one ? [one] : [])).map((record) => ({
    ...record,
    bytes: Uint8Array.from(atob(record.weights), (c) => c.charCodeAt(0)),
  }));
}

function labelsOf(model) {
  return model.get("labels") ?? {};
}

// The weights of one head, or the mean over the layer's heads: T × T.
function mapOf(record, layer, head) {
  const [, heads, tokens] = record.shape;
  const size = tokens * tokens;
  const chosen = head === null ? count(heads) : [head];
  const map = new Float32Array(size);
  for (const h of chosen) {
    const start = (layer * heads + h) * size;
    for (let i = 0; i < size; i++) map[i] += (record.bytes[start + i] / 255) ** 2 / chosen.length;
  }
  return map;
}

function nameOf(record, number, labels) {
  return labels[record.model] ?? (record.model || String(number + 1));
}

// ---------------------------------------------------------------- page

function build(el, labels) {
  el.classList.add("wb-attention");
  const style = make("style");
  style.textContent = CSS;
  const body = make("div");
  const tools = make("div", "wb-tools");
  const picker = (text) => {
    const label = make("label", "", text);
    const select = make("select");
    select.setAttribute("aria-label", text ?? "");
    select.dataset.lmSuppressShortcuts = "true";
    label.append(select);
    tools.append(label);
    return select;
  };
  const record = picker(labels.record);
  const layer = picker(labels.layer);
  const head = picker(labels.head);
  const answer = make("p", "wb-answer");
  const cell = make("p", "wb-cell");
  cell.setAttribute("role", "status");
  const map = make("div", "wb-map");
  const corner = make("div", "wb-corner");
  corner.append(make("span", "", `${labels.to ?? ""} →`), make("span", "", `${labels.from ?? ""} ↓`));
  const top = make("canvas", "wb-top");
  const left = make("canvas", "wb-left");
  const heat = make("canvas", "wb-heat");
  heat.tabIndex = 0;
  heat.dataset.lmSuppressShortcuts = "true";
  heat.setAttribute("role", "application");
  heat.setAttribute("aria-label", labels.map ?? "");
  map.append(corner, top, left, heat);
  const tip = make("div", "wb-tip");
  tip.hidden = true;
  body.append(tools, answer, cell, map, scale(labels), make("p", "wb-note", labels.note), tip);
  el.replaceChildren(style, body);
  return { body, record, layer, head, answer, cell, map, top, left, heat, tip };
}

function scale(labels) {
  const box = make("div", "wb-scale");
  const bar = make("div", "wb-bar");
  bar.style.background = `linear-gradient(to right, ${SCALE.map((c) => `rgb(${c})`).join()})`;
  const ticks = make("div", "wb-ticks");
  for (const weight of TICKS) {
    const tick = make("span", "", String(weight));
    tick.style.left = `${Math.sqrt(weight) * 100}%`;
    ticks.append(tick);
  }
  box.append(make("p", "", labels.weight), bar, ticks);
  return box;
}

function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value)));
  select.value = String(chosen);
}

// A template such as "{from} looks at {to}: {value}" as nodes, the tokens emphasised.
function sentence(template = "{from} → {to}: {value}", from, to, value) {
  return template.split(/(\{from\}|\{to\}|\{value\})/).map((part) => {
    if (part === "{from}") return make("b", "", from);
    if (part === "{to}") return make("b", "", to);
    return document.createTextNode(part === "{value}" ? value : part);
  });
}

function placeTip(tip, el, heat, layout, [row, column]) {
  const outer = el.getBoundingClientRect();
  const inner = heat.getBoundingClientRect();
  const x = inner.left - outer.left + (column + 1) * layout.cell + 8;
  const y = inner.top - outer.top + (row + 1) * layout.cell + 8;
  const fits = x + tip.offsetWidth < outer.width;
  tip.style.left = `${fits ? x : Math.max(0, x - tip.offsetWidth - layout.cell - 16)}px`;
  tip.style.top = `${y}px`;
}

// Scroll so that a cell chosen by key is not hidden behind the labels or the edge.
function reveal(map, layout, [row, column]) {
  const { cell } = layout;
  const sight = { x: map.clientWidth - layout.left - cell, y: map.clientHeight - layout.top - cell };
  map.scrollLeft = Math.max(column * cell - sight.x, Math.min(map.scrollLeft, column * cell));
  map.scrollTop = Math.max(row * cell - sight.y, Math.min(map.scrollTop, row * cell));
}

// ---------------------------------------------------------------- drawing

function measure(el, record) {
  const style = getComputedStyle(el);
  const tokens = record.tokens.length;
  const pen = document.createElement("canvas").getContext("2d");
  const font = `12px ${style.fontFamily}`;
  pen.font = `bold ${font}`;
  const longest = Math.max(...record.tokens.map((token) => pen.measureText(token).width));
  const label = Math.ceil(Math.min(longest, LONGEST_LABEL));
  const left = Math.max(label + 14, 96);
  const overhang = Math.ceil(label * Math.cos(SLANT)) + 6;
  const room = Math.floor((el.clientWidth - left - overhang - 12) / tokens);
  return {
    tokens,
    label,
    left,
    overhang,
    font,
    top: Math.ceil(label * Math.sin(SLANT)) + 18,
    cell: Math.max(SMALLEST_CELL, Math.min(LARGEST_CELL, room)),
    ink: style.color,
    brand: style.getPropertyValue("--wb-brand").trim() || "#1976d2",
  };
}

function paintHeat(canvas, weights, layout, chosen) {
  const side = layout.tokens * layout.cell;
  const pen = sized(canvas, side, side);
  const small = document.createElement("canvas");
  small.width = small.height = layout.tokens;
  const image = new ImageData(layout.tokens, layout.tokens);
  weights.forEach((weight, i) => image.data.set([...colour(weight), 255], i * 4));
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, side, side);
  if (!chosen) return;
  const [y, x] = chosen.map((n) => n * layout.cell);
  pen.lineWidth = 1;
  pen.strokeStyle = "rgba(255, 255, 255, 0.85)";
  pen.strokeRect(0.5, y + 0.5, side - 1, layout.cell - 1);
  pen.strokeRect(x + 0.5, 0.5, layout.cell - 1, side - 1);
  pen.lineWidth = 3;
  pen.strokeStyle = "#000";
  pen.strokeRect(x - 0.5, y - 0.5, layout.cell + 1, layout.cell + 1);
  pen.lineWidth = 1.5;
  pen.strokeStyle = "#fff";
  pen.strokeRect(x - 0.5, y - 0.5, layout.cell + 1, layout.cell + 1);
}

function paintLeft(canvas, record, layout, chosen) {
  const pen = sized(canvas, layout.left, layout.tokens * layout.cell);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  record.tokens.forEach((token, n) => {
    write(pen, layout, record, n, chosen?.[0] === n);
    pen.fillText(cut(pen, token), layout.left - 8, (n + 0.5) * layout.cell);
  });
}

function paintTop(canvas, record, layout, chosen) {
  const pen = sized(canvas, layout.tokens * layout.cell + layout.overhang, layout.top);
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  record.tokens.forEach((token, n) => {
    pen.save();
    pen.translate((n + 0.5) * layout.cell, layout.top - 6);
    pen.rotate(-SLANT);
    write(pen, layout, record, n, chosen?.[1] === n);
    pen.fillText(cut(pen, token), 0, 0);
    pen.restore();
  });
}

function write(pen, layout, record, n, chosen) {
  pen.font = chosen ? `bold ${layout.font}` : layout.font;
  pen.fillStyle = chosen ? layout.brand : layout.ink;
  pen.globalAlpha = record.special?.[n] && !chosen ? 0.55 : 1;
}

function cut(pen, token) {
  if (pen.measureText(token).width <= LONGEST_LABEL) return token;
  let end = token.length;
  while (end > 1 && pen.measureText(`${token.slice(0, end)}…`).width > LONGEST_LABEL) end--;
  return `${token.slice(0, end)}…`;
}

function sized(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  return pen;
}

// Colour grows with the square root of the weight, because most weights are tiny.
function colour(weight) {
  const place = Math.sqrt(Math.min(1, Math.max(0, weight))) * (SCALE.length - 1);
  const low = Math.min(SCALE.length - 2, Math.floor(place));
  return SCALE[low].map((c, i) => Math.round(c + (SCALE[low + 1][i] - c) * (place - low)));
}

function fill(template = "", values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function count(n) {
  return [...Array(n).keys()];
}

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}
