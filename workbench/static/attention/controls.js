// @ts-check
// Pickers, switches and the table of statistics.

import { measurable } from "./choice.js";
import { figure } from "./numbers.js";
import { allHeads, headKey } from "./packed.js";
import { keepKeys, make, makeButton, makeDetails } from "../controls.js";

/** @import { Desk, Head, Panel, Picker } from "./types.d.ts" */

/**
 * @param {HTMLElement} parent
 * @param {string} title
 * @param {(value: string) => void} act
 * @returns {Picker}
 */
export function makePicker(parent, title, act) {
  const label = make("label", "", title);
  const select = make("select");
  select.setAttribute("aria-label", title);
  keepKeys(select);
  select.addEventListener("change", () => act(select.value));
  label.append(select);
  parent.append(label);
  return {
    node: label,
    offer(pairs, chosen) {
      const wanted = JSON.stringify(pairs);
      if (select.dataset.offered !== wanted) {
        select.dataset.offered = wanted;
        select.replaceChildren(...pairs.map(([value, text]) => new Option(text, String(value))));
      }
      select.value = String(chosen ?? "");
    },
    disable(off) {
      select.disabled = off;
    },
  };
}

/** @param {HTMLElement} parent @param {string} title @param {(on: boolean) => void} act */
export function makeSwitch(parent, title, act) {
  const label = make("label", "wb-switch");
  const box = make("input");
  box.type = "checkbox";
  keepKeys(box);
  box.addEventListener("change", () => act(box.checked));
  label.append(box, title);
  parent.append(label);
  return {
    node: label,
    show(/** @type {boolean} */ on, possible = true) {
      box.checked = on;
      label.hidden = !possible;
    },
  };
}

/**
 * Every statistic of every head in numbers; a click on a title sorts, a click on a row selects.
 * @param {Desk} desk
 */
export function makeStatistics(desk) {
  const details = makeDetails("wb-table", desk.say("all_statistics"));
  const place = make("div", "wb-scroll");
  place.tabIndex = 0;
  details.append(place);
  let by = "";
  let falling = true;
  const fill = () => {
    if (!details.open) return;
    const names = measurable(desk);
    const heads = [...allHeads(desk.block())];
    if (names.includes(by)) {
      const value = (/** @type {Head} */ head) => desk.measure(by, head) ?? -Infinity;
      heads.sort((a, b) => (falling ? -1 : 1) * (value(a) - value(b)) || 0);
    }
    const head = make("tr");
    head.append(...["", ...names].map((name) => {
      const cell = make("th");
      cell.scope = "col";
      const sorts = makeButton(name ? desk.say(name) : desk.say("head_column"), () => {
        falling = by === name ? !falling : true;
        by = name;
        fill();
      });
      if (by === name && name) cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
      cell.append(sorts);
      return cell;
    }));
    const chosen = new Set(desk.choice.heads.map(headKey));
    const rows = heads.map((one) => statisticsRow(desk, one, names, chosen.has(headKey(one))));
    const table = make("table");
    const [top, body] = [make("thead"), make("tbody")];
    top.append(head);
    body.append(...rows);
    table.append(top, body);
    place.replaceChildren(table);
  };
  details.addEventListener("toggle", fill);
  return { node: details, update: fill };
}

/** @param {Desk} desk @param {Head} head @param {string[]} names @param {boolean} chosen */
function statisticsRow(desk, head, names, chosen) {
  const row = make("tr", chosen ? "wb-chosen" : "");
  const title = make("th");
  title.scope = "row";
  const layer = desk.block().layers[head[0]].number;
  title.append(makeButton(`${layer}.${head[1] + 1}`, () => {
    desk.change({ heads: [head], source: "heads" });
    desk.want(head);
  }));
  const cells = names.map((name) => {
    const value = desk.measure(name, head);
    return make("td", "", value === null ? "–" : figure(value));
  });
  row.append(title, ...cells);
  return row;
}

/**
 * Panels that take turns; the arrow keys move between their titles.
 * @param {Panel[]} panels
 */
export function makeTabs(panels) {
  const box = make("div", "wb-tabs");
  const bar = make("div", "wb-tab-bar");
  bar.setAttribute("role", "tablist");
  const base = `wb-${Math.random().toString(36).slice(2)}`;
  const tabs = panels.map((panel, n) => {
    const button = makeButton(panel.title, () => open(n));
    button.setAttribute("role", "tab");
    button.id = `${base}-${n}`;
    panel.node.setAttribute("role", "tabpanel");
    panel.node.setAttribute("aria-labelledby", button.id);
    bar.append(button);
    return button;
  });
  let at = 0;
  const open = (/** @type {number} */ n) => {
    at = n;
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === n));
      tab.tabIndex = i === n ? 0 : -1;
      panels[i].node.hidden = i !== n;
    });
    panels[n].update();
  };
  bar.addEventListener("keydown", (event) => {
    const way = event.key === "ArrowLeft" ? -1 : Number(event.key === "ArrowRight");
    if (!way) return;
    event.preventDefault();
    const seen = tabs.map((_, n) => n).filter((n) => !tabs[n].hidden);
    const next = seen[(seen.indexOf(at) + way + seen.length) % seen.length];
    open(next);
    tabs[next].focus();
  });
  box.append(bar, ...panels.map((panel) => panel.node));
  return {
    node: box,
    open: (/** @type {Panel} */ panel) => open(panels.indexOf(panel)),
    point: () => panels[at]?.point?.(),
    update() {
      tabs.forEach((tab, n) => (tab.hidden = !panels[n].possible()));
      const first = tabs.findIndex((tab) => !tab.hidden);
      box.hidden = first < 0;
      if (first >= 0) open(tabs[at].hidden ? first : at);
    },
  };
}

/**
 * Values to pick among, each with its words.
 * @param {string[]} values
 * @param {(value: string) => string} say
 * @returns {[string, string][]}
 */
export function pairsOf(values, say) {
  return values.map((value) => [value, say(value)]);
}
