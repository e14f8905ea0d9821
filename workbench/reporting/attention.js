// The attention desk over records that lie in this page. Only a desk that has come up takes the
// place of the still picture.
for (const place of document.querySelectorAll(PLACES)) {
  // In a notebook whose kernel lives, the live desk stands in for this copy.
  place.hidden = Boolean(document.querySelector(`[data-wb-twin="${place.id}"]`));
  if (place.hidden) continue;
  const data = place.querySelector("script.records");
  const values = JSON.parse(data.textContent);
  const el = place.querySelector(".wb-desk-live");
  el.addEventListener("wb-ready", () => {
    el.hidden = false;
    place.querySelector(".wb-desk-still").classList.add("replaced");
  });
  render({ model: { get: (name) => values[name], on() {}, off() {} }, el });
}

// The desk redraws when an attribute of the body changes, as it does with a notebook's theme.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.body.toggleAttribute("data-theme-changed");
});
