// Leaves to the page what scrolls the page: the plain wheel and one finger. With Ctrl, and with two, they are the map's.

import { element, write } from "#kit/dom.js";

const STAY = 1200; // milliseconds that the hint stays after the last attempt

/** Let the page scroll under the pointer, except in full screen, where there is no page; say how the map is moved. */
export function gestures(root, map, signal) {
  const container = map.getContainer();
  const hint = hintOver(container, signal);
  const ours = ({ target }) => !target.closest?.(".leaflet-control, .leaflet-popup, .df-toasts");
  const fills = () => root.matches(":fullscreen");
  const key = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";
  // Leaflet listens on the same element, later: what goes no further than here is not its.
  const wheel = (event) => {
    if (event.ctrlKey || event.metaKey || fills()) return;
    event.stopPropagation();
    if (ours(event)) hint.show(`Hold ${key} and scroll to zoom`);
  };
  const touch = (event) => {
    if (event.touches.length === 1 && !fills()) event.stopPropagation();
    else hint.hide();
  };
  const slide = (event) => {
    if (event.touches.length === 1 && !fills() && ours(event)) hint.show("Use two fingers to move the map");
  };
  container.addEventListener("wheel", wheel, { signal, capture: true, passive: true });
  container.addEventListener("touchstart", touch, { signal, capture: true, passive: true });
  container.addEventListener("touchmove", slide, { signal, capture: true, passive: true });
}

function hintOver(container, signal) {
  const hint = element("div", { class: "df-gesture", "aria-hidden": true }, element("span"));
  let timer = null;
  container.append(hint);
  const hide = () => write(hint, { "data-shown": false });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    hint.remove();
  });
  return {
    hide,
    show: (text) => {
      clearTimeout(timer);
      write(hint.firstChild, { text });
      write(hint, { "data-shown": true });
      timer = setTimeout(hide, STAY);
    },
  };
}
