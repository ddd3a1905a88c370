// Draws a visitor, an event and a payment as a row of two lines.

import { element, figure, part, words, write } from "#kit/dom.js";
import { icon, swapIcon } from "#kit/icons.js";
import { count } from "./count.js";

/** Make an empty row for a visitor, as an option of a list or as a button. */
export function visitorRow(tag, properties) {
  return element(
    tag,
    properties,
    element("span", { class: "df-mark" }),
    line(
      words("", { class: "df-name" }),
      element("span", { class: "df-tag df-customer", text: "Customer" }),
      siteTag(),
    ),
    element("span", { class: "df-value" }),
    element("span", { class: "df-unseen", text: "score" }),
    element("span", { class: "df-score" }),
    details("place", "page", "channel", "device", "visit"),
    element("span", { class: "df-time" }),
  );
}

/** Write a visitor into his row. */
export function writeVisitor(node, visitor, clock) {
  const known = Number.isFinite(visitor.score);
  const score = known ? String(Math.round(visitor.score)) : "–";
  const sure = Number.isFinite(visitor.confidence) ? `, ${Math.round(visitor.confidence * 100)}% sure` : "";
  write(part(node, "mark"), { "--df-mark": visitor.color, "data-customer": Boolean(visitor.customer) });
  write(part(node, "name"), { text: visitor.name, title: visitor.name });
  write(part(node, "customer"), { hidden: !visitor.customer });
  write(part(node, "value"), { text: visitor.value, title: visitor.value ? "expected value" : null });
  write(part(node, "score"), {
    text: score,
    title: known ? `score ${score}${sure}` : "no score",
    "data-none": !known,
  });
  const visit = Number.isFinite(visitor.visit) ? `visit ${figure(visitor.visit)}` : "";
  writeDetails(node, { ...visitor, visit });
  count(part(node, "time"), "lasting", visitor.since, clock);
}

/** Make an empty row for an event. */
export function eventRow(tag, properties) {
  return element(
    tag,
    properties,
    icon("pageview"),
    line(element("span", { class: "df-unseen df-kind" }), words("", { class: "df-name" }), siteTag()),
    element("span", { class: "df-time" }),
    details("who", "place"),
    element("span", { class: "df-amount" }),
  );
}

/** Write an event into its row. */
export function writeEvent(node, event, clock) {
  const kinds = { pageview: "viewed ", goal: "goal ", payment: "payment " };
  write(node, { "data-kind": event.kind });
  swapIcon(node, event.kind);
  write(part(node, "kind"), { text: kinds[event.kind] ?? "" });
  write(part(node, "name"), { text: event.label, title: event.label });
  count(part(node, "time"), "ago", event.at, clock);
  writeDetails(node, event);
  write(part(node, "amount"), { text: event.amount });
}

/** Make an empty row for a payment. */
export function paymentRow(tag, properties) {
  return element(
    tag,
    properties,
    icon("payment"),
    line(element("span", { class: "df-amount" }), element("span", { class: "df-tag df-turn" }), siteTag()),
    element("span", { class: "df-time" }),
    details("who", "note"),
  );
}

/** Write a payment into its row. */
export function writePayment(node, payment, clock) {
  const kinds = { new: "New", renewal: "Renewal", refund: "Refund" };
  write(node, { "data-kind": payment.kind });
  write(part(node, "amount"), { text: payment.amount });
  write(part(node, "turn"), { text: kinds[payment.kind], hidden: !kinds[payment.kind] });
  count(part(node, "time"), "ago", payment.at, clock);
  writeDetails(node, payment);
}

function line(...children) {
  return element("span", { class: "df-line" }, ...children);
}

function details(...names) {
  return element("span", { class: "df-details" }, ...names.map(detail));
}

function detail(name) {
  return element("span", { class: `df-detail df-${name}`, "data-name": name }, words(""));
}

/** Make the place of a site's name, which is only there with several sites. */
function siteTag() {
  return words("", { class: "df-tag df-site" });
}

/** Write the site and the texts of the second line, each only where there is one. */
function writeDetails(node, texts) {
  write(part(node, "site"), { text: texts.site, title: texts.site || null });
  for (const span of part(node, "details").children) {
    const text = texts[span.dataset.name] ?? "";
    write(span, { hidden: String(text).trim() === "", title: text });
    write(span.firstChild, { text });
  }
}
