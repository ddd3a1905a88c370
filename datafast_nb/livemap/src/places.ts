// Details of places besides the land: the kernel sends them when a map needs them, and the page keeps them.

import type { Map as LeafletMap } from "leaflet";
import type { Topology } from "topojson-specification";
import type { Faults } from "#kit/faults.ts";
import type { MapAnnouncement } from "#kit/protocol.ts";
import type { MapAsk, MapModel } from "./model.ts";

/** A name with its place in hundredths of a degree, and its weight: a share of the world, or inhabitants. */
export type Named = [name: string, latitude: number, longitude: number, weight: number];

/** The names of countries, of the regions of large ones, and of cities, the largest first. */
export interface Names {
  countries: Named[];
  regions: Named[];
  cities: Named[];
}

/** Countries at 1:50m, and the borders of regions: lines in hundredths of a degree, each step from the last. */
export interface Shapes {
  world: Topology;
  regions: number[][];
}

/** The land and the borders on it, in degrees. */
export interface GlobeShapes {
  land: GeoJSON.MultiPolygon;
  borders: GeoJSON.MultiLineString;
}

/** The countries, for the base map. */
export type Land = GeoJSON.FeatureCollection<GeoJSON.MultiPolygon>;

/** The parts by their names; flags are SVG, by the codes of countries. */
interface Parts {
  names: Names;
  shapes: Shapes;
  flags: Record<string, string>;
  globe: GlobeShapes;
  land: Land;
}

/** The parts that this page has. */
export const known: { [Part in keyof Parts]?: Parts[Part] } = {};

const followers = new Set<() => void>();

/** Call back whenever another part arrives. Return a function that ends this. */
export function followPlaces(arrived: () => void): () => void {
  followers.add(arrived);
  return () => {
    followers.delete(arrived);
  };
}

/** The places for a view of a map: for its ground, and for the globe. */
export interface PlacesParts {
  map: LeafletMap;
  model: MapModel;
  view: string;
  places: Places;
  faults: Pick<Faults, "guard">;
  signal: AbortSignal;
}

const PATIENCE = 5000; // milliseconds without an answer, after which a part is requested again; then twice as long
const MOST_PATIENCE = 60_000;

/** Asks the kernel for places. A request may be lost, as while a page connects to its kernel. */
export class Places {
  readonly #ask: MapAsk;
  readonly #asked = new Map<keyof Parts, { at: number; patience: number }>();

  constructor(model: MapModel, ask: MapAsk, failed: (error: unknown) => void, signal: AbortSignal) {
    this.#ask = ask;
    const hear = (message: MapAnnouncement, buffers: DataView[]) => {
      if (message.do !== "places" || known[message.part]) return;
      unpacked(buffers[0])
        .then((content) => {
          Object.assign(known, { [message.part]: content });
          for (const arrived of followers) arrived();
        })
        .catch(failed);
    };
    model.on("msg:custom", hear as (message: MapAnnouncement) => void);
    signal.addEventListener("abort", () => model.off("msg:custom", hear as (message: MapAnnouncement) => void));
  }

  /** Return a part if it is there, or else request it. */
  get<Part extends keyof Parts>(part: Part): Parts[Part] | undefined {
    const [now, last] = [performance.now(), this.#asked.get(part)];
    if (!known[part] && (!last || now >= last.at + last.patience) && this.#ask({ do: "places", part }))
      this.#asked.set(part, { at: now, patience: Math.min(2 * (last?.patience ?? PATIENCE / 2), MOST_PATIENCE) });
    return known[part];
  }

  /** Wait for a part; undefined if the view is removed first. */
  wait<Part extends keyof Parts>(part: Part, signal: AbortSignal): Promise<Parts[Part] | undefined> {
    return new Promise((resolve) => {
      const done = (found?: Parts[Part]) => {
        clearInterval(timer);
        end();
        resolve(found);
      };
      const look = () => {
        const found = this.get(part);
        if (found) done(found);
      };
      const [timer, end] = [setInterval(look, PATIENCE), followPlaces(look)];
      signal.addEventListener("abort", () => done());
      if (signal.aborted) done();
      else look();
    });
  }
}

/** Decompress gzip. */
export async function unpacked(content: DataView | undefined): Promise<unknown> {
  if (!content) throw new Error("the kernel sent no places");
  const stream = new Blob([content as DataView<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}
