// The visitors on the map: a canvas of clusters that move, grow, split and fade instead of jumping.

import { clustersOf } from "./clusters.ts";
import { cellOf, ease, progress, settle, transition } from "./motion.ts";
import { paintFrame } from "./paint.ts";
import { copyInView, nearestCopy } from "./world.ts";

const MOVE = 320; // milliseconds of a change
const PULSE = 1400; // milliseconds of a pulse
const ZOOM = 250; // milliseconds of Leaflet's zoom, along its curve
const PADDING = 0.15; // of the map's size, drawn beyond each edge for when the map is dragged
const REACH = 4; // pixels around a cluster that count as on it

/** Put the layer on a Leaflet map. Gives {show(on), redraw(), pulse(place, kind)}. */
export function clusterLayer(map, model, view, ask, faults, descriptions, signal) {
  const canvas = document.createElement("canvas");
  canvas.className = "df-canvas";
  canvas.setAttribute("role", "img");
  const pane = map.getPane("df-visitors") ?? map.createPane("df-visitors");
  pane.style.zIndex = 450;
  pane.style.pointerEvents = "none";
  pane.append(canvas);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const state = {
    marks: new Map(),
    across: 0,
    pulses: [],
    started: 0,
    zooming: null,
    frame: 0,
    origin: null,
    shown: true,
  };

  const paint = (now) => {
    state.frame = 0;
    const share = calm.matches ? 1 : progress(now, state.started, MOVE);
    if (share === 1) settle(state.marks);
    state.pulses = state.pulses.filter(({ start }) => now - start < PULSE);
    if (state.zooming && now - state.zooming.start > ZOOM + 100) state.zooming = null;
    // A frame that fails must not be the last.
    faults.guard("The visitors can't be drawn", () =>
      paintFrame(canvas, {
        marks: state.marks,
        pulses: state.pulses,
        share: ease(share),
        now,
        pulse: PULSE,
        project: placer(map, state, now),
        selected: selectedCell(model, state),
      }),
    );
    if (share < 1 || state.pulses.length || state.zooming) redraw();
  };
  const redraw = () => {
    if (!state.frame && !signal.aborted) state.frame = requestAnimationFrame(paint);
  };
  const take = () => {
    const all = model.get("clusters");
    // Until the kernel knows where this view looks, what another one shows; a saved notebook has nothing else.
    const shown = all[view] ?? Object.values(all).at(-1);
    const clusters = shown ? clustersOf(shown) : [];
    Object.assign(state, transition(state, shown?.across ?? 1, clusters, currentShare(state)));
    state.started = performance.now();
    canvas.setAttribute("aria-label", described(clusters));
    pointer.look();
    descriptions.forget();
    redraw();
  };
  const reset = () => {
    state.zooming = null;
    place(map, canvas, state);
    redraw();
  };
  const zoomed = ({ center, zoom }) => {
    if (!calm.matches) state.zooming = { start: performance.now(), ...newOrigin(map, center, zoom), zoom };
    redraw();
  };
  // A canvas that was out of the page was drawn without the page's colours.
  const shown = new ResizeObserver(redraw);
  shown.observe(canvas);
  const pointer = pointing(map, state, ask, descriptions, () => model.get("popups")[view]?.id, signal);
  model.on("change:popups", pointer.look);
  map.on({ moveend: reset, resize: reset, zoomanim: zoomed });
  model.on("change:clusters", take);
  let selected = model.get("selected")?.id;
  const select = () => {
    const id = model.get("selected")?.id;
    const where = selectedPlace(model);
    // Whoever is selected comes into view; a refresh, which selects nobody anew, moves nothing.
    if (id !== selected && where && !map.getBounds().contains(nearest(map, where))) map.panTo(where);
    selected = id;
    redraw();
  };
  model.on("change:selected", select);
  signal.addEventListener("abort", () => {
    cancelAnimationFrame(state.frame);
    shown.disconnect();
    map.off({ moveend: reset, resize: reset, zoomanim: zoomed });
    canvas.remove();
  });
  reset();
  take();
  return {
    redraw,
    show: (on) => {
      state.shown = on;
      canvas.hidden = !on;
    },
    pulse: (where, kind) => {
      if (!calm.matches) state.pulses.push({ place: where, kind, start: performance.now() });
      redraw();
    },
  };
}

function nearest(map, [lat, lon]) {
  return [lat, nearestCopy(lon, map.getCenter().lng)];
}

function currentShare({ started }) {
  return ease(progress(performance.now(), started, MOVE));
}

function described(items) {
  const visitors = items.reduce((sum, item) => sum + item.visitors, 0);
  if (!visitors) return "Map of visitors: nobody in this part of the world";
  return `Map of visitors: ${visitors} in ${items.length} ${items.length === 1 ? "place" : "places"}. The list beside it names them.`;
}

/** Lay the canvas over what the map shows, sharp on every screen. */
function place(map, canvas, state) {
  const size = map.getSize();
  const padding = size.multiplyBy(PADDING).round();
  const full = size.add(padding.multiplyBy(2));
  const ratio = window.devicePixelRatio || 1;
  state.origin = map.containerPointToLayerPoint([0, 0]).subtract(padding);
  const [width, height] = [Math.round(full.x * ratio), Math.round(full.y * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  Object.assign(canvas.style, {
    width: `${full.x}px`,
    height: `${full.y}px`,
    transform: `translate3d(${state.origin.x}px, ${state.origin.y}px, 0)`,
  });
}

/** Give where Leaflet will have its layers' origin after a zoom, in pixels of the world at that zoom. */
function newOrigin(map, center, zoom) {
  const half = map.getSize().divideBy(2);
  const moved = map.containerPointToLayerPoint([0, 0]);
  return { origin: map.project(center, zoom).subtract(half).subtract(moved).round() };
}

/** Give the function from degrees to pixels of the canvas, amid a zoom too: Leaflet moves everything on one curve. */
function placer(map, { origin, zooming }, now) {
  const middle = map.getCenter().lng;
  const onMap = ([lat, lon]) => [lat, copyInView(lon, middle)];
  const at = (place) => map.latLngToLayerPoint(onMap(place)).subtract(origin);
  if (!zooming) return at;
  const share = ease(progress(now, zooming.start, ZOOM));
  return (place) => {
    const from = at(place);
    const to = map.project(onMap(place), zooming.zoom).subtract(zooming.origin).subtract(origin);
    return from.add(to.subtract(from).multiplyBy(share));
  };
}

/** Give the latitude and longitude of the visitor who is selected, if they are known. */
function selectedPlace(model) {
  const place = model.get("selected")?.place;
  return place ? [place.latitude, place.longitude] : null;
}

/** Give the place of the visitor who is selected, and the cluster it is in. */
function selectedCell(model, { marks, across }) {
  const where = selectedPlace(model);
  return where ? { place: where, mark: marks.get(cellOf(where, across)) } : null;
}

/** Describe the cluster that the pointer is on, unless its popup does, and tell the kernel which one was clicked. */
function pointing(map, state, ask, descriptions, opened, signal) {
  const container = map.getContainer();
  let pointed = null; // its id
  const markAt = (point) => {
    if (!state.shown) return null;
    const middle = map.getCenter().lng;
    let best = null;
    for (const mark of state.marks.values()) {
      const away =
        map.latLngToContainerPoint([mark.to.lat, copyInView(mark.to.lon, middle)]).distanceTo(point) - mark.to.radius;
      if (!mark.gone && away <= REACH && (best === null || away < best.away)) best = { mark, away };
    }
    return best?.mark ?? null;
  };
  const point = (mark) => {
    if ((mark?.id ?? null) === pointed) return;
    pointed = mark?.id ?? null;
    container.classList.toggle("df-pointing", mark !== null);
    look();
  };
  // What its popup says need not be said twice.
  const look = () => descriptions.describe(state.marks.has(pointed) && pointed !== opened() ? pointed : null);
  const onMap = ({ target }) => !target.closest?.(".leaflet-control, .leaflet-popup, .df-toasts");
  container.addEventListener(
    "pointermove",
    (event) => point(onMap(event) && !event.buttons ? markAt(map.mouseEventToContainerPoint(event)) : null),
    { signal },
  );
  container.addEventListener("pointerleave", () => point(null), { signal });
  // What was pressed is what was meant: JupyterLab may scroll between the press and the click, as does the focus.
  let pressed = null;
  container.addEventListener(
    "pointerdown",
    (event) => {
      pressed = onMap(event) ? markAt(map.mouseEventToContainerPoint(event)) : null;
      if (onMap(event)) container.focus({ preventScroll: true });
    },
    { signal, capture: true },
  );
  const clicked = () => {
    if (pressed) ask({ do: "open", id: pressed.id, latitude: pressed.to.lat, longitude: pressed.to.lon });
  };
  map.on("click", clicked);
  signal.addEventListener("abort", () => map.off("click", clicked));
  return { look };
}
