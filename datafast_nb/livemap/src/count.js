// Lets elements count the time; what is drawn with Preact has elapsed.tsx.

import { follow } from "#kit/follow.js";
import { ago, lasting } from "./time.ts";

const SECOND = 1000;

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
