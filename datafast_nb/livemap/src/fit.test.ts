// The world is as wide as the map, whatever size that has.

import type { LatLngExpression, Map as LeafletMap } from "leaflet";
import { expect, test } from "vitest";
import { keepWorld, showWorld, worldZoom } from "./fit.ts";

/** As much of a Leaflet map as is needed. */
class Screen {
  readonly options = { minZoom: 0, zoomSnap: 0.25 };
  zoom = 0;
  center: LatLngExpression = [0, 0];
  #resized = () => {};
  constructor(public width: number) {}
  getSize = () => ({ x: this.width, y: 400 });
  getZoom = () => this.zoom;
  getMinZoom = () => this.options.minZoom;
  getCenter = () => Object.assign(this.center, { toBounds: () => ({ extend: () => ({ extend: () => null }) }) });
  fire = () => {};
  off = () => {};
  on = (_event: string, call: () => void) => {
    this.#resized = call;
  };
  setView = (center: LatLngExpression, zoom: number) => {
    this.center = center;
    const { minZoom, zoomSnap } = this.options;
    this.zoom = Math.max(minZoom, zoomSnap ? Math.round(zoom / zoomSnap) * zoomSnap : zoom);
  };
  resize = (width: number) => {
    this.width = width;
    this.#resized();
  };
}

function shown(width: number): Screen {
  const map = new Screen(width);
  keepWorld(map as unknown as LeafletMap, new AbortController().signal);
  showWorld(map as unknown as LeafletMap);
  return map;
}

test.for([480, 690, 1000, 1600, 3840])("at %d pixels the world is as wide as the map", (width) => {
  expect(256 * 2 ** worldZoom(width)).toBeCloseTo(width);
  expect(256 * 2 ** shown(width).zoom).toBeCloseTo(width);
});

test("the whole world stays whole in full screen and back", () => {
  const map = shown(800);
  map.resize(1900);
  expect(256 * 2 ** map.zoom).toBeCloseTo(1900);
  map.resize(800);
  expect(256 * 2 ** map.zoom).toBeCloseTo(800);
});

test("who looks at a part of it goes on doing so", () => {
  const map = shown(800);
  map.setView([48, 11], 6);
  map.resize(1900);
  expect([...(map.center as number[]), map.zoom]).toEqual([48, 11, 6]);
});

test("a part that is too small for a larger map grows around the same center", () => {
  const map = shown(800);
  map.setView([48, 11], 2);
  map.resize(1900);
  expect([...(map.center as number[])]).toEqual([48, 11]);
  expect(256 * 2 ** map.zoom).toBeCloseTo(1900);
});
