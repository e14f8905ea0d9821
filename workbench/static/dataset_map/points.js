// @ts-check
// The points of the map: what is known of each, where it lies, and which lie near or inside.

/**
 * @typedef {{ count: number, table: Float64Array }} Points `count` columns-first rows of COLUMNS
 * @typedef {[number, number]} Place page pixels from the upper left corner of the canvas
 * @typedef {ReturnType<typeof layOut>} Axes
 */

export const AREA = { left: 52, right: 14, top: 12, bottom: 40 };
export const FLAGGED = 1;
export const CORRECTED = 2;
const COLUMNS = 5; // row, variability, confidence, kind, mark
const NEAR = 8; // pixels within which a click means a point
const SAME = 2; // points that close look like one

/**
 * Take all points anew, as Python sends them.
 * @param {Points} points
 * @param {DataView} buffer
 */
export function take(points, buffer) {
  const start = buffer.byteOffset;
  points.table = new Float64Array(buffer.buffer.slice(start, start + buffer.byteLength));
  points.count = points.table.length / COLUMNS;
}

/**
 * What is known of a point.
 * @param {Points} points
 * @param {number} at
 */
export function pointAt({ table, count }, at) {
  const cell = (/** @type {number} */ column) => table[column * count + at];
  return {
    row: cell(0), variability: cell(1), confidence: cell(2), kind: cell(3), mark: cell(4),
  };
}

/**
 * Where things lie on a canvas.
 * @param {Points} points
 * @param {HTMLCanvasElement} canvas
 */
export function layOut(points, canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  let widest = 0.05;
  for (let at = 0; at < points.count; at++) {
    widest = Math.max(widest, pointAt(points, at).variability);
  }
  const across = width - AREA.left - AREA.right;
  const up = height - AREA.top - AREA.bottom;
  return {
    width,
    height,
    widest,
    px: (/** @type {number} */ x) => AREA.left + 6 + (x / widest) * (across - 12),
    py: (/** @type {number} */ y) => height - AREA.bottom - 6 - y * (up - 12),
  };
}

/**
 * @param {Points} points
 * @param {Axes} axes
 * @param {number} at
 * @returns {Place}
 */
export function placeOf(points, axes, at) {
  const { variability, confidence } = pointAt(points, at);
  return [axes.px(variability), axes.py(confidence)];
}

/**
 * The rows of the points for which `wanted` holds.
 * @param {Points} points
 * @param {Axes} axes
 * @param {(place: Place) => boolean} wanted
 */
function rowsWhere(points, axes, wanted) {
  const rows = [];
  for (let at = 0; at < points.count; at++) {
    if (wanted(placeOf(points, axes, at))) rows.push(pointAt(points, at).row);
  }
  return rows;
}

/**
 * The row of the point nearest to a click, if any is near.
 * @param {Points} points
 * @param {Axes} axes
 * @param {Place} place
 */
export function nearestRow(points, axes, [x, y]) {
  let [best, distance] = [-1, NEAR];
  for (let at = 0; at < points.count; at++) {
    const [px, py] = placeOf(points, axes, at);
    const far = Math.hypot(px - x, py - y);
    if (far < distance) [best, distance] = [at, far];
  }
  return best < 0 ? [] : [pointAt(points, best).row];
}

/**
 * The rows of the points that a path goes round.
 * @param {Points} points
 * @param {Axes} axes
 * @param {Place[]} path
 */
export function rowsInside(points, axes, path) {
  return rowsWhere(points, axes, (place) => within(place, path));
}

/**
 * The rows between two points: the corners of a rectangle, or one point and those that hide
 * behind it.
 * @param {Points} points
 * @param {Axes} axes
 * @param {number} from
 * @param {number} to
 */
export function rowsBetween(points, axes, from, to) {
  const [[x0, y0], [x1, y1]] = [placeOf(points, axes, from), placeOf(points, axes, to)];
  const room = from === to ? SAME : 0;
  const [left, right] = [Math.min(x0, x1) - room, Math.max(x0, x1) + room];
  const [top, bottom] = [Math.min(y0, y1) - room, Math.max(y0, y1) + room];
  return rowsWhere(points, axes, ([x, y]) => x >= left && x <= right && y >= top && y <= bottom);
}

/**
 * The nearest point in a direction, within 45 degrees of it on both sides; -1 where there is none.
 * @param {Points} points
 * @param {Axes} axes
 * @param {number} from
 * @param {[number, number]} direction one of the four unit vectors, downward positive
 */
export function neighbour(points, axes, from, [right, down]) {
  const [x, y] = placeOf(points, axes, from);
  let [best, distance] = [-1, Infinity];
  for (let at = 0; at < points.count; at++) {
    const [px, py] = placeOf(points, axes, at);
    const along = (px - x) * right + (py - y) * down;
    const aside = Math.abs((px - x) * down - (py - y) * right);
    const far = Math.hypot(px - x, py - y);
    if (far > SAME && along >= aside && far < distance) [best, distance] = [at, far];
  }
  return best;
}

/**
 * Where the keyboard begins: the first label that is likely wrong, else the first point.
 * @param {Points} points
 */
export function firstPoint(points) {
  for (let at = 0; at < points.count; at++) if (pointAt(points, at).mark === FLAGGED) return at;
  return points.count ? 0 : -1;
}

/**
 * Whether a ray from the point crosses the outline an odd number of times.
 * @param {Place} place
 * @param {Place[]} path
 */
export function within([x, y], path) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [path[i], path[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/**
 * Whether a path is no more than a click.
 * @param {Place[]} path
 */
export function isClick(path) {
  const [[x0, y0]] = path;
  return path.every(([x, y]) => Math.hypot(x - x0, y - y0) < 4);
}
