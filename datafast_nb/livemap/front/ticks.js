// The marks under a time axis: round times of a zone's clocks, as many as have room, each where it was.

import { QUARTER } from "./zone.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.4 * DAY;
const CLOSE = 0.75; // of a step: nearer marks, as where the clocks show an hour twice, would lie on each other

const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => ({ unit: "minute", count, length: count * MINUTE })),
  ...[1, 2, 3, 6, 12].map((count) => ({ unit: "minute", count: 60 * count, length: count * HOUR })),
  ...[1, 2, 3, 5, 7, 14].map((count) => ({ unit: "day", count, length: count * DAY })),
  ...[1, 3, 6, 12, 60, 120, 1200].map((count) => ({ unit: "month", count, length: count * MONTH })),
];

/** Give the marks from `start` to `end` (milliseconds), `most` at most, each {time, label, day}: whether a day begins. */
export function ticks(start, end, most, clocks) {
  const step = STEPS.find(({ length }) => (end - start) / length < most) ?? STEPS.at(-1);
  const times = step.unit === "minute" ? hours(start, end, step, clocks) : days(start, end, step, clocks);
  let last = -Infinity;
  return [...times]
    .filter((time) => {
      const fits = time - last > CLOSE * step.length;
      if (fits) last = time;
      return fits;
    })
    .map((time) => ({ time, ...labelled(time, step, clocks) }));
}

/** Give the moments at which the clocks show a multiple of so many minutes since midnight: an hour that is there twice, twice. */
function* hours(start, end, { count }, clocks) {
  const apart = (count * MINUTE) % QUARTER ? MINUTE : QUARTER;
  for (let time = Math.ceil(start / apart) * apart; time <= end; time += apart) {
    const shown = clocks.shown(time);
    if ((shown.getUTCHours() * 60 + shown.getUTCMinutes()) % count === 0) yield time;
  }
}

/** Give the moments at which every so many days, or months, begin. */
function* days(start, end, { unit, count }, clocks) {
  const from = clocks.shown(start);
  const [year, month, day] = [from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()];
  for (let index = 0; ; index += 1) {
    const time = unit === "month" ? clocks.midnight(year, index * count, 1) : clocks.midnight(year, month, day + index * count);
    if (time > end) return;
    if (time >= start) yield time;
  }
}

function labelled(time, { unit }, clocks) {
  const shown = clocks.shown(time);
  if (unit === "month") return { label: clocks.month(time), day: true };
  const day = shown.getUTCHours() === 0 && shown.getUTCMinutes() === 0;
  return { label: (unit === "day" || day ? clocks.day : clocks.hour)(time), day: unit === "minute" && day };
}
