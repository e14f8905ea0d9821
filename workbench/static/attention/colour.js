// @ts-check
// Colours and the few strokes that all views share.

import { make } from "../controls.js";

/** @import { Colour, Look } from "./types.d.ts" */

// Viridis, as in workbench/figures/theme.py: even to the eye, and readable without colour.
export const SCALE = [
  [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
];
// Less and more, from dark through a light middle to dark; the sign is also written.
export const SIGNED = [
  [8, 64, 129], [43, 119, 186], [115, 175, 217], [189, 217, 238], [243, 243, 243],
  [253, 212, 166], [245, 152, 75], [204, 92, 14], [127, 52, 4],
];
const TABLE = Array.from({ length: 256 }, (_, byte) => mix(SCALE, byte / 255));
export const PIXELS = Uint32Array.from(TABLE, pixel);

/**
 * Colour grows with the square root of a weight, because most weights are tiny.
 * @param {number} weight
 * @param {number} [brightest]
 */
export function weightColour(weight, brightest = 1) {
  return TABLE[shadeOf(weight, brightest)];
}

/** @param {number} weight @param {number} brightest */
export function shadeOf(weight, brightest) {
  return Math.round(Math.sqrt(Math.min(1, Math.max(0, weight / brightest))) * 255);
}

/** @param {number} change @returns {Colour} */
export function changeColour(change) {
  if (Number.isNaN(change)) return [128, 128, 128];
  const size = Math.sqrt(Math.min(1, Math.abs(change)));
  return mix(SIGNED, (1 + Math.sign(change) * size) / 2);
}

/** @param {Colour[]} scale @param {number} share @returns {Colour} */
export function mix(scale, share) {
  const place = Math.min(1, Math.max(0, share)) * (scale.length - 1);
  const low = Math.min(scale.length - 2, Math.floor(place));
  return scale[low].map((from, i) => Math.round(from + (scale[low + 1][i] - from) * (place - low)));
}

/** @param {Colour} colour */
export function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

/**
 * Black or white, whichever reads better on a colour.
 * @param {Colour} colour
 */
export function inkOn([red, green, blue]) {
  const linear = (/** @type {number} */ part) => (part / 255 <= 0.04 ? part / 3294 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return light > 0.18 ? "#000" : "#fff";
}

/**
 * What draws on a canvas; every browser that runs this module has it.
 * @param {HTMLCanvasElement} canvas
 */
export function penOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * A canvas of this many page pixels, sharp on every screen; returns its pen.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function sized(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = penOf(canvas);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

/**
 * A picture of one pixel a value, to be drawn large; `pixelAt` gives what `pixel` makes.
 * @param {number} rows
 * @param {number} columns
 * @param {(at: number) => number} pixelAt
 */
export function pictureOf(rows, columns, pixelAt) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const pixels = new Uint32Array(rows * columns);
  for (let i = 0; i < pixels.length; i++) pixels[i] = pixelAt(i);
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), columns, rows);
  penOf(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * Bytes in the order of the machine, which is little-endian wherever a browser runs.
 * @param {Colour} colour
 */
export function pixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** @param {HTMLElement} el @returns {Look} */
export function readLook(el) {
  const style = getComputedStyle(el);
  const read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return {
    ink: style.color,
    family: style.fontFamily,
    quiet: read("--wb-quiet"),
    line: read("--wb-line"),
    paper: read("--wb-paper"),
    brand: read("--wb-brand"),
  };
}

/**
 * The bar that says which colour is which weight.
 * @param {string} title
 * @param {[place: number, text: string][]} ticks
 * @param {(share: number) => Colour} colourOf
 */
export function makeScale(title, ticks, colourOf) {
  const box = make("div", "wb-scale");
  const bar = make("div", "wb-ramp");
  const stops = Array.from({ length: 33 }, (_, n) => css(colourOf(n / 32)));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const marks = make("div", "wb-ticks");
  for (const [place, text] of ticks) {
    const mark = make("span", "", text);
    mark.style.left = `${place * 100}%`;
    marks.append(mark);
  }
  box.append(make("span", "wb-scale-name", title), bar, marks);
  return box;
}
