import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ago, Clock, lasting } from "./time.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.for([
  [-HOUR, "just now"],
  [4.9 * SECOND, "just now"],
  [5 * SECOND, "5 s ago"],
  [MINUTE - 1, "59 s ago"],
  [MINUTE, "1 min ago"],
  [HOUR - 1, "59 min ago"],
  [HOUR, "1 h ago"],
  [DAY, "1 d ago"],
  [1234 * DAY, "1,234 d ago"],
  [Number.NaN, "just now"],
] as const)("%d ms is %s", ([passed, text]) => {
  expect(ago(10_000 * DAY - passed, 10_000 * DAY)).toBe(text);
});

test.for([
  [-1, "0 s"],
  [Number.NaN, "0 s"],
  [59_999, "59 s"],
  [MINUTE, "1 min"],
  [HOUR + 5 * MINUTE, "1 h 05 min"],
  [DAY + 3 * HOUR, "1 d 3 h"],
] as const)("%d ms last %s", ([duration, text]) => {
  expect(lasting(duration)).toBe(text);
});

test("a clock goes on from what it was set to", () => {
  const clock = new Clock();
  expect(clock.now()).toBe(0);
  clock.set(1_000_000);
  vi.advanceTimersByTime(3000);
  expect(clock.now()).toBe(1_003_000);
});

test("a clock that is set to the same time again goes on", () => {
  const clock = new Clock();
  clock.set(1_000_000);
  vi.advanceTimersByTime(3000);
  clock.set(1_000_000);
  expect(clock.now()).toBe(1_003_000);
});

test("a clock knows how old the data were when it came", () => {
  const clock = new Clock();
  clock.set(1_000_000);
  clock.aged(9000);
  expect(clock.now()).toBe(1_009_000);
});

test("a clock that is held stands still", () => {
  const clock = new Clock();
  clock.hold(1_000_000);
  vi.advanceTimersByTime(3000);
  expect(clock.now()).toBe(1_000_000);
});

test("a clock tells its followers until they leave", () => {
  const clock = new Clock();
  const look = vi.fn();
  const leave = clock.follow(look);
  clock.beat();
  leave();
  clock.beat();
  expect(look).toHaveBeenCalledTimes(1);
});
