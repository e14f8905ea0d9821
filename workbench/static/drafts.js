// What is half written outlives the kernel and the page, where the browser lets it: in a private
// window, in a frame without the right to an origin, and on a full disk, storage throws. Then a
// draft lives as long as the page.

const kept = new Map();

export function readDraft(key) {
  const text = kept.get(key) ?? stored((storage) => storage.getItem(key));
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // somebody else wrote there
  }
}

export function keepDraft(key, value) {
  const text = JSON.stringify(value);
  kept.set(key, text);
  stored((storage) => storage.setItem(key, text));
}

export function dropDraft(key) {
  kept.delete(key);
  stored((storage) => storage.removeItem(key));
}

function stored(act) {
  try {
    return act(globalThis.localStorage);
  } catch {
    return null;
  }
}
