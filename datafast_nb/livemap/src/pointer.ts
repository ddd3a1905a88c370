// What the pointer is over, and what it opens.

import type { LatLngExpression, Map as LeafletMap, Point } from "leaflet";
import type { Mark } from "./motion.ts";
import { copyInView } from "./world.ts";

const REACH = 4; // pixels around a cluster that count as on it
const NOT_MAP = ".leaflet-control, .leaflet-popup, .df-toasts";

/** What happens under the pointer. */
interface Pointing {
  /** The marks that there are; none while they are switched off. */
  marks: () => ReadonlyMap<string, Mark>;
  /** Describe the cluster that the pointer is on. */
  describe: (mark: Mark | null) => void;
  /** Open the cluster that was clicked. */
  open: (mark: Mark) => void;
}

/** Say whether something happens on the map itself, and not on what lies on it. */
export function isOnMap({ target }: Event): boolean {
  return !(target instanceof Element && target.closest(NOT_MAP));
}

/** Return the mark that is nearest to a point of a map's container, if the point is on one. */
export function markAt(map: LeafletMap, marks: ReadonlyMap<string, Mark>, point: Point): Mark | null {
  const middle = map.getCenter().lng;
  let best: { mark: Mark; away: number } | null = null;
  for (const mark of marks.values()) {
    if (mark.gone) continue;
    const { lat, lon, radius } = mark.to;
    const place: LatLngExpression = [lat, copyInView(lon, middle)];
    const away = map.latLngToContainerPoint(place).distanceTo(point) - radius;
    if (away <= REACH && (best === null || away < best.away)) best = { mark, away };
  }
  return best?.mark ?? null;
}

/** Follow the pointer over a map. Return what looks again, as when the marks have changed. */
export function followPointer(map: LeafletMap, { marks, describe, open }: Pointing, signal: AbortSignal): () => void {
  const container = map.getContainer();
  let pointed: string | null = null; // the id of the mark
  const look = () => describe(pointed === null ? null : (marks().get(pointed) ?? null));
  const under = (event: PointerEvent) =>
    isOnMap(event) ? markAt(map, marks(), map.mouseEventToContainerPoint(event)) : null;
  const point = (mark: Mark | null) => {
    if ((mark?.id ?? null) === pointed) return;
    pointed = mark?.id ?? null;
    container.classList.toggle("df-pointing", mark !== null);
    look();
  };
  container.addEventListener("pointermove", (event) => point(event.buttons ? null : under(event)), { signal });
  container.addEventListener("pointerleave", () => point(null), { signal });
  // What was pressed is what was meant: JupyterLab may scroll between the press and the click, as does the focus.
  let pressed: Mark | null = null;
  const press = (event: PointerEvent) => {
    pressed = under(event);
    if (isOnMap(event)) container.focus({ preventScroll: true });
  };
  container.addEventListener("pointerdown", press, { signal, capture: true });
  const clicked = () => {
    if (pressed) open(pressed);
  };
  map.on("click", clicked);
  signal.addEventListener("abort", () => map.off("click", clicked));
  return look;
}
