// The clocks of a time zone. Times are milliseconds since the epoch; zones are those of the IANA's database.

const MINUTE = 60_000;

export interface Clocks {
  /** The name of the zone. */
  name: string;
  time: (time: number) => string;
  date: (time: number) => string;
  hour: (time: number) => string;
  day: (time: number) => string;
  month: (time: number) => string;
  /** The date, the time and the zone. */
  moment: (time: number) => string;
  /** Return what the clocks show, as a date whose UTC fields are theirs. */
  shown: (time: number) => Date;
  /** Return when a day begins; if the clocks skip midnight, it is when they continue. */
  midnight: (year: number, month: number, day: number) => number;
}

/** Return the clocks of a time zone, or those of UTC where the browser does not know it. */
export function clocksOf(zone: string): Clocks {
  const known = knows(zone) ? zone : "UTC";
  const format = (options: Intl.DateTimeFormatOptions) => {
    const made = new Intl.DateTimeFormat(undefined, { ...options, timeZone: known });
    return (time: number) => made.format(time);
  };
  const parts = new Intl.DateTimeFormat("en-US", { ...PARTS, timeZone: known });
  const ahead = (time: number) => readAsUtc(parts, time) - Math.floor(time / 1000) * 1000;
  const clocks = {
    name: known,
    time: format({ timeStyle: "medium" }),
    date: format({ weekday: "short", day: "numeric", month: "short", year: "numeric" }),
    hour: format({ hour: "numeric", minute: "2-digit" }),
    day: format({ day: "numeric", month: "short" }),
    month: format({ month: "short", year: "numeric" }),
    shown: (time: number) => new Date(time + ahead(time)),
    midnight: (year: number, month: number, day: number) => {
      const wanted = Date.UTC(year, month, day);
      const first = wanted - ahead(wanted);
      const second = wanted - ahead(first);
      const third = wanted - ahead(second);
      return [first, second, third].find((time) => time + ahead(time) === wanted) ?? Math.max(first, second);
    },
  };
  return { ...clocks, moment: (time: number) => `${clocks.date(time)}, ${clocks.time(time)} ${known}` };
}

/** A unit that divides the differences between the clocks of all zones. */
export const QUARTER = 15 * MINUTE;

const PARTS: Intl.DateTimeFormatOptions = {
  hourCycle: "h23",
  ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
};

function knows(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function readAsUtc(parts: Intl.DateTimeFormat, time: number): number {
  const fields = new Map(parts.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const read = (type: Intl.DateTimeFormatPartTypes) => fields.get(type) ?? Number.NaN;
  return Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"), read("second"));
}
