// The time bar of a replay: play and pause, the moment that is shown, a slider over the whole span, and the speed.

import { arrange, element, freshId, part, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";
import { icon, swapIcon } from "#kit/icons.js";
import { choices, labelledSelect, showChoice } from "#kit/select.js";
import { clocksOf } from "#kit/zone.ts";
import { ticks } from "./ticks.ts";

const SEEK_EVERY = 200; // milliseconds between two moments that the kernel is asked for while the slider moves
const PATIENCE = 4000; // milliseconds that the slider stays where a person put it, without word from the kernel
const ROOM = 84; // pixels for a mark
const MINUTE = 60_000;
const LEAPS = [1, 5, 15, 60, 360, 1440].map((minutes) => minutes * MINUTE); // of an arrow key

/** Make the time bar; it is hidden unless the source can be moved in time. */
export function timebar(model, ask, signal) {
  const toggle = () => ask({ do: model.get("replay").playing ? "pause" : "resume" });
  const play = element("button", { type: "button", class: "df-button df-play", onclick: toggle }, icon("play"));
  const speed = labelledSelect("Speed", (value) => ask({ do: "speed", value: Number(value) }));
  write(speed.select, { title: "Seconds of the past in one second" });
  const time = element("strong", { class: "df-clock" });
  const zone = element("span", { class: "df-zone" });
  const date = element("span", { class: "df-date" });
  let clocks = clocksOf(model.get("zone"));
  const seeker = wishedMoment(ask, () => draw());
  const slider = timeSlider(model, seeker, toggle, () => clocks, signal);
  const root = element(
    "div",
    { class: "df-timebar", role: "group", "aria-label": "Time of the replay", hidden: true },
    play,
    element("span", { class: "df-moment" }, element("span", { class: "df-of-day" }, time, zone), date),
    slider.element,
    speed.element,
  );
  const draw = () => {
    const replay = model.get("replay");
    write(root, { hidden: replay.now === undefined });
    if (replay.now === undefined) return;
    const now = seeker.moment(replay);
    writePlay(play, replay);
    if (clocks.name !== model.get("zone")) clocks = clocksOf(model.get("zone"));
    write(time, { text: clocks.time(now), title: inUtc(now) });
    write(zone, { text: clocks.name, title: clocks.name });
    write(date, { text: clocks.date(now), title: inUtc(now) });
    choices(speed.select, replay.speeds);
    showChoice(speed.select, String(replay.speed));
    slider.draw(now);
  };
  follow(model, ["replay", "gaps", "zone"], draw);
  return root;
}

function writePlay(button, { playing, now, start, end }) {
  const ended = !playing && now >= end;
  const [name, label] = playing ? ["pause", "Pause"] : ended ? ["again", "Play from the start"] : ["play", "Play"];
  swapIcon(button, name);
  write(button, { "aria-label": label, title: label, disabled: start === end });
}

function inUtc(time) {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Keep the moment that a person has gone to until the kernel has, which is asked for it, but not for every pixel. */
function wishedMoment(ask, changed) {
  let wished = null; // {time, turn}
  let asked = null; // the turn of what the kernel was asked for last
  let timer = null;
  let patience = null;
  const send = () => {
    timer = null;
    if (wished === null || wished.turn === asked) return;
    asked = wished.turn;
    ask({ do: "seek", at: wished.time, turn: asked });
    timer = setTimeout(send, SEEK_EVERY);
  };
  const forget = () => {
    wished = null;
    changed();
  };
  return {
    go: (time) => {
      wished = { time, turn: freshId() };
      clearTimeout(patience);
      patience = setTimeout(forget, PATIENCE);
      if (timer === null) send();
      changed();
    },
    moment: ({ now, sought }) => {
      if (wished !== null && wished.turn === sought) {
        clearTimeout(patience);
        wished = null;
      }
      return wished?.time ?? now;
    },
  };
}

/** Make the slider on its rail, with gaps and marks; `clocks()` tell the time. Gives {element, draw(now)}. */
function timeSlider(model, seeker, toggle, clocks, signal) {
  const described = freshId();
  const input = element("input", {
    type: "range",
    class: "df-slider",
    "aria-label": "Moment",
    "aria-describedby": described,
  });
  const gaps = element("span", { class: "df-gaps" });
  const marks = element("span", { class: "df-ticks", "aria-hidden": true });
  const hint = element("span", { class: "df-hint", "aria-hidden": true, hidden: true });
  const rail = element("span", { class: "df-rail" }, gaps);
  const note = element("span", { class: "df-unseen", id: described });
  const frame = element("div", { class: "df-timeline" }, rail, input, marks, hint, note);
  input.addEventListener("input", () => seeker.go(model.get("replay").start + Number(input.value)));
  input.addEventListener("keydown", (event) => pressed(event, model.get("replay"), seeker, toggle));
  pointing(frame, rail, hint, model, clocks);
  let drawn = null;
  const draw = (now) => {
    const { start, end } = model.get("replay");
    const share = end > start ? (now - start) / (end - start) : 1;
    write(input, {
      min: 0,
      max: end - start,
      step: 1,
      disabled: start === end,
      "aria-valuetext": clocks().moment(now),
    });
    if (Number(input.value) !== now - start) input.value = now - start;
    write(rail, { "--df-share": `${100 * share}%` });
    const known = model.get("gaps");
    const look = [start, end, rail.clientWidth, clocks().name, JSON.stringify(known)].join();
    if (look === drawn) return;
    drawn = look;
    drawGaps(gaps, known, start, end);
    drawTicks(marks, rail.clientWidth, start, end, clocks());
    write(note, { text: known.length ? `Nothing was recorded in ${known.length} of its parts` : "" });
  };
  const resized = new ResizeObserver(
    () => model.get("replay").now !== undefined && draw(seeker.moment(model.get("replay"))),
  );
  resized.observe(rail);
  signal.addEventListener("abort", () => resized.disconnect());
  return { element: frame, draw };
}

/** Go where a key leads, space plays and pauses. */
function pressed(event, replay, seeker, toggle) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { start, end } = replay;
  const leap = LEAPS.findLast((each) => each <= (end - start) / 100) ?? Math.max(1, Math.round((end - start) / 100));
  const now = seeker.moment(replay);
  const times = {
    ArrowLeft: now - leap,
    ArrowDown: now - leap,
    ArrowRight: now + leap,
    ArrowUp: now + leap,
    PageDown: now - 10 * leap,
    PageUp: now + 10 * leap,
    Home: start,
    End: end,
  };
  if (event.key === " ") toggle();
  else if (event.key in times) seeker.go(Math.min(end, Math.max(start, times[event.key])));
  else return;
  event.preventDefault();
}

/** Say which moment the pointer is over, and whether anything is known of it. */
function pointing(frame, rail, hint, model, clocks) {
  const move = ({ clientX }) => {
    const { left, width } = rail.getBoundingClientRect();
    const { start, end } = model.get("replay");
    const share = Math.min(1, Math.max(0, (clientX - left) / width));
    const time = start + share * (end - start);
    const unknown = model.get("gaps").some(([since, until]) => since < time && time < until);
    write(hint, { text: `${clocks().moment(time)}${unknown ? " · not recorded" : ""}`, hidden: false });
    const half = hint.offsetWidth / 2;
    const middle = Math.min(width - half, Math.max(half, share * width));
    write(hint, { "--df-at": `${middle}px` });
  };
  frame.addEventListener("pointermove", move);
  frame.addEventListener("pointerleave", () => write(hint, { hidden: true }));
}

function drawGaps(parent, known, start, end) {
  const make = () => element("span", { class: "df-gap" });
  const update = (node, [since, until]) => {
    const share = (time) => (100 * (time - start)) / (end - start || 1);
    write(node, { "--df-from": `${share(since)}%`, "--df-length": `${share(until) - share(since)}%` });
  };
  arrange(parent, known, ([since]) => since, make, update);
}

function drawTicks(parent, width, start, end, clocks) {
  const marks = width && end > start ? ticks(start, end, Math.max(2, width / ROOM), clocks) : [];
  const make = () => element("span", { class: "df-tick" }, element("span", { class: "df-label" }));
  const update = (node, { time, label, day }) => {
    const share = (time - start) / (end - start);
    const cut = share * width < ROOM / 3 || (1 - share) * width < ROOM / 3;
    write(node, { "--df-from": `${100 * share}%`, "data-day": day });
    write(part(node, "label"), { text: cut ? "" : label });
  };
  arrange(parent, marks, ({ time }) => time, make, update);
}
