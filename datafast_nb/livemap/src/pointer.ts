// Finds the cluster under the pointer, and opens clicked ones.

import type { LatLngExpression, Map as LeafletMap, Point } from "leaflet";
import type { Mark } from "./motion.ts";
import { copyInView, type Place } from "./world.ts";

const REACH = 4; // pixels around a cluster that count as on it
const NOT_MAP = ".leaflet-control, .leaflet-popup, .df-balloon, .df-toasts";

/** The hooks for the pointer. */
interface Pointing {
  /** The present marks; none while they are switched off. */
  marks: () => ReadonlyMap<string, Mark>;
  /** Return the position of a place in the container, unless Leaflet's holds. */
  spot: (place: Place) => { x: number; y: number } | null;
  /** Describe the cluster that the pointer is on. */
  describe: (mark: Mark | null) => void;
  /** Open the clicked cluster; null for a click beside all clusters. */
  open: (mark: Mark | null) => void;
}

/** Return whether an event is on the map itself, and not on something over it. */
export function isOnMap({ target }: Event): boolean {
  return !(target instanceof Element && target.closest(NOT_MAP));
}

/** Return the mark nearest to a point of a map's container, if the point is on one. */
export function markAt(
  map: LeafletMap,
  marks: ReadonlyMap<string, Mark>,
  point: Point,
  spot: Pointing["spot"] = () => null,
): Mark | null {
  const middle = map.getCenter().lng;
  let best: { mark: Mark; away: number } | null = null;
  for (const mark of marks.values()) {
    if (mark.gone) continue;
    const { lat, lon, radius } = mark.to;
    const place: LatLngExpression = [lat, copyInView(lon, middle)];
    const seen = spot([lat, lon]);
    const far = seen
      ? Math.hypot(seen.x - point.x, seen.y - point.y)
      : map.latLngToContainerPoint(place).distanceTo(point);
    const away = far - radius;
    if (away <= REACH && (best === null || away < best.away)) best = { mark, away };
  }
  return best?.mark ?? null;
}

/** Follow the pointer over a map. Return a function that checks again, such as after the marks have changed. */
export function followPointer(
  map: LeafletMap,
  { marks, spot, describe, open }: Pointing,
  signal: AbortSignal,
): () => void {
  const container = map.getContainer();
  let pointed: string | null = null; // the id of the mark
  const look = () => describe(pointed === null ? null : (marks().get(pointed) ?? null));
  const under = (event: PointerEvent) =>
    isOnMap(event) ? markAt(map, marks(), map.mouseEventToContainerPoint(event), spot) : null;
  const point = (mark: Mark | null) => {
    if ((mark?.id ?? null) === pointed) return;
    pointed = mark?.id ?? null;
    container.classList.toggle("df-pointing", mark !== null);
    look();
  };
  container.addEventListener("pointermove", (event) => point(event.buttons ? null : under(event)), { signal });
  container.addEventListener("pointerleave", () => point(null), { signal });
  // Use the pressed mark: JupyterLab may scroll between the press and the click, and so may the focus.
  let pressed: Mark | null = null;
  const press = (event: PointerEvent) => {
    pressed = under(event);
    if (isOnMap(event)) container.focus({ preventScroll: true });
  };
  container.addEventListener("pointerdown", press, { signal, capture: true });
  const clicked = () => open(pressed);
  map.on("click", clicked);
  signal.addEventListener("abort", () => map.off("click", clicked));
  return look;
}
