// Tells how long ago something was, by the data's clock and not by the browser's, which may be wrong.

import { follow } from "#kit/follow.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The data's time, going on by itself between two arrivals. */
export class Clock {
  #time = 0;
  #arrival = 0;
  #held = false;

  /** Set the data's time, in milliseconds since the epoch, when it has arrived. */
  set(time) {
    if (!time || time === this.#time) return;
    this.#time = time;
    this.#arrival = performance.now();
  }

  /** Set the time that is replayed; it goes on only as it is set again. */
  hold(time) {
    this.#time = time;
    this.#held = true;
  }

  /** Say how old the data are, in milliseconds, where they came before this view. */
  aged(milliseconds) {
    this.#arrival = performance.now() - milliseconds;
  }

  /** Give the present time in milliseconds since the epoch; 0 before the first data. */
  now() {
    return this.#time && (this.#held ? this.#time : this.#time + performance.now() - this.#arrival);
  }
}

/** Say how long ago a time was; what comes from the future is just now. */
export function ago(time, now) {
  const passed = now - time;
  if (!(passed >= 5 * SECOND)) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  return `${Math.floor(passed / DAY).toLocaleString("en-US")} d ago`;
}

/** Say how long something lasts, never less than nothing. */
export function lasting(duration) {
  const length = Math.max(0, duration || 0);
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  const minutes = String(Math.floor((length % HOUR) / MINUTE)).padStart(2, "0");
  if (length < DAY) return `${Math.floor(length / HOUR)} h ${minutes} min`;
  return `${Math.floor(length / DAY).toLocaleString("en-US")} d ${Math.floor((length % DAY) / HOUR)} h`;
}

/** Let an element count from a time on (`kind`: "ago" or "lasting"); null empties it. */
export function count(node, kind, time, clock) {
  const value = Number.isFinite(time) ? String(time) : "";
  if ((node.dataset[kind] ?? "") === value) return;
  if (value) node.dataset[kind] = value;
  else delete node.dataset[kind];
  if (value) recount(node, clock.now());
  else node.textContent = "";
}

/** Count on every second and with a replay, unless the page is hidden; gives a function that stops it. */
export function tick(root, clock, model) {
  const beat = () => {
    if (document.hidden) return;
    const now = clock.now();
    for (const node of root.querySelectorAll("[data-ago], [data-lasting]")) recount(node, now);
  };
  const timer = setInterval(beat, SECOND);
  document.addEventListener("visibilitychange", beat);
  follow(model, ["replay"], beat);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", beat);
  };
}

function recount(node, now) {
  const { ago: past, lasting: start, staleAfter } = node.dataset;
  const text = past === undefined ? lasting(now - Number(start)) : ago(Number(past), now);
  if (node.textContent !== text) node.textContent = text;
  const stale = staleAfter !== undefined && now - Number(past) > Number(staleAfter);
  if (node.classList.contains("df-stale") !== stale) node.classList.toggle("df-stale", stale);
}
