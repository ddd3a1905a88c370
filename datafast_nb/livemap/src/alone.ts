// The map with a Leaflet of its own: for saved pages, and for notebooks without ipyleaflet, such as marimo.

import "leaflet/dist/leaflet.css"; // before the styles that change it
import type { RenderProps } from "@anywidget/types";
import { kernelOf } from "#kit/kernel.ts";
import { show } from "./main.tsx";
import { findOwn } from "./own.ts";
import { openPage } from "./saved/page.ts";

/** Draw a view into `el`, and return a function that removes it. */
function render({ model, el }: RenderProps<object>) {
  const leaving = new AbortController();
  const [root, front] = [document.createElement("div"), document.createElement("div")];
  root.className = "datafast datafast-map widget-vbox";
  front.className = "df-front";
  root.append(front);
  el.append(root);
  show(model, front, kernelOf(model, leaving.signal), findOwn, leaving.signal);
  return () => {
    leaving.abort();
    root.remove();
  };
}

openPage();

export default { render };
