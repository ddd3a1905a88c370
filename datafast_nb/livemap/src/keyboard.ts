// The keys that move the map.

import type { Map as LeafletMap } from "leaflet";

const STEP = 80; // pixels that an arrow key moves the map

const KEYS: Record<string, (map: LeafletMap) => unknown> = {
  ArrowLeft: (map) => map.panBy([-STEP, 0]),
  ArrowRight: (map) => map.panBy([STEP, 0]),
  ArrowUp: (map) => map.panBy([0, -STEP]),
  ArrowDown: (map) => map.panBy([0, STEP]),
  "+": (map) => map.zoomIn(),
  "=": (map) => map.zoomIn(),
  "-": (map) => map.zoomOut(),
};

/**
 * Keep keys pressed in the map away from the notebook, where a plain letter is a command: x cuts the cell.
 *
 * Leaflet would listen at the document, as JupyterLab does, so this listens here.
 */
export function keepKeys(root: HTMLElement, map: LeafletMap, signal: AbortSignal): void {
  const keep = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const move = KEYS[event.key];
    if (event.target !== map.getContainer() || !move) return;
    event.preventDefault();
    move(map);
  };
  root.addEventListener("keydown", keep, { signal });
}
