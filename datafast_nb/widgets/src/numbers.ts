// Numbers for readers, formatted as in the kernel, whatever the browser's language.

const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact" });
const LONG = 100_000; // numbers from here on are abbreviated in small spaces

/** Return a number with separators: 12,345. */
export function formatNumber(number: number): string {
  return whole.format(number);
}

/** Return a number for a small space: 12,345 unchanged, 123,456 as 123k. */
export function formatCompact(number: number): string {
  return (number < LONG ? whole : compact).format(number).replace("K", "k"); // as in the circles
}
