import { expect, test } from "vitest";
import { othersIn } from "./news.ts";

test("payments that are not announced one by one are counted", () => {
  expect([1, 2].map(othersIn)).toEqual(["1 more payment", "2 more payments"]);
});
