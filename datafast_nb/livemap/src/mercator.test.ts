// The projection is the kernel's: see the examples in `livemap/mercator.py`.

import { expect, test } from "vitest";
import { EDGE, latitudeAt, OUTSIDE, xOf, yOf } from "./mercator.ts";

test("degrees are on the unit square, and what is beyond its ends lies on them", () => {
  expect([-180, 0, 180, 540].map(xOf)).toEqual([0, 0.5, 1, 2]);
  expect([60, 0].map((latitude) => Number(yOf(latitude).toFixed(3)))).toEqual([0.29, 0.5]);
  expect(yOf(90)).toBeCloseTo(0, 12);
  expect(yOf(-90)).toBeCloseTo(1, 12);
  expect(yOf(90, OUTSIDE)).toBeLessThan(0);
});

test("a latitude can be told from its y", () => {
  for (const latitude of [-EDGE, -33, 0, 48, EDGE]) expect(latitudeAt(yOf(latitude))).toBeCloseTo(latitude, 9);
});
