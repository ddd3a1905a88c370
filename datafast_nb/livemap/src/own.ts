// The package's own Leaflet map, for pages that have none of ipyleaflet's.

import L from "leaflet";
import "leaflet.heat";
import { onChange } from "#kit/model.ts";
import { type FindMap, type FoundMap, type HeatLayer, hasSize } from "./leaflet.ts";
import type { Land } from "./places.ts";

const CENTER: [number, number] = [26, 8]; // degrees, of the inhabited world
const DEEPEST = 14; // zoom
const LAND = "land"; // the pane, whose canvas is not drawn again whenever the visitors are

/** Make the map of a view, once its land is there. */
export const findOwn: FindMap = async ({ model, el, places, signal }) => {
  const root = el.closest<HTMLElement>(".datafast-map");
  const land = await places.wait("land", signal);
  if (!root || !land) return null;
  const place = document.createElement("div");
  place.className = "leaflet-widgets";
  place.style.height = `${model.get("height")}px`;
  root.append(place);
  signal.addEventListener("abort", () => place.remove());
  signal.addEventListener(
    "abort",
    onChange(model, ["height"], () => {
      place.style.height = `${model.get("height")}px`;
    }),
  );
  while (!hasSize(place)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (signal.aborted) return null;
  }
  return ownMap(root, place, land, model.get("gradient"));
};

/** Make a map over the land, with the colors of the heat map by their place from 0 to 1. */
function ownMap(root: HTMLElement, place: HTMLElement, land: Land, gradient: Record<string, string>): FoundMap {
  const map = L.map(place, {
    center: CENTER,
    zoom: 1,
    minZoom: 0,
    maxZoom: DEEPEST,
    zoomSnap: 0.25,
    preferCanvas: true,
    worldCopyJump: true,
    zoomControl: false,
    attributionControl: false,
  });
  const pane = map.createPane(LAND);
  pane.style.zIndex = "250";
  pane.style.pointerEvents = "none";
  const style = (feature?: GeoJSON.Feature) => feature?.properties?.style as L.PathOptions;
  const base = L.geoJSON(around(land), { style, ...{ pane: LAND } }).addTo(map);
  const [anchor, heat] = [L.layerGroup().addTo(map), L.layerGroup().addTo(map)];
  L.control.zoom({ position: "topleft" }).addTo(map);
  const switches = { Visitors: anchor, "Heat: expected value": heat };
  L.control.layers({ Land: base }, switches, { position: "topleft" }).addTo(map);
  L.control.attribution({ position: "bottomright", prefix: "Natural Earth, GeoNames" }).addTo(map);
  const makeHeat = async () => {
    const { heatLayer } = L as unknown as { heatLayer: (points: [], options: object) => HeatLayer };
    return { layer: heatLayer([], { radius: 22, blur: 16, maxZoom: DEEPEST, gradient }), remove: () => {} };
  };
  const dismantle = async () => {
    map.off("moveend zoomend");
    map.remove();
  };
  // It begins with the whole world: no model has where another view was.
  return { root, map, anchor, heat, continues: () => false, makeHeat, dismantle };
}

/** Return the land with the parts that a view across ±180° shows: Leaflet draws a shape once, on the first copy of the world. */
function around({ features, ...land }: Land): Land {
  const moved = (polygon: GeoJSON.Position[][]) => {
    const longitudes = (polygon[0] ?? []).map(([x = 0]) => x);
    const turn = Math.min(...longitudes) + Math.max(...longitudes) > 0 ? -360 : 360;
    return polygon.map((ring) => ring.map(([x = 0, y = 0]) => [x + turn, y]));
  };
  const whole = features.map(({ geometry, ...feature }) => {
    const { coordinates } = geometry;
    return { ...feature, geometry: { ...geometry, coordinates: [...coordinates, ...coordinates.map(moved)] } };
  });
  return { ...land, features: whole };
}
