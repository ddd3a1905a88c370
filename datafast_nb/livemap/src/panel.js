// The side panel: visitors, events and payments, or the card of the visitor who is selected.

import { brief, element, figure, part, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";
import { listbox } from "#kit/list.js";
import { choices, labelledSelect, showChoice } from "#kit/select.js";
import { card } from "./card.js";
import { eventRow, paymentRow, visitorRow, writeEvent, writePayment, writeVisitor } from "./rows.js";
import { tabs } from "./tabs.js";

const SORTS = [
  ["score", "Score"],
  ["value", "Expected value"],
  ["time", "Time on site"],
  ["newest", "Newest"],
];

/** Make the side panel. */
export function panel(model, ask, clock) {
  const choose = ({ site, id }) => id !== null && id !== undefined && ask({ do: "select", site, id });
  const switcher = tabs("What is shown", [
    { name: "Visitors", element: visitorsPage(model, ask, choose, clock) },
    { name: "Events", element: eventsPage(model, choose, clock) },
    { name: "Payments", element: paymentsPage(model, choose, clock) },
  ]);
  const count = () => {
    const known = Boolean(model.get("clock"));
    ["visitors", "events", "payments"].forEach((name, index) => {
      switcher.count(index, known ? brief(model.get(name).total) : "");
    });
  };
  follow(model, ["visitors", "events", "payments", "clock"], count);
  const details = card(model, ask, clock);
  const root = element(
    "section",
    { class: "df-panel", "aria-label": "Visitors, events and payments" },
    switcher.element,
    details,
  );
  cover(model, switcher.element, details);
  return root;
}

/** Put the card over the lists, which keep their scroll position under it; the focus goes along if it was there. */
function cover(model, lists, details) {
  let left = null;
  const draw = () => {
    const open = Boolean(model.get("card").name !== undefined);
    if (open === lists.inert) return;
    const focused = document.activeElement;
    if (open) left = lists.contains(focused) ? focused : null;
    const returning = !open && details.contains(focused);
    lists.inert = open;
    details.hidden = !open;
    if (open && left) part(details, "back").focus({ preventScroll: true });
    if (returning) (left ?? lists.querySelector("[aria-selected=true]")).focus({ preventScroll: true });
  };
  follow(model, ["card"], draw);
}

/** Make a list with what is said when it is empty and when it is cut. */
function listing(label, row, choose) {
  const { element: list, show } = listbox(label, row, choose);
  const empty = element("p", { class: "df-empty" });
  const rest = element("p", { class: "df-rest" });
  const frame = element("div", { class: "df-listing" }, list, empty, rest);
  const draw = (rows, nothing, remark) => {
    show(rows);
    write(list, { hidden: !rows.length });
    write(empty, { text: nothing, hidden: Boolean(rows.length) });
    write(rest, { text: remark, hidden: !remark });
  };
  return { element: frame, draw };
}

function visitorsPage(model, ask, choose, clock) {
  const { element: sort, select } = labelledSelect("Sort by", (by) => ask({ do: "sort", by }));
  choices(select, SORTS);
  const keyOf = ({ site, id, name }) => `${site} ${id ?? `without id ${name}`}`;
  const update = (node, visitor) => {
    const { site, id } = model.get("selected");
    const chosen = visitor.id !== null && visitor.id === id && visitor.site === site;
    write(node, { "aria-selected": chosen, "aria-disabled": visitor.id === null ? true : null });
    writeVisitor(node, visitor, clock);
  };
  const list = listing("Visitors", { keyOf, make: visitorRow, update }, choose);
  const draw = () => {
    const { rows, total, sort: by } = model.get("visitors");
    showChoice(select, by);
    const cut = total > rows.length ? `The first ${figure(rows.length)} of ${figure(total)}: filter to see others` : "";
    list.draw(rows, emptyText(model, "Nobody here right now", "Nobody matches the filters"), cut);
  };
  follow(model, ["visitors", "selected", "filters", "status", "clock"], draw);
  const score = element("span", { text: "score" });
  const columns = element("span", { class: "df-columns", "aria-hidden": true }, "value", score);
  return element("div", { class: "df-view" }, element("div", { class: "df-tools" }, sort, columns), list.element);
}

function eventsPage(model, choose, clock) {
  const update = (node, event) => writeEvent(selectable(node, event), event, clock);
  const list = listing("Events", { keyOf: ({ key }) => key, make: eventRow, update }, choose);
  const draw = () => {
    const { rows, total } = model.get("events");
    const cut = total > rows.length ? `The newest ${figure(rows.length)} of ${figure(total)}` : "";
    const none = emptyText(model, "Nothing happened in the last ten minutes", "Nothing that matches the filters");
    list.draw(rows, none, cut);
  };
  follow(model, ["events", "filters", "status", "clock"], draw);
  return element("div", { class: "df-view" }, list.element);
}

function paymentsPage(model, choose, clock) {
  const payer = ({ site, visitor }) => ({ site, id: visitor });
  const update = (node, payment) => writePayment(selectable(node, payer(payment)), payment, clock);
  const row = { keyOf: ({ key }) => key, make: paymentRow, update };
  const list = listing("Payments", row, (payment) => choose(payer(payment)));
  const draw = () => {
    const { rows, hidden } = model.get("payments");
    const left = hidden ? `${figure(hidden)} more, left out by the filters` : "";
    const none = emptyText(model, "No payments in the last ten minutes", "No payments that match the filters");
    list.draw(rows, none, left);
  };
  follow(model, ["payments", "filters", "status", "clock"], draw);
  return element("div", { class: "df-view" }, list.element);
}

function selectable(node, { id }) {
  write(node, { "aria-disabled": id === null || id === undefined ? true : null });
  return node;
}

/** Say why a list is empty. */
function emptyText(model, quiet, filtered) {
  const replayed = model.get("replay").now !== undefined;
  const none = replayed ? "Nothing was recorded at this moment" : "No data yet";
  if (!model.get("clock")) return model.get("status").state === "starting" ? "Loading…" : none;
  return model.get("filters").active?.length ? filtered : quiet;
}
