// The globe: the same visitors in an orthographic projection, which turns slowly by itself, and is turned and zoomed by hand.

import { geoDistance, geoOrthographic } from "d3-geo";
import type { ZoomAnimEvent } from "leaflet";
import { onChange } from "#kit/model.ts";
import { setZoom } from "./fit.ts";
import { handle } from "./hand.ts";
import { colorsOf, writeNames } from "./lettering.ts";
import { followPlaces, type PlacesParts } from "./places.ts";
import { lay, placement } from "./projection.ts";
import { AIR, paintSphere, prepared, type Spot, spotsOn } from "./sphere.ts";
import { nearestCopy, type Place } from "./world.ts";

const SPEED = 3; // degrees that it turns in a second
const REST = 8000; // milliseconds after a person has turned it
const FRAME = 33; // milliseconds of a frame while it turns by itself
const FLIGHT = 600; // milliseconds of a turn to a place
const ZOOM = 250; // milliseconds of a zoom, as on the map
const STILL = 150; // milliseconds without a move, after which names are written
const LOOK = 500; // milliseconds until it is looked again whether it can turn
const TILT = 80; // degrees of latitude at most
const NEAR = 0.02; // zoom levels that make no difference
const NEAREST = 8; // zoom to which visitors are fitted, as on the map
const ROOM = 32; // pixels round those who are fitted
const TILE = 256;
const DETAIL_FROM = 430; // pixels of the radius from which the land at 1:110m is too coarse
const STRETCHED = 0.6; // zoom levels, of Web Mercator at 50 degrees
const POLE = 85; // degrees of latitude
const WHOLE = { south: -POLE, west: -180, north: POLE, east: 180 };
const DEGREES = 180 / Math.PI;

/** What is in the middle, as longitude and latitude, and how many levels it is zoomed in beyond the whole globe. */
interface Look {
  center: [number, number];
  levels: number;
}

/** A place that stays under the pointer in a zoom. */
interface Hold {
  point: [number, number];
  place: [number, number];
}

interface Flight {
  from: Look;
  to: Look;
  start: number;
  length: number;
  hold: Hold | null;
}

const CALM = "(prefers-reduced-motion: reduce)";

/** The globe over a map, until its view is removed. Its zoom is the map's; its center is its own. */
export class Globe {
  readonly #parts: PlacesParts;
  readonly #canvas = document.createElement("canvas");
  readonly #calm = window.matchMedia(CALM);
  readonly #projection = geoOrthographic().clipAngle(90).precision(0);
  readonly #followers = new Set<() => void>();
  #spots: (place: Place) => Spot = () => ({ x: Number.NaN, y: Number.NaN, size: 1 });
  #look: Look = { center: [10, 25], levels: 0 };
  #flight: Flight | null = null;
  #hold: Hold | null = null; // under the pointer that zooms
  #touched = Number.NEGATIVE_INFINITY; // when a person turned it last
  #moved = false; // whether a person has turned it since it is shown
  #held = false;
  #paused = false;
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
    handle(map, this, signal);
    const heard = { "resize moveend": this.redraw, "zoom resize": this.#takeZoom, zoomanim: this.#zoom };
    for (const [names, hear] of Object.entries(heard)) map.on(names, hear as () => void);
    const watcher = new IntersectionObserver((entries) => {
      this.#seen = entries.at(-1)?.isIntersecting ?? true;
      this.#next();
    });
    watcher.observe(map.getContainer());
    // Not `#calm`: Chromium tells no change to one that was asked after the change.
    window.matchMedia(CALM).addEventListener("change", this.redraw, { signal });
    const unfollow = [
      onChange(model, ["projection"], () => this.#turn()),
      onChange(model, ["clusters"], this.redraw),
      followPlaces(this.redraw),
    ];
    signal.addEventListener("abort", () => {
      for (const end of unfollow) end();
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      watcher.disconnect();
      for (const [names, hear] of Object.entries(heard)) map.off(names, hear as () => void);
      this.#canvas.remove();
    });
    this.#turn();
  }

  /** Whether the globe is shown instead of the map. */
  get on(): boolean {
    return this.#parts.model.get("projection") === "globe";
  }

  /** Whether it would turn by itself if nobody looked closer: not where motion is reduced, nor once zoomed in. */
  get turnable(): boolean {
    return this.on && !this.#calm.matches && !this.zoomed;
  }

  /** Whether a part of it is shown, and not all. */
  get zoomed(): boolean {
    return this.#look.levels > NEAR;
  }

  /** Whether a person has stopped it. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Stop it, or let it turn again, at once. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#touched = Number.NEGATIVE_INFINITY;
    this.redraw();
  }

  /** Return where a place is in the map's container; not a number on the far side. */
  readonly spot = (place: Place): Spot => this.#spots(place);

  /** Return the place at a point of the map's container; nothing beside the globe. */
  placeAt(point: [number, number]): [number, number] | null {
    const place = this.#projection.invert?.(point) ?? null;
    return place?.every(Number.isFinite) ? place : null;
  }

  /** Return the part of the world that is shown, and the zoom of a map on which it is as large. */
  view(): { zoom: number; south: number; west: number; north: number; east: number } {
    const [longitude, latitude] = this.#look.center;
    const { x, y } = this.#parts.map.getSize();
    const reach = DEGREES * Math.asin(Math.min(1, Math.hypot(x, y) / 2 / this.#radius()));
    if (!this.zoomed || reach >= 90) return { zoom: this.#zoomOfMap() - STRETCHED, ...WHOLE };
    // The map is stretched away from the equator, the globe is not.
    const zoom = this.#zoomOfMap() + Math.log2(Math.cos(latitude / DEGREES));
    const [south, north] = [Math.max(-POLE, latitude - reach), Math.min(POLE, latitude + reach)];
    const wide = Math.sin(reach / DEGREES) / Math.cos(latitude / DEGREES);
    if (wide >= 1) return { zoom, ...WHOLE, south, north };
    const middle = nearestCopy(longitude, 0);
    const across = DEGREES * Math.asin(wide);
    return { zoom, south, west: middle - across, north, east: middle + across };
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
    this.#fly({ center: [longitude, latitude], levels: this.#wanted() }, FLIGHT);
  }

  /** Turn and zoom until a box is in sight. */
  fit({ south, west, north, east }: { south: number; west: number; north: number; east: number }): void {
    const { map } = this.#parts;
    const center: [number, number] = [(west + east) / 2, (south + north) / 2];
    const corners = [west, east].flatMap((lon) => [south, center[1], north].map((lat): [number, number] => [lon, lat]));
    const reach = Math.max(...corners.map((corner) => geoDistance(center, corner)));
    const { x, y } = map.getSize();
    const least = map.getMinZoom();
    const room = Math.max(40, Math.min(x, y) / 2 - ROOM);
    const close = reach < 1.2 ? Math.log2(room / Math.max(1e-6, Math.sin(reach)) / this.#whole()) : 0;
    const zoom = Math.max(least, Math.min(NEAREST, least + close));
    this.#fly({ center, levels: zoom - least }, FLIGHT);
    setZoom(map, [center[1], center[0]], zoom);
  }

  /** Turn it by degrees, by hand. */
  by(east: number, north: number): void {
    this.#touch();
    this.#flight = null;
    const [longitude, latitude] = this.#look.center;
    this.#look = { center: [longitude + east, tilted(latitude + north)], levels: this.#wanted() };
    this.redraw();
  }

  /** Return the degrees that a pixel of the globe's middle is. */
  degrees(): number {
    return DEGREES / this.#radius();
  }

  /** Say whether a person holds it. */
  hold(held: boolean): void {
    this.#held = held;
    this.redraw();
  }

  /** Zoom around a point from now on, and around the middle without one. */
  zoomAround(point: [number, number] | null): void {
    const place = point && this.placeAt(point);
    this.#hold = point && place && { point, place };
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
    for (const handler of [map.dragging, map.boxZoom]) handler?.[on ? "disable" : "enable"]();
    // Where the pointer is on the globe, Leaflet does not know.
    const around = on ? "center" : true;
    Object.assign(map.options, { scrollWheelZoom: around, doubleClickZoom: around, touchZoom: around });
    if (on) {
      const { lat, lng } = map.getCenter();
      this.#look = { center: [lng, tilted(lat)], levels: this.#wanted() };
      this.#moved = false;
    } else if (this.#moved) {
      const [longitude, latitude] = this.#look.center;
      setZoom(map, [latitude, nearestCopy(longitude, 0)], map.getZoom());
    }
    this.#flight = null;
    this.redraw();
    this.#tell();
    map.fire("moveend");
  }

  #tell(): void {
    for (const drawn of this.#followers) drawn();
  }

  #touch(): void {
    this.#touched = performance.now();
    this.#moved = true;
  }

  /** Return the radius of the whole globe in pixels. */
  #whole(): number {
    const { x, y } = this.#parts.map.getSize();
    return Math.max(40, Math.min(x, y) / 2 - AIR);
  }

  #radius(): number {
    return this.#whole() * 2 ** this.#look.levels;
  }

  /** Return the zoom of a map whose equator is as long. */
  #zoomOfMap(): number {
    return Math.log2((2 * Math.PI * this.#radius()) / TILE);
  }

  /** Return how many levels the map is zoomed in. */
  #wanted(): number {
    const { map } = this.#parts;
    return Math.max(0, map.getZoom() - map.getMinZoom());
  }

  /** Follow a zoom that Leaflet begins. */
  readonly #zoom = ({ zoom }: ZoomAnimEvent): void => {
    const levels = Math.max(0, zoom - this.#parts.map.getMinZoom());
    if (this.on && !this.#calm.matches) this.#fly({ center: this.#look.center, levels }, ZOOM, this.#hold);
  };

  /** Take over a zoom that Leaflet has made. */
  readonly #takeZoom = (): void => {
    const levels = this.#wanted();
    if (!this.on || Math.abs((this.#flight?.to.levels ?? this.#look.levels) - levels) < NEAR) return;
    this.#flight = null;
    this.#look = { center: this.#look.center, levels };
    if (this.#hold) this.#keep(this.#hold);
    this.redraw();
  };

  #fly(to: Look, length: number, hold: Hold | null = null): void {
    this.#touch();
    const { center } = this.#look;
    const end: Look = { center: [nearestCopy(to.center[0], center[0]), tilted(to.center[1])], levels: to.levels };
    if (this.#calm.matches) {
      this.#flight = null;
      this.#look = end;
    } else this.#flight = { from: this.#look, to: end, start: this.#touched, length, hold };
    this.redraw();
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
    const moves = turns || this.#held || this.#flight !== null;
    if (this.#drawn === 0 || this.#flight || (turns && passed >= FRAME)) {
      if (turns && this.#drawn) this.#look.center[0] += (SPEED * Math.min(passed, 200)) / 1000;
      this.#goOn(now);
      this.#drawn = now;
      this.#parts.faults.guard("The globe can't be drawn", () => this.#draw(!moves));
      this.#tell();
    }
    if (this.#flight || turns) this.#next();
    else this.#later(moves);
  };

  /** Return whether it turns by itself: nobody has stopped it, holds it, has just turned it, or is reading something on it. */
  #turns(now: number): boolean {
    const { model, map, view } = this.#parts;
    const container = map.getContainer();
    const read = model.get("card") !== null || model.get("popups")[view] !== undefined;
    return (
      this.turnable &&
      !this.#paused &&
      !this.#held &&
      !read &&
      now - this.#touched > REST &&
      !container.classList.contains("df-pointing") &&
      !container.matches(":focus-visible")
    );
  }

  /** Write the names once it is still; check again later whether it can turn. */
  #later(moved: boolean): void {
    clearTimeout(this.#timer);
    if (moved) this.#timer = setTimeout(this.redraw, STILL);
    else if (this.turnable) this.#timer = setTimeout(() => this.#next(), LOOK);
  }

  #goOn(now: number): void {
    if (!this.#flight) return;
    const { from, to, start, length, hold } = this.#flight;
    const share = Math.min(1, Math.max(0, (now - start) / length));
    const eased = 1 - (1 - share) ** 3;
    const between = (one: number, other: number) => one + (other - one) * eased;
    const [longitude, latitude] = from.center.map((each, axis) => between(each, to.center[axis] ?? each));
    const center = hold ? this.#look.center : ([longitude, latitude] as [number, number]);
    this.#look = { center, levels: between(from.levels, to.levels) };
    if (hold) this.#keep(hold);
    if (share === 1) this.#flight = null;
  }

  /** Turn it so that a place is at a point again: nearly so at first, so that it takes a few steps. */
  #keep({ point, place }: Hold): void {
    for (let step = 0; step < 4; step += 1) {
      this.#aim();
      const under = this.placeAt(point);
      if (!under) return;
      const { center, levels } = this.#look;
      const east = nearestCopy(place[0] - under[0], 0);
      this.#look = { center: [center[0] + east, tilted(center[1] + place[1] - under[1])], levels };
    }
  }

  #aim(): void {
    const { x, y } = this.#parts.map.getSize();
    const [longitude, latitude] = this.#look.center;
    this.#projection
      .scale(this.#radius())
      .translate([x / 2, y / 2])
      .rotate([-longitude, -latitude]);
  }

  #draw(named: boolean): void {
    const { map, places } = this.#parts;
    const size = map.getSize();
    this.#aim();
    this.#spots = spotsOn(this.#projection);
    const place = { ...placement(map), origin: map.containerPointToLayerPoint([0, 0]), width: size.x, height: size.y };
    lay(this.#canvas, place);
    const pen = this.#canvas.getContext("2d");
    if (pen === null) throw new Error("the browser gives no canvas to draw on");
    const ratio = this.#canvas.width / place.width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const shapes = this.#radius() >= DETAIL_FROM ? places.get("shapes") : undefined;
    const fine = shapes && prepared(shapes) ? shapes : undefined;
    if (shapes && !fine) requestAnimationFrame(this.redraw);
    paintSphere(pen, this.#projection, size, { coarse: places.get("globe"), fine }, colorsOf(this.#canvas));
    const names = named ? places.get("names") : undefined;
    const sheet = { width: size.x, height: size.y, edge: size, zoom: this.#zoomOfMap(), project: this.spot };
    if (names) writeNames(pen, names, sheet, this.#parts);
  }
}

function tilted(latitude: number): number {
  return Math.max(-TILT, Math.min(TILT, latitude));
}
