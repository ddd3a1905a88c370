// The ground under the visitors: the land at 1:50m with regions once zoomed in, and the names of countries and cities.

import type { Map as LeafletMap, Point, ZoomAnimEvent } from "leaflet";
import { feature } from "topojson-client";
import type { GeometryCollection, MultiPolygon, Polygon } from "topojson-specification";
import { onChange } from "#kit/model.ts";
import { colorsOf, writeNames } from "./lettering.ts";
import { OUTSIDE, xOf, yOf } from "./mercator.ts";
import { followPlaces, type PlacesParts, type Shapes } from "./places.ts";
import { lay, type Placement, placement, projection, zoomTo } from "./projection.ts";
import { acrossDateLine } from "./world.ts";

const DETAIL_FROM = 3.4; // zoom from which the land at 1:110m is too coarse
const BUDGET = 12; // milliseconds of a frame that shapes may take

type Bounds = { bounds: [number, number, number, number] };
type Country = (Polygon<Bounds> | MultiPolygon<Bounds>) & { properties: Bounds };

const paths = new WeakMap<object, Path2D>(); // of each shape, where the world is a square of 1

/** The ground of a map, until its view is removed. */
export class Ground {
  readonly #parts: PlacesParts;
  readonly #land: HTMLCanvasElement;
  readonly #names: HTMLCanvasElement;
  #placement: Placement;
  #frame = 0;
  #drawn = 0; // shapes on the canvas

  constructor(parts: PlacesParts) {
    const { map, model, signal } = parts;
    this.#parts = parts;
    [this.#land, this.#names] = ["df-shapes", "df-names"].map((name) => canvasOn(map, name)) as [
      HTMLCanvasElement,
      HTMLCanvasElement,
    ];
    this.#placement = placement(map);
    const moved = () => {
      this.#placement = placement(map);
      this.redraw();
    };
    map.on({ moveend: moved, resize: moved, zoomanim: this.#zoom });
    signal.addEventListener("abort", onChange(model, ["clusters", "land"], this.redraw));
    signal.addEventListener("abort", followPlaces(this.redraw));
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(this.#frame);
      map.off({ moveend: moved, resize: moved, zoomanim: this.#zoom });
      this.#land.remove();
      this.#names.remove();
    });
    this.redraw();
  }

  /** Draw again, soon. */
  readonly redraw = (): void => {
    this.#drawn = 0;
    this.#next();
  };

  #next(): void {
    if (!this.#frame && !this.#parts.signal.aborted) this.#frame = requestAnimationFrame(this.#paint);
  }

  /** Follow Leaflet's zoom, until the shapes are drawn again. */
  readonly #zoom = ({ center, zoom }: ZoomAnimEvent): void => {
    const { map } = this.#parts;
    const scale = map.getZoomScale(zoom, map.getZoom());
    const at = this.#corner()
      .multiplyBy(scale)
      .subtract(zoomTo(map, center, zoom, 0).origin);
    this.#land.style.transform = `translate3d(${at.x}px, ${at.y}px, 0) scale(${scale})`;
    this.#names.hidden = true;
  };

  readonly #paint = (): void => {
    this.#frame = 0;
    const { map, model, faults } = this.#parts;
    const own = model.get("land");
    const detailed = own && map.getZoom() >= DETAIL_FROM;
    const shapes = detailed ? this.#parts.places.get("shapes") : undefined;
    this.#names.hidden = !own;
    this.#land.hidden = !shapes;
    faults.guard("The places can't be drawn", () => {
      if (shapes) this.#paintShapes(shapes);
      if (own) this.#paintNames();
    });
  };

  /** Return where the canvas begins, in pixels of the world: not by way of degrees, which end at the poles. */
  #corner(): Point {
    return this.#placement.origin.add(this.#parts.map.getPixelOrigin());
  }

  /** Paint the visible shapes; continue in the next frame if it takes longer than one. */
  #paintShapes({ world, regions }: Shapes): void {
    const { map } = this.#parts;
    const start = performance.now();
    const pen = penOn(this.#land, this.#placement);
    const read = colorsOf(this.#land);
    if (this.#drawn === 0) {
      pen.fillStyle = read("--df-water");
      pen.fillRect(0, 0, this.#placement.width, this.#placement.height);
    }
    const size = 256 * 2 ** map.getZoom();
    const corner = this.#corner();
    pen.lineJoin = "round";
    pen.fillStyle = read("--df-ground");
    pen.strokeStyle = read("--df-border");
    const countries = (world.objects.countries as GeometryCollection).geometries as Country[];
    const shapes = [...countries, regions];
    while (this.#drawn < shapes.length && performance.now() - start < BUDGET) {
      const shape = shapes[this.#drawn++] as Country | number[][];
      for (const turn of [-1, 0, 1]) {
        if (!Array.isArray(shape) && !this.#sees(shape, turn)) continue;
        const [left, top] = [turn * size - corner.x, -corner.y];
        const ratio = pen.canvas.width / this.#placement.width;
        pen.setTransform(size * ratio, 0, 0, size * ratio, left * ratio, top * ratio);
        pen.lineWidth = (Array.isArray(shape) ? 0.5 : 0.8) / size;
        const path = Array.isArray(shape) ? pathOfLines(shape) : pathOfCountry(shape, world);
        if (!Array.isArray(shape)) pen.fill(path, "evenodd");
        pen.stroke(path);
      }
    }
    if (this.#drawn < shapes.length) this.#next();
  }

  /** Return whether a country is visible, on the copy of the world that is some turns east. */
  #sees({ properties }: Country, turn: number): boolean {
    const [west, south, east, north] = properties.bounds;
    const { map } = this.#parts;
    const { origin, width, height } = this.#placement;
    const [from, to] = [map.layerPointToLatLng(origin), map.layerPointToLatLng(origin.add([width, height]))];
    const beyond = east - west > 350 ? 30 : 0; // degrees, of those on both sides of the date line
    const [left, right] = [west + 360 * turn - beyond, east + 360 * turn + beyond];
    return right >= from.lng && left <= to.lng && north >= to.lat && south <= from.lat;
  }

  #paintNames(): void {
    const names = this.#parts.places.get("names");
    if (!names) return;
    const { map } = this.#parts;
    const { origin, width, height } = this.#placement;
    const pen = penOn(this.#names, this.#placement);
    pen.clearRect(0, 0, width, height);
    const project = projection(map, origin, null, 0);
    const edge = map.getSize().subtract(map.layerPointToContainerPoint(origin));
    writeNames(pen, names, { width, height, edge, zoom: map.getZoom(), project }, this.#parts);
  }
}

function canvasOn(map: LeafletMap, name: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = `${name} leaflet-zoom-animated`;
  canvas.ariaHidden = "true";
  const pane = map.getPane("df-ground") ?? map.createPane("df-ground");
  pane.style.zIndex = "260";
  pane.style.pointerEvents = "none";
  pane.append(canvas);
  return canvas;
}

/** Put a canvas in its place, and return its drawing context. */
function penOn(canvas: HTMLCanvasElement, place: Placement): CanvasRenderingContext2D {
  lay(canvas, place);
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("the browser gives no canvas to draw on");
  const ratio = canvas.width / place.width;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

/** Return the place of degrees, where the world is a square of 1. */
function square(longitude: number, latitude: number): [number, number] {
  return [xOf(longitude), yOf(latitude, OUTSIDE)];
}

function pathOfCountry(country: Country, world: Shapes["world"]): Path2D {
  return pathOnce(country, (path) => {
    const { geometry } = feature<Bounds>(world, country as Polygon<Bounds>);
    const { coordinates } = geometry as GeoJSON.Polygon | GeoJSON.MultiPolygon;
    const rings = (country.type === "Polygon" ? coordinates : coordinates.flat()) as GeoJSON.Position[][];
    for (const ring of rings) {
      for (const [index, place] of acrossDateLine(ring).entries())
        path[index ? "lineTo" : "moveTo"](...square(...place));
      path.closePath();
    }
  });
}

function pathOfLines(lines: number[][]): Path2D {
  return pathOnce(lines, (path) => {
    for (const line of lines) {
      let [x, y] = [0, 0];
      for (let index = 0; index < line.length; index += 2) {
        x += line[index] ?? 0;
        y += line[index + 1] ?? 0;
        path[index ? "lineTo" : "moveTo"](...square(x / 100, y / 100));
      }
    }
  });
}

/** Return the path of a shape, which is made when it is drawn for the first time. */
function pathOnce(shape: object, make: (path: Path2D) => void): Path2D {
  let path = paths.get(shape);
  if (!path) {
    path = new Path2D();
    make(path);
    paths.set(shape, path);
  }
  return path;
}
