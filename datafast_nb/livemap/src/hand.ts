// How a person moves the globe: the pointer and the arrow keys turn it, and what zooms a map zooms it, around the pointer.

import type { Map as LeafletMap } from "leaflet";
import { isOnMap } from "./pointer.ts";

const STEP = 12; // degrees of an arrow key on the whole globe
const STILL = 4; // pixels that a pointer may go in a click
const KEYS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
const LEAST = 80; // pixels that an arrow key turns it at most, as on a map

/** What can be moved. */
interface Turned {
  readonly on: boolean;
  by: (east: number, north: number) => void;
  degrees: () => number;
  hold: (held: boolean) => void;
  zoomAround: (point: [number, number] | null) => void;
}

/** Let a person move a globe over a map. */
export function handle(map: LeafletMap, globe: Turned, signal: AbortSignal): void {
  drag(map.getContainer(), globe, signal);
  press(map.getContainer(), globe, signal);
  zoom(map, globe, signal);
}

function drag(container: HTMLElement, globe: Turned, signal: AbortSignal): void {
  let from: { x: number; y: number } | null = null;
  let way = 0; // pixels that the pointer has gone since it was pressed
  const release = () => {
    if (from) globe.hold(false);
    from = null;
  };
  const press = (event: PointerEvent) => {
    if (!event.isPrimary) return release(); // two fingers zoom
    way = 0;
    if (globe.on && event.button === 0 && isOnMap(event)) from = { x: event.clientX, y: event.clientY };
  };
  const move = (event: PointerEvent) => {
    if (!from) return;
    globe.hold(true);
    way += Math.hypot(event.clientX - from.x, event.clientY - from.y);
    globe.by((from.x - event.clientX) * globe.degrees(), (event.clientY - from.y) * globe.degrees());
    from = { x: event.clientX, y: event.clientY };
  };
  // The click at the end of a drag opens nothing.
  const click = (event: MouseEvent) => {
    if (globe.on && way > STILL && isOnMap(event)) event.stopImmediatePropagation();
  };
  container.addEventListener("pointerdown", press, { signal, capture: true });
  window.addEventListener("pointermove", move, { signal });
  for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, release, { signal });
  container.addEventListener("click", click, { signal, capture: true });
}

function press(container: HTMLElement, globe: Turned, signal: AbortSignal): void {
  const key = (event: KeyboardEvent) => {
    const way = globe.on && event.target === container ? KEYS[event.key] : undefined;
    if (!way) return;
    // The map under it stays as it is.
    event.stopImmediatePropagation();
    event.preventDefault();
    const step = Math.min(STEP, LEAST * globe.degrees());
    globe.by(step * way[0], step * way[1]);
  };
  container.addEventListener("keydown", key, { signal });
}

function zoom(map: LeafletMap, globe: Turned, signal: AbortSignal): void {
  const container = map.getContainer();
  const point = (event: MouseEvent) => {
    if (!globe.on || !isOnMap(event)) return;
    const { x, y } = map.mouseEventToContainerPoint(event);
    globe.zoomAround([x, y]);
  };
  const middle = () => globe.zoomAround(null); // what zooms without a pointer begins with a key, or with a press
  for (const name of ["keydown", "pointerdown"]) container.addEventListener(name, middle, { signal, capture: true });
  for (const name of ["wheel", "dblclick"] as const)
    container.addEventListener(name, point, { signal, capture: true, passive: true });
}
