// A saved page: the map, drawn from what the page holds.

import { FILE } from "#kit/kernel.ts";
import type { SavedMap } from "#kit/protocol.ts";
import type { FindMap } from "../leaflet.ts";
import { show } from "../main.tsx";
import { findOwn } from "../own.ts";
import { unpacked } from "../places.ts";
import { SavedModel } from "./file.ts";
import "./page.css";

/** Return what an element of the page holds, compressed. */
function held(name: string): DataView {
  const text = document.getElementById(`df-${name}`)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (letter) => letter.codePointAt(0) ?? 0);
  return new DataView(bytes.buffer);
}

/** Draw the map that a page holds. */
async function draw(root: HTMLElement): Promise<void> {
  const saved = (await unpacked(held("map"))) as SavedMap;
  const model = new SavedModel(saved, held);
  Object.assign(globalThis, { datafast: model }); // for scripts
  const front = document.createElement("div");
  front.className = "df-front";
  root.append(front);
  const find: FindMap = async (wanted) => {
    const found = await findOwn(wanted);
    if (!found || !saved.box) return found;
    const { south, west, north, east } = saved.box;
    const corners: [number, number][] = [
      [south, west],
      [north, east],
    ];
    found.map.fitBounds(corners, { animate: false });
    return { ...found, continues: () => true };
  };
  show(model, front, FILE, find, new AbortController().signal);
}

/** Draw the map that a page holds, if this is such a page. */
export function openPage(): void {
  const root = document.getElementById("df-root");
  if (!root) return;
  draw(root).catch((error) => {
    console.error("datafast_nb: the page can't be shown.", error);
    root.textContent = "This page can't be shown: its file is not whole, or the browser is too old.";
  });
}
