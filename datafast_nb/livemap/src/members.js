// Who is in a cluster: a few lines while the pointer is on it, and the people themselves once it is opened.

import { arrange, element, figure, part, words, write } from "#kit/dom.js";
import { linesOf } from "./clusters.ts";
import { visitorRow, writeVisitor } from "./rows.js";

/** Make the box that describes the cluster under the pointer. Gives {element, show(summary)}. */
export function tip() {
  const root = element("div", { class: "df-tip", hidden: true }, ...summary());
  const show = (summary) => {
    write(root, { hidden: summary === null });
    if (summary !== null) writeSummary(root, summary);
  };
  return { element: root, show };
}

/** Make the content of a cluster's popup; it keeps the last, so that a popup does not blink as it closes. */
export function members(model, view, ask, clock) {
  const list = element("div", { class: "df-people" });
  const more = element("p", { class: "df-more" });
  const root = element("div", { class: "df-popup" }, ...summary(), list, more);
  const present = new WeakMap();
  const choose = ({ currentTarget: row }) => ask({ do: "select", ...present.get(row) });
  const make = () => visitorRow("button", { type: "button", class: "df-row", onclick: choose });
  const update = (node, visitor) => {
    const { site, id } = visitor;
    const selected = model.get("selected") ?? {};
    const chosen = id !== null && id === selected.id && site === selected.site;
    present.set(node, { site, id });
    write(node, { disabled: id === null, "aria-pressed": chosen });
    writeVisitor(node, visitor, clock);
  };
  const draw = () => {
    const cluster = model.get("popups")[view];
    if (cluster === undefined) return;
    writeSummary(root, cluster.summary);
    arrange(list, cluster.rows, ({ site, id, name }) => `${site} ${id ?? `without id ${name}`}`, make, update);
    write(more, { text: cluster.more ? `and ${figure(cluster.more)} more` : "", hidden: !cluster.more });
  };
  // At once, and not after the message as elsewhere: Leaflet measures the content when it opens the popup.
  for (const name of ["popups", "selected"]) model.on(`change:${name}`, draw);
  draw();
  return root;
}

function summary() {
  return [element("h4", {}, words("", { class: "df-title" })), element("dl", { class: "df-lines" })];
}

function writeSummary(root, summary) {
  const { title } = summary;
  write(part(root, "title"), { text: title, title });
  const make = () => element("div", {}, element("dt"), element("dd", {}, words("")));
  const update = (node, [label, text]) => {
    write(node.firstChild, { text: label });
    write(node.lastChild.firstChild, { text });
  };
  arrange(part(root, "lines"), linesOf(summary), ([label]) => label, make, update);
}
