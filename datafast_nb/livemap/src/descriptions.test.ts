// A tooltip is asked for once, and kept until the clusters change.

import { expect, test, vi } from "vitest";
import { Descriptions } from "./descriptions.ts";

const LISBON = { title: "Lisbon, Portugal", visitors: 30, customers: 0, score: 60, value: "$4.00" };

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

test("nothing is asked for while the pointer is on none, and again once a kernel is there", () => {
  const { descriptions, ask } = made(false);
  descriptions.forget();
  expect(ask).not.toHaveBeenCalled();
  descriptions.describe("8/3/3");
  descriptions.forget();
  expect(ask).toHaveBeenCalledTimes(2);
});
