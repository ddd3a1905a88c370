// The code that gives the same table and chart, and the button that copies it.

import { element, part, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";

const TOLD = 2000; // milliseconds for which the button says that it has copied

/** Make the section of the code. */
export function script(model) {
  const code = element("code");
  const button = element(
    "button",
    { type: "button", class: "df-button df-copy" },
    element("span", { class: "df-said" }),
  );
  const said = (text) => write(part(button, "said"), { text });
  const told = element("span", { class: "df-unseen", role: "status" });
  let timer = null;
  said("Copy code");
  button.addEventListener("click", async () => {
    const done = await copy(model.get("code"));
    said(done ? "Copied" : "Select it and copy");
    write(told, { text: done ? "The code is in the clipboard." : "The browser does not allow to copy." });
    clearTimeout(timer);
    timer = setTimeout(() => [said("Copy code"), write(told, { text: "" })], TOLD);
  });
  follow(model, ["code"], () => write(code, { text: model.get("code") }));
  const title = element("summary", { text: "The code for this" });
  const lines = element("pre", { tabindex: 0, "aria-label": "Python code" }, code);
  return element(
    "div",
    { class: "df-script", "data-lm-suppress-shortcuts": "true" },
    element("details", { open: true }, title, lines),
    button,
    told,
  );
}

/** Put a text into the clipboard, also on a page that is not served over https. Says whether that worked. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { readonly: true, style: "position: fixed; opacity: 0" });
    field.value = text;
    const before = document.activeElement;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    before?.focus();
    return done;
  }
}
