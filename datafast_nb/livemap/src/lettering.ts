// Writes the names of places on a canvas, around the circles of the visitors.

import { clustersOf } from "./clusters.ts";
import type { MapModel } from "./model.ts";
import { type Block, type Label, labels } from "./names.ts";
import type { Names } from "./places.ts";
import type { Place } from "./world.ts";

const FONTS = { country: "600 12px", region: "italic 500 11px", city: "400 11px" };
const CREDIT = { across: 78, down: 9 }; // half the size of what names the sources, in the corner

/** The canvas that is written on: its size in pixels, where the map's lower right corner is on it, the zoom of a map that is as large, and the way from degrees to pixels. */
interface Sheet {
  width: number;
  height: number;
  edge: { x: number; y: number };
  zoom: number;
  project: (place: Place) => { x: number; y: number; size?: number };
}

/** Return what reads the colors of the page. */
export function colorsOf(canvas: HTMLCanvasElement): (name: string) => string {
  const style = getComputedStyle(canvas);
  return (name) => style.getPropertyValue(name).trim();
}

/** Write as many names as there is room for, beside the circles that a view shows. */
export function writeNames(
  pen: CanvasRenderingContext2D,
  names: Names,
  sheet: Sheet,
  { model, view }: { model: MapModel; view: string },
): void {
  const read = colorsOf(pen.canvas);
  const font = (kind: Label["kind"]) => `${FONTS[kind]} ${read("font-family")}`;
  const measure = (text: string, kind: Label["kind"]) => {
    pen.font = font(kind);
    return pen.measureText(text).width;
  };
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  const credit = { x: sheet.edge.x - CREDIT.across, y: sheet.edge.y - CREDIT.down, ...CREDIT };
  const taken = [credit, ...circlesOf(model, view, sheet.project)];
  for (const { text, x, y, kind } of labels(names, taken, { ...sheet, measure })) {
    pen.font = font(kind);
    pen.lineWidth = 3;
    pen.strokeStyle = read("--df-halo");
    pen.strokeText(text, x, y);
    pen.fillStyle = read(kind === "city" ? "--df-city" : "--df-country");
    pen.fillText(text, x, y);
  }
}

/** Return where circles are. */
function circlesOf(model: MapModel, view: string, project: Sheet["project"]): Block[] {
  const all = model.get("clusters");
  const shown = all[view] ?? Object.values(all).at(-1);
  return (shown ? clustersOf(shown) : []).map(({ latitude, longitude, radius }) => {
    const { x, y } = project([latitude, longitude]);
    return { x, y, across: radius, down: radius };
  });
}
