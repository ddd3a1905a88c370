import { expect, test } from "vitest";
import { clocksOf } from "./zone.ts";

test("a zone that the browser does not know is replaced by UTC", () => {
  expect(clocksOf("Nowhere/Land").moment(0)).toMatch(/^Thu, Jan 1, 1970, 12:00:00\sAM UTC$/);
});
