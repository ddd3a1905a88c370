// What the canvas is called with to paint clusters.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Cluster } from "./clusters.ts";
import { settle, transition } from "./motion.ts";
import { type Frame, paintFrame, readable, short } from "./paint.ts";

test.for([
  [7, "7"],
  [999, "999"],
  [1000, "1.0k"],
  [9949, "9.9k"],
  [9950, "10k"],
  [999_499, "999k"],
  [999_500, "1.0M"],
  [45_000_000, "45M"],
] as const)("%d is written as %s", ([number, text]) => {
  expect(short(number)).toBe(text);
});

test("a number is black on light colors and white on dark ones", () => {
  expect(["#ffffff", "#f58a1f", "#2458c5", "#000000"].map(readable)).toEqual([
    "#101418",
    "#101418",
    "#ffffff",
    "#ffffff",
  ]);
});

beforeEach(() => vi.stubGlobal("getComputedStyle", () => ({ getPropertyValue: () => "" })));
afterEach(() => vi.unstubAllGlobals());

/** Paint clusters where a degree is a pixel; return the calls of the canvas. */
function painted(clusters: readonly Cluster[], given: Partial<Frame> = {}) {
  const calls: [string, ...unknown[]][] = [];
  const context = new Proxy({} as Record<string, unknown>, {
    get: (target, name: string) =>
      name === "measureText"
        ? () => ({ width: 18 })
        : (target[name] ?? ((...values: unknown[]) => calls.push([name, ...values]))),
  });
  const canvas = { width: 200, height: 100, style: { width: "100px" }, getContext: () => context };
  const { marks } = transition({ marks: new Map(), across: 4 }, 4, clusters, 1);
  settle(marks);
  paintFrame(canvas as unknown as HTMLCanvasElement, {
    marks,
    pulses: [],
    selected: null,
    share: 1,
    now: 0,
    pulse: 1000,
    project: ([lat, lon]) => ({ x: lon, y: lat }),
    ...given,
  });
  return calls;
}

function cluster(id: string, longitude: number, radius: number, given: Partial<Cluster> = {}): Cluster {
  return { id, latitude: 0, longitude, radius, color: "#ffffff", customers: 0, visitors: 5, ...given };
}

function radii(calls: [string, ...unknown[]][]) {
  return calls.filter(([name]) => name === "arc").map(([, , , radius]) => radius);
}

function texts(calls: [string, ...unknown[]][]) {
  return calls.filter(([name]) => name === "fillText").map(([, text, x]) => [text, x]);
}

test("it is sharp on a screen of double density", () => {
  expect(painted([])).toContainEqual(["setTransform", 2, 0, 0, 2, 0, 0]);
});

test("large clusters come first, so that small ones lie on them", () => {
  expect(radii(painted([cluster("a", 0, 8), cluster("b", 50, 20)]))).toEqual([20, 8]);
});

test("a lone visitor has no number, and a cluster that is too small for one neither", () => {
  expect(texts(painted([cluster("a", 0, 20, { visitors: 1 }), cluster("b", 90, 4)]))).toEqual([]);
});

test("a number stands in the middle of its disc, smaller where that is small", () => {
  const calls = painted([cluster("a", 0, 24), cluster("b", 60, 6.9)]);
  expect(texts(calls)).toEqual([
    ["5", 0],
    ["5", 60],
  ]);
  const [large, small] = calls.filter(([name]) => name === "fillText").map(([, , , y]) => Number(y));
  expect(large).toBeCloseTo(0.36 * 13);
  expect(small).toBeLessThan(0.36 * 8);
});

test("customers have an arc, however few they are of many", () => {
  const [, , , , start, end] =
    painted([cluster("a", 0, 20, { customers: 1, visitors: 1000 })]).filter(([name]) => name === "arc")[1] ?? [];
  expect(Number(end) - Number(start)).toBeCloseTo(2 * Math.PI * 0.04);
});

test("a pulse grows from where a visitor arrived", () => {
  const pulses = [{ place: [3, 4] as [number, number], kind: "arrival" as const, start: 0 }];
  expect(painted([], { pulses, now: 500 })).toContainEqual(["arc", 4, 3, 6 + 26 * 0.75, 0, 2 * Math.PI]);
});

test("the visitor who is selected has a ring, also where no cluster is", () => {
  expect(painted([], { selected: { place: [3, 4], mark: undefined } })).toContainEqual([
    "arc",
    4,
    3,
    8,
    0,
    2 * Math.PI,
  ]);
});

test("the ring of the visitor who is selected hides no number", () => {
  const here = { lat: 0, lon: 0, radius: 20, customers: 0, alpha: 1 };
  const mark = { id: "a", cluster: cluster("a", 0, 20), from: here, to: here, gone: false };
  const calls = painted([cluster("b", 30, 15, { visitors: 7 })], { selected: { place: [0, 0], mark } });
  const ring = calls.findIndex(([name, , , radius]) => name === "arc" && radius === 25);
  expect(ring).toBeGreaterThan(-1);
  expect(ring).toBeLessThan(calls.findIndex(([name]) => name === "fillText"));
});
