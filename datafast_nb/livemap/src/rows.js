// Draws a visitor as a row of two lines; what is drawn with Preact has rows.tsx.

import { element, figure, part, words, write } from "#kit/dom.js";
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
