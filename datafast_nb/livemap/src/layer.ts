// The visitors on the map: a canvas of clusters that move, grow, split and fade instead of jumping.

import type { Map as LeafletMap, ZoomAnimEvent } from "leaflet";
import type { Faults } from "#kit/faults.ts";
import { type Cluster, clustersOf } from "./clusters.ts";
import type { Descriptions } from "./descriptions.ts";
import type { Globe } from "./globe.ts";
import type { MapAsk, MapModel } from "./model.ts";
import { cellOf, ease, type Mark, type Marks, progress, settle, transition } from "./motion.ts";
import { type Frame, type Pulse, paintFrame } from "./paint.ts";
import { followPointer } from "./pointer.ts";
import { isOver, lay, nearest, type Placement, placement, projection, type Zoom, zoomTo } from "./projection.ts";
import type { Place } from "./world.ts";

const MOVE = 320; // milliseconds of a change
const PULSE = 1400; // milliseconds of a pulse
const NOBODY: ReadonlyMap<string, Mark> = new Map();

interface LayerParts {
  map: LeafletMap;
  model: MapModel;
  /** The id of the view. */
  view: string;
  ask: MapAsk;
  faults: Pick<Faults, "guard">;
  globe: Globe;
  /** The descriptions of clusters for the tooltip. */
  descriptions: Descriptions;
  signal: AbortSignal;
}

/** The layer of visitors on a map, until its view is removed. */
export class ClusterLayer {
  readonly #parts: LayerParts;
  readonly #canvas: HTMLCanvasElement;
  readonly #calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  readonly #lookAgain: () => void;
  #marks: Marks = { marks: new Map(), across: 1 };
  #pulses: Pulse[] = [];
  #started = 0; // when the marks began to move
  #placement: Placement;
  #zoom: Zoom | null = null;
  #frame = 0; // the requested frame of the browser
  #shown = true;

  constructor(parts: LayerParts) {
    const { map, signal } = parts;
    this.#parts = parts;
    this.#canvas = canvasOn(map);
    this.#placement = placement(map);
    this.#lookAgain = followPointer(
      map,
      {
        marks: () => (this.#shown ? this.#marks.marks : NOBODY),
        spot: (place) => (this.#parts.globe.on ? this.#parts.globe.spot(place) : null),
        describe: (mark) => this.#describe(mark),
        open: (mark) => this.#open(mark),
      },
      signal,
    );
    this.#follow();
    this.#lay();
    this.#take();
  }

  /** Draw again, soon. */
  readonly redraw = (): void => {
    if (!this.#frame && !this.#parts.signal.aborted) this.#frame = requestAnimationFrame(this.#paint);
  };

  /** Switch the visitors on or off. */
  show(on: boolean): void {
    this.#shown = on;
    this.#canvas.hidden = !on;
  }

  /** Draw attention to a place, once. */
  pulse({ latitude, longitude }: { latitude: number; longitude: number }, kind: Pulse["kind"]): void {
    if (!this.#calm.matches) this.#pulses.push({ place: [latitude, longitude], kind, start: performance.now() });
    this.redraw();
  }

  /** Follow the map, the model and the page. */
  #follow(): void {
    const { map, model, globe, signal } = this.#parts;
    // Immediately, so that the circles stay with the land.
    const turned = () => {
      cancelAnimationFrame(this.#frame);
      this.#paint(performance.now());
    };
    signal.addEventListener("abort", globe.follow(turned));
    // A canvas outside the page was drawn without the page's colors.
    const resized = new ResizeObserver(this.redraw);
    resized.observe(this.#canvas);
    const moved = () => this.#lay();
    const zoomed = ({ center, zoom }: ZoomAnimEvent) => {
      if (!this.#calm.matches) this.#zoom = zoomTo(map, center, zoom, performance.now());
      this.redraw();
    };
    let selected = model.get("selected")?.id;
    const select = () => {
      const now = model.get("selected");
      const place = placeOf(now?.place);
      // Bring a newly selected visitor into view; a refresh, which selects nobody new, moves nothing.
      if (now?.id !== selected && place) this.#comeTo(place);
      selected = now?.id;
      this.redraw();
    };
    const take = () => this.#take();
    map.on({ moveend: moved, resize: moved, zoomanim: zoomed });
    model.on("change:clusters", take);
    model.on("change:selected", select);
    model.on("change:popups", this.#lookAgain);
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.#frame);
      resized.disconnect();
      map.off({ moveend: moved, resize: moved, zoomanim: zoomed });
      model.off("change:clusters", take);
      model.off("change:selected", select);
      model.off("change:popups", this.#lookAgain);
      this.#canvas.remove();
    });
  }

  /** Bring a place into view. */
  #comeTo(place: Place): void {
    const { map, globe } = this.#parts;
    if (globe.on) globe.turnTo(place);
    else if (!map.getBounds().contains(nearest(map, place))) map.panTo(place);
  }

  /** Return the way from degrees to pixels of the canvas. */
  #project(now: number): Frame["project"] {
    const { map, globe } = this.#parts;
    const { origin } = this.#placement;
    if (!globe.on) return projection(map, origin, this.#zoom, now);
    const corner = map.containerPointToLayerPoint([0, 0]).subtract(origin);
    return (place) => {
      const { x, y, size } = globe.spot(place);
      return { x: x + corner.x, y: y + corner.y, size };
    };
  }

  /** Draw the clusters that the kernel sent. An error here must not keep other listeners from receiving them. */
  #take(): void {
    this.#parts.faults.guard("The visitors can't be placed", () => this.#takeClusters());
  }

  #takeClusters(): void {
    const all = this.#parts.model.get("clusters");
    // Until the kernel knows this view's viewport, show another view's clusters; a saved notebook has only those.
    const shown = all[this.#parts.view] ?? Object.values(all).at(-1);
    const clusters = shown ? clustersOf(shown) : [];
    const share = ease(progress(performance.now(), this.#started, MOVE));
    this.#marks = transition(this.#marks, shown?.across ?? 1, clusters, share);
    this.#started = performance.now();
    this.#canvas.setAttribute("aria-label", described(clusters));
    this.#lookAgain();
    this.redraw();
  }

  /** Open the clicked cluster; a click beside all clusters closes the open one. */
  #open(mark: Mark | null): void {
    const { ask, model, view } = this.#parts;
    if (mark) {
      const { id, latitude, longitude } = mark.cluster;
      ask({ do: "open", id, latitude, longitude });
    } else if (model.get("popups")[view]) ask({ do: "close" });
  }

  /** Describe the cluster under the pointer, unless its popup is open. */
  #describe(mark: Mark | null): void {
    const { descriptions, model, view } = this.#parts;
    descriptions.describe(mark && mark.id !== model.get("popups")[view]?.id ? mark.id : null);
  }

  /** Put the canvas over the visible part of the map. */
  #lay(): void {
    this.#zoom = null;
    this.#placement = placement(this.#parts.map);
    lay(this.#canvas, this.#placement);
    this.redraw();
  }

  readonly #paint = (now: number): void => {
    this.#frame = 0;
    const share = this.#calm.matches ? 1 : progress(now, this.#started, MOVE);
    if (share === 1) settle(this.#marks.marks);
    this.#pulses = this.#pulses.filter(({ start }) => now - start < PULSE);
    if (this.#zoom && isOver(this.#zoom, now)) this.#zoom = null;
    // After a frame that fails, drawing must continue.
    this.#parts.faults.guard("The visitors can't be drawn", () =>
      paintFrame(this.#canvas, {
        marks: this.#marks.marks,
        pulses: this.#pulses,
        selected: this.#selected(),
        share: ease(share),
        now,
        pulse: PULSE,
        project: this.#project(now),
      }),
    );
    if (share < 1 || this.#pulses.length || this.#zoom) this.redraw();
  };

  /** Return the place of the selected visitor, and the cluster that they are in. */
  #selected(): Frame["selected"] {
    const place = placeOf(this.#parts.model.get("selected")?.place);
    return place && { place, mark: this.#marks.marks.get(cellOf(place, this.#marks.across)) };
  }
}

function canvasOn(map: LeafletMap): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = "df-canvas";
  canvas.setAttribute("role", "img");
  const pane = map.getPane("df-visitors") ?? map.createPane("df-visitors");
  pane.style.zIndex = "450";
  pane.style.pointerEvents = "none";
  pane.append(canvas);
  return canvas;
}

function placeOf(point: { latitude: number; longitude: number } | null | undefined): Place | null {
  return point ? [point.latitude, point.longitude] : null;
}

function described(clusters: readonly Cluster[]): string {
  const visitors = clusters.reduce((sum, cluster) => sum + cluster.visitors, 0);
  if (!visitors) return "Map of visitors: none in this part of the world";
  const places = `${clusters.length} ${clusters.length === 1 ? "place" : "places"}`;
  return `Map of visitors: ${visitors} in ${places}. The list beside it names them.`;
}
