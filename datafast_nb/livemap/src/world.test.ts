// Places on a world that goes round.

import type { Map as LeafletMap } from "leaflet";
import { expect, test, vi } from "vitest";
import { acrossDateLine, copyInView, goTheShortWay, nearestCopy } from "./world.ts";

test.for([
  [170, -175, -190],
  [-170, 175, 190],
  [10, 370, 370],
  [10, 20, 10],
] as const)("of the copies of %d, the one nearest to %d is %d", ([longitude, other, copy]) => {
  expect(nearestCopy(longitude, other)).toBe(copy);
});

test("a place a little beyond half the world stays where the kernel put it", () => {
  expect(copyInView(200, 0)).toBe(200);
  expect(copyInView(300, 0)).toBe(-60);
});

function mapAt(lng: number) {
  const handlers = new Set<() => void>();
  const map = {
    panTo: vi.fn(),
    setView: vi.fn(),
    getCenter: () => ({ lat: 10, lng }),
    getZoom: () => 3,
    on: (_name: string, handler: () => void) => handlers.add(handler),
    off: (_name: string, handler: () => void) => handlers.delete(handler),
  };
  return { map, pan: map.panTo, handlers, leaflet: map as unknown as LeafletMap };
}

test("a map pans the short way, across the date line", () => {
  const { pan, leaflet } = mapAt(170);
  goTheShortWay(leaflet, new AbortController().signal);
  leaflet.panTo([5, -175]);
  leaflet.panTo({ lat: 5, lng: -175 } as Parameters<LeafletMap["panTo"]>[0]);
  expect(pan.mock.calls.map(([place]) => place)).toEqual([
    [5, 185],
    [5, 185],
  ]);
});

test("a map that has gone round the world ends on its first copy, until its view goes", () => {
  const { map, handlers, leaflet } = mapAt(-350);
  const leaving = new AbortController();
  goTheShortWay(leaflet, leaving.signal);
  for (const handler of handlers) handler();
  expect(map.setView).toHaveBeenCalledWith([10, 10], 3, { animate: false });
  leaving.abort();
  expect(handlers.size).toBe(0);
});

test("a line across the date line goes on beyond it, east or west", () => {
  const ends = (...longitudes: number[]) => acrossDateLine(longitudes.map((each) => [each, 65])).map(([x]) => x);
  expect(ends(170, 179, -178, -170, 175)).toEqual([170, 179, 182, 190, 175]);
  expect(ends(-170, 178, -179)).toEqual([-170, -182, -179]);
  expect(acrossDateLine([])).toEqual([]);
});
