import { expect, test } from "vitest";
import { formatCompact, formatNumber } from "./numbers.ts";

test.for([
  [0, "0"],
  [999, "999"],
  [12_345, "12,345"],
  [1_234_567, "1,234,567"],
] as const)("%d has separators", ([number, text]) => {
  expect(formatNumber(number)).toBe(text);
});

test.for([
  [99_999, "99,999"],
  [100_000, "100k"],
  [123_456, "123k"],
  [2_500_000, "2.5M"],
] as const)("%d is short", ([number, text]) => {
  expect(formatCompact(number)).toBe(text);
});
