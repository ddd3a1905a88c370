import "#kit/look.css";
import "./style.css";
// Puts the parts together: one view of an explorer. The filters, the theme and the signs of life are the live map's.

import { asker } from "#kit/ask.js";
import { element, freshId, write } from "#kit/dom.js";
import { filters } from "#kit/filters.js";
import { follow } from "#kit/follow.js";
import { kernelOf, restWithKernel, standing } from "#kit/kernel.js";
import { presence } from "#kit/presence.js";
import { followTheme } from "#kit/theme.js";
import { groups } from "./groups.js";
import { script } from "./script.js";

/** Draw a view into `el`, and give what takes it away again. */
export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const kernel = kernelOf(model, signal);
  const ask = asker(model, kernel, signal, freshId());
  el.append(filters(model, ask), heading(model, kernel), empty(model), groups(model, ask), script(model));
  findRoot(el, signal).then((root) => root && furnish(root, model, ask, kernel, signal));
  return () => leaving.abort();
}

/** Wait until the front end stands in its explorer; null if the view has gone before. */
async function findRoot(el, signal) {
  while (!signal.aborted) {
    const root = el.closest(".datafast-explorer");
    if (root) return root;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return null;
}

/** See to what concerns the explorer as a whole, as long as it is there. */
function furnish(root, model, ask, kernel, signal) {
  restWithKernel(root, kernel, ".df-asked, .df-filters");
  followTheme(root, model, () => {}, signal);
  root.classList.toggle("df-linked", model.get("linked"));
  follow(model, ["empty"], () => root.classList.toggle("df-nothing", Boolean(model.get("empty"))));
  if (model.get("linked")) presence(root, ask, signal);
}

/** Make the line that says what is shown, and what is wrong. */
function status(model, kernel) {
  const text = element("span", { class: "df-state", role: "status" });
  const shown = element("span", { class: "df-shown" });
  const line = element("div", { class: "df-status" }, text, shown);
  const draw = () => {
    const { tone, text: said, shown: what } = model.get("status");
    const words = kernel.live() ? said : standing(kernel.state()).join(" · ");
    write(line, { "data-state": kernel.live() ? tone || null : kernel.state() });
    write(text, { text: words, hidden: !words });
    write(shown, { text: what });
  };
  follow(model, ["status"], draw);
  kernel.follow(draw);
  return line;
}

/** Make the sentence over the chart, and what is to be known besides. */
function heading(model, kernel) {
  const [sentence, notes] = [element("h3"), element("p", { class: "df-notes" })];
  const draw = () => {
    const { sentence: words, notes: more } = model.get("heading");
    write(sentence, { text: words });
    write(notes, { text: more, hidden: !more });
  };
  follow(model, ["heading"], draw);
  return element("div", { class: "df-heading" }, element("div", {}, sentence, notes), status(model, kernel));
}

/** Make what stands there instead of a chart. */
function empty(model) {
  const text = element("p", { class: "df-empty" });
  follow(model, ["empty"], () => write(text, { text: model.get("empty"), hidden: !model.get("empty") }));
  return text;
}

export default { render };
