// A list whose rows are walked through and chosen with the pointer or the keyboard; the focus stays on the list.

import { arrange, element, freshId, write } from "./dom.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };

/** Make a list; `row` has keyOf, make and update, `choose` takes the item that was chosen. Gives {element, show}. */
export function listbox(label, row, choose) {
  const list = element("div", { class: "df-list", role: "listbox", tabindex: "0", "aria-label": label });
  const items = new WeakMap();
  const cursor = cursorOf(list);
  const make = () => row.make("div", { class: "df-row", role: "option", id: freshId(), "aria-selected": false });
  const update = (option, item) => {
    items.set(option, item);
    row.update(option, item);
  };
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    cursor.put(option);
    choose(items.get(option));
  });
  list.addEventListener("keydown", (event) => {
    if (event.key in STEPS) cursor.move(STEPS[event.key]);
    else if (["Enter", " "].includes(event.key) && cursor.option()) choose(items.get(cursor.option()));
    else return;
    event.preventDefault();
    reveal(list, cursor.option());
  });
  list.addEventListener("focus", () => {
    if (!cursor.option()) cursor.put(list.querySelector("[aria-selected=true]") ?? list.firstElementChild);
  });
  const show = (rows) => {
    arrange(list, rows, row.keyOf, make, update);
    cursor.stay();
  };
  return { element: list, show };
}

/** Keep which option the keys act on. When it has gone, the one that came to its place takes over. */
function cursorOf(list) {
  let active = null;
  let place = 0;
  const put = (option) => {
    if (option !== active) active?.classList.remove("df-active");
    active = option ?? null;
    if (active && !active.classList.contains("df-active")) active.classList.add("df-active");
    write(list, { "aria-activedescendant": active?.id });
    if (active) place = [...list.children].indexOf(active);
  };
  const at = (index) => list.children[Math.max(0, Math.min(list.children.length - 1, index))];
  const move = (step) => put(at(active ? place + step : 0));
  const stay = () => active && put(active.isConnected ? active : at(place));
  return { option: () => active, put, move, stay };
}

/** Scroll the list, and only the list, until the option can be seen. */
function reveal(list, option) {
  if (!option) return;
  const frame = list.getBoundingClientRect();
  const box = option.getBoundingClientRect();
  if (box.top < frame.top) list.scrollTop -= frame.top - box.top;
  if (box.bottom > frame.bottom) list.scrollTop += box.bottom - frame.bottom;
}
