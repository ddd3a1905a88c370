// The table of the groups. The name of each is a button that picks it out, for those who don't point at bars.

import { arrange, element, words, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";

/** Make the table. */
export function groups(model, ask) {
  const head = element("tr");
  const body = element("tbody");
  const more = element("p", { class: "df-more" });
  const table = element("table", {}, element("thead", {}, head), body);
  const scrolled = { class: "df-scroll", tabindex: 0, role: "region", "aria-label": "Table of the groups" };
  const region = element("div", scrolled, table);
  const make = ({ key }) => row(() => ask({ do: "pick", key }));
  const draw = () => {
    const { groups: names, columns, rows, more: rest } = model.get("table");
    const titles = [...(names ?? []).map((label) => ({ label, kind: "group" })), ...(columns ?? [])];
    arrange(
      head,
      titles,
      ({ label }, place) => `${place} ${label}`,
      () => element("th", { scope: "col" }),
      title,
    );
    arrange(
      body,
      rows ?? [],
      ({ key }) => `${titles.length} ${key}`,
      make,
      (node, each) => fill(node, each, titles),
    );
    write(more, { text: rest, hidden: !rest });
    write(region, { hidden: !rows?.length });
  };
  follow(model, ["table"], draw);
  return element("div", { class: "df-groups" }, region, more);
}

function title(cell, { label, hint, kind }) {
  write(cell, { text: label, title: hint ?? null, class: `df-${kind}` });
}

function row(pick) {
  return element("tr", { onclick: pick });
}

/** Write a row: its names, the first of them the button, and its figures. */
function fill(node, { names, cells, picked }, titles) {
  write(node, { "data-picked": picked });
  while (node.cells.length < titles.length) node.append(node.cells.length ? element("td") : group());
  const [button] = node.getElementsByTagName("button");
  const told = `${names.join(", ")}: ${picked ? "picked out; let it go" : "pick it out"}`;
  write(button, { "aria-pressed": picked, "aria-label": told, title: names.join(", ") });
  write(button.firstChild, { text: names[0] });
  const texts = [null, ...names.slice(1), ...cells];
  titles.forEach(({ kind }, place) => {
    if (place) write(node.cells[place], { text: texts[place], class: `df-${kind}` });
  });
}

function group() {
  const button = element("button", { type: "button", class: "df-pick" }, words(""));
  return element("th", { scope: "row", class: "df-group" }, button);
}
