// Places on the canvas over a map, also amid a zoom.

import type { LatLng, Map as LeafletMap } from "leaflet";
import { expect, test, vi } from "vitest";
import { isOver, lay, nearest, placement, projection, zoomTo } from "./projection.ts";

/** Pixels, with as much of Leaflet's arithmetic as is needed. */
class Pixels {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  add = ({ x, y }: Pixels) => new Pixels(this.x + x, this.y + y);
  subtract = ({ x, y }: Pixels) => new Pixels(this.x - x, this.y - y);
  multiplyBy = (by: number) => new Pixels(this.x * by, this.y * by);
  divideBy = (by: number) => new Pixels(this.x / by, this.y / by);
  round = () => new Pixels(Math.round(this.x), Math.round(this.y));
}

/** A map of 200 × 100 pixels on which a degree is `scale` pixels, with its middle at a longitude. */
function mapAt(lng: number, scale = 2) {
  const pixels = ([lat, lon]: [number, number], by: number) => new Pixels(lon * by, -lat * by);
  const map = {
    getSize: () => new Pixels(200, 100),
    getCenter: () => ({ lat: 0, lng }),
    containerPointToLayerPoint: ([x, y]: [number, number]) => new Pixels(x - 7, y - 3),
    latLngToLayerPoint: (place: [number, number]) => pixels(place, scale),
    project: (place: [number, number] | LatLng, zoom: number) =>
      pixels(Array.isArray(place) ? place : [place.lat, place.lng], scale * 2 ** zoom),
  };
  return map as unknown as LeafletMap;
}

function at({ x, y }: { x: number; y: number }) {
  return [x, y];
}

test("the canvas reaches beyond each edge of the map, for when it is dragged", () => {
  const { origin, width, height } = placement(mapAt(0));
  expect([...at(origin), width, height]).toEqual([-37, -18, 260, 130]);
});

test("the canvas is sharp on a screen of double density", () => {
  vi.stubGlobal("window", { devicePixelRatio: 2 });
  const canvas = { width: 0, height: 0, style: {} as Record<string, string> };
  lay(canvas as unknown as HTMLCanvasElement, placement(mapAt(0)));
  vi.unstubAllGlobals();
  expect([canvas.width, canvas.height]).toEqual([520, 260]);
  expect(canvas.style).toEqual({ width: "260px", height: "130px", transform: "translate3d(-37px, -18px, 0)" });
});

test("a place is where the map has it, on the copy of the world that is in view", () => {
  const map = mapAt(350);
  const { origin } = placement(map);
  const project = projection(map, origin, null, 0);
  expect(at(project([10, 20]))).toEqual([2 * 380 + 37, -20 + 18]);
  expect(nearest(map, [10, 20])).toEqual([10, 380]);
});

test("amid a zoom a place moves from where it was to where it will be", () => {
  const map = mapAt(0);
  const { origin } = placement(map);
  const zoom = zoomTo(map, { lat: 0, lng: 0 } as LatLng, 1, 1000);
  const x = (now: number) => projection(map, origin, zoom, now)([0, 10]).x;
  const after = 40 - zoom.origin.x - origin.x;
  expect(x(1000)).toBe(20 - origin.x);
  expect(x(1250)).toBe(after);
  expect(Math.abs(x(1100) - after)).toBeLessThan(Math.abs(x(1000) - after));
  expect([1000, 1300, 1400].map((now) => isOver(zoom, now))).toEqual([false, false, true]);
});
