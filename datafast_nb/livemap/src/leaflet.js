// Finds the Leaflet map beside the front end, frames the world, and tells the kernel what the map shows.

import { follow } from "#kit/follow.js";
import { releaseOnceClosed } from "#kit/release.ts";

const CENTRE = [26, 8]; // degrees, of the inhabited world
const WORLD_HEIGHT = 0.4; // of the inhabited world, in units of the world's width
const LAYOUT = 1000; // milliseconds in which a page finds its layout
const SETTLED = 60; // milliseconds without a move, after which the kernel is told of it
const NOTHING_DRAWN = { obj: null, map_view: null, displayed: null, options: {} }; // what keeps a map: `displayed` gives its view

/** Wait until the map that stands in the same widget as `el` can be seen; null if the view has gone before. */
export async function findMap(model, el, signal) {
  const mapModel = await model.widget_manager.get_model(model.get("map"));
  while (!signal.aborted) {
    const root = el.closest(".datafast-map");
    // A model may be shown more than once: the map of this view is the one under the same root.
    for (const promise of root ? Object.values(mapModel.views ?? {}) : []) {
      const view = await promise;
      if (!root.contains(view.el) || !hasSize(view.obj?.getContainer())) continue;
      view.obj.invalidateSize({ animate: false, pan: true }); // it was made where it had another, maybe none
      const [anchor, heat] = await layersOf(view, [model.get("anchor"), model.get("heat_layer")]);
      if (anchor && heat) return { root, mapView: view, map: view.obj, anchor, heat };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

/** Say whether an element takes up room: not so in a closed tab, out of the page, or in a cell of no height. */
function hasSize(element) {
  return Boolean(element?.clientWidth && element.clientHeight);
}

async function layersOf(view, ids) {
  const views = await Promise.allSettled(view.layer_views?.views ?? []); // one of the user's own may have failed
  return ids.map((id) => views.find(({ value }) => value?.model.model_id === id)?.value.obj);
}

/** Put the heat into its group, where it is drawn while the group is on the map; leaflet.heat needs a map with a size. */
export async function addHeat(mapView, group, model, view, signal) {
  const heatmap = await model.widget_manager.get_model(model.get("heatmap"));
  releaseOnceClosed(heatmap); // which no model holds
  const heat = await mapView.create_child_view(heatmap, { map_view: mapView });
  if (signal.aborted) return heat.remove();
  follow(model, ["heat"], () => heat.obj.setLatLngs(pointsOf(model.get("heat")[view])));
  group.addLayer(heat.obj);
  signal.addEventListener("abort", () => heat.remove());
}

function pointsOf(heat) {
  return (heat?.latitude ?? []).map((latitude, index) => [latitude, heat.longitude[index], heat.weight[index]]);
}

/** Keep ipyleaflet from telling the kernel of each of the pointer's moves, which nobody hears, and one that has gone. */
export function quiet(view, kernel) {
  const touch = view.touch;
  view.send = () => {};
  view.touch = () => kernel.live() && touch.call(view);
}

/** Let a map that can't be seen stay as it was: on one without a size nothing can be drawn, and no place is in view. */
export function keepSize(map) {
  const measure = map.invalidateSize;
  map.invalidateSize = (options) => (hasSize(map.getContainer()) ? measure.call(map, options) : map);
}

/**
 * Let a map show what its own reader looks at, however many views the map has.
 *
 * ipyleaflet moves every view to the one center and zoom of their model, which now keep where a view looked last.
 */
export function standAlone(view) {
  view.stopListening(view.model, "change:center change:zoom");
}

/** Give the model of the box that the map and the front end stand in; of the map alone where a page does not tell. */
export function boxOf(view, root) {
  const box = view.options?.parent;
  return box?.el === root ? box.model : view.model;
}

/**
 * Take the map away with its layers, which the window and the land's model, that all maps share, would keep.
 *
 * ipyleaflet leaves a listener of each layer's view on the model; so the view keeps nothing of what it drew.
 */
export async function dismantle(view) {
  const layers = await Promise.allSettled(view.layer_views.views ?? []);
  await Promise.allSettled([view.layer_views.remove(), view.control_views.remove()]);
  for (const { value } of layers) if (value) Object.assign(value, NOTHING_DRAWN);
  view.obj.remove();
}

/** Show the whole inhabited world, in a view's own size; the only view goes on where the last one looked. */
export function frame(map, model, view) {
  const alone = Object.keys(view.model.views ?? {}).length < 2;
  if (model.get("framed") && alone) return;
  const show = () => {
    const { x, y } = map.getSize();
    const zoom = Math.min(Math.log2(x / 256), Math.log2(y / (256 * WORLD_HEIGHT)));
    map.setView(CENTRE, Math.max(0, Math.floor(zoom * 4) / 4), { animate: false });
  };
  show();
  // The page may still be finding its layout, and the map its size.
  map.on("resize", show);
  setTimeout(() => map.off("resize", show), LAYOUT);
}

/** Tell the kernel what the map shows: now, after each move, and when it asks; let the map follow its place on the page. */
export function watchViewport(map, model, view, ask, signal) {
  let timer = null;
  const tell = () => {
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
    timer = setTimeout(tell, SETTLED);
  };
  const asked = (message) => message.do === "look" && message.view === view && tell();
  const resized = new ResizeObserver(() => map.invalidateSize({ pan: false, debounceMoveend: true }));
  map.on("moveend resize", moved);
  model.on("msg:custom", asked);
  resized.observe(map.getContainer());
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    map.off("moveend resize", moved);
    model.off("msg:custom", asked);
    resized.disconnect();
  });
  tell();
}
