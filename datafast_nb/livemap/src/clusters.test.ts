// Clusters come in columns, and say who is in them.

import { expect, test } from "vitest";
import { type Cluster, clustersOf, linesOf } from "./clusters.ts";

const LISBON: Cluster = {
  id: "8/3/3",
  latitude: 38.7,
  longitude: -9.1,
  radius: 12,
  color: "#7d50c4",
  visitors: 1234,
  customers: 0,
};

test("each cluster has its value of every column", () => {
  const columns = Object.fromEntries(Object.entries(LISBON).map(([name, value]) => [name, [value, value]]));
  const clusters = clustersOf({ across: 8, ...columns } as unknown as Parameters<typeof clustersOf>[0]);
  expect(clusters).toEqual([LISBON, LISBON]);
});

test("no visitors give no cluster", () => {
  const columns = Object.fromEntries(Object.keys(LISBON).map((name) => [name, []]));
  expect(clustersOf({ across: 1, ...columns } as unknown as Parameters<typeof clustersOf>[0])).toEqual([]);
});

test("a tooltip counts customers where there are some, and tells of predictions where they are known", () => {
  const summary = {
    title: "Lisbon, Portugal",
    visitors: 1234,
    customers: 0,
    score: 57,
    probability: "",
    value: "$12.30",
    why: "Portugal ×1.2",
  };
  expect(linesOf(summary)).toEqual([
    ["visitors", "1,234"],
    ["mean score", "57"],
    ["expected value", "$12.30"],
    ["moved by", "Portugal ×1.2"],
  ]);
  expect(linesOf({ ...summary, customers: 2, score: null, value: "", why: "" })).toEqual([
    ["visitors", "1,234"],
    ["customers", "2"],
  ]);
  expect(linesOf({ ...summary, probability: "4.3%" }).slice(2, 4)).toEqual([
    ["mean probability to buy", "4.3%"],
    ["expected value", "$12.30"],
  ]);
});
