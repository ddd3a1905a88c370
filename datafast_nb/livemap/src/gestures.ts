// Leaves scrolling to the page: the plain wheel and one finger. With Ctrl, or with two fingers, they move the map.

import type { Map as LeafletMap } from "leaflet";
import { isOnMap } from "./pointer.ts";

const STAY = 1200; // milliseconds that the hint stays after the last attempt

/** Let the page scroll under the pointer, except in full screen; show a hint how to move the map. */
export function gestures(root: HTMLElement, map: LeafletMap, signal: AbortSignal): void {
  const container = map.getContainer();
  const hint = hintOver(container, signal);
  const fills = () => root.matches(":fullscreen");
  const onGlobe = () => container.classList.contains("df-on-globe"); // which one finger turns
  const key = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";
  // Leaflet listens on the same element, but later: it does not receive events that are stopped here.
  const wheel = (event: WheelEvent) => {
    if (event.ctrlKey || event.metaKey || fills()) return;
    event.stopPropagation();
    if (isOnMap(event)) hint.show(`Hold ${key} and scroll to zoom`);
  };
  const touch = (event: TouchEvent) => {
    if (event.touches.length === 1 && !fills()) event.stopPropagation();
    else hint.hide();
  };
  const slide = (event: TouchEvent) => {
    if (event.touches.length === 1 && !fills() && !onGlobe() && isOnMap(event))
      hint.show("Use two fingers to move the map");
  };
  container.addEventListener("wheel", wheel, { signal, capture: true, passive: true });
  container.addEventListener("touchstart", touch, { signal, capture: true, passive: true });
  container.addEventListener("touchmove", slide, { signal, capture: true, passive: true });
}

function hintOver(container: HTMLElement, signal: AbortSignal) {
  const hint = document.createElement("div");
  const text = document.createElement("span");
  hint.className = "df-gesture";
  hint.ariaHidden = "true";
  hint.append(text);
  container.append(hint);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = () => {
    delete hint.dataset.shown;
  };
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    hint.remove();
  });
  return {
    hide,
    show: (words: string) => {
      clearTimeout(timer);
      text.textContent = words;
      hint.dataset.shown = "";
      timer = setTimeout(hide, STAY);
    },
  };
}
