// The marks under a time axis: round times of the browser's own calendar, as many as have room.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.4 * DAY;

const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => ({ unit: "minute", count, length: count * MINUTE })),
  ...[1, 2, 3, 6, 12].map((count) => ({ unit: "minute", count: 60 * count, length: count * HOUR })),
  ...[1, 2, 3, 5, 7, 14].map((count) => ({ unit: "day", count, length: count * DAY })),
  ...[1, 3, 6, 12, 60, 120, 1200].map((count) => ({ unit: "month", count, length: count * MONTH })),
];

const TIME = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" });

/** Give the marks from `start` to `end` (milliseconds), `most` at most, each {time, label, day}: whether a day begins. */
export function ticks(start, end, most) {
  const step = STEPS.find(({ length }) => (end - start) / length < most) ?? STEPS.at(-1);
  const marks = [];
  for (let index = 0, last = -Infinity; index <= 10 * most; index += 1) {
    const time = at(start, step, index);
    if (time > end) break;
    // An hour that the clocks skip is there twice.
    if (time >= start && time > last) marks.push({ time, ...labelled(time, step) });
    last = Math.max(last, time);
  }
  return marks;
}

/** Give a round time: the `index`-th from the last one before the day, or the year, that `start` is in. */
function at(start, { unit, count }, index) {
  const from = new Date(start);
  const [year, month, day] = [from.getFullYear(), from.getMonth(), from.getDate()];
  if (unit === "month") return new Date(year, index * count).getTime();
  if (unit === "day") return new Date(year, month, day + index * count).getTime();
  const past = Math.floor((from.getHours() * 60 + from.getMinutes()) / count);
  return new Date(year, month, day, 0, (past + index) * count).getTime();
}

function labelled(time, { unit }) {
  const date = new Date(time);
  if (unit === "month") return { label: YEAR.format(date), day: true };
  const day = date.getHours() === 0 && date.getMinutes() === 0;
  return { label: (unit === "day" || day ? DATE : TIME).format(date), day: unit === "minute" && day };
}
