import "#kit/look.css";
import "./style.css";
// Puts the parts together: one view of a live map.

import { asker } from "#kit/ask.ts";
import { freshId } from "#kit/dom.js";
import { faultList, watchUncaught } from "#kit/faults.ts";
import { kernelOf } from "#kit/kernel.ts";
import { releaseOnceClosed } from "#kit/release.ts";
import { followTheme } from "#kit/theme.ts";
import { visibility } from "#kit/visibility.ts";
import { tick } from "./count.js";
import { Descriptions } from "./descriptions.ts";
import { gestures } from "./gestures.js";
import { clusterLayer } from "./layer.js";
import { addHeat, boxOf, dismantle, findMap, frame, keepSize, quiet, standAlone, watchViewport } from "./leaflet.js";
import { legend } from "./legend.js";
import { tip } from "./members.js";
import { announce } from "./news.js";
import { showPanels } from "./panels.tsx";
import { popups } from "./popups.js";
import { Clock } from "./time.ts";
import { toasts } from "./toasts.js";
import { goTheShortWay } from "./world.ts";

/** Draw a view into `el`, and give what takes it away again. */
export function render({ model, el }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const view = freshId();
  const kernel = kernelOf(model, signal);
  const ask = asker(model, kernel, signal, view);
  const faults = faultList(ask);
  watchUncaught(faults, import.meta.url, signal);
  const clock = new Clock();
  const setClock = () => {
    const replay = model.get("replay");
    if (replay !== null) clock.hold(replay.now);
    else if (kernel.state() === "saved") clock.hold(model.get("clock"));
    else if (kernel.ended()) clock.hold(clock.now());
    else clock.set(model.get("clock"));
  };
  const setAge = (message) => message.do === "age" && clock.aged(message.milliseconds);
  model.on("change:clock", setClock);
  model.on("change:replay", setClock);
  model.on("msg:custom", setAge);
  signal.addEventListener("abort", () => model.off("msg:custom", setAge));
  kernel.follow(setClock);
  setClock();
  signal.addEventListener("abort", showPanels(el, { model, ask, clock, kernel, faults }));
  el.append(legend(model));
  findMap(model, el, signal)
    .then((found) => found && furnish(found, model, view, ask, clock, kernel, faults, signal))
    .catch((error) => faults.report("The map can't be drawn", error));
  return () => leaving.abort();
}

const STEP = 80; // pixels that an arrow key moves the map
const KEYS = {
  ArrowLeft: (map) => map.panBy([-STEP, 0]),
  ArrowRight: (map) => map.panBy([STEP, 0]),
  ArrowUp: (map) => map.panBy([0, -STEP]),
  ArrowDown: (map) => map.panBy([0, STEP]),
  "+": (map) => map.zoomIn(),
  "=": (map) => map.zoomIn(),
  "-": (map) => map.zoomOut(),
  Escape: (map) => map.closePopup(),
};

/**
 * Keep the keys that are pressed in the map from the notebook, where a plain letter is a command: x cuts the cell.
 *
 * Leaflet would hear them at the document, where JupyterLab does, so they are heard here.
 */
function keepKeys(root, map, signal) {
  const keep = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    if (event.target !== map.getContainer() || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key](map);
  };
  root.addEventListener("keydown", keep, { signal });
}

/** Put the visitors on the map that was found, and see to it as long as it is there. */
function furnish({ root, mapView, map, anchor, heat }, model, view, ask, clock, kernel, faults, signal) {
  const messages = toasts();
  const tooltip = tip();
  const descriptions = new Descriptions(view, ask, tooltip.show);
  map.getContainer().append(tooltip.element, messages.element);
  quiet(mapView, kernel);
  keepSize(map);
  goTheShortWay(map, signal);
  standAlone(mapView);
  releaseOnceClosed(boxOf(mapView, root));
  frame(map, model, mapView);
  const layer = clusterLayer(map, model, view, ask, faults, descriptions, signal);
  model.on("msg:custom", descriptions.hear);
  signal.addEventListener("abort", () => model.off("msg:custom", descriptions.hear));
  popups(map, model, view, ask, clock, signal);
  map.removeLayer(heat);
  addHeat(mapView, heat, model, view, signal).catch((error) => faults.report("The heat can't be drawn", error));
  switchable(map, heat, (on) => ask({ do: "heat", on }), signal);
  switchable(map, anchor, (on) => layer.show(on), signal);
  announce(model, view, map, layer, messages, signal);
  watchViewport(map, model, view, ask, signal);
  followTheme(root, model, () => layer.redraw(), signal);
  keepKeys(root, map, signal);
  gestures(root, map, signal);
  visibility(root, ask, signal);
  const stop = tick(root, clock, model);
  signal.addEventListener("abort", () => {
    stop();
    dismantle(mapView).catch((error) => console.debug("datafast_nb: a map could not be taken away.", error));
  });
}

/** Call back whenever a layer is switched on or off, as by the layers control. */
function switchable(map, layer, change, signal) {
  const added = (event) => event.layer === layer && change(true);
  const removed = (event) => event.layer === layer && change(false);
  map.on({ layeradd: added, layerremove: removed });
  signal.addEventListener("abort", () => map.off({ layeradd: added, layerremove: removed }));
}

export default { render };
