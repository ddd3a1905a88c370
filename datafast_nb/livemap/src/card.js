// The card of one visitor: who it is, how likely a purchase is and why, and what the visitor did.

import { arrange, element, figure, part, words, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";
import { icon, swapIcon } from "#kit/icons.js";
import { count } from "./count.js";

/** Make the card; it is hidden while nobody is selected. */
export function card(model, ask, clock) {
  const back = element(
    "button",
    { type: "button", class: "df-button df-back", "aria-label": "Back to the lists", title: "Back to the lists" },
    icon("back"),
  );
  // A card that a file holds open can be closed without a kernel.
  const close = () => {
    if (ask({ do: "deselect" })) return;
    model.set("card", {});
    model.set("selected", {});
  };
  back.addEventListener("click", close);
  const sections = [likelihoodSection(), factList(), historySection()];
  const root = element(
    "article",
    { class: "df-card", "aria-label": "Visitor", hidden: true },
    element("header", {}, back, element("span", { class: "df-mark" }), words("", { class: "df-name" }), ...cardTags()),
    element("div", { class: "df-body", tabindex: 0, role: "group", "aria-label": "Details" }, ...sections),
  );
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  let shown = null;
  const draw = () => {
    const visitor = model.get("card");
    if (visitor.name === undefined) return;
    writeCard(root, visitor, clock);
    const who = `${visitor.site} ${visitor.id}`;
    if (who !== shown) part(root, "body").scrollTop = 0;
    shown = who;
  };
  follow(model, ["card"], draw);
  return root;
}

function cardTags() {
  return [
    element("span", { class: "df-tag df-customer", text: "Customer" }),
    element("span", { class: "df-tag df-gone", role: "status" }),
  ];
}

function writeCard(root, visitor, clock) {
  write(part(root, "mark"), { "--df-mark": visitor.color, "data-customer": Boolean(visitor.customer) });
  write(part(root, "name"), { text: visitor.name, title: visitor.name });
  write(part(root, "customer"), { hidden: !visitor.customer });
  write(part(root, "gone"), { text: visitor.here ? "" : "Has left" });
  writeFacts(part(root, "facts"), visitor, clock);
  writeLikelihood(part(root, "likelihood"), visitor);
  writeHistory(part(root, "history"), visitor.events ?? [], clock);
}

function factList() {
  return element("dl", { class: "df-facts" });
}

function writeFacts(list, { facts: known, since, here }, clock) {
  const time = Number.isFinite(since) && here ? [["Time on site", null]] : [];
  const make = () => element("div", {}, element("dt"), element("dd", {}, words("")));
  const update = (node, [label, text]) => {
    const value = node.lastChild.firstChild;
    write(node.firstChild, { text: label });
    if (text === null) count(value, "lasting", since, clock);
    else write(value, { text, title: text });
  };
  arrange(list, [...(known ?? []), ...time], ([label]) => label, make, update);
}

function likelihoodSection() {
  const scale = element("div", { class: "df-scale", role: "meter", "aria-valuemin": 0, "aria-valuemax": 100 });
  const bar = element("div", { class: "df-gauge" }, scale, element("div", { class: "df-average", text: "average 50" }));
  return element(
    "section",
    { class: "df-likelihood", "aria-label": "Likelihood to buy" },
    element("h4", {}, "Likelihood to buy", element("span", { class: "df-sure" })),
    element("div", { class: "df-result" }, element("strong", { class: "df-points" }), bar),
    element("ul", { class: "df-words" }),
    element("ul", { class: "df-matches", "aria-label": "Matched" }),
    element("p", { class: "df-none", text: "No prediction for this visitor" }),
  );
}

function writeLikelihood(section, { likelihood: known, color }) {
  const score = Math.min(100, Math.max(0, known?.score ?? 0));
  const sure = Number.isFinite(known?.confidence) ? `${Math.round(known.confidence * 100)}% sure` : "";
  write(part(section, "none"), { hidden: Boolean(known) });
  write(part(section, "result"), { hidden: !Number.isFinite(known?.score) });
  write(part(section, "sure"), { text: sure, title: known?.hints.confidence ?? null });
  write(part(section, "points"), { text: String(Math.round(score)), title: known?.hints.score ?? null });
  write(part(section, "scale"), {
    "aria-label": "Score; the site's average is 50",
    "aria-valuenow": Math.round(score),
    "--df-share": `${score}%`,
    "--df-mark": color,
  });
  writeTexts(part(section, "words"), known?.words ?? []);
  writeTexts(part(section, "matches"), known?.matches ?? []);
}

function writeTexts(list, texts) {
  const make = () => element("li", {}, words(""));
  arrange(
    list,
    texts,
    (text) => text,
    make,
    (node, text) => write(node.firstChild, { text, title: text }),
  );
  write(list, { hidden: !texts.length });
}

function historySection() {
  return element(
    "section",
    { class: "df-history", "aria-label": "What the visitor did" },
    element("h4", {}, "Activity", element("span", { class: "df-sum" })),
    element("ol", {}),
    element("p", { class: "df-none", text: "No events in the last ten minutes" }),
  );
}

function writeHistory(section, events, clock) {
  const make = () =>
    element("li", {}, icon("pageview"), words("", { class: "df-name" }), element("span", { class: "df-time" }));
  const update = (node, event) => {
    write(node, { "data-kind": event.kind });
    swapIcon(node, event.kind);
    write(part(node, "name"), { text: event.label, title: event.label });
    count(part(node, "time"), "ago", event.at, clock);
  };
  arrange(section.querySelector("ol"), events, ({ key }) => key, make, update);
  write(part(section, "sum"), { text: events.length ? figure(events.length) : "" });
  write(part(section, "none"), { hidden: events.length > 0 });
}
