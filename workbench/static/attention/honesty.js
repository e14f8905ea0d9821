// @ts-check
// What attention does not say: a check by cause, two sentences, and whom they come from.

import { nameOfChoice } from "./choice.js";
import { changeColour, css, inkOn } from "./colour.js";
import { makePicker, pairsOf } from "./controls.js";
import { barCell } from "./formula.js";
import { signedFigure } from "./numbers.js";
import { make, makeButton } from "../controls.js";

/** @import { Check, Desk } from "./types.d.ts" */

const SOURCES = [
  "Jain, S. & Wallace, B. C. (2019). Attention is not Explanation. NAACL. arXiv:1902.10186",
  "Wiegreffe, S. & Pinter, Y. (2019). Attention is not not Explanation. EMNLP. arXiv:1908.04626",
];

/** @param {Desk} desk */
export function makeHonesty(desk) {
  const box = make("section", "wb-honesty");
  const tools = make("div", "wb-tools");
  let chosen = "occlusion";
  const method = makePicker(tools, desk.say("method"), (value) => (chosen = value));
  const press = makeButton(desk.say("check"), () => {
    desk.fetchCheck(chosen);
  });
  tools.append(press);
  const verdict = make("p", "wb-cell");
  verdict.setAttribute("role", "status");
  const words = make("div", "wb-words");
  const table = make("div", "wb-scroll");
  const list = make("ul", "wb-note");
  list.append(...SOURCES.map((source) => make("li", "", source)));
  box.append(make("h4", "", desk.say("check_title")), make("p", "", desk.say("not_why_1")),
    make("p", "", desk.say("not_why_2")), list, tools, verdict, words, table);
  return {
    node: box,
    title: desk.say("honesty"),
    possible: () => true,
    update() {
      const check = desk.record().plain.occlusion;
      tools.hidden = !desk.can("causal");
      chosen = check?.method ?? "occlusion";
      method.offer(pairsOf(["occlusion", "input_x_gradient"], desk.say), chosen);
      press.disabled = desk.asking;
      words.hidden = table.hidden = !check;
      if (!check) {
        verdict.textContent = desk.say(desk.can("causal") ? "check_hint" : "check_not_kept");
        return;
      }
      verdict.textContent = verdictOf(desk, check);
      const most = Math.max(1e-9, ...check.importance.map(Math.abs));
      const { labels } = desk.record().blocks[0].keys;
      words.replaceChildren(...labels.map((label, n) => {
        const colour = changeColour((check.importance[n] ?? 0) / most);
        const node = make("span", "wb-word", label);
        node.style.background = css(colour);
        node.style.color = inkOn(colour);
        node.title = signedFigure(check.importance[n] ?? 0, 4);
        return node;
      }));
      table.replaceChildren(strongestCauses(desk, check, labels, most));
    },
  };
}

/**
 * The check against the attention that is shown now; without a map, against what Python kept.
 * @param {Desk} desk
 * @param {Check} check
 */
function verdictOf(desk, check) {
  const method = desk.say(check.method);
  const rank = rankWithShown(desk, check);
  if (rank !== null) {
    return desk.say("check_rank", { method, rank: signedFigure(rank, 2), what: nameOfChoice(desk) });
  }
  if (check.spearman === null) return desk.say("check_no_rank", { method });
  const what = desk.say("last_layer");
  return desk.say("check_rank", { method, rank: signedFigure(check.spearman, 2), what });
}

/** @param {Desk} desk @param {Check} check */
function rankWithShown(desk, check) {
  const shown = desk.shown();
  const { keys } = desk.block();
  const { weights } = shown;
  if (!weights || shown.signed || keys.name !== "source") return null;
  const places = shown.columns.map((_, n) => n).filter((n) => !shown.columns[n].special && !shown.columns[n].made);
  if (places.length < 3) return null;
  const wide = shown.columns.length;
  const looked = places.map((c) => shown.rows.reduce((sum, _, r) => sum + weights[r * wide + c], 0));
  const matters = places.map((c) =>
    shown.columns[c].members.reduce((sum, n) => sum + Math.abs(check.importance[n] ?? 0), 0));
  return correlation(ranks(looked), ranks(matters));
}

/**
 * Ranks from 1; equal values share the mean of theirs.
 * @param {number[]} values
 */
export function ranks(values) {
  const order = values.map((_, n) => n).sort((a, b) => values[a] - values[b]);
  const found = new Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let n = from; n < to; n++) found[order[n]] = (from + to + 1) / 2;
    from = to;
  }
  return found;
}

/** @param {number[]} xs @param {number[]} ys */
export function correlation(xs, ys) {
  const mean = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  let [xy, xx, yy] = [0, 0, 0];
  xs.forEach((x, n) => {
    xy += (x - mx) * (ys[n] - my);
    xx += (x - mx) ** 2;
    yy += (ys[n] - my) ** 2;
  });
  return xx && yy ? xy / Math.sqrt(xx * yy) : null;
}

/** @param {Desk} desk @param {Check} check @param {string[]} labels @param {number} most */
function strongestCauses(desk, check, labels, most) {
  const order = labels.map((_, n) => n)
    .sort((a, b) => Math.abs(check.importance[b]) - Math.abs(check.importance[a])).slice(0, 8);
  const table = make("table");
  const [top, heading, body] = [make("thead"), make("tr"), make("tbody")];
  heading.append(...["token", "importance"].map((name) => {
    const cell = make("th", "", desk.say(name));
    cell.scope = "col";
    return cell;
  }));
  top.append(heading);
  for (const n of order) {
    const line = make("tr");
    const title = make("th", "", labels[n]);
    title.scope = "row";
    line.append(title, barCell(Math.abs(check.importance[n]) / most, signedFigure(check.importance[n], 4)));
    body.append(line);
  }
  table.append(top, body);
  return table;
}
