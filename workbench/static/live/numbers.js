// @ts-check
// Numbers: how they are written, searched, smoothed and put on an axis. Nothing here draws.


/** @param {number} value */
export function exact(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const number = Number(value.toPrecision(6));
  return size && size < 1e-3 ? tidy(number.toExponential()) : String(number);
}

/** @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) return tidy(value.toExponential());
  return size >= 1e4 ? value.toLocaleString() : String(value);
}

/** @param {string} text */
function tidy(text) {
  return text.replace("e+", "e");
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

// ---- search in ascending numbers

/** @param {number[]} sorted @param {number} wanted */
export function lastAtOrBefore(sorted, wanted) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** @param {number[]} sorted @param {number} wanted */
export function nearest(sorted, wanted) {
  const at = lastAtOrBefore(sorted, wanted);
  if (at < 0) return 0;
  const next = at + 1;
  return next < sorted.length && sorted[next] - wanted < wanted - sorted[at] ? next : at;
}

/**
 * The value at `x` of the line through the points (xs, ys), which goes on straight beyond them.
 * @param {number[]} xs
 * @param {number[]} ys
 * @param {number} x
 */
export function interpolate(xs, ys, x) {
  if (xs.length < 2) return xs.length ? (ys[0] / (xs[0] || 1)) * x : NaN;
  const at = Math.min(Math.max(lastAtOrBefore(xs, x), 0), xs.length - 2);
  const share = (x - xs[at]) / (xs[at + 1] - xs[at] || 1);
  return ys[at] + share * (ys[at + 1] - ys[at]);
}

// ---- smoothing

/**
 * The moving average of workbench/figures/curves.py. A point may stand for a stretch of logged
 * steps: then it counts as many times as the stretch is long, with the stretch's mean.
 * @param {number[]} means
 * @param {number[]} index
 * @param {number} share
 */
export function smooth(means, index, share) {
  const length = index.length ? index[index.length - 1] + 1 : 0;
  const weight = 1 - 1 / Math.max(1, length * share);
  let [total, seen, before] = [0, 0, index.length ? index[0] - 1 : 0];
  return means.map((mean, at) => {
    const kept = weight ** (index[at] - before);
    before = index[at];
    if (!Number.isFinite(mean)) return NaN;
    total = kept * total + (1 - kept) * mean;
    seen = kept * seen + (1 - kept);
    return total / seen;
  });
}

// ---- limits and ticks

/** @param {number[]} values @returns {[number, number] | null} */
export function limits(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

/**
 * The limits without outliers: where the middle 96 % lie, and half as much again around them.
 * @param {number[]} values
 * @returns {[number, number]}
 */
export function robustLimits(values) {
  const [low, high] = limits(values) ?? [0, 1];
  const sorted = Float64Array.from(values).sort();
  if (sorted.length < 20) return [low, high];
  const at = (/** @type {number} */ share) => sorted[Math.round(share * (sorted.length - 1))];
  const room = (at(0.98) - at(0.02)) / 4;
  return [Math.max(low, at(0.02) - room), Math.min(high, at(0.98) + room)];
}

/** @param {number} low @param {number} high @param {number} wanted */
export function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(2, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}

/** @param {number} low @param {number} high @param {number} wanted */
export function logTicks(low, high, wanted) {
  const found = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const m of [1, 2, 5]) found.push(Number((m * 10 ** power).toPrecision(3)));
  }
  const inside = found.filter((t) => Math.log10(t) >= low && Math.log10(t) <= high);
  if (inside.length < 2) return ticks(10 ** low, 10 ** high, wanted).filter((t) => t > 0);
  const decades = inside.filter((t) => Number.isInteger(Math.log10(t)));
  return inside.length > 2 * wanted && decades.length > 1 ? decades : inside;
}

/**
 * A round number at or beyond `value`, so that an axis that follows it moves seldom.
 * @param {number} value
 */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 1.5, 2, 3, 4, 5, 7.5, 10].map((m) => m * power).find((end) => end >= value * 0.9999) ?? 10 * power;
}
