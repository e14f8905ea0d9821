// The attention desks of a page, over records that lie in it. Only a desk that has come up takes the
// place of the still picture.

import { render } from "./desk.js";

export function showDesks(places) {
  for (const place of document.querySelectorAll(places)) {
    // In a notebook whose kernel lives, the live desk stands in for this copy.
    place.hidden = Boolean(document.querySelector(`[data-wb-twin="${place.id}"]`));
    if (!place.hidden) showDesk(place);
  }
}

function showDesk(place) {
  const values = JSON.parse(place.querySelector("script.records").textContent);
  const el = place.querySelector(".wb-desk-live");
  el.addEventListener("wb-ready", () => {
    el.hidden = false;
    place.querySelector(".wb-desk-still").classList.add("replaced");
  });
  render({ model: { get: (name) => values[name], on() {}, off() {} }, el });
}
