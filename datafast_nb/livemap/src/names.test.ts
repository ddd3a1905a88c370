// The names on the map: the large ones first, none over another.

import { expect, test } from "vitest";
import { labels } from "./names.ts";
import type { Names } from "./places.ts";

const NAMES: Names = {
  countries: [
    ["Large", 0, 1000, 30_000],
    ["Neighbor", 0, 1400, 20_000],
    ["Far", 0, 9000, 20_000],
    ["Tiny", 4000, 4000, 1],
  ],
  regions: [
    ["Province", 0, 4000, 3000],
    ["County", 0, 8000, 1],
  ],
  cities: [
    ["Metropolis", 0, 5000, 9000],
    ["Town", 0, 7000, 20],
  ],
};

/** Write on a canvas of 1,000 × 400 pixels, where a degree is ten of them. */
function written(zoom: number, blocks: Parameters<typeof labels>[1] = [], most?: number, size = 1) {
  const project = ([latitude, longitude]: [number, number]) => ({ x: 10 * longitude, y: 200 - latitude, size });
  const canvas = { width: 1000, height: 400, zoom, project, measure: (text: string) => 8 * text.length };
  return labels(NAMES, blocks, canvas, most).map(({ text }) => text);
}

test("at world view there are the names of large countries, none over another", () => {
  expect(written(2)).toEqual(["Large", "Far"]);
});

test("closer there are cities, and those with more inhabitants first", () => {
  expect(written(4)).toEqual(["Large", "Far", "Province", "Metropolis"]);
  expect(written(8)).toEqual(["Metropolis", "Town"]);
});

test("in between there are the regions of large countries, under the countries and before the cities", () => {
  expect(written(3)).not.toContain("Province");
  expect(written(5)).toEqual(["Large", "Far", "Province", "Metropolis"]);
  expect(written(7.5)).not.toContain("Province");
});

test("where a circle is there is no name", () => {
  expect(written(2, [{ x: 905, y: 205, across: 8, down: 8 }])).toEqual(["Large"]);
});

test("what is beyond the edge is not written, and no more than can be read", () => {
  NAMES.countries.push(["Beyond", 0, 17_000, 20_000]);
  expect(written(2)).not.toContain("Beyond");
  expect(written(4, [], 1)).toEqual(["Large"]);
});

test("no name is written across the edge of a globe", () => {
  expect(written(2, [], undefined, 0.8)).toContain("Large");
  expect(written(2, [], undefined, 0.6)).toEqual([]);
});
