// @ts-check
// The attention desks of a page, over records that lie in it. Only a desk that has come up takes the
// place of the still picture.

import { render } from "./desk.js";


/** @param {string} places */
export function showDesks(places) {
  /** @type {NodeListOf<HTMLElement>} */
  const found = document.querySelectorAll(places);
  for (const place of found) {
    // In a notebook whose kernel lives, the live desk stands in for this copy.
    place.hidden = Boolean(document.querySelector(`[data-wb-twin="${place.id}"]`));
    if (!place.hidden) showDesk(place);
  }
}

/** @param {HTMLElement} place */
function showDesk(place) {
  const values = JSON.parse(place.querySelector("script.records")?.textContent ?? "{}");
  const el = place.querySelector(".wb-desk-live");
  if (!(el instanceof HTMLElement)) return;
  el.addEventListener("wb-ready", () => {
    el.hidden = false;
    place.querySelector(".wb-desk-still")?.classList.add("replaced");
  });
  const get = (/** @type {string} */ name) => values[name];
  render({ model: { get, on() {}, off() {} }, el });
}
