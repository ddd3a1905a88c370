// A tooltip is asked for once, and kept until the data, the filters or the clusters change.

import { expect, test, vi } from "vitest";
import { testModel } from "#kit/testing.ts";
import { Descriptions } from "./descriptions.ts";
import type { MapState } from "./model.ts";

const LISBON = {
  title: "Lisbon, Portugal",
  visitors: 30,
  customers: 0,
  score: 60,
  probability: "",
  value: "$4.00",
  why: "",
};

function made(live = true) {
  const [ask, show] = [vi.fn(() => live), vi.fn()];
  const descriptions = new Descriptions("mine", ask, show);
  const tell = (id: string, view = "mine") => descriptions.hear({ do: "description", view, id, summary: LISBON });
  return { descriptions, ask, show, tell };
}

test("the pointer's second visit costs no round trip", () => {
  const { descriptions, ask, show, tell } = made();
  descriptions.describe("8/3/3");
  expect(show).toHaveBeenLastCalledWith(null);
  tell("8/3/3");
  expect(show).toHaveBeenLastCalledWith(LISBON);
  descriptions.describe(null);
  expect(show).toHaveBeenLastCalledWith(null);
  descriptions.describe("8/3/3");
  expect(show).toHaveBeenLastCalledWith(LISBON);
  expect(ask.mock.calls).toEqual([[{ do: "describe", id: "8/3/3" }]]);
});

test("what comes when the pointer has left is kept, and not shown", () => {
  const { descriptions, ask, show, tell } = made();
  descriptions.describe("8/3/3");
  descriptions.describe("8/4/3");
  tell("8/3/3");
  expect(show).not.toHaveBeenCalledWith(LISBON);
  descriptions.describe("8/3/3");
  expect(show).toHaveBeenLastCalledWith(LISBON);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("what another view asked for is not this one's", () => {
  const { descriptions, show, tell } = made();
  descriptions.describe("8/3/3");
  tell("8/3/3", "another");
  expect(show).not.toHaveBeenCalledWith(LISBON);
});

test("it is asked for again when the clusters have changed, and stays until the answer", () => {
  const { descriptions, ask, show, tell } = made();
  descriptions.describe("8/3/3");
  tell("8/3/3");
  descriptions.forget();
  expect(ask).toHaveBeenCalledTimes(2);
  expect(show).toHaveBeenLastCalledWith(LISBON);
});

test.each([
  ["the data", { clock: 2 }],
  ["the filters", { filters: {} }],
  ["the clusters", { clusters: {} }],
  ["all of them", { clock: 2, filters: {}, clusters: {} }],
])("%s changing make a description old, once", async (_what, fields) => {
  const { descriptions, ask, show } = made();
  const model = testModel({ clock: 1 } as MapState);
  const leaving = new AbortController();
  descriptions.follow(model, leaving.signal);
  descriptions.describe("8/3/3");
  model.tell({ do: "description", view: "mine", id: "8/3/3", summary: LISBON });
  expect(show).toHaveBeenLastCalledWith(LISBON);
  model.change(fields as Partial<MapState>);
  await expect.poll(() => ask.mock.calls.length).toBe(2);
  leaving.abort();
  model.change({ clock: 3 });
  await Promise.resolve();
  expect(ask).toHaveBeenCalledTimes(2);
});

test("nothing is asked for while the pointer is on none, and again once a kernel is there", () => {
  const { descriptions, ask } = made(false);
  descriptions.forget();
  expect(ask).not.toHaveBeenCalled();
  descriptions.describe("8/3/3");
  descriptions.forget();
  expect(ask).toHaveBeenCalledTimes(2);
});
