// Elapsed times by the data's clock, not by the browser's, which may be wrong.

import { formatNumber } from "#kit/numbers.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The data's time, which advances between two arrivals. All times are in milliseconds since the epoch. */
export class Clock {
  #time = 0;
  #arrival = 0;
  #held = false;
  #followers = new Set<() => void>();

  /** Set the data's time when it has arrived. */
  set(time: number): void {
    if (!time || time === this.#time) return;
    this.#time = time;
    this.#arrival = performance.now();
  }

  /** Set the time of a replay, which advances only when it is set again. */
  hold(time: number): void {
    this.#time = time;
    this.#held = true;
  }

  /** Set the age of the data, in milliseconds, if they came before this view. */
  aged(milliseconds: number): void {
    this.#arrival = performance.now() - milliseconds;
  }

  /** Return the present time; 0 before the first data. */
  now(): number {
    return this.#time && (this.#held ? this.#time : this.#time + performance.now() - this.#arrival);
  }

  /** Notify all followers of the clock. */
  beat(): void {
    for (const look of this.#followers) look();
  }

  /** Call a function at each beat; return a function that ends this. */
  follow(look: () => void): () => void {
    this.#followers.add(look);
    return () => {
      this.#followers.delete(look);
    };
  }
}

/** Return how long ago a time was; a time in the future counts as just now. */
export function ago(time: number, now: number): string {
  const passed = now - time;
  if (!(passed >= 5 * SECOND)) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / SECOND)} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  return `${formatNumber(Math.floor(passed / DAY))} d ago`;
}

/** Return a duration as text, from milliseconds; a negative one counts as zero. */
export function lasting(duration: number): string {
  const length = Math.max(0, duration || 0);
  if (length < MINUTE) return `${Math.floor(length / SECOND)} s`;
  if (length < HOUR) return `${Math.floor(length / MINUTE)} min`;
  const minutes = String(Math.floor((length % HOUR) / MINUTE)).padStart(2, "0");
  if (length < DAY) return `${Math.floor(length / HOUR)} h ${minutes} min`;
  return `${formatNumber(Math.floor(length / DAY))} d ${Math.floor((length % DAY) / HOUR)} h`;
}
