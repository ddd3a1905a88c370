// Numbers as a reader has them, written as the kernel writes them, whatever the browser's language.

const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact" });
const LONG = 100_000; // from here on a number is abbreviated where there is little room

/** Return a number with separators: 12,345. */
export function formatNumber(number: number): string {
  return whole.format(number);
}

/** Return a number for where there is little room: 12,345 as it is, 123,456 as 123K. */
export function formatCompact(number: number): string {
  return (number < LONG ? whole : compact).format(number);
}
