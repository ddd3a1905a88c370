// The positions of places on the canvas over a Leaflet map, even during a zoom.

import type { LatLng, Map as LeafletMap, Point } from "leaflet";
import { ease, progress } from "./motion.ts";
import { copyInView, nearestCopy, type Place } from "./world.ts";

const ZOOM = 250; // milliseconds of Leaflet's zoom, along its curve
const PADDING = 0.15; // of the map's size, drawn beyond each edge for when the map is dragged

/** The position of the canvas on a map, in pixels of the map's layers. */
export interface Placement {
  origin: Point;
  width: number;
  height: number;
}

/** A zoom that is being drawn. */
export interface Zoom {
  start: number;
  zoom: number;
  /** The layers' origin after the zoom, in pixels of the world at that zoom. */
  origin: Point;
}

/** Return the place for the canvas of a map: over its visible part, and a little more. */
export function placement(map: LeafletMap): Placement {
  const size = map.getSize();
  const padding = size.multiplyBy(PADDING).round();
  const full = size.add(padding.multiplyBy(2));
  const origin = map.containerPointToLayerPoint([0, 0]).subtract(padding);
  return { origin, width: full.x, height: full.y };
}

/** Put a canvas there, sharp on every screen. */
export function lay(canvas: HTMLCanvasElement, { origin, width, height }: Placement): void {
  const ratio = window.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  Object.assign(canvas.style, {
    width: `${width}px`,
    height: `${height}px`,
    transform: `translate3d(${origin.x}px, ${origin.y}px, 0)`,
  });
}

/** Return the zoom that Leaflet begins. */
export function zoomTo(map: LeafletMap, center: LatLng, zoom: number, start: number): Zoom {
  const half = map.getSize().divideBy(2);
  const moved = map.containerPointToLayerPoint([0, 0]);
  return { start, zoom, origin: map.project(center, zoom).subtract(half).subtract(moved).round() };
}

/** Return whether a zoom has ended, with a little margin. */
export function isOver({ start }: Zoom, now: number): boolean {
  return now - start > ZOOM + 100;
}

/** Return the conversion from degrees to pixels of the canvas; during a zoom, Leaflet moves everything on one curve. */
export function projection(map: LeafletMap, origin: Point, zoom: Zoom | null, now: number): (place: Place) => Point {
  const middle = map.getCenter().lng;
  const onMap = ([lat, lon]: Place): Place => [lat, copyInView(lon, middle)];
  const at = (place: Place) => map.latLngToLayerPoint(onMap(place)).subtract(origin);
  if (zoom === null) return at;
  const share = ease(progress(now, zoom.start, ZOOM));
  return (place) => {
    const from = at(place);
    const to = map.project(onMap(place), zoom.zoom).subtract(zoom.origin).subtract(origin);
    return from.add(to.subtract(from).multiplyBy(share));
  };
}

/** Return a place on the copy of the world that is nearest to the center of a map. */
export function nearest(map: LeafletMap, [lat, lon]: Place): Place {
  return [lat, nearestCopy(lon, map.getCenter().lng)];
}
