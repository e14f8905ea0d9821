// The notebook's attention view, over records that lie in this page.
for (const probe of document.querySelectorAll(".probe")) {
  const data = probe.querySelector("script.records");
  if (!data) continue;
  const values = JSON.parse(data.textContent);
  const model = { get: (name) => values[name], on() {}, off() {} };
  const live = probe.querySelector(".live");
  view.render({ model, el: live });
  // Only a view that has come up takes the place of the still pictures.
  live.hidden = false;
  probe.querySelector(".still").classList.add("replaced");
}

// The view redraws when an attribute of the body changes, as it does with a notebook's theme.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.body.toggleAttribute("data-theme-changed");
});
