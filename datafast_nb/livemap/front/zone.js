// What clocks in a time zone show. Times are milliseconds since the epoch; zones are those of the IANA's database.

const MINUTE = 60_000;

/** Give the clocks of a time zone, or those of UTC where the browser does not know it; they have the zone's `name`. */
export function clocksOf(zone) {
  const known = knows(zone) ? zone : "UTC";
  const format = (options) => {
    const made = new Intl.DateTimeFormat(undefined, { ...options, timeZone: known });
    return (time) => made.format(time);
  };
  const parts = new Intl.DateTimeFormat("en-US", { ...PARTS, timeZone: known });
  const ahead = (time) => readAsUtc(parts, time) - Math.floor(time / 1000) * 1000;
  const clocks = {
    name: known,
    time: format({ timeStyle: "medium" }),
    date: format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }),
    hour: format({ hour: "numeric", minute: "2-digit" }),
    day: format({ day: "numeric", month: "short" }),
    month: format({ month: "short", year: "numeric" }),
    /** Give what the clocks show, as a date whose UTC fields are theirs. */
    shown: (time) => new Date(time + ahead(time)),
    /** Give when a day begins; where the clocks skip midnight, that is when they go on. */
    midnight: (year, month, day) => {
      const wanted = Date.UTC(year, month, day);
      const first = wanted - ahead(wanted);
      const second = wanted - ahead(first);
      const third = wanted - ahead(second);
      return [first, second, third].find((time) => time + ahead(time) === wanted) ?? Math.max(first, second);
    },
  };
  return { ...clocks, moment: (time) => `${clocks.date(time)}, ${clocks.time(time)} ${known}` };
}

/** What the clocks of all zones differ by, some number of times. */
export const QUARTER = 15 * MINUTE;

const PARTS = {
  hourCycle: "h23",
  ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
};

function knows(zone) {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function readAsUtc(parts, time) {
  const field = Object.fromEntries(parts.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(field.year, field.month - 1, field.day, field.hour, field.minute, field.second);
}
