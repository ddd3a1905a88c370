// Puts the parts together: one view of a live map.

import "#kit/look.css";
import "./style.css";
import type { RenderProps } from "@anywidget/types";
import type { Layer, LayerEvent, Map as LeafletMap } from "leaflet";
import { type ComponentChild, render as draw } from "preact";
import { asker } from "#kit/ask.ts";
import { type Faults, faultList, watchUncaught } from "#kit/faults.ts";
import { Guarded } from "#kit/guarded.tsx";
import { freshId } from "#kit/id.ts";
import { type Kernel, kernelOf } from "#kit/kernel.ts";
import { type Model, onChange } from "#kit/model.ts";
import { unpacked } from "#kit/packed.ts";
import type { MapAnnouncement, MapMessage } from "#kit/protocol.ts";
import { followTheme } from "#kit/theme.ts";
import { visibility } from "#kit/visibility.ts";
import { Descriptions } from "./descriptions.ts";
import { keepWorld } from "./fit.ts";
import { gestures } from "./gestures.ts";
import { Globe } from "./globe.ts";
import { Ground } from "./ground.ts";
import { keepKeys } from "./keyboard.ts";
import { ClusterLayer } from "./layer.ts";
import { addHeat, type FindMap, type FoundMap, findMap, frame, keepSize, watchViewport } from "./leaflet.ts";
import { Legend } from "./legend.tsx";
import type { MapAsk, MapModel, MapState } from "./model.ts";
import { announce } from "./news.ts";
import { showPanels } from "./panels.tsx";
import { Places } from "./places.ts";
import { ClusterPopup } from "./popups.tsx";
import { Clock } from "./time.ts";
import { Toasts } from "./toasts.tsx";
import { Tooltip } from "./tooltip.tsx";
import { turnButton } from "./turning.tsx";
import { goTheShortWay } from "./world.ts";

/** Shared by all parts of a view. */
interface Parts {
  model: MapModel;
  /** The id of the view. */
  view: string;
  ask: MapAsk;
  clock: Clock;
  kernel: Kernel;
  faults: Faults;
  places: Places;
  /** Ends all listeners when the view is removed. */
  signal: AbortSignal;
}

/** Draw a view into `el`, and return a function that removes it. */
function render({ model, el }: RenderProps<object>) {
  const leaving = new AbortController();
  show(model, el, kernelOf(model, leaving.signal), findMap, leaving.signal);
  return () => leaving.abort();
}

/** Draw a view of what a kernel, or what stands for one, knows, with the map that is found for it. */
export function show(sent: Model<object>, el: HTMLElement, kernel: Kernel, find: FindMap, signal: AbortSignal): void {
  const view = freshId();
  const ask: MapAsk = asker<MapMessage>(sent, kernel, signal, view);
  const faults = faultList(ask);
  const model = unpacked<MapState>(sent, (read) => faults.guard("What the kernel sent can't be read", read), signal);
  watchUncaught(faults, model, import.meta.url, signal);
  const clock = clockOf(model, kernel, signal);
  const places = new Places(model, ask, (error) => faults.report("The places can't be drawn", error), signal);
  places.get("flags");
  const parts: Parts = { model, view, ask, clock, kernel, faults, places, signal };
  const { after, end } = showPanels(el, parts);
  signal.addEventListener("abort", end);
  const legend = (
    <Guarded what="The legend can't be drawn" faults={faults} model={model}>
      <Legend model={model} />
    </Guarded>
  );
  drawInto(placeIn(el), legend, signal);
  find({ el, ...parts })
    .then((found) => {
      if (!found) return;
      found.root.append(after);
      furnish(found, parts);
    })
    .catch((error) => faults.report("The map can't be drawn", error));
}

/** Return the clock of the data: it follows the kernel, and stands still for data of the past. */
function clockOf(model: MapModel, kernel: Kernel, signal: AbortSignal): Clock {
  const clock = new Clock();
  const set = () => {
    const replay = model.get("replay");
    if (replay !== null) clock.hold(replay.now);
    else if (kernel.state() === "saved" || kernel.state() === "file") clock.hold(model.get("clock"));
    else if (kernel.ended()) clock.hold(clock.now());
    else clock.set(model.get("clock"));
  };
  const hear = (message: MapAnnouncement) => {
    if (message.do === "age") clock.aged(message.milliseconds);
  };
  for (const event of ["change:clock", "change:replay"] as const) model.on(event, set);
  model.on("msg:custom", hear);
  signal.addEventListener("abort", kernel.follow(set));
  signal.addEventListener("abort", () => {
    for (const event of ["change:clock", "change:replay"] as const) model.off(event, set);
    model.off("msg:custom", hear);
  });
  set();
  return clock;
}

/** Return a new element whose children take part in the layout of its parent. */
function placeIn(el: HTMLElement): HTMLElement {
  const place = document.createElement("div");
  place.style.display = "contents";
  el.append(place);
  return place;
}

/** Draw into an element, until the view is removed. */
function drawInto(place: HTMLElement, what: ComponentChild, signal: AbortSignal): void {
  draw(what, place);
  signal.addEventListener("abort", () => draw(null, place));
}

/** Put the visitors on the map, and keep them up to date until the view is removed. */
function furnish(found: FoundMap, parts: Parts): void {
  const { root, map, anchor, heat } = found;
  const { model, view, ask, faults, signal } = parts;
  keepSize(map);
  goTheShortWay(map, signal);
  keepWorld(map, signal);
  frame(found, model);
  const descriptions = describeIn(map, parts);
  const globe = new Globe({ map, ...parts });
  turnButton(map, globe, signal);
  const layer = new ClusterLayer({ map, descriptions, globe, ...parts });
  const ground = new Ground({ map, ...parts });
  new ClusterPopup({ map, globe, ...parts });
  map.removeLayer(heat);
  addHeat(found, model, view, signal).catch((error) => faults.report("The heat can't be drawn", error));
  switchable(map, heat, (on) => ask({ do: "heat", on }), signal);
  switchable(map, anchor, (on) => layer.show(on), signal);
  const toasts = new Toasts();
  map.getContainer().append(toasts.element);
  announce({ map, layer, toasts, globe, ...parts });
  clearOnceHidden(toasts, parts);
  watchViewport(map, { globe, ...parts });
  followTheme(
    root,
    model,
    () => {
      layer.redraw();
      ground.redraw();
      globe.redraw();
    },
    signal,
  );
  keepKeys(root, map, signal);
  gestures(root, map, signal);
  visibility(root, ask, signal);
  signal.addEventListener("abort", () => {
    toasts.clear();
    found.dismantle().catch((error) => console.debug("datafast_nb: a map could not be taken away.", error));
  });
}

/** Remove messages that may name a person, once names are hidden. */
function clearOnceHidden(toasts: Toasts, { model, signal }: Parts): void {
  let hidden = model.get("controls").privacy.hidden;
  const changed = () => {
    const before = hidden;
    hidden = model.get("controls").privacy.hidden;
    if (hidden && !before) toasts.clear();
  };
  signal.addEventListener("abort", onChange(model, ["controls"], changed));
}

/** Put the tooltip on a map, and return the descriptions of clusters. */
function describeIn(map: LeafletMap, { model, view, ask, signal }: Parts): Descriptions {
  const place = placeIn(map.getContainer());
  const descriptions = new Descriptions(view, ask, (summary) => draw(<Tooltip summary={summary} />, place));
  drawInto(place, <Tooltip summary={null} />, signal);
  descriptions.follow(model, signal);
  return descriptions;
}

/** Call back whenever a layer is switched on or off, as by the layers control. */
function switchable(map: LeafletMap, layer: Layer, change: (on: boolean) => void, signal: AbortSignal): void {
  const added = (event: LayerEvent) => event.layer === layer && change(true);
  const removed = (event: LayerEvent) => event.layer === layer && change(false);
  map.on({ layeradd: added, layerremove: removed });
  signal.addEventListener("abort", () => map.off({ layeradd: added, layerremove: removed }));
}

export default { render };
