// A saved page: the map, drawn from what the page holds.

import "leaflet/dist/leaflet.css"; // before what changes it
import { FILE } from "#kit/kernel.ts";
import type { SavedMap } from "#kit/protocol.ts";
import type { FindMap } from "../leaflet.ts";
import { show } from "../main.tsx";
import { type Land, ownMap } from "../own.ts";
import { unpacked } from "../places.ts";
import { SavedModel } from "./file.ts";
import "./page.css";

/** Return what an element of the page holds, compressed. */
function held(name: string): DataView {
  const text = document.getElementById(`df-${name}`)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (letter) => letter.codePointAt(0) ?? 0);
  return new DataView(bytes.buffer);
}

async function open(root: HTMLElement): Promise<void> {
  const map = (await unpacked(held("map"))) as SavedMap;
  const land = (await unpacked(held("land"))) as Land;
  const front = document.createElement("div");
  front.className = "df-front";
  root.append(front);
  const find: FindMap = async (model) => {
    const found = ownMap(root, land, map.gradient);
    const { box } = map;
    if (box && model.get("framed"))
      found.map.fitBounds(
        [
          [box.south, box.west],
          [box.north, box.east],
        ],
        { animate: false },
      );
    return found;
  };
  const model = new SavedModel(map, held);
  Object.assign(globalThis, { datafast: model }); // for whoever writes scripts
  show(model as never, front, FILE, find, new AbortController().signal);
}

const root = document.getElementById("df-root");
if (root)
  open(root).catch((error) => {
    console.error("datafast_nb: the page can't be shown.", error);
    root.textContent = "This page can't be shown: its file is not whole, or the browser is too old.";
  });
