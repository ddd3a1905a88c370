// The globe: the same visitors in an orthographic projection, which turns slowly by itself and can be dragged.

import { type GeoProjection, geoDistance, geoGraticule, geoOrthographic, geoPath } from "d3-geo";
import { onChange } from "#kit/model.ts";
import { followPlaces, type PlacesParts } from "./places.ts";
import { isOnMap } from "./pointer.ts";
import { lay, placement } from "./projection.ts";
import { nearestCopy, type Place } from "./world.ts";

const HALF_TURN = 180; // degrees
const MARGIN = 18; // pixels round the globe
const SPEED = 3; // degrees that it turns in a second
const REST = 8000; // milliseconds after a person has turned it
const FRAME = 33; // milliseconds of a frame while it turns by itself
const FLIGHT = 600; // milliseconds of a turn to a place
const TILT = 70; // degrees of latitude at most
const STEP = 12; // degrees of an arrow key
const STILL = 4; // pixels that a pointer may go in a click
const TILE = 256;
const STRETCHED = 0.6; // zoom levels, of Web Mercator at 50 degrees
const GRATICULE = geoGraticule().step([20, 20]).precision(4)();
const ZOOMS = ["+", "=", "-"];
const KEYS: Record<string, [number, number]> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

/** A point in pixels; not a number where a place can't be seen. */
interface Spot {
  x: number;
  y: number;
}

/** Return the way from degrees to pixels, on a globe with a place in its middle; the far side is nowhere. */
export function spotsOn(projection: GeoProjection): (place: Place) => Spot {
  const [longitude = 0, latitude = 0] = projection.rotate();
  const middle: [number, number] = [-longitude, -latitude];
  return ([lat, lon]) => {
    const seen = geoDistance([lon, lat], middle) < Math.PI / 2;
    const [x, y] = (seen && projection([lon, lat])) || [Number.NaN, Number.NaN];
    return { x, y };
  };
}

/** The globe over a map, until its view is removed. */
export class Globe {
  readonly #parts: PlacesParts;
  readonly #canvas = document.createElement("canvas");
  readonly #calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  readonly #projection = geoOrthographic().clipAngle(90).precision(0);
  readonly #followers = new Set<() => void>();
  #spots: (place: Place) => Spot = () => ({ x: Number.NaN, y: Number.NaN });
  #center: [number, number] = [10, 25]; // longitude and latitude
  #flight: { from: [number, number]; to: [number, number]; start: number } | null = null;
  #touched = Number.NEGATIVE_INFINITY; // when a person turned it last
  #pressed = false;
  #seen = true;
  #drawn = 0; // when the last frame was
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: PlacesParts) {
    const { map, model, signal } = parts;
    this.#parts = parts;
    this.#canvas.className = "df-globe";
    this.#canvas.ariaHidden = "true";
    const pane = map.getPane("df-globe") ?? map.createPane("df-globe");
    pane.style.zIndex = "440";
    pane.style.pointerEvents = "none";
    pane.append(this.#canvas);
    this.#listen();
    map.on("resize moveend", this.redraw);
    const watcher = new IntersectionObserver((entries) => {
      this.#seen = entries.at(-1)?.isIntersecting ?? true;
      this.#next();
    });
    watcher.observe(map.getContainer());
    signal.addEventListener(
      "abort",
      onChange(model, ["projection"], () => this.#turn()),
    );
    signal.addEventListener("abort", followPlaces(this.redraw));
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      watcher.disconnect();
      map.off("resize moveend", this.redraw);
      this.#canvas.remove();
    });
    this.#turn();
  }

  /** Whether the globe is shown instead of the map. */
  get on(): boolean {
    return this.#parts.model.get("projection") === "globe";
  }

  /** Return where a place is in the map's container; not a number on the far side. */
  readonly spot = (place: Place): Spot => this.#spots(place);

  /** Return the zoom of a map on which the inhabited world is as large, which is stretched away from the equator. */
  zoom(): number {
    return Math.log2((2 * Math.PI * this.#radius()) / TILE) - STRETCHED;
  }

  #radius(): number {
    const { x, y } = this.#parts.map.getSize();
    return Math.max(40, Math.min(x, y) / 2 - MARGIN);
  }

  /** Call back whenever the globe has been drawn again. Return a function that ends this. */
  follow(drawn: () => void): () => void {
    this.#followers.add(drawn);
    return () => {
      this.#followers.delete(drawn);
    };
  }

  /** Turn until a place is in the center. */
  turnTo([latitude, longitude]: Place): void {
    this.#touched = performance.now();
    const to: [number, number] = [nearestCopy(longitude, this.#center[0]), tilted(latitude)];
    if (this.#calm.matches) this.#center = to;
    else this.#flight = { from: this.#center, to, start: this.#touched };
    this.redraw();
  }

  /** Draw again, soon. */
  readonly redraw = (): void => {
    this.#drawn = 0;
    this.#next();
  };

  /** Show the globe, or the map again. */
  #turn(): void {
    const { map } = this.#parts;
    const { on } = this;
    map.getContainer().classList.toggle("df-on-globe", on);
    this.#canvas.hidden = !on;
    for (const handler of [map.dragging, map.scrollWheelZoom, map.doubleClickZoom, map.touchZoom, map.boxZoom])
      handler?.[on ? "disable" : "enable"]();
    if (on) {
      const { lat, lng } = map.getCenter();
      this.#center = [lng, tilted(lat)];
    }
    this.redraw();
    if (!on) this.#tell();
    map.fire("moveend");
  }

  #tell(): void {
    for (const drawn of this.#followers) drawn();
  }

  #next(): void {
    if (this.on && this.#seen && !this.#frame && !this.#parts.signal.aborted)
      this.#frame = requestAnimationFrame(this.#paint);
  }

  readonly #paint = (now: number): void => {
    this.#frame = 0;
    if (!this.on) return;
    const turns = this.#turns(now);
    const passed = now - this.#drawn;
    if (this.#drawn === 0 || this.#flight || (turns && passed >= FRAME)) {
      if (turns && this.#drawn)
        this.#center = [this.#center[0] + (SPEED * Math.min(passed, 200)) / 1000, this.#center[1]];
      this.#fly(now);
      this.#drawn = now;
      this.#parts.faults.guard("The globe can't be drawn", () => this.#draw());
      this.#tell();
    }
    if (this.#flight || turns) this.#next();
    else if (!this.#calm.matches) this.#later();
  };

  /** Return whether it turns by itself: nobody holds it, has just turned it, or is reading something on it. */
  #turns(now: number): boolean {
    const { model, map, view } = this.#parts;
    const container = map.getContainer();
    const read = model.get("card") !== null || model.get("popups")[view] !== undefined;
    return (
      !this.#calm.matches &&
      !this.#pressed &&
      !read &&
      now - this.#touched > REST &&
      !container.classList.contains("df-pointing") &&
      !container.matches(":focus-visible")
    );
  }

  /** Check again later whether it can turn. */
  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), 500);
  }

  #fly(now: number): void {
    if (!this.#flight) return;
    const { from, to, start } = this.#flight;
    const share = Math.min(1, Math.max(0, (now - start) / FLIGHT));
    const eased = 1 - (1 - share) ** 3;
    this.#center = [from[0] + (to[0] - from[0]) * eased, from[1] + (to[1] - from[1]) * eased];
    if (share === 1) this.#flight = null;
  }

  #draw(): void {
    const { map, places } = this.#parts;
    const size = map.getSize();
    const radius = this.#radius();
    const middle: [number, number] = [size.x / 2, size.y / 2];
    this.#projection.scale(radius).translate(middle).rotate([-this.#center[0], -this.#center[1]]);
    this.#spots = spotsOn(this.#projection);
    const place = { ...placement(map), origin: map.containerPointToLayerPoint([0, 0]), width: size.x, height: size.y };
    lay(this.#canvas, place);
    const pen = this.#canvas.getContext("2d");
    if (pen === null) throw new Error("the browser gives no canvas to draw on");
    const ratio = this.#canvas.width / place.width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(this.#canvas);
    const color = (name: string) => style.getPropertyValue(name).trim();
    pen.fillStyle = color("--df-space");
    pen.fillRect(0, 0, size.x, size.y);
    halo(pen, middle, radius, [color("--df-glow"), color("--df-glow-end")]);
    const path = geoPath(this.#projection, pen);
    const draw = (what: Parameters<typeof path>[0], fill: string | null, line: string | null, width = 1) => {
      pen.beginPath();
      path(what);
      if (fill) {
        pen.fillStyle = fill;
        pen.fill();
      }
      if (line) {
        pen.lineWidth = width;
        pen.strokeStyle = line;
        pen.stroke();
      }
    };
    draw({ type: "Sphere" }, color("--df-water"), null);
    draw(GRATICULE, null, color("--df-grid"), 0.5);
    const shapes = places.get("globe");
    if (shapes) {
      draw(shapes.land, color("--df-ground"), color("--df-border"), 0.7);
      draw(shapes.borders, null, color("--df-border"), 0.5);
    }
    draw({ type: "Sphere" }, null, color("--df-border"));
  }

  /** Let a person turn it, with the pointer and the arrow keys. */
  #listen(): void {
    const container = this.#parts.map.getContainer();
    const { signal } = this.#parts;
    let from: { x: number; y: number } | null = null;
    let way = 0; // pixels that the pointer has gone since it was pressed
    const press = (event: PointerEvent) => {
      way = 0;
      if (this.on && event.button === 0 && isOnMap(event)) from = { x: event.clientX, y: event.clientY };
    };
    const move = (event: PointerEvent) => {
      if (!from) return;
      this.#pressed = true;
      way += Math.hypot(event.clientX - from.x, event.clientY - from.y);
      const degrees = HALF_TURN / Math.PI / this.#projection.scale();
      this.#by((from.x - event.clientX) * degrees, (event.clientY - from.y) * degrees);
      from = { x: event.clientX, y: event.clientY };
    };
    const release = () => {
      from = null;
      this.#pressed = false;
    };
    // The click at the end of a drag opens nothing.
    const click = (event: MouseEvent) => {
      if (this.on && way > STILL && isOnMap(event)) event.stopImmediatePropagation();
    };
    const key = (event: KeyboardEvent) => {
      if (!this.on || event.target !== container) return;
      const by = KEYS[event.key];
      // The map under it stays as it is.
      if (by || ZOOMS.includes(event.key)) event.stopImmediatePropagation();
      if (!by) return;
      event.preventDefault();
      this.#by(...by);
    };
    container.addEventListener("pointerdown", press, { signal, capture: true });
    window.addEventListener("pointermove", move, { signal });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, release, { signal });
    container.addEventListener("click", click, { signal, capture: true });
    container.addEventListener("keydown", key, { signal });
  }

  #by(east: number, north: number): void {
    this.#touched = performance.now();
    this.#flight = null;
    this.#center = [this.#center[0] + east, tilted(this.#center[1] + north)];
    this.redraw();
  }
}

function tilted(latitude: number): number {
  return Math.max(-TILT, Math.min(TILT, latitude));
}

/** The air round the globe. */
function halo(pen: CanvasRenderingContext2D, [x, y]: [number, number], radius: number, colors: [string, string]): void {
  const air = pen.createRadialGradient(x, y, radius * 0.96, x, y, radius + MARGIN);
  air.addColorStop(0, colors[0]);
  air.addColorStop(1, colors[1]);
  pen.fillStyle = air;
  pen.beginPath();
  pen.arc(x, y, radius + MARGIN, 0, 2 * Math.PI);
  pen.fill();
}
