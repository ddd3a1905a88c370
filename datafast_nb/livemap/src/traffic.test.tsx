// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { areaOf } from "./slider.tsx";
import { Traffic } from "./traffic.tsx";

function drawn(visitors: (number | null)[]): HTMLElement {
  const place = document.createElement("div");
  render(<Traffic traffic={{ until: Date.UTC(2026, 0, 15, 12), visitors }} zone="UTC" />, place);
  return place;
}

test("each minute has a bar, the latest on the right, the most as high as there is room", () => {
  const place = drawn([10, null, 20]);
  expect(place.querySelector("[role=img]")?.getAttribute("aria-label")).toBe(
    "Visitors in the last 3 minutes: 10 to 20",
  );
  const bars = [...place.querySelectorAll("rect")];
  expect(bars.map((bar) => Number(bar.getAttribute("height")))).toEqual([9, 0, 18]);
  expect(bars.map((bar) => Number(bar.getAttribute("x")))).toEqual([81, 84, 87]);
});

test("one minute is no line of bars, and nobody is no error", () => {
  expect(drawn([5]).innerHTML).toBe("");
  const nobody = drawn([0, 0]);
  expect(nobody.querySelectorAll("rect")).toHaveLength(2);
  expect(nobody.querySelector("[role=img]")?.getAttribute("aria-label")).toBe("Visitors in the last 2 minutes: 0 to 0");
});

test("the area of a recording has a piece for each stretch that was recorded", () => {
  expect(areaOf([1, 2, null, 1])).toBe("M0 1L0.125 0.5L0.375 0L0.5 1ZM0.75 1L0.875 0.5L1 1Z");
  expect(areaOf([])).toBe("");
  expect(areaOf([0, 0])).toBe("");
});
