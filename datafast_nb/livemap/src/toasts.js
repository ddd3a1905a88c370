// Short messages over the map that leave by themselves.

import { element, words } from "#kit/dom.js";
import { icon } from "#kit/icons.js";

const STAY = 8000; // milliseconds
const MOST = 3;

/** Make the place of the messages. Gives {element, show({title, text, kind})}. */
export function toasts() {
  const place = element("div", { class: "df-toasts", role: "status", "aria-live": "polite" });
  // What happens on a message must not reach the map under it.
  for (const name of ["click", "dblclick", "mousedown", "pointerdown", "touchstart", "wheel"])
    place.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
  const show = ({ title, text, kind }) => {
    place.append(toastOf(title, text, kind));
    while (place.children.length > MOST) place.firstElementChild.remove();
  };
  return { element: place, show };
}

function toastOf(title, text, kind) {
  const properties = { type: "button", class: "df-close", "aria-label": "Close", title: "Close" };
  const close = element("button", properties, icon("close"));
  const said = [element("strong", {}, words(title)), element("span", {}, words(text))];
  const body = element("div", { class: "df-body" }, ...said);
  const toast = element("div", { class: "df-toast", "data-kind": kind }, icon(kind ?? "payment"), body, close);
  let timer = null;
  const leave = () => toast.remove();
  const stay = () => clearTimeout(timer);
  const go = () => {
    stay();
    if (!toast.matches(":hover, :focus-within")) timer = setTimeout(leave, STAY);
  };
  close.addEventListener("click", leave);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stay);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, () => setTimeout(go));
  go();
  return toast;
}
