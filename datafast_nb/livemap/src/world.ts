// Chooses among the copies of a place, which are 360 degrees apart.

import type { Map as LeafletMap } from "leaflet";

const SLACK = 45; // degrees beyond half the world round, where the kernel, which counts whole cells, may mean what it says

/** Latitude and longitude, in degrees. */
export type Place = [number, number];

/** Return a longitude on the copy of the world that is nearest to another. */
export function nearestCopy(longitude: number, other: number): number {
  return longitude + 360 * Math.round((other - longitude) / 360);
}

/** Return a longitude for a map that is centered at another. */
export function copyInView(longitude: number, middle: number): number {
  return Math.abs(longitude - middle) <= 180 + SLACK ? longitude : nearestCopy(longitude, middle);
}

/** Return a line in degrees, longitude first, that goes on beyond ±180 where it crosses the date line. */
export function acrossDateLine(line: readonly (readonly number[])[]): [longitude: number, latitude: number][] {
  let last = line[0]?.[0] ?? 0;
  return line.map(([longitude = 0, latitude = 0]) => {
    last = nearestCopy(longitude, last);
    return [last, latitude];
  });
}

/** Move a map the short way around the world, and end on its first copy: the land extends half the world beyond it. */
export function goTheShortWay(map: LeafletMap, signal: AbortSignal): void {
  const pan = map.panTo;
  map.panTo = (place, options) => {
    const { lat, lng } = latLng(place);
    return pan.call(map, [lat, nearestCopy(lng, map.getCenter().lng)], options);
  };
  const settle = () => {
    const { lat, lng } = map.getCenter();
    if (Math.abs(lng) > 180) map.setView([lat, nearestCopy(lng, 0)], map.getZoom(), { animate: false });
  };
  map.on("moveend", settle);
  signal.addEventListener("abort", () => map.off("moveend", settle));
}

function latLng(place: Parameters<LeafletMap["panTo"]>[0]): { lat: number; lng: number } {
  return Array.isArray(place) ? { lat: place[0], lng: place[1] } : place;
}
