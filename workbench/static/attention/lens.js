// @ts-check
// The logit lens of a decoder: which word each layer would have written next.

import { css, inkOn, weightColour } from "./colour.js";
import { marked, short } from "./tokens.js";
import { make } from "../controls.js";

/** @import { Desk } from "./types.d.ts" */

/** @param {Desk} desk */
export function makeLens(desk) {
  const box = make("section", "wb-lens");
  const place = make("div", "wb-scroll");
  place.tabIndex = 0;
  box.append(make("h4", "", desk.say("lens_title")), make("p", "wb-note", desk.say("lens_note")), place);
  return {
    node: box,
    title: desk.say("lens"),
    possible: () => Boolean(desk.records.length && desk.record().plain.lens),
    update() {
      const { lens } = desk.record().plain;
      if (!lens) return;
      const { labels } = desk.block().queries;
      const table = make("table", "wb-lens-table");
      const heading = make("tr");
      heading.append(make("th", "", desk.say("layer")), ...labels.map((label) => {
        const cell = make("th", "", label);
        cell.scope = "col";
        return cell;
      }));
      const [top, body] = [make("thead"), make("tbody")];
      top.append(heading);
      // The last layer on top: one reads downward to where the answer was not there yet.
      for (let l = lens.layers.length - 1; l >= 0; l--) {
        const line = make("tr");
        const title = make("th", "", String(lens.layers[l]));
        title.scope = "row";
        line.append(title, ...lens.words[l].map((word, t) => lensCell(word, lens.probabilities[l][t])));
        body.append(line);
      }
      table.append(top, body);
      place.replaceChildren(table);
    },
  };
}

/** @param {string} word @param {number} chance */
function lensCell(word, chance) {
  const colour = weightColour(chance);
  const cell = make("td");
  cell.style.background = css(colour);
  cell.style.color = inkOn(colour);
  cell.append(make("span", "", short(marked(word))), make("small", "", ` ${Math.round(100 * chance)} %`));
  return cell;
}
