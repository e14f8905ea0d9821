// @ts-check
// Before and after: what the model answered, and the heads that moved most.

import { STATISTICS, measurable, nameOfRecord } from "./choice.js";
import { barCell } from "./formula.js";
import { signedFigure } from "./numbers.js";
import { allHeads, statistic } from "./packed.js";
import { make, makeButton } from "../controls.js";

/** @import { Desk } from "./types.d.ts" */

const MOST_MOVED = 12;

/** @param {Desk} desk */
export function makeChange(desk) {
  const box = make("section", "wb-change");
  const answers = make("div", "wb-scroll");
  const place = make("div", "wb-scroll");
  place.tabIndex = 0;
  const invite = make("p");
  const start = makeButton("", () => compareWithOther(desk));
  invite.append(start);
  const note = make("p", "wb-note", desk.say("about_divergence"));
  const title = make("h4", "", desk.say("moved_title"));
  box.append(answers, invite, title, place, note);
  return {
    node: box,
    title: desk.say("change_title"),
    possible: () => desk.records.length > 1,
    update() {
      const other = desk.choice.against ?? otherRecord(desk);
      invite.hidden = desk.comparing() || other === null;
      start.textContent = other === null ? "" : desk.say("compare_with", { name: nameOfRecord(desk, other) });
      const answered = other !== null && desk.records[other].plain.prediction;
      answers.replaceChildren(...(answered ? [tableOfAnswers(desk, other)] : []));
      for (const node of [place, note, title]) node.hidden = !desk.comparing();
      if (desk.comparing()) place.replaceChildren(tableOfMoved(desk));
    },
  };
}

/** @param {Desk} desk */
function otherRecord(desk) {
  if (desk.records.length < 2) return null;
  return desk.choice.at === 0 ? 1 : 0;
}

/** @param {Desk} desk */
function compareWithOther(desk) {
  const other = desk.choice.against ?? otherRecord(desk);
  if (other === null) return;
  const [against, at] = [desk.choice.at, other].sort((a, b) => a - b);
  desk.change({ at, against, tint: "divergence", order: "layers" });
}

/** @param {Desk} desk @param {number} other */
function tableOfAnswers(desk, other) {
  const [a, b] = [other, desk.choice.at].sort((x, y) => x - y);
  const [before, after] = [desk.records[a].plain, desk.records[b].plain];
  const table = make("table");
  const heading = make("tr");
  const titles = [desk.say("answer_column"), nameOfRecord(desk, a), nameOfRecord(desk, b), desk.say("change")];
  heading.append(...titles.map((title) => {
    const cell = make("th", "", title);
    cell.scope = "col";
    return cell;
  }));
  const body = make("tbody");
  const chances = new Map(before.probabilities ?? []);
  const rows = (after.probabilities ?? []).filter(([name]) => chances.has(name));
  for (const [name, chance] of rows) {
    const was = chances.get(name) ?? 0;
    const line = make("tr");
    const title = make("th", "", name);
    title.scope = "row";
    line.append(title, barCell(was, percent(was)), barCell(chance, percent(chance)));
    line.append(make("td", "", `${signedFigure(100 * (chance - was), 1)}`));
    body.append(line);
  }
  if (!rows.length) {
    const line = make("tr");
    const title = make("th", "", desk.say("answer_column"));
    line.append(title, make("td", "", before.prediction || "–"), make("td", "", after.prediction || "–"), make("td"));
    body.append(line);
  }
  const top = make("thead");
  top.append(heading);
  table.append(top, body);
  return table;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** @param {Desk} desk */
function tableOfMoved(desk) {
  const [before, after] = [desk.otherBlock(), desk.block()];
  const heads = allHeads(after)
    .flatMap((head) => {
      const moved = desk.measure("divergence", head);
      return moved === null ? [] : [{ head, moved }];
    })
    .sort((a, b) => b.moved - a.moved)
    .slice(0, MOST_MOVED);
  const table = make("table");
  const names = STATISTICS.filter((name) => measurable(desk).includes(name));
  const heading = make("tr");
  heading.append(...["head_column", "divergence", ...names].map((name) => {
    const cell = make("th", "", desk.say(name));
    cell.scope = "col";
    return cell;
  }));
  const body = make("tbody");
  const most = heads[0]?.moved || 1;
  for (const { head, moved: value } of heads) {
    const line = make("tr");
    const title = make("th");
    title.scope = "row";
    const number = after.layers[head[0]].number;
    title.append(makeButton(`${number}.${head[1] + 1}`, () => {
      desk.change({ heads: [head], source: "heads" });
      desk.want(head);
    }));
    line.append(title, barCell(value / most, value.toFixed(3)));
    line.append(...names.map((name) => {
      const was = before && statistic(before, name, head);
      const is = statistic(after, name, head);
      return make("td", "", was === null || is === null ? "–" : signedFigure(is - was, 3));
    }));
    body.append(line);
  }
  const top = make("thead");
  top.append(heading);
  table.append(top, body);
  return table;
}
