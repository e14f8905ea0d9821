// @ts-check
// All layers and heads as small maps on one canvas, each with a bar for the chosen statistic.

import { measurable, toggleHead } from "./choice.js";
import {
  PIXELS, SCALE, changeColour, css, mix, pictureOf, pixel, readLook, sized,
} from "./colour.js";
import { makePicker, makeStatistics, pairsOf } from "./controls.js";
import { figure } from "./numbers.js";
import { WEIGHTS, allHeads, headKey, smallMap } from "./packed.js";
import { keepKeys, make } from "../controls.js";

/**
 * @import {
 *   Atlas, AtlasPlan, Block, Desk, Head, Layer, Look, PlannedCanvas, Tile,
 * } from "./types.d.ts"
 */

const TILE_GAP = 4;
const BAR = 5;
const LARGEST_TILE = 68;
const SMALLEST_TILE = 13;

/** @param {Desk} desk */
export function makeAtlas(desk) {
  const box = make("section", "wb-atlas");
  const tools = make("div", "wb-tools");
  const tint = makePicker(tools, desk.say("tint"), (value) => {
    const followed = desk.choice.order === "layers" || !value ? {} : { order: desk.choice.order };
    desk.change({ tint: value, ...followed });
  });
  const order = makePicker(tools, desk.say("order"), (value) => desk.change({ order: value }));
  const canvas = make("canvas", "wb-atlas-map");
  canvas.tabIndex = 0;
  keepKeys(canvas);
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", desk.say("atlas_keys"));
  const frame = make("div", "wb-frame");
  frame.append(canvas);
  const readout = make("p", "wb-readout");
  readout.setAttribute("role", "status");
  const notes = make("div", "wb-notes");
  const table = makeStatistics(desk);
  box.append(make("h4", "", desk.say("atlas")), tools, frame, readout, notes, table.node);

  const atlas = /** @type {Atlas} */ ({ node: box, plan: null, at: null, pictures: new Map() });
  let opened = false; // a model may have more layers than are seen at once
  const draw = () => {
    drawAtlas(desk, atlas, canvas, frame);
    if (opened || !atlas.plan || !frame.clientHeight) return;
    opened = true;
    reveal(desk.choice.heads[0]);
  };
  /** @param {Head | null} place */
  const point = (place, speak = true) => {
    if (String(place) === String(atlas.at)) return;
    atlas.at = place;
    if (speak) readout.textContent = place ? describeHead(desk, place) : desk.say("atlas_hint");
    draw();
  };
  /** @param {Head} head @param {boolean} several */
  const select = (head, several) => {
    const heads = several ? toggleHead(desk.choice.heads, head) : [head];
    desk.change({ heads, source: "heads" });
    desk.want(head);
  };
  canvas.addEventListener("pointermove", (event) => point(tileAt(atlas, event)?.head ?? null));
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("blur", () => point(null));
  canvas.addEventListener("focus", () => point(atlas.at ?? desk.choice.heads[0]));
  canvas.addEventListener("click", (event) => {
    const several = event.shiftKey || event.ctrlKey || event.metaKey;
    const tile = tileAt(atlas, event);
    if (tile) select(tile.head, several);
    else selectLayer(desk, atlas, event);
  });
  canvas.addEventListener("keydown", (event) => {
    const next = neighbour(atlas, event.key);
    if (next) point(next.head);
    else if ((event.key === "Enter" || event.key === " ") && atlas.at) select(atlas.at, event.shiftKey);
    else return;
    event.preventDefault();
    reveal(atlas.at);
  });
  /** @param {Head | null} head */
  const reveal = (head) => {
    const tile = head && atlas.plan?.tiles.find((one) => headKey(one.head) === headKey(head));
    if (tile) frame.scrollTop = Math.max(tile.y + tile.high - frame.clientHeight + 20, Math.min(frame.scrollTop, tile.y - 20));
  };

  atlas.update = () => {
    atlas.pictures.clear();
    const names = measurable(desk);
    tint.offer([["", desk.say("no_tint")], ...pairsOf(names, desk.say)], desk.choice.tint);
    order.offer(
      pairsOf(["layers", "highest", "lowest"], (name) => desk.say(`order_${name}`)),
      desk.choice.order,
    );
    order.disable(!desk.choice.tint);
    readout.textContent = desk.say("atlas_hint");
    notes.replaceChildren(...atlasNotes(desk).map((text) => make("p", "wb-note", text)));
    table.update();
    draw();
  };
  atlas.draw = draw;
  return atlas;
}

/**
 * Where each tile goes: rows are layers, or one sorted row that wraps.
 * @param {Desk} desk
 * @param {number} width
 * @returns {AtlasPlan}
 */
function planAtlas(desk, width) {
  const block = desk.block();
  const { tint, order } = desk.choice;
  const sorted = Boolean(tint) && order !== "layers";
  const left = sorted ? 2 : 34;
  const across = sorted ? Math.min(allHeads(block).length, Math.max(1, Math.floor(width / 58))) : block.heads;
  const room = Math.floor((width - left - 4) / across) - TILE_GAP;
  const side = Math.max(SMALLEST_TILE, Math.min(LARGEST_TILE, room));
  const shape = block.keys.length / block.queries.length;
  const high = Math.round(Math.max(SMALLEST_TILE, Math.min(side, side / Math.max(shape, 0.4))));
  const caption = sorted ? 26 : 0;
  const grouped = block.layers.some((layer) => layer.kv_heads && layer.kv_heads < layer.heads);
  const step = high + TILE_GAP + (tint ? BAR + 1 : 0) + caption + (grouped && !sorted ? 6 : 0);
  const top = sorted ? 2 : 18;
  /** @param {Head} head @param {number} row @param {number} column */
  const place = (head, row, column) => ({
    head, row, column, wide: side, high,
    x: left + column * (side + TILE_GAP), y: top + row * step,
  });
  const tiles = sorted
    ? sortedHeads(desk).map((head, n) => place(head, Math.floor(n / across), n % across))
    : allHeads(block).map(([l, h]) => place([l, h], l, h));
  const rows = sorted ? Math.ceil(tiles.length / across) : block.layers.length;
  return { tiles, sorted, left, top, side, high, step, caption, grouped, height: top + rows * step + 2,
    width: Math.max(width, left + across * (side + TILE_GAP)) };
}

/** @param {Desk} desk */
function sortedHeads(desk) {
  const { tint, order } = desk.choice;
  const sign = order === "highest" ? -1 : 1;
  const value = (/** @type {Head} */ head) => desk.measure(tint, head) ?? -sign * Infinity;
  return [...allHeads(desk.block())].sort((a, b) => sign * (value(a) - value(b)) || 0);
}

/**
 * @param {Desk} desk
 * @param {Atlas} atlas
 * @param {PlannedCanvas} canvas
 * @param {HTMLElement} frame
 */
function drawAtlas(desk, atlas, canvas, frame) {
  const width = frame.clientWidth;
  if (!width) return;
  const plan = planAtlas(desk, width);
  atlas.plan = plan;
  canvas.wbPlan = plan;
  const pen = sized(canvas, plan.width, plan.height);
  const look = readLook(frame);
  const block = desk.block();
  const range = rangeOf(desk);
  const chosen = new Set(desk.choice.source === "heads" ? desk.choice.heads.map(headKey) : []);
  pen.imageSmoothingEnabled = false;
  if (!plan.sorted) drawNumbers(pen, desk, plan, look);
  for (const tile of plan.tiles) {
    drawTile(pen, desk, atlas, tile, look);
    if (desk.choice.tint) drawTint(pen, desk, plan, tile, range, look);
    const pointed = atlas.at && headKey(atlas.at) === headKey(tile.head);
    if (chosen.has(headKey(tile.head)) || pointed) {
      pen.strokeStyle = look.brand;
      pen.lineWidth = chosen.has(headKey(tile.head)) ? 3 : 1.5;
      pen.setLineDash(chosen.has(headKey(tile.head)) ? [] : [3, 2]);
      pen.strokeRect(tile.x - 1.5, tile.y - 1.5, tile.wide + 3, tile.high + 3);
      pen.setLineDash([]);
    }
  }
  if (plan.grouped && !plan.sorted) drawGroups(pen, block, plan, look);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {AtlasPlan} plan
 * @param {Look} look
 */
function drawNumbers(pen, desk, plan, look) {
  const block = desk.block();
  pen.font = `11px ${look.family}`;
  pen.fillStyle = look.quiet;
  pen.textBaseline = "middle";
  pen.textAlign = "center";
  const every = Math.ceil(18 / (plan.side + TILE_GAP));
  for (let h = 0; h < block.heads; h += every) {
    pen.fillText(String(h + 1), plan.left + h * (plan.side + TILE_GAP) + plan.side / 2, 8);
  }
  block.layers.forEach((layer, l) => {
    const y = plan.top + l * plan.step;
    pen.textAlign = "right";
    pen.fillStyle = look.quiet;
    pen.fillText(String(layer.number), plan.left - 8, y + plan.high / 2);
    if (layer.missing) drawMissing(pen, desk, plan, layer, y, look);
  });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {AtlasPlan} plan
 * @param {Layer} layer
 * @param {number} y
 * @param {Look} look
 */
function drawMissing(pen, desk, plan, layer, y, look) {
  const wide = plan.width - plan.left - TILE_GAP;
  pen.save();
  pen.beginPath();
  pen.rect(plan.left, y, wide, plan.high);
  pen.clip();
  pen.strokeStyle = look.line;
  pen.lineWidth = 1;
  for (let x = plan.left - plan.high; x < plan.left + wide; x += 7) {
    pen.beginPath();
    pen.moveTo(x, y + plan.high);
    pen.lineTo(x + plan.high, y);
    pen.stroke();
  }
  const text = desk.say("missing", { reason: layer.missing });
  const room = Math.min(pen.measureText(text).width, wide - 12);
  pen.fillStyle = look.paper;
  pen.fillRect(plan.left + 4, y + plan.high / 2 - 8, room + 8, 16);
  pen.fillStyle = look.quiet;
  pen.textAlign = "left";
  pen.fillText(text, plan.left + 8, y + plan.high / 2, room);
  pen.restore();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {Atlas} atlas
 * @param {Tile} tile
 * @param {Look} look
 */
function drawTile(pen, desk, atlas, tile, look) {
  const key = headKey(tile.head);
  if (!atlas.pictures.has(key)) atlas.pictures.set(key, tilePicture(desk, tile.head));
  const picture = atlas.pictures.get(key);
  if (picture) {
    pen.imageSmoothingEnabled = picture.width > tile.wide * 1.5;
    pen.drawImage(picture, tile.x, tile.y, tile.wide, tile.high);
    return;
  }
  pen.strokeStyle = look.line;
  pen.lineWidth = 1;
  pen.strokeRect(tile.x + 0.5, tile.y + 0.5, tile.wide - 1, tile.high - 1);
}

/** @param {Desk} desk @param {Head} head */
function tilePicture(desk, head) {
  const now = smallMap(desk.block(), head);
  if (!now) return null;
  const { rows, columns, data } = now;
  // Small maps of another sentence do not lie on each other: then the new one is shown as it is.
  const other = desk.otherBlock();
  if (!other || !desk.comparing() || !sameTokens(desk)) return pictureOf(rows, columns, (i) => PIXELS[data[i]]);
  const before = smallMap(other, head);
  if (!before || before.rows !== rows || before.columns !== columns) return null;
  return pictureOf(rows, columns, (i) => pixel(changeColour(WEIGHTS[data[i]] - WEIGHTS[before.data[i]])));
}

/** @param {Desk} desk */
function sameTokens(desk) {
  const [before, after] = [desk.otherBlock(), desk.block()];
  const sides = /** @type {const} */ (["queries", "keys"]);
  return sides.every((side) => before?.[side].labels.join("\n") === after[side].labels.join("\n"));
}

/** @param {Desk} desk @returns {[number, number]} */
function rangeOf(desk) {
  const values = allHeads(desk.block())
    .map((head) => desk.measure(desk.choice.tint, head))
    .filter((value) => value !== null);
  return values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
}

/**
 * Longer and brighter for more.
 * @param {CanvasRenderingContext2D} pen
 * @param {Desk} desk
 * @param {AtlasPlan} plan
 * @param {Tile} tile
 * @param {[number, number]} about
 * @param {Look} look
 */
function drawTint(pen, desk, plan, tile, [low, high], look) {
  const value = desk.measure(desk.choice.tint, tile.head);
  const y = tile.y + tile.high + 2;
  pen.fillStyle = look.line;
  pen.fillRect(tile.x, y, tile.wide, BAR - 1);
  if (value !== null) {
    const share = high > low ? (value - low) / (high - low) : 1;
    pen.fillStyle = css(mix(SCALE, 0.15 + 0.7 * share));
    pen.fillRect(tile.x, y, Math.max(1.5, share * tile.wide), BAR - 1);
  }
  if (!plan.sorted) return;
  const [layer, head] = tile.head;
  pen.font = `11px ${look.family}`;
  pen.textAlign = "left";
  pen.textBaseline = "top";
  pen.fillStyle = look.ink;
  pen.fillText(`${desk.block().layers[layer].number}.${head + 1}`, tile.x, y + BAR + 1, tile.wide);
  pen.fillStyle = look.quiet;
  pen.fillText(value === null ? "–" : figure(value), tile.x, y + BAR + 13, tile.wide);
}

/**
 * A line under the query heads that share one key and value head.
 * @param {CanvasRenderingContext2D} pen
 * @param {Block} block
 * @param {AtlasPlan} plan
 * @param {Look} look
 */
function drawGroups(pen, block, plan, look) {
  pen.strokeStyle = look.quiet;
  pen.lineWidth = 1.5;
  block.layers.forEach((layer, l) => {
    if (layer.missing || !layer.kv_heads || layer.kv_heads >= layer.heads) return;
    const share = layer.heads / layer.kv_heads;
    const y = plan.top + (l + 1) * plan.step - 3.5;
    for (let k = 0; k < layer.kv_heads; k++) {
      const from = plan.left + k * share * (plan.side + TILE_GAP) + 1;
      const to = from + share * (plan.side + TILE_GAP) - TILE_GAP - 2;
      pen.beginPath();
      pen.moveTo(from, y - 3);
      pen.lineTo(from, y);
      pen.lineTo(to, y);
      pen.lineTo(to, y - 3);
      pen.stroke();
    }
  });
}

/** @param {Atlas} atlas @param {MouseEvent} event */
function tileAt(atlas, event) {
  const { offsetX: x, offsetY: y } = event;
  return atlas.plan?.tiles.find(
    (tile) => x >= tile.x - 2 && x < tile.x + tile.wide + 2 && y >= tile.y - 2 && y < tile.y + tile.high + 8,
  );
}

/**
 * A click on a layer's number takes all its heads.
 * @param {Desk} desk
 * @param {Atlas} atlas
 * @param {MouseEvent} event
 */
function selectLayer(desk, atlas, event) {
  if (!atlas.plan || atlas.plan.sorted || event.offsetX > atlas.plan.left) return;
  const layer = Math.floor((event.offsetY - atlas.plan.top) / atlas.plan.step);
  const heads = allHeads(desk.block()).filter(([l]) => l === layer);
  if (heads.length) desk.change({ heads, source: "heads" });
}

/** @param {Atlas} atlas @param {string} key */
function neighbour(atlas, key) {
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const { tiles } = atlas.plan ?? { tiles: [] };
  if (key === "Home") return tiles[0];
  if (key === "End") return tiles.at(-1);
  if (!(key in steps) || !tiles.length) return null;
  const now = tiles.find((tile) => atlas.at && headKey(tile.head) === headKey(atlas.at)) ?? tiles[0];
  const [down, right] = steps[key];
  const rows = tiles.filter((tile) => (down ? tile.column === now.column : tile.row === now.row));
  const place = rows.indexOf(now) + down + right;
  return rows[Math.max(0, Math.min(rows.length - 1, place))];
}

/** @param {Desk} desk @param {Head} head */
function describeHead(desk, head) {
  const [layer, number] = head;
  const name = desk.say("one_head", { layer: desk.block().layers[layer].number, head: number + 1 });
  const parts = measurable(desk).flatMap((one) => {
    const value = desk.measure(one, head);
    return value === null ? [] : [`${desk.say(one)} ${figure(value)}`];
  });
  return `${name}: ${parts.join(" · ")}`;
}

/** @param {Desk} desk */
function atlasNotes(desk) {
  const block = desk.block();
  const notes = [...(desk.record().plain.notes ?? [])];
  if (desk.choice.tint) {
    const [low, high] = rangeOf(desk).map(figure);
    notes.push(desk.say("tint_note", { name: desk.say(desk.choice.tint), low, high }));
    notes.push(desk.say(`about_${desk.choice.tint}`));
  }
  const shared = block.layers.find((layer) => layer.kv_heads && layer.kv_heads < layer.heads);
  if (shared) notes.push(desk.say("kv_note", { heads: shared.heads, groups: Number(shared.kv_heads) }));
  const windows = [...new Set(block.layers.map((layer) => layer.window).filter(Boolean))];
  if (windows.length) notes.push(desk.say("window_note", { tokens: windows.join(", ") }));
  if (block.thumbnails && block.maps.size < allHeads(block).length) {
    const kept = [...block.maps.keys()].map((key) => {
      const [layer, head] = key.split(".").map(Number);
      return `${block.layers[layer].number}.${head + 1}`;
    });
    notes.push(desk.say("kept_note", { heads: kept.join(", ") || "–" }));
  }
  return notes;
}

