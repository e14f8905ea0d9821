// @ts-check
// What a canvas has to be drawn anew for: its colours are not the style sheet's business.

/**
 * Call `redraw` when the page takes other colours, until what is returned is called. A notebook
 * changes attributes of the body with its theme; pages follow the system.
 * @param {() => void} redraw
 */
export function watchTheme(redraw) {
  const themed = new MutationObserver(redraw);
  themed.observe(document.body, { attributes: true });
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];
  const lists = queries.map((query) => matchMedia(query));
  for (const list of lists) list.addEventListener("change", redraw);
  return () => {
    themed.disconnect();
    for (const list of lists) list.removeEventListener("change", redraw);
  };
}
