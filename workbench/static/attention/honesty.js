// What attention does not say: a check by cause, two sentences, and whom they come from.

const SOURCES = [
  "Jain, S. & Wallace, B. C. (2019). Attention is not Explanation. NAACL. arXiv:1902.10186",
  "Wiegreffe, S. & Pinter, Y. (2019). Attention is not not Explanation. EMNLP. arXiv:1908.04626",
];

function makeHonesty(desk) {
  const box = make("section", "wb-honesty");
  const tools = make("div", "wb-tools");
  const method = makePicker(tools, desk.say("method"), () => {});
  const press = makeButton(desk.say("check"), () => {
    desk.fetchCheck(method.node.querySelector("select").value);
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
      method.offer(["occlusion", "input_x_gradient"].map((name) => [name, desk.say(name)]),
        check?.method ?? "occlusion");
      press.disabled = desk.asking;
      words.hidden = table.hidden = !check;
      if (!check) {
        verdict.textContent = desk.say(desk.can("causal") ? "check_hint" : "check_not_kept");
        return;
      }
      verdict.textContent = desk.say(check.spearman === null ? "check_no_rank" : "check_rank", {
        method: desk.say(check.method),
        rank: check.spearman === null ? "" : signedFigure(check.spearman, 2),
        what: desk.labels[check.compared_with] ?? check.compared_with,
      });
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
