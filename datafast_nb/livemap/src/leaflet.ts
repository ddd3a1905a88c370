// Finds the Leaflet map beside the front end, fits the world, and reports the viewport to the kernel.

import type { InvalidateSizeOptions, Layer, LayerGroup, Map as LeafletMap } from "leaflet";
import type { Kernel } from "#kit/kernel.ts";
import { onChange } from "#kit/model.ts";
import { modelOfIpywidgets } from "#kit/others.ts";
import type { Heat, MapAnnouncement } from "#kit/protocol.ts";
import { releaseOnceClosed } from "#kit/release.ts";
import { showWorld } from "./fit.ts";
import type { Globe } from "./globe.ts";
import type { MapAsk, MapModel } from "./model.ts";
import type { Places } from "./places.ts";

const LAYOUT = 1000; // milliseconds in which a page finds its layout
const SETTLED = 60; // milliseconds without a move before it is reported to the kernel
const NOTHING_DRAWN = { obj: null, map_view: null, displayed: null, options: {} }; // what keeps a map: `displayed` gives its view

/** A model of ipywidgets, with the views that a page has of it. */
interface WidgetModel {
  model_id: string;
  views?: Record<string, Promise<MapView>>;
}

/** A view of ipyleaflet, and what it draws. */
interface LeafletView<Drawn> {
  model: WidgetModel;
  obj: Drawn;
  remove: () => void;
}

/** ipyleaflet's view of a map. */
interface MapView extends LeafletView<LeafletMap> {
  el: HTMLElement;
  options?: { parent?: { el: HTMLElement; model: WidgetModel } };
  layer_views: { views?: Promise<LeafletView<Layer>>[]; remove: () => Promise<void> };
  control_views: { remove: () => Promise<void> };
  send: () => void;
  touch: () => void;
  stopListening: (model: WidgetModel, events: string) => void;
  create_child_view: (model: WidgetModel, options: object) => Promise<LeafletView<HeatLayer>>;
}

/** The layer that Leaflet.heat draws. */
export type HeatLayer = Layer & { setLatLngs: (points: Point[]) => void };

/** Latitude, longitude and weight. */
type Point = [number, number, number];

/** The Leaflet map of a view, ipyleaflet's or the package's own, and the layers that can be switched on and off. */
export interface FoundMap {
  root: HTMLElement;
  map: LeafletMap;
  anchor: Layer;
  heat: LayerGroup;
  /** Return whether the map is where the last view was, as the only one of the page. */
  continues: () => boolean;
  /** Make the heat layer, and a function that removes it. */
  makeHeat: () => Promise<{ layer: HeatLayer; remove: () => void }>;
  /** Remove the map. */
  dismantle: () => Promise<void>;
}

/** What it takes to find the map of a view. */
export interface Wanted {
  model: MapModel;
  /** The element of the front end. */
  el: HTMLElement;
  kernel: Kernel;
  places: Places;
  signal: AbortSignal;
}

/** Finds the map of a view; null if the view is removed first. */
export type FindMap = (wanted: Wanted) => Promise<FoundMap | null>;

/** Wait until the map in the same widget as `el` is visible. */
export const findMap: FindMap = async ({ model, el, kernel, signal }) => {
  const mapModel = await modelOfIpywidgets<WidgetModel>(model, model.get("map"));
  while (!signal.aborted) {
    const root = el.closest<HTMLElement>(".datafast-map");
    // A model may be shown more than once: the map of this view is the one under the same root.
    for (const promise of root ? Object.values(mapModel.views ?? {}) : []) {
      const mapView = await promise;
      const map = mapView.obj as LeafletMap | undefined;
      if (!root?.contains(mapView.el) || !map || !hasSize(map.getContainer())) continue;
      map.invalidateSize({ animate: false, pan: true }); // it was made where it had another, maybe none
      const layers = await layersOf(mapView);
      const [anchor, heat] = [layers.get(model.get("anchor")), layers.get(model.get("heat_layer"))];
      if (!anchor || !heat) continue;
      quiet(mapView, kernel);
      standAlone(mapView);
      releaseOnceClosed(boxOf(mapView, root));
      return {
        root,
        map,
        anchor,
        heat: heat as LayerGroup,
        continues: () => Object.keys(mapModel.views ?? {}).length < 2,
        makeHeat: () => heatOf(mapView, model),
        dismantle: () => dismantle(mapView),
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
};

/** Return whether an element has a size: it has none in a closed tab, outside the page, or in a cell without height. */
export function hasSize(element: HTMLElement): boolean {
  return Boolean(element.clientWidth && element.clientHeight);
}

/** Return the layers of a map that are drawn, by the ids of their models. */
async function layersOf(view: MapView): Promise<Map<string, Layer>> {
  const views = await Promise.allSettled(view.layer_views?.views ?? []); // a layer of the user may have failed
  const drawn = views.flatMap((each) => (each.status === "fulfilled" && each.value ? [each.value] : []));
  return new Map(drawn.map(({ model, obj }) => [model.model_id, obj]));
}

/** Make the heat layer in ipyleaflet's view. */
async function heatOf(view: MapView, model: MapModel) {
  const heatmap = await modelOfIpywidgets<WidgetModel>(model, model.get("heatmap"));
  releaseOnceClosed(heatmap); // which no model holds
  const heat = await view.create_child_view(heatmap, { map_view: view });
  return { layer: heat.obj, remove: () => heat.remove() };
}

/** Add the heat layer to its group, which draws it while it is on the map; Leaflet.heat needs a map with a size. */
export async function addHeat(
  { makeHeat, heat: group }: FoundMap,
  model: MapModel,
  view: string,
  signal: AbortSignal,
): Promise<void> {
  const { layer, remove } = await makeHeat();
  if (signal.aborted) return remove();
  const draw = () => layer.setLatLngs(pointsOf(model.get("heat")[view]));
  signal.addEventListener("abort", onChange(model, ["heat"], draw));
  draw();
  group.addLayer(layer);
  signal.addEventListener("abort", remove);
}

function pointsOf(heat: Heat | undefined): Point[] {
  if (!heat) return [];
  return heat.latitude.map((latitude, index) => [latitude, heat.longitude[index] ?? 0, heat.weight[index] ?? 0]);
}

/** Keep ipyleaflet from sending each move of the pointer to the kernel, which ignores them or may be gone. */
function quiet(view: MapView, kernel: Pick<Kernel, "live">): void {
  const touch = view.touch;
  view.send = () => {};
  view.touch = () => {
    if (kernel.live()) touch.call(view);
  };
}

/** Leave a hidden map unchanged: without a size, nothing can be drawn, and no place is in view. */
export function keepSize(map: LeafletMap): void {
  const measure = map.invalidateSize;
  map.invalidateSize = (options?: boolean | InvalidateSizeOptions) =>
    hasSize(map.getContainer()) ? measure.call(map, options as InvalidateSizeOptions) : map;
}

/**
 * Let each view of a map show its own part of the world.
 *
 * ipyleaflet moves every view to the one center and zoom of the model. These now only record where the last view was.
 */
function standAlone(view: MapView): void {
  view.stopListening(view.model, "change:center change:zoom");
}

/** Return the model of the box that holds map and front end, or of the map on a page without that box. */
function boxOf(view: MapView, root: HTMLElement): unknown {
  const box = view.options?.parent;
  return box?.el === root ? box.model : view.model;
}

/**
 * Remove the map with its layers, which the window and the shared model of the land would otherwise keep alive.
 *
 * ipyleaflet leaves a listener of each layer's view on the model, so the view must not keep what it drew.
 */
async function dismantle(view: MapView): Promise<void> {
  const layers = await Promise.allSettled(view.layer_views.views ?? []);
  await Promise.allSettled([view.layer_views.remove(), view.control_views.remove()]);
  for (const each of layers) if (each.status === "fulfilled" && each.value) Object.assign(each.value, NOTHING_DRAWN);
  view.obj.off("moveend zoomend"); // which a timer of Leaflet would report to ipyleaflet later
  view.obj.remove();
}

/** Show the whole world at a view's own size; a single view continues where the last one was. */
export function frame({ map, continues }: FoundMap, model: MapModel): void {
  if (model.get("framed") && continues()) return;
  const show = () => showWorld(map);
  show();
  // The page may still be finding its layout, and the map its size.
  map.on("resize", show);
  setTimeout(() => map.off("resize", show), LAYOUT);
}

/** Report the viewport to the kernel: now, after each move, and on request. Resize the map with its place. */
export function watchViewport(
  map: LeafletMap,
  {
    model,
    view,
    ask,
    globe,
    signal,
  }: { model: MapModel; view: string; ask: MapAsk; globe: Globe; signal: AbortSignal },
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const report = () => {
    if (globe.on) return void ask({ do: "viewport", ...globe.view() });
    const bounds = map.getBounds();
    ask({
      do: "viewport",
      zoom: map.getZoom(),
      south: bounds.getSouth(),
      west: bounds.getWest(),
      north: bounds.getNorth(),
      east: bounds.getEast(),
    });
  };
  const moved = () => {
    clearTimeout(timer);
    timer = setTimeout(report, SETTLED);
  };
  const onMessage = (message: MapAnnouncement) => {
    if (message.do === "look" && message.view === view) report();
  };
  const resized = new ResizeObserver(() => map.invalidateSize({ animate: false, pan: true, debounceMoveend: true }));
  map.on("moveend resize", moved);
  signal.addEventListener(
    "abort",
    globe.follow(() => globe.on && globe.zoomed && moved()),
  );
  model.on("msg:custom", onMessage);
  resized.observe(map.getContainer());
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    map.off("moveend resize", moved);
    model.off("msg:custom", onMessage);
    resized.disconnect();
  });
  report();
}
