// The world goes round: of the copies of a place, 360 degrees apart, which one is meant.

import type { Map as LeafletMap } from "leaflet";

const SLACK = 45; // degrees beyond half the world round, where the kernel, which counts whole cells, may mean what it says

/** Latitude and longitude, in degrees. */
export type Place = [number, number];

/** Return a longitude on the copy of the world that is nearest to another. */
export function nearestCopy(longitude: number, other: number): number {
  return longitude + 360 * Math.round((other - longitude) / 360);
}

/** Return where a longitude is for a map with its middle at another. */
export function copyInView(longitude: number, middle: number): number {
  return Math.abs(longitude - middle) <= 180 + SLACK ? longitude : nearestCopy(longitude, middle);
}

/** Let a map go the short way round the world, and end on its first copy: the land reaches half the world beyond it. */
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
