import { geoOrthographic } from "d3-geo";
import { expect, test } from "vitest";
import { spotsOn } from "./sphere.ts";

const globe = (longitude: number, latitude: number) =>
  spotsOn(geoOrthographic().scale(100).translate([200, 200]).rotate([-longitude, -latitude]));

test("the place in the middle is in the middle, and north is up", () => {
  const spot = globe(10, 50);
  expect(spot([50, 10]).x).toBeCloseTo(200);
  expect(spot([50, 10]).y).toBeCloseTo(200);
  expect(spot([60, 10]).y).toBeLessThan(200);
  expect(spot([50, 20]).x).toBeGreaterThan(200);
});

test("the far side is nowhere", () => {
  const spot = globe(0, 0);
  expect(spot([0, 89]).x).toBeCloseTo(300, 0);
  for (const longitude of [91, 180, -91, 269]) expect(spot([0, longitude]).x).toBeNaN();
});

test("a place is the same on every copy of the world", () => {
  const spot = globe(0, 20);
  expect(spot([30, 370]).x).toBeCloseTo(spot([30, 10]).x);
});

test("toward the edge things look smaller", () => {
  const spot = globe(0, 0);
  expect([0, 50, 80, 89].map((longitude) => spot([0, longitude]).size)).toEqual([
    1,
    1,
    expect.closeTo(0.71, 2),
    expect.closeTo(0.57, 2),
  ]);
});
