// Who is shown: a search, a panel of conditions, and a chip for each that is set.

import { arrange, element, figure, freshId, part, words, write } from "./dom.js";
import { follow } from "./follow.js";
import { icon } from "./icons.js";
import { choices, labelledSelect, showChoice } from "./select.js";

const PATIENCE = 250; // milliseconds after the last key before the kernel is asked

/** Make the row of filters and the panel that it opens. */
export function filters(model, ask) {
  const filter = (name, value) => ask({ do: "filter", name, value });
  const fields = conditions(model, filter);
  const toggle = disclosure(fields, (open) => ask({ do: "facets", open }));
  const matched = element("span", { class: "df-matched", role: "status" });
  const draw = () => {
    const { active, matched: here, total } = model.get("filters");
    const number = active?.length ? String(active.length) : "";
    write(part(toggle, "number"), { text: number, hidden: !number });
    write(matched, { text: number && `${figure(here)} of ${figure(total)} visitors` });
  };
  follow(model, ["filters"], draw);
  const bar = element("div", { class: "df-bar" }, searchBox(model, filter), toggle, matched, chips(model, ask, toggle));
  return element("div", { class: "df-filters" }, bar, fields);
}

/** Make the button that opens the panel of conditions; `opened` is told. */
function disclosure(panel, opened) {
  const number = element("span", { class: "df-number" });
  const properties = { type: "button", class: "df-button", "aria-expanded": false, "aria-controls": panel.id };
  const button = element("button", properties, icon("filter"), "Filters", number);
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    write(button, { "aria-expanded": !panel.hidden });
    opened(!panel.hidden);
  });
  return button;
}

/** Make the box for free text; the kernel's text replaces what is in it only while nobody types there. */
function searchBox(model, filter) {
  const label = "Search names, places and pages";
  const input = element("input", { type: "search", "aria-label": label, placeholder: "Search", maxlength: 200 });
  let timer = null;
  let drawn = "";
  const send = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    filter("text", input.value.trim() || null);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(send, PATIENCE);
  });
  input.addEventListener("blur", () => {
    if (timer === null) input.value = drawn;
    send();
  });
  input.addEventListener("keydown", (event) => event.key === "Enter" && send());
  const draw = () => {
    const text = model.get("filters").values?.text ?? "";
    if (text === drawn) return;
    drawn = text;
    if (!input.matches(":focus")) input.value = text;
  };
  follow(model, ["filters"], draw);
  return element("label", { class: "df-search" }, icon("search"), input);
}

/** Make the chips of what is filtered by; each takes its filter away. */
function chips(model, ask, fallback) {
  const list = element("span", { class: "df-chips" });
  const clear = element("button", { type: "button", class: "df-clear", text: "Clear all" });
  clear.addEventListener("click", () => ask({ do: "clear" }));
  const make = ({ name }) =>
    element(
      "button",
      { type: "button", class: "df-chip", onclick: () => ask({ do: "filter", name, value: null }) },
      element("span", { class: "df-label" }),
      words("", { class: "df-name" }),
      icon("close"),
    );
  const update = (chip, { label, text }) => {
    write(chip, { "aria-label": `Remove filter ${label}: ${text}`, title: text });
    write(part(chip, "label"), { text: label });
    write(part(chip, "name"), { text });
  };
  const frame = element("span", { class: "df-chosen", role: "group", "aria-label": "Active filters" }, list, clear);
  const draw = () => {
    const active = model.get("filters").active ?? [];
    const focused = frame.contains(document.activeElement);
    arrange(list, active, ({ name }) => name, make, update);
    write(clear, { hidden: active.length < 2 });
    // Who took a chip away with the keyboard goes on with the next.
    if (focused && !frame.contains(document.activeElement)) (list.firstElementChild ?? fallback).focus();
  };
  follow(model, ["filters"], draw);
  return frame;
}

/** Make the panel of conditions, one field each. */
function conditions(model, filter) {
  const visits = [
    ["new", "New"],
    ["returning", "Returning"],
  ];
  const customers = [
    ["true", "Customers"],
    ["false", "Not customers"],
  ];
  return element(
    "div",
    { class: "df-conditions", id: freshId(), role: "group", "aria-label": "Filters", hidden: true },
    choice(model, filter, "site", "Site"),
    choice(model, filter, "country_code", "Country"),
    choice(model, filter, "device", "Device"),
    choice(model, filter, "channel", "Channel"),
    choice(model, filter, "page", "Page"),
    choice(model, filter, "visit_kind", "Visits", visits),
    choice(model, filter, "is_customer", "Customers", customers),
    atLeast(model, filter, "min_score", "Score at least", 100, ""),
    atLeast(model, filter, "min_confidence", "Confidence at least", 1, "%"),
  );
}

/** Make a select for one dimension; without `fixed` options the kernel counts them once the panel is open. */
function choice(model, filter, name, label, fixed) {
  const { element: frame, select } = labelledSelect(label, (value) => {
    if (value !== SEVERAL) filter(name, value === "" ? null : value);
  });
  const draw = () => {
    const { values, options } = model.get("filters");
    const present = values?.[name] ?? null;
    const shown = shownChoice(present);
    const offered = fixed ?? options?.[name].map((each) => [each.value, each.label, each.visitors]) ?? [];
    const known = shown === "" || offered.some(([value]) => String(value) === shown);
    const text = Array.isArray(present) ? `${present.length} chosen` : shown;
    choices(select, [["", "All"], ...(known ? [] : [[shown, text]]), ...offered]);
    showChoice(select, shown);
    write(frame, { hidden: name === "site" && !(options?.site?.length > 1) && present === null });
    write(select, { disabled: !fixed && !options });
  };
  follow(model, ["filters"], draw);
  return frame;
}

const SEVERAL = "\u0000several";

function shownChoice(value) {
  if (Array.isArray(value)) return value.length === 1 ? String(value[0]) : SEVERAL;
  return value === null ? "" : String(value);
}

/** Make a slider for the least of a figure; at nought it filters nothing. */
function atLeast(model, filter, name, label, whole, unit) {
  const input = element("input", { type: "range", "aria-label": label, min: 0, max: 100, value: 0 });
  const output = element("output", { class: "df-least" });
  let timer = null;
  let drawn = 0;
  const show = () => {
    const text = Number(input.value) ? `${input.value}${unit}` : "any";
    write(output, { text });
    write(input, { "aria-valuetext": text });
  };
  const send = () => filter(name, Number(input.value) ? (Number(input.value) / 100) * whole : null);
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(send, PATIENCE);
    show();
  });
  const draw = () => {
    const value = Math.round(((model.get("filters").values?.[name] ?? 0) / whole) * 100);
    if (value !== drawn && !input.matches(":active")) input.value = value;
    drawn = value;
    show();
  };
  follow(model, ["filters"], draw);
  return element("label", { class: "df-field df-range" }, element("span", {}, label, " ", output), input);
}
