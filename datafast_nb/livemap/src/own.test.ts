// @vitest-environment happy-dom

import { afterEach, expect, test, vi } from "vitest";
import { faultList } from "#kit/faults.ts";
import { FILE } from "#kit/kernel.ts";
import { testModel } from "#kit/testing.ts";
import { worldZoom } from "./fit.ts";
import { frame } from "./leaflet.ts";
import type { MapState } from "./model.ts";
import { findOwn } from "./own.ts";
import { known, Places } from "./places.ts";

afterEach(() => {
  vi.useRealTimers();
  delete known.land;
});

test("the land is requested again where the first request was lost, and no more once it is there", async () => {
  vi.useFakeTimers();
  const asked: unknown[] = [];
  const { signal } = new AbortController();
  const ask = (message: unknown) => asked.push(message) > 0;
  const land = new Places(testModel({} as MapState), ask, () => {}, signal).wait("land", signal);
  await vi.advanceTimersByTimeAsync(4000);
  expect(asked).toEqual([{ do: "places", part: "land" }]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toHaveLength(2);
  known.land = { type: "FeatureCollection", features: [] };
  await vi.advanceTimersByTimeAsync(5000);
  expect(await land).toBe(known.land);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toHaveLength(2);
});

test("a map that is drawn again shows the whole world, as it does not know where the last one was", async () => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1024);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(460);
  known.land = { type: "FeatureCollection", features: [] };
  const [root, el] = [document.createElement("div"), document.createElement("div")];
  root.className = "datafast-map";
  root.append(el);
  document.body.replaceChildren(root);
  const model = testModel({ height: 460, gradient: {}, framed: true } as unknown as MapState);
  const { signal } = new AbortController();
  const places = new Places(model, () => true, faultList(() => {}).report.bind(null, ""), signal);
  const found = await findOwn({ model, el, kernel: FILE, places, signal });
  if (!found) throw new Error("there is no map");
  frame(found, model);
  expect(found.map.getZoom()).toBe(worldZoom(1024));
});
