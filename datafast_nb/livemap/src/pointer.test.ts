// Which cluster is under the pointer.

import type { Map as LeafletMap, Point } from "leaflet";
import { expect, test } from "vitest";
import { type Mark, settle, transition } from "./motion.ts";
import { markAt } from "./pointer.ts";

/** A map on which a degree is a pixel, with its middle at a longitude. */
function mapAt(lng: number) {
  const latLngToContainerPoint = ([y, x]: [number, number]) => ({
    distanceTo: (other: Point) => Math.hypot(other.x - x, other.y - y),
  });
  return { getCenter: () => ({ lng }), latLngToContainerPoint } as unknown as LeafletMap;
}

function marked(...places: [id: string, longitude: number, radius: number][]): Map<string, Mark> {
  const clusters = places.map(([id, longitude, radius]) => ({
    id,
    latitude: 0,
    longitude,
    radius,
    color: "#000000",
    customers: 0,
    visitors: 1,
  }));
  const { marks } = transition({ marks: new Map(), across: 4 }, 4, clusters, 1);
  settle(marks);
  return marks;
}

function found(marks: Map<string, Mark>, x: number, middle = 0) {
  return markAt(mapAt(middle), marks, { x, y: 0 } as Point)?.id;
}

test("a cluster is met a little beyond its edge", () => {
  const marks = marked(["a", 0, 10]);
  expect([0, 14, 15].map((x) => found(marks, x))).toEqual(["a", "a", undefined]);
});

test("of two, the one whose edge is farther away is meant: a small one lies on a large one", () => {
  const marks = marked(["large", 0, 24], ["small", 20, 6]);
  expect(found(marks, 20)).toBe("small");
  expect(found(marks, 2)).toBe("large");
});

test("a cluster is met on the copy of the world that is in view", () => {
  expect(found(marked(["a", -170, 10]), 190, 180)).toBe("a");
});

test("one that has gone can't be met", () => {
  const before = { marks: marked(["a", 0, 10]), across: 4 };
  expect(found(transition(before, 4, [], 1).marks, 0)).toBeUndefined();
});
