// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { Avatar, lookOf } from "./avatar.tsx";

function drawn(id: string | null): string {
  const place = document.createElement("div");
  render(<Avatar id={id} />, place);
  return place.innerHTML;
}

test("the same id has the same face, and other ids have others", () => {
  const ids = Array.from({ length: 200 }, (_, index) => String(9_007_199_254_740_993n + BigInt(index)));
  expect(ids.map(drawn)).toEqual(ids.map(drawn));
  expect(new Set(ids.map(drawn)).size).toBeGreaterThan(195);
});

test("the head stands out from its ground", () => {
  for (let id = 0; id < 500; id += 1) {
    const { ground, head } = lookOf(String(id));
    const apart = Math.abs(ground - head);
    expect(Math.min(apart, 360 - apart)).toBeGreaterThanOrEqual(60);
  }
});

test("who has no id has nobody's face", () => {
  expect(drawn(null)).not.toBe(drawn(""));
  expect(drawn(null)).toContain("df-nobody");
});
