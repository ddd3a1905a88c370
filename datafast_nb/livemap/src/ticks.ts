// The marks under a time axis: round times in a time zone, as many as fit, each at its place.

import { type Clocks, QUARTER } from "#kit/zone.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MONTH = 30.4 * DAY;
const CLOSE = 0.75; // of a step: nearer marks, as where the clocks show an hour twice, would overlap

/** A mark of a time axis; `day` says whether a day begins. */
interface Tick {
  time: number;
  label: string;
  day: boolean;
}

interface Step {
  unit: "minute" | "day" | "month";
  count: number;
  length: number;
}

const STEPS: [Step, ...Step[]] = [
  { unit: "minute", count: 1, length: MINUTE },
  ...[2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((count) => step("minute", count, MINUTE)),
  ...[1, 2, 3, 5, 7, 14].map((count) => step("day", count, DAY)),
  ...[1, 3, 6, 12, 60, 120, 1200].map((count) => step("month", count, MONTH)),
];

function step(unit: Step["unit"], count: number, length: number): Step {
  return { unit, count, length: count * length };
}

/** Return the marks from `start` to `end` (milliseconds), `most` at most. */
export function ticks(start: number, end: number, most: number, clocks: Clocks): Tick[] {
  const step = STEPS.find(({ length }) => (end - start) / length < most) ?? STEPS[STEPS.length - 1] ?? STEPS[0];
  const times = step.unit === "minute" ? hours(start, end, step, clocks) : days(start, end, step, clocks);
  let last = -Infinity;
  return [...times]
    .filter((time) => {
      const fits = time - last > CLOSE * step.length;
      if (fits) last = time;
      return fits;
    })
    .map((time) => ({ time, ...labeled(time, step, clocks) }));
}

/** Yield the moments when the clocks show a multiple of some minutes since midnight; a repeated hour counts twice. */
function* hours(start: number, end: number, { count }: Step, clocks: Clocks): Generator<number> {
  const apart = (count * MINUTE) % QUARTER ? MINUTE : QUARTER;
  for (let time = Math.ceil(start / apart) * apart; time <= end; time += apart) {
    const shown = clocks.shown(time);
    if ((shown.getUTCHours() * 60 + shown.getUTCMinutes()) % count === 0) yield time;
  }
}

/** Yield the moments when every nth day or month begins. */
function* days(start: number, end: number, { unit, count }: Step, clocks: Clocks): Generator<number> {
  const from = clocks.shown(start);
  const [year, month, day] = [from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()];
  for (let index = 0; ; index += 1) {
    const time =
      unit === "month" ? clocks.midnight(year, index * count, 1) : clocks.midnight(year, month, day + index * count);
    if (time > end) return;
    if (time >= start) yield time;
  }
}

function labeled(time: number, { unit }: Step, clocks: Clocks): Pick<Tick, "label" | "day"> {
  const shown = clocks.shown(time);
  if (unit === "month") return { label: clocks.month(time), day: true };
  const day = shown.getUTCHours() === 0 && shown.getUTCMinutes() === 0;
  return { label: (unit === "day" || day ? clocks.day : clocks.hour)(time), day: unit === "minute" && day };
}
