// Tabs that the arrow keys walk through; each has a count beside its name.

import { element, freshId, part, write } from "#kit/dom.js";

/** Make tabs for pages, each {name, element}. Gives {element, count(index, text)}. */
export function tabs(label, pages) {
  const buttons = pages.map(({ name }) =>
    element(
      "button",
      { type: "button", class: "df-tab", role: "tab", id: freshId() },
      name,
      element("span", { class: "df-count" }),
    ),
  );
  const list = element("div", { class: "df-tabs", role: "tablist", "aria-label": label }, ...buttons);
  pages.forEach(({ element: page }, index) => {
    write(page, { role: "tabpanel", id: freshId(), "aria-labelledby": buttons[index].id });
    write(buttons[index], { "aria-controls": page.id });
  });
  const open = (chosen) => {
    buttons.forEach((button, index) => {
      write(button, { "aria-selected": index === chosen, tabindex: index === chosen ? 0 : -1 });
      pages[index].element.hidden = index !== chosen;
    });
  };
  list.addEventListener("click", (event) => {
    const chosen = buttons.indexOf(event.target.closest("[role=tab]"));
    if (chosen >= 0) open(chosen);
  });
  list.addEventListener("keydown", (event) => {
    const chosen = nextTab(event.key, buttons.indexOf(event.target), buttons.length);
    if (chosen === null) return;
    event.preventDefault();
    open(chosen);
    buttons[chosen].focus();
  });
  open(0);
  const frame = element("div", { class: "df-lists" }, list, ...pages.map(({ element: page }) => page));
  return { element: frame, count: (index, text) => write(part(buttons[index], "count"), { text, hidden: !text }) };
}

/** Give the tab that a key leads to, round and round; null for other keys. */
function nextTab(key, present, number) {
  const wanted = { ArrowRight: present + 1, ArrowLeft: present - 1, Home: 0, End: number - 1 }[key];
  return wanted === undefined ? null : (wanted + number) % number;
}
