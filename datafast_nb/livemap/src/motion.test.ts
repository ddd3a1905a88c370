// Clusters move, split, merge and fade instead of jumping.

import { expect, test } from "vitest";
import type { Cluster } from "./clusters.ts";
import { between, cellOf, ease, type Marks, progress, settle, transition } from "./motion.ts";

const NOTHING: Marks = { marks: new Map(), across: 4 };

function cluster(id: string, latitude: number, longitude: number, given: Partial<Cluster> = {}): Cluster {
  return { id, latitude, longitude, radius: 10, color: "#000000", customers: 0, visitors: 3, ...given };
}

function settled(across: number, ...clusters: Cluster[]): Marks {
  const all = transition(NOTHING, across, clusters, 1);
  settle(all.marks);
  return all;
}

test("a change begins at nought and ends at one, whenever its frames come", () => {
  expect([-50, 0, 160, 320, 900].map((now) => progress(now, 0, 320))).toEqual([0, 0, 0.5, 1, 1]);
  expect([0, 1].map(ease)).toEqual([0, 1]);
  expect(ease(0.5)).toBeGreaterThan(0.5);
});

test.for([
  [[0, 0], 2, "2/1/1"],
  [[48, 11], 8, "8/4/2"],
  [[48, 371], 8, "8/4/2"], // another copy of the world
  [[48, -349], 8, "8/4/2"],
  [[90, -180], 4, "4/0/-1"], // the end of Web Mercator, as the kernel has it
  [[-33, 151], 16, "16/14/9"],
] as const)("the cell of %s on a grid of %d is %s", ([[lat, lon], across, id]) => {
  expect(cellOf([lat, lon], across)).toBe(id);
});

test("a new cluster grows where it is", () => {
  const mark = transition(NOTHING, 4, [cluster("a", 10, 20)], 1).marks.get("a");
  expect(mark?.from).toMatchObject({ lat: 10, lon: 20, radius: 5, alpha: 0 });
  expect(mark?.to).toMatchObject({ lat: 10, lon: 20, radius: 10, alpha: 1 });
});

test("one that was there goes on from where it is, also amid a change", () => {
  const first = settled(4, cluster("a", 0, 0));
  const second = transition(first, 4, [cluster("a", 10, 0)], 1);
  const third = transition(second, 4, [cluster("a", 20, 0)], 0.5);
  expect(third.marks.get("a")?.from.lat).toBe(5);
});

test("it goes the short way across the date line", () => {
  const next = transition(settled(4, cluster("a", 0, 179)), 4, [cluster("a", 0, -179)], 1);
  expect(next.marks.get("a")?.from.lon).toBe(-181);
});

test("clusters of a finer grid come out of the one that was there, and it goes into the one that is", () => {
  const coarse = settled(2, cluster(cellOf([40, 10], 2), 40, 10, { radius: 20 }));
  const [one, other] = [cluster(cellOf([30, 5], 8), 30, 5), cluster(cellOf([60, 100], 8), 60, 100)];
  const fine = transition(coarse, 8, [one, other], 1);
  for (const { id } of [one, other]) expect(fine.marks.get(id)?.from).toMatchObject({ lat: 40, lon: 10, radius: 10 });
  settle(fine.marks);
  const back = transition(fine, 2, [cluster(cellOf([40, 10], 2), 40, 10, { radius: 20 })], 1);
  expect(back.marks.get(`gone ${one.id}`)?.to).toMatchObject({ lat: 40, lon: 10, radius: 20, alpha: 0 });
});

test("one that is no more fades where it is, and is forgotten", () => {
  const { marks } = transition(settled(4, cluster("a", 10, 20)), 4, [], 1);
  const mark = marks.get("gone a");
  expect(mark?.gone).toBe(true);
  expect(mark && between(mark, 1)).toMatchObject({ lat: 10, lon: 20, alpha: 0 });
  settle(marks);
  expect(marks.size).toBe(0);
});

test("one that comes back while it fades is new", () => {
  const fading = transition(settled(4, cluster("a", 10, 20)), 4, [], 1);
  const back = transition(fading, 4, [cluster("a", 10, 20)], 0.5);
  expect([...back.marks.keys()]).toEqual(["a"]);
  expect(back.marks.get("a")?.from.alpha).toBe(0);
});
