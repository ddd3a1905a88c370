// Icons as elements; what is drawn with Preact has icons.tsx.

import { write } from "./dom.js";
import { ICONS } from "./icons.tsx";

/** Give an icon as inline SVG that a screen reader passes over. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  write(svg, { viewBox: "0 0 16 16", width: 16, height: 16, class: "df-icon", "aria-hidden": true, "data-icon": name });
  write(path, { d: ICONS[name] ?? ICONS.pageview });
  svg.append(path);
  return svg;
}

/** Put another icon in place of an element's first, if it is another. */
export function swapIcon(node, name) {
  const present = node.querySelector("svg");
  if (present?.dataset.icon !== name) present.replaceWith(icon(name));
}
