// @ts-check
// How numbers are written on the desk.


/** @param {number} value */
export function figure(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** @param {number} value @param {number} digits */
export function signedFigure(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) ? "−" : "+"}${text}`;
}
