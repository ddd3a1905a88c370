// The names of countries, regions and cities to write on the map: large ones first, none over another or over a circle.

import type { Named, Names } from "./places.ts";

const CITIES_FROM = 4; // zoom
const COUNTRIES_UNTIL = 6.5;
const REGIONS_FROM = 3.4; // where their borders are drawn
const REGIONS_UNTIL = 7.5;
const ROOM = 3; // pixels round a name
const LEAST_WIDTH = 70; // pixels of a country with a name, were it a square
const SPHERE = 1e6; // of the unit of a country's share of the world
const LEAST_SIZE = 0.7; // of what is at the edge of a globe, across which a name would be written
const LETTERS = 26; // longest name at small zooms

/** A text, its center on the canvas, and its style. */
export interface Label {
  text: string;
  x: number;
  y: number;
  kind: "country" | "region" | "city";
}

/** A blocked area: its center and half its size, in pixels. */
export interface Block {
  x: number;
  y: number;
  across: number;
  down: number;
}

interface Canvas {
  width: number;
  height: number;
  zoom: number;
  /** Converts degrees to pixels; says how large things look there. */
  project: (place: [number, number]) => { x: number; y: number; size?: number };
  /** The width of a text, in pixels. */
  measure: (text: string, kind: Label["kind"]) => number;
}

/** Return the names to write on a canvas, except over `blocks`. */
export function labels(
  { countries, regions, cities }: Names,
  blocks: readonly Block[],
  canvas: Canvas,
  most = 70,
): Label[] {
  const taken = [...blocks];
  const written: Label[] = [];
  const write = (kind: Label["kind"], [text, latitude, longitude]: Named) => {
    const { x, y, size = 1 } = canvas.project([latitude / 100, longitude / 100]);
    // What is on the far side of a globe has no place.
    if (size < LEAST_SIZE || !(x >= 0 && y >= 0 && x <= canvas.width && y <= canvas.height)) return;
    const box = { x, y, across: canvas.measure(text, kind) / 2 + ROOM, down: 7 + ROOM };
    if (taken.some((other) => meet(box, other))) return;
    taken.push(box);
    written.push({ text, x, y, kind });
  };
  const world = 256 * 2 ** canvas.zoom;
  const areas = (kind: Label["kind"], named: readonly Named[]) => {
    for (const area of named) {
      const width = Math.sqrt(area[3] / SPHERE) * world;
      if (width >= LEAST_WIDTH && written.length < most && area[0].length < LETTERS) write(kind, area);
    }
  };
  if (canvas.zoom < COUNTRIES_UNTIL) areas("country", countries);
  if (canvas.zoom >= REGIONS_FROM && canvas.zoom < REGIONS_UNTIL) areas("region", regions);
  const least = 3000 / 4 ** (canvas.zoom - CITIES_FROM); // inhabitants in thousands
  for (const city of canvas.zoom >= CITIES_FROM ? cities : []) {
    if (city[3] < least || written.length >= most) break;
    write("city", city);
  }
  return written;
}

function meet(one: Block, other: Block): boolean {
  return Math.abs(one.x - other.x) < one.across + other.across && Math.abs(one.y - other.y) < one.down + other.down;
}
