// Marks of a time axis stand where the moment was, and say what a zone's clocks showed. The browser is in another zone.

import { expect, test } from "vitest";
import { clocksOf } from "#kit/zone.ts";
import { ticks } from "./ticks.ts";

const HOUR = 3_600_000;

function marks(zone: string, start: string, end: string, most = 12) {
  return ticks(Date.parse(start), Date.parse(end), most, clocksOf(zone));
}

function labels(zone: string, start: string, end: string, most = 12) {
  return marks(zone, start, end, most).map(({ label }) => label.replace("\u202f", " "));
}

function gaps(zone: string, start: string, end: string, most = 12) {
  const times = marks(zone, start, end, most).map(({ time }) => time);
  return new Set(times.slice(1).map((time, index) => time - (times[index] ?? Number.NaN)));
}

test("an hour that is there twice has two marks", () => {
  const night = ["Europe/Berlin", "2026-10-24T22:30Z", "2026-10-25T03:30Z", 6] as const;
  expect(labels(...night)).toEqual(["1:00 AM", "2:00 AM", "2:00 AM", "3:00 AM", "4:00 AM"]);
  expect(gaps(...night)).toEqual(new Set([HOUR]));
});

test("an hour that is skipped has none", () => {
  const night = ["Europe/Berlin", "2026-03-28T22:30Z", "2026-03-29T02:30Z", 6] as const;
  expect(labels(...night)).toEqual(["Mar 29", "1:00 AM", "3:00 AM", "4:00 AM"]);
  expect(gaps(...night)).toEqual(new Set([HOUR]));
});

test.for([
  ["Europe/Berlin", "2026-10-23T10:00Z", "2026-10-27T10:00Z"],
  ["America/Sao_Paulo", "2018-11-02T10:00Z", "2018-11-06T10:00Z"], // where midnight is skipped
  ["Pacific/Auckland", "2026-04-03T00:00Z", "2026-04-07T10:00Z"],
  ["Pacific/Auckland", "2026-09-25T00:00Z", "2026-09-29T10:00Z"],
  ["Asia/Kathmandu", "2026-01-03T00:00Z", "2026-01-06T10:00Z"],
  ["UTC", "2026-01-03T00:00Z", "2026-01-06T10:00Z"],
] as const)("days begin when they do in %s after %s", ([zone, start, end]) => {
  const days = marks(zone, start, end, 5);
  const day = new Intl.DateTimeFormat("en-US", { timeZone: zone, day: "numeric", month: "short" });
  expect([3, 4, 5]).toContain(days.length);
  for (const { time, label } of days) {
    expect(day.format(time - 1)).not.toBe(day.format(time));
    expect(label).toBe(day.format(time));
  }
});

test("hours are round in zones of odd minutes", () => {
  const found = labels("Asia/Kolkata", "2026-04-02T10:20Z", "2026-04-02T12:40Z", 4);
  expect(found).toEqual(["4:00 PM", "5:00 PM", "6:00 PM"]);
});
