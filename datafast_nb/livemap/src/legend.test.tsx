// @vitest-environment happy-dom
// The legend says what the colors mean.

import { render } from "preact";
import { act } from "preact/test-utils";
import { expect, test } from "vitest";
import type { MapLayers } from "#kit/protocol.ts";
import { testModel } from "#kit/testing.ts";
import { Legend } from "./legend.tsx";

const RAMP = { colors: ["#000000", "#ffffff"], low: "0", high: "100", note: "50 is average" };

function shown(legend: Partial<MapLayers["legend"]>) {
  const whole = { title: "Score", ramp: null, swatches: [], ring: true, unplaced: 0 };
  const model = testModel<MapLayers>({ clusters: {}, heat: {}, popups: {}, legend: { ...whole, ...legend } });
  const place = document.createElement("div");
  act(() => render(<Legend model={model} />, place));
  return { model, place, text: (part: string) => place.querySelector(`.df-${part}`)?.textContent };
}

test("a ramp has its ends and a note", () => {
  const { place, text } = shown({ ramp: RAMP });
  expect([text("title"), text("low"), text("high"), text("remark")]).toEqual(["Score", "0", "100", "50 is average"]);
  expect(place.querySelector<HTMLElement>(".df-gradient")?.style.getPropertyValue("--df-gradient")).toBe(
    "linear-gradient(90deg, #000000, #ffffff)",
  );
});

test("each color of its own has a swatch, with what strangers wrote as text", () => {
  const { place } = shown({ swatches: [{ label: "<b>shop</b>", color: "#12a57c" }] });
  expect(place.querySelector(".df-swatches bdi")?.textContent).toBe("<b>shop</b>");
  expect(place.querySelector<HTMLElement>(".df-mark")?.style.getPropertyValue("--df-mark")).toBe("#12a57c");
});

test("it counts who is not on the map, and follows the kernel", async () => {
  const { model, place, text } = shown({ unplaced: 1234, ring: false });
  expect(text("absent")).toBe("1,234 not on the map: no location");
  expect(place.querySelector<HTMLElement>(".df-ring")?.hidden).toBe(true);
  await act(async () => model.change({ legend: { ...model.get("legend"), unplaced: 0 } }));
  expect(text("absent")).toBe("");
});
