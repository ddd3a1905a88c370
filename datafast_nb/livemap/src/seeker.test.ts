import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Seeker } from "./seeker.ts";
import { keyMoment } from "./slider.tsx";

const ask = vi.fn((_time: number, _turn: string) => {});
let seeker: Seeker;

beforeEach(() => {
  vi.useFakeTimers();
  ask.mockClear();
  seeker = new Seeker(ask, () => {});
});
afterEach(() => {
  seeker.end();
  vi.useRealTimers();
});

test("of the moments on a slider's way the first is asked for, and the last, but not all", () => {
  for (let time = 1; time <= 50; time += 1) seeker.go(time);
  vi.advanceTimersByTime(1000);
  expect(ask.mock.calls.map(([time]) => time)).toEqual([1, 50]);
});

test("a moment is shown until the kernel is there", () => {
  seeker.go(5);
  const turn = ask.mock.calls[0]?.[1] ?? "";
  expect(seeker.moment({ now: 1, sought: null })).toBe(5);
  expect(seeker.moment({ now: 6, sought: turn })).toBe(6);
  expect(seeker.moment({ now: 7, sought: turn })).toBe(7);
});

test("without a word from the kernel, a moment is given up", () => {
  seeker.go(5);
  vi.advanceTimersByTime(5000);
  expect(seeker.moment({ now: 1, sought: null })).toBe(1);
});

test.for([
  ["ArrowRight", 500, 506],
  ["PageDown", 500, 440],
  ["Home", 500, 0],
  ["End", 500, 600],
  ["ArrowRight", 598, 600],
  ["x", 500, null],
] as const)("%s leads from %d to %s", ([key, now, wanted]) => {
  expect(keyMoment(key, now, { start: 0, end: 600 })).toBe(wanted);
});
