// Fits the world to a map: it is never narrower than the map, so that no continent appears twice.

import type { LatLngExpression, Map as LeafletMap } from "leaflet";
import { OUTSIDE } from "./mercator.ts";

type Corner = [number, number];

const TILE = 256; // pixels of the world's width at zoom 0
const CENTER: Corner = [26, 8]; // degrees, of the inhabited world
const NEAR = 0.01; // zoom levels that make no difference
const ROUND = 1e5; // degrees of longitude: no limit around the world

/** Return the zoom at which the world is as wide as a map. */
export function worldZoom(width: number): number {
  return Math.max(0, Math.log2(width / TILE));
}

/** Show the world from one side of a map to the other. */
export function showWorld(map: LeafletMap): void {
  limit(map);
  setZoom(map, CENTER, map.getMinZoom());
}

/** Keep the world at least as wide as a map when that is resized; keep its center, or the whole world, in view. */
export function keepWorld(map: LeafletMap, signal: AbortSignal): void {
  const resized = () => {
    const whole = map.getZoom() < map.getMinZoom() + NEAR;
    limit(map);
    const zoom = whole ? map.getMinZoom() : Math.max(map.getZoom(), map.getMinZoom());
    if (zoom !== map.getZoom()) setZoom(map, map.getCenter(), zoom);
  };
  limit(map);
  // Leaflet's `setMaxBounds` would move a map that has just grown before the world is fitted to it.
  const bounds = map.getCenter().toBounds(1).extend([-OUTSIDE, -ROUND]).extend([OUTSIDE, ROUND]);
  Object.assign(map.options, { maxBounds: bounds, maxBoundsViscosity: 1 });
  map.on("resize", resized);
  signal.addEventListener("abort", () => map.off("resize", resized));
}

/** Show a place at exactly this zoom: Leaflet would round it, and the world would be wider than the map. */
export function setZoom(map: LeafletMap, center: LatLngExpression, zoom: number): void {
  const { zoomSnap } = map.options;
  map.options.zoomSnap = 0;
  map.setView(center, zoom, { animate: false });
  map.options.zoomSnap = zoomSnap;
}

/** Prevent zooming out beyond the world. Leaflet's own limit would start a zoom at once, around another center. */
function limit(map: LeafletMap): void {
  map.options.minZoom = worldZoom(map.getSize().x);
  map.fire("zoomlevelschange");
}
