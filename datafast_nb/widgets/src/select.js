// A native select with its label, whose choices follow the kernel without disturbing who is choosing.

import { arrange, element, figure, write } from "./dom.js";

const drawnChoices = new WeakMap();

/** Make a select with its label before it; `choose` takes the value that a person chose. Gives {element, select}. */
export function labelledSelect(label, choose) {
  const select = element("select", { onchange: () => choose(select.value) });
  const frame = element("label", { class: "df-field" }, element("span", { text: label }), select);
  return { element: frame, select };
}

/** Give a select its choices, each [value, label] or [value, label, count]. */
export function choices(select, options) {
  // An open list closes when its options change, so they wait until the focus has left.
  if (select.matches(":focus") && select.options.length > 1) return;
  const make = () => document.createElement("option");
  const update = (option, [value, label, number]) => {
    const counted = number === undefined ? `${label}` : `${label} (${figure(number)})`;
    write(option, { value, text: counted });
  };
  const chosen = select.value;
  arrange(select, options, ([value]) => value, make, update);
  if (select.value !== chosen) select.value = drawnChoices.get(select) ?? "";
}

/** Show the kernel's choice, when it is another than it was; until then what a person just chose stays. */
export function showChoice(select, value) {
  if (drawnChoices.get(select) === value && select.selectedIndex >= 0) return;
  drawnChoices.set(select, value);
  select.value = value;
}
