// The figures, the controls, and the line that says how the data are.

import { arrange, element, part, words, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";
import { icon, swapIcon } from "#kit/icons.js";
import { moment, standing } from "#kit/kernel.ts";
import { choices, labelledSelect, showChoice } from "#kit/select.js";
import { count } from "./count.js";

/** Make the header of a map. */
export function header(model, ask, clock, kernel, faults) {
  const status = statusLine(model, clock, kernel, faults);
  return element(
    "div",
    { class: "df-header" },
    figureList(model, kernel),
    controlGroup(model, ask, kernel, status.stress),
    status.element,
  );
}

function figureList(model, kernel) {
  const list = element("dl", { class: "df-figures" });
  const make = () =>
    element("div", { class: "df-figure" }, element("dt"), element("dd", {}, element("strong"), element("small")));
  const update = (node, { label, value, note }) => {
    const [name, [strong, small]] = [node.firstChild, node.lastChild.children];
    write(name, { text: kernel.live() ? label : label.replace(/ now$/, "") });
    write(strong, { text: value, title: value });
    write(small, { text: note });
  };
  const draw = () => arrange(list, model.get("figures"), ({ label }) => label, make, update);
  follow(model, ["figures"], draw);
  kernel.follow(draw);
  return list;
}

/** Make the controls. Without a kernel the buttons can be pressed all the same: `stress` then shows why nothing happens. */
function controlGroup(model, ask, kernel, stress) {
  const wish = (what) => ask(what) || stress();
  const pause = action("pause", "Pause", () => wish({ do: model.get("controls").resting ? "resume" : "pause" }));
  pause.append(element("span", { class: "df-word", text: "Pause" }));
  const refresh = action("refresh", "Refresh now", () => wish({ do: "refresh" }));
  const fit = action("fit", "Fit to the visitors", () => wish({ do: "fit" }));
  const set = (name, value) => {
    if (!kernel.live()) return;
    model.set(name, value);
    model.save_changes();
  };
  const interval = labelledSelect("Update", (value) => set("every", Number(value)));
  const colour = labelledSelect("Colour by", (value) => set("color_by", value));
  colour.element.prepend(icon("color"));
  write(interval.select, { title: "How often new data are asked for" });
  write(colour.select, { title: "What the colours of the map mean" });
  const asking = element("span", { class: "df-buttons" }, pause, refresh);
  const draw = () => {
    const { resting, intervals, colors } = model.get("controls");
    const word = resting ? "Resume" : "Pause";
    swapIcon(pause, resting ? "play" : "pause");
    write(part(pause, "word"), { text: word });
    write(pause, { "aria-label": word, title: resting ? "Ask for new data again" : "Ask for no new data" });
    choices(interval.select, intervals ?? []);
    showChoice(interval.select, String(model.get("every")));
    choices(colour.select, colors ?? []);
    showChoice(colour.select, model.get("color_by"));
    // A replay is asked as it plays, and played with the time bar.
    const replayed = model.get("replay").now !== undefined;
    for (const node of [asking, interval.element]) write(node, { hidden: replayed });
    for (const button of [pause, refresh, fit]) write(button, { "data-resting": !kernel.live() });
  };
  follow(model, ["controls", "replay", "every", "color_by"], draw);
  kernel.follow(draw);
  return element(
    "div",
    { class: "df-controls", role: "group", "aria-label": "Map controls" },
    asking,
    interval.element,
    colour.element,
    element("span", { class: "df-buttons" }, fit, fullScreen()),
  );
}

function action(name, label, run) {
  return element(
    "button",
    { type: "button", class: "df-button", "aria-label": label, title: label, onclick: run },
    icon(name),
  );
}

function fullScreen() {
  const button = action("enlarge", "Full screen", () => {
    const root = button.closest(".datafast-map");
    // The root is only known once the button is on the page; setting the same handler twice is harmless.
    root.onfullscreenchange = () => {
      const full = document.fullscreenElement === root;
      const label = full ? "Leave full screen" : "Full screen";
      swapIcon(button, full ? "reduce" : "enlarge");
      write(button, { "aria-label": label, title: label });
    };
    // A page may forbid it; then nothing happens.
    const change = document.fullscreenElement === root ? document.exitFullscreen() : root.requestFullscreen();
    change.catch(() => {});
  });
  write(button, { hidden: !document.fullscreenEnabled });
  return button;
}

function makeNote() {
  return element("span", { class: "df-note" }, words(""));
}

function writeNote(node, text) {
  write(node.firstChild, { text });
}

/** Make the line that says how the data are. Gives {element, stress()}, which draws the eye to it. */
function statusLine(model, clock, kernel, faults) {
  const text = element("span", { class: "df-state", role: "status", "aria-live": "polite" });
  const age = element("span", { class: "df-age" });
  const updated = element("span", { class: "df-updated" }, "Updated ", age);
  const line = element("div", { class: "df-status" }, text, updated);
  const draw = () => {
    const { state, said } = present(model, kernel);
    write(line, { "data-state": state });
    arrange(text, [...said, ...faults.notes()], (_note, index) => index, makeNote, writeNote);
    // Three answers have not come: the data are old, unless somebody wanted them to rest.
    const late = Math.max(30, 3 * model.get("every")) * 1000;
    const awaited = ["live", "waiting", "retrying"].includes(state) && model.get("replay").now === undefined;
    write(age, { "data-stale-after": awaited ? late : null });
    count(age, "ago", model.get("clock") || null, clock);
    write(updated, { hidden: !model.get("clock") || !kernel.live() });
  };
  follow(model, ["status", "every", "clock", "replay"], draw);
  kernel.follow(draw);
  faults.follow(draw);
  return { element: line, stress: () => text.animate({ opacity: [1, 0.2, 1] }, { duration: 300, iterations: 2 }) };
}

/** Give the state and the sentences that are true now: the kernel's last word is not once it has gone. */
function present(model, kernel) {
  if (kernel.live()) {
    const { state, text, notes } = model.get("status");
    return { state, said: [text, ...(notes ?? [])] };
  }
  const told = model.get("clock") && model.get("replay").now === undefined; // the time bar says which moment a replay is at
  return {
    state: kernel.state(),
    said: standing(kernel.state(), told ? moment(model.get("clock"), model.get("zone")) : ""),
  };
}
