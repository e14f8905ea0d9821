// @ts-check
// What is half written outlives the kernel and the page, where the browser lets it: in a private
// window, in a frame without the right to an origin, and on a full disk, storage throws. Then a
// draft lives as long as the page.

/** @type {Map<string, string>} */
const kept = new Map();

/** @param {string} key */
export function readDraft(key) {
  const text = kept.get(key) ?? stored((storage) => storage.getItem(key));
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // somebody else wrote there
  }
}

/** @param {string} key @param {unknown} value */
export function keepDraft(key, value) {
  const text = JSON.stringify(value);
  kept.set(key, text);
  stored((storage) => storage.setItem(key, text));
}

/** @param {string} key */
export function dropDraft(key) {
  kept.delete(key);
  stored((storage) => storage.removeItem(key));
}

/**
 * @template Answer
 * @param {(storage: Storage) => Answer} act
 */
function stored(act) {
  try {
    return act(globalThis.localStorage);
  } catch {
    return null;
  }
}
