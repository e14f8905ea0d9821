// @ts-check
// The text itself, shaded by what the chosen tokens look at or by who looks at them.

import { isBright, togglePicked } from "./choice.js";
import { changeColour, css, inkOn, weightColour } from "./colour.js";
import { makePicker } from "./controls.js";
import { signedFigure } from "./numbers.js";
import { isPicked, sumOfPicked } from "./weights.js";
import { apart, keepKeys, make } from "../controls.js";

/** @import { Desk, Group, Shown, View } from "./types.d.ts" */

const MOST_NAMED = 6;
/** @type {Record<string, number>} */
const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** @param {Desk} desk */
export function makeStrip(desk) {
  const box = make("section", "wb-strip");
  const tools = make("div", "wb-tools");
  const direction = makePicker(tools, desk.say("direction"), (value) => {
    const kept = desk.block().sameText ? desk.choice.picked : [];
    desk.change({ direction: value === "to" ? "to" : "from", picked: kept });
  });
  const chooser = make("div", "wb-words");
  const chooserName = make("p", "wb-note");
  const shaded = make("div", "wb-words");
  const shadedName = make("p", "wb-note");
  const readout = make("p", "wb-cell");
  readout.setAttribute("role", "status");
  box.append(make("h4", "", desk.say("strip")), tools, chooserName, chooser, shadedName, shaded, readout);
  const strip = /** @type {View} */ ({ node: box });
  /** @type {{ chosen: HTMLElement[], others: HTMLElement[] }} */
  const nodes = { chosen: [], others: [] };
  /** @type {{ chosen: Group[], others: Group[] }} */
  let groups = { chosen: [], others: [] };

  /** @param {HTMLElement} place @param {Group[]} words @param {boolean} act */
  const build = (place, words, act) => {
    const made = words.map((group, n) => {
      const node = make("span", "wb-word", group.label);
      node.dataset.place = String(n);
      if (act) {
        node.tabIndex = -1;
        node.setAttribute("role", "option");
      }
      if (group.special) node.classList.add("wb-special");
      if (group.made) node.classList.add("wb-made");
      return node;
    });
    if (act && made.length) {
      const first = words.findIndex((group) => isPicked(group, desk.choice.picked));
      made[Math.max(0, first)].tabIndex = 0;
    }
    place.setAttribute("role", act ? "listbox" : "list");
    const active = document.activeElement;
    const held = active instanceof HTMLElement && place.contains(active) ? Number(active.dataset.place) : -1;
    place.replaceChildren(...made);
    if (held >= 0) made[Math.min(held, made.length - 1)]?.focus();
    return made;
  };
  /** @param {HTMLElement} node @param {boolean} several */
  const pick = (node, several) => {
    const own = desk.choice.direction === "from" ? desk.shown().rows : desk.shown().columns;
    const { members } = own[Number(node.dataset.place)];
    desk.change({ picked: several ? togglePicked(desk.choice.picked, members) : [...members] });
  };
  /** @param {Event} event @returns {HTMLElement | null} */
  const wordOf = ({ target }) => (target instanceof Element ? target.closest(".wb-word") : null);
  const listen = (/** @type {HTMLElement} */ place) => {
    keepKeys(place);
    place.setAttribute("aria-multiselectable", "true");
    place.addEventListener("click", (event) => {
      const node = wordOf(event);
      if (node?.tabIndex !== undefined && node.getAttribute("role") === "option") {
        node.focus();
        pick(node, event.shiftKey || event.ctrlKey || event.metaKey);
      }
    });
    place.addEventListener("keydown", (event) => {
      const node = wordOf(event);
      const way = WAYS[event.key];
      if (!node || node.getAttribute("role") !== "option") return;
      if (way) {
        const next = way > 0 ? node.nextElementSibling : node.previousElementSibling;
        if (!(next instanceof HTMLElement)) return;
        next.focus();
        if (!event.shiftKey) pick(next, false);
      } else if (event.key === "Enter" || event.key === " ") pick(node, true);
      else return;
      event.preventDefault();
    });
  };
  listen(chooser);
  listen(shaded);

  strip.update = () => {
    const { choice } = desk;
    const block = desk.block();
    const shown = desk.shown();
    direction.offer(["from", "to"].map((name) => [name, desk.say(`direction_${name}`)]), choice.direction);
    const one = block.sameText;
    const [chosen, others] = choice.direction === "from"
      ? [shown.rows, shown.columns] : [shown.columns, shown.rows];
    chooser.hidden = chooserName.hidden = shadedName.hidden = one;
    const [near, far] = choice.direction === "from" ? [block.queries, block.keys] : [block.keys, block.queries];
    chooserName.textContent = desk.say("choose_in", { text: desk.say(near.name) });
    shadedName.textContent = desk.say("shaded_in", { text: desk.say(far.name) });
    // Queries and keys of one text make the same groups, so one row of words serves for both.
    groups = { chosen, others };
    nodes.others = build(shaded, others, one);
    nodes.chosen = one ? nodes.others : build(chooser, chosen, true);
    chosen.forEach((group, n) => {
      const on = isPicked(group, choice.picked);
      nodes.chosen[n]?.classList.toggle("wb-picked", on);
      nodes.chosen[n]?.setAttribute("aria-selected", String(on));
    });
    readout.textContent = shown.weights ? shade(desk, shown, nodes.others, chosen, others) : desk.say("not_kept");
    strip.point?.();
  };
  strip.point = () => {
    const { cell, direction: way } = desk.choice;
    const { rows, columns } = desk.map();
    const pointed = cell ? [rows[cell[0]].members, columns[cell[1]].members] : [[], []];
    const [chosen, other] = way === "from" ? pointed : [...pointed].reverse();
    nodes.others.forEach((node, n) => node.classList.toggle("wb-seen", isPicked(groups.others[n], other)));
    nodes.chosen.forEach((node, n) => node.classList.toggle("wb-seeing", isPicked(groups.chosen[n], chosen)));
  };
  return strip;
}

/**
 * Colour the words and return the strongest in words.
 * @param {Desk} desk
 * @param {Shown} shown
 * @param {HTMLElement[]} nodes
 * @param {Group[]} chosen
 * @param {Group[]} others
 */
function shade(desk, shown, nodes, chosen, others) {
  const { picked, direction } = desk.choice;
  const count = chosen.filter((group) => isPicked(group, picked)).length;
  const sums = sumOfPicked(shown, picked, direction);
  const most = Math.max(1e-6, ...sums);
  nodes.forEach((node, n) => {
    const value = sums[n];
    const colour = shown.signed ? changeColour(value) : weightColour(value, isBright(desk) ? most : Math.max(count, most));
    node.style.background = css(colour);
    node.style.color = inkOn(colour);
    node.title = Number.isNaN(value) ? "" : shown.signed ? signedFigure(value, 3) : value.toFixed(3);
  });
  const strength = (/** @type {number} */ n) => Math.abs(sums[n]);
  const strongest = others.map((_, n) => n).filter((n) => !Number.isNaN(sums[n])).sort((a, b) => strength(b) - strength(a)).slice(0, MOST_NAMED);
  const names = strongest
    .map((n) => `${apart(others[n].label)} ${shown.signed ? signedFigure(sums[n], 3) : sums[n].toFixed(3)}`)
    .join(" · ");
  const what = chosen.filter((group) => isPicked(group, picked)).map((group) => apart(group.label));
  const tokens = what.length > 8 ? desk.say("tokens", { count: what.length }) : what.join(" + ");
  const key = shown.signed ? "strip_change" : count > 1 ? "strip_sum" : "strip";
  return `${desk.say(`${key}_${direction}`, { tokens })} ${names}`;
}
