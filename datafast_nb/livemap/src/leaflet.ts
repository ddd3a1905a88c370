// Finds the Leaflet map beside the front end, frames the world, and reports to the kernel what the map shows.

import type { InvalidateSizeOptions, Layer, LayerGroup, Map as LeafletMap } from "leaflet";
import type { Kernel } from "#kit/kernel.ts";
import { onChange } from "#kit/model.ts";
import type { Heat, MapAnnouncement } from "#kit/protocol.ts";
import { releaseOnceClosed } from "#kit/release.ts";
import { showWorld } from "./fit.ts";
import type { Globe } from "./globe.ts";
import type { MapAsk, MapModel } from "./model.ts";

const LAYOUT = 1000; // milliseconds in which a page finds its layout
const SETTLED = 60; // milliseconds without a move, after which the kernel learns of it
const WHOLE = { south: -85, west: -180, north: 85, east: 180 }; // of the world, which a globe shows as it turns
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

/** The view that ipyleaflet has of a map. */
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

/** What Leaflet.heat draws. */
type HeatLayer = Layer & { setLatLngs: (points: Point[]) => void };

/** Latitude, longitude and weight. */
type Point = [number, number, number];

/** The Leaflet map of a view, and the layers that its switches are about. */
export interface FoundMap {
  root: HTMLElement;
  mapView: MapView;
  map: LeafletMap;
  anchor: Layer;
  heat: LayerGroup;
}

/** The way to the models of ipyleaflet, whose views anywidget does not hand out. */
type Manager = { widget_manager: { get_model: (id: string) => Promise<WidgetModel> } };

function widgetOf(model: MapModel, trait: "map" | "heatmap"): Promise<WidgetModel> {
  return (model as MapModel & Manager).widget_manager.get_model(model.get(trait));
}

/** Wait until the map that stands in the same widget as `el` can be seen; null if the view has gone before. */
export async function findMap(model: MapModel, el: HTMLElement, signal: AbortSignal): Promise<FoundMap | null> {
  const mapModel = await widgetOf(model, "map");
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
      if (anchor && heat) return { root, mapView, map, anchor, heat: heat as LayerGroup };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

/** Say whether an element takes up room: not so in a closed tab, out of the page, or in a cell of no height. */
function hasSize(element: HTMLElement): boolean {
  return Boolean(element.clientWidth && element.clientHeight);
}

/** Return the layers of a map that are drawn, by the ids of their models. */
async function layersOf(view: MapView): Promise<Map<string, Layer>> {
  const views = await Promise.allSettled(view.layer_views?.views ?? []); // one of the user's own may have failed
  const drawn = views.flatMap((each) => (each.status === "fulfilled" && each.value ? [each.value] : []));
  return new Map(drawn.map(({ model, obj }) => [model.model_id, obj]));
}

/** Put the heat into its group, where it is drawn while the group is on the map; leaflet.heat needs a map with a size. */
export async function addHeat(
  { mapView, heat: group }: FoundMap,
  model: MapModel,
  view: string,
  signal: AbortSignal,
): Promise<void> {
  const heatmap = await widgetOf(model, "heatmap");
  releaseOnceClosed(heatmap); // which no model holds
  const heat = await mapView.create_child_view(heatmap, { map_view: mapView });
  if (signal.aborted) return heat.remove();
  const draw = () => heat.obj.setLatLngs(pointsOf(model.get("heat")[view]));
  signal.addEventListener("abort", onChange(model, ["heat"], draw));
  draw();
  group.addLayer(heat.obj);
  signal.addEventListener("abort", () => heat.remove());
}

function pointsOf(heat: Heat | undefined): Point[] {
  if (!heat) return [];
  return heat.latitude.map((latitude, index) => [latitude, heat.longitude[index] ?? 0, heat.weight[index] ?? 0]);
}

/** Keep ipyleaflet from sending each move of the pointer to the kernel, which ignores them or may be gone. */
export function quiet(view: MapView, kernel: Pick<Kernel, "live">): void {
  const touch = view.touch;
  view.send = () => {};
  view.touch = () => {
    if (kernel.live()) touch.call(view);
  };
}

/** Let a map that can't be seen stay as it was: on one without a size nothing can be drawn, and no place is in view. */
export function keepSize(map: LeafletMap): void {
  const measure = map.invalidateSize;
  map.invalidateSize = (options?: boolean | InvalidateSizeOptions) =>
    hasSize(map.getContainer()) ? measure.call(map, options as InvalidateSizeOptions) : map;
}

/**
 * Let a map show what its own reader looks at, however many views the map has.
 *
 * ipyleaflet moves every view to the one center and zoom of their model, which now keep where a view looked last.
 */
export function standAlone(view: MapView): void {
  view.stopListening(view.model, "change:center change:zoom");
}

/** Return the model of the box that holds the map and the front end; of the map alone on a page without that box. */
export function boxOf(view: MapView, root: HTMLElement): unknown {
  const box = view.options?.parent;
  return box?.el === root ? box.model : view.model;
}

/**
 * Take the map away with its layers, which the window and the land's model, that all maps share, would keep.
 *
 * ipyleaflet leaves a listener of each layer's view on the model; so the view keeps nothing of what it drew.
 */
export async function dismantle(view: MapView): Promise<void> {
  const layers = await Promise.allSettled(view.layer_views.views ?? []);
  await Promise.allSettled([view.layer_views.remove(), view.control_views.remove()]);
  for (const each of layers) if (each.status === "fulfilled" && each.value) Object.assign(each.value, NOTHING_DRAWN);
  view.obj.off("moveend zoomend"); // of which a timer of Leaflet would tell ipyleaflet later
  view.obj.remove();
}

/** Show the whole world, in a view's own size; the only view goes on where the last one looked. */
export function frame(map: LeafletMap, model: MapModel, view: MapView): void {
  const alone = Object.keys(view.model.views ?? {}).length < 2;
  if (model.get("framed") && alone) return;
  const show = () => showWorld(map);
  show();
  // The page may still be finding its layout, and the map its size.
  map.on("resize", show);
  setTimeout(() => map.off("resize", show), LAYOUT);
}

/** Report to the kernel what the map shows: now, after each move, and when it asks; let the map follow its place on the page. */
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
    if (globe.on) return void ask({ do: "viewport", zoom: globe.zoom(), ...WHOLE });
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
