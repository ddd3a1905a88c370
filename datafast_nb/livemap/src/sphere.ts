// Paints the globe: the land at 1:110m by d3-geo, and where it is large the land at 1:50m, point by point, which is faster.

import { type GeoProjection, geoDistance, geoGraticule, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, GeometryObject } from "topojson-specification";
import type { GlobeShapes, Shapes } from "./places.ts";
import type { Place } from "./world.ts";

/** The width of the air round the globe, in pixels. */
export const AIR = 18;

const GRATICULE = geoGraticule().step([20, 20]).precision(4)();
const RADIANS = Math.PI / 180;
const FACING = 0.5; // cosine of the angle from the middle from which things look smaller
const LEAST = 0.55; // their size at the edge
const BUDGET = 8; // milliseconds of a frame in which shapes are made ready

/** A point in pixels; not a number where a place can't be seen. */
export interface Spot {
  x: number;
  y: number;
  /** How large things look there: less toward the edge of the globe, where they crowd. */
  size: number;
}

/** Return the way from degrees to pixels, on a globe with a place in its middle; the far side is nowhere. */
export function spotsOn(projection: GeoProjection): (place: Place) => Spot {
  const [longitude = 0, latitude = 0] = projection.rotate();
  const middle: [number, number] = [-longitude, -latitude];
  return ([lat, lon]) => {
    const away = geoDistance([lon, lat], middle);
    const [x, y] = (away < Math.PI / 2 && projection([lon, lat])) || [Number.NaN, Number.NaN];
    return { x, y, size: Math.min(1, LEAST + (1 - LEAST) * (Math.cos(away) / FACING)) };
  };
}

/** What is painted: the coarse land, and the fine one if that is there and wanted. */
interface Lands {
  coarse: GlobeShapes | undefined;
  fine: Shapes | undefined;
}

/** Paint a globe on a canvas of some size. */
export function paintSphere(
  pen: CanvasRenderingContext2D,
  projection: GeoProjection,
  size: { x: number; y: number },
  { coarse, fine }: Lands,
  read: (name: string) => string,
): void {
  const [middle, radius] = [projection.translate(), projection.scale()];
  pen.fillStyle = read("--df-space");
  pen.fillRect(0, 0, size.x, size.y);
  halo(pen, middle, radius, [read("--df-glow"), read("--df-glow-end")]);
  disc(pen, middle, radius);
  pen.fillStyle = read("--df-water");
  pen.fill();
  const path = geoPath(projection, pen);
  const stroke = (what: Parameters<typeof path>[0], color: string, width: number) => {
    pen.beginPath();
    path(what);
    pen.lineWidth = width;
    pen.strokeStyle = color;
    pen.stroke();
  };
  stroke(GRATICULE, read("--df-grid"), 0.5);
  pen.fillStyle = read("--df-ground");
  const border = read("--df-border");
  if (fine) paintFine(pen, projection, Math.hypot(size.x, size.y) / 2, fine, border);
  else if (coarse) {
    stroke(coarse.land, border, 0.7);
    pen.fill();
    stroke(coarse.borders, border, 0.5);
  }
  disc(pen, middle, radius);
  pen.lineWidth = 1;
  pen.strokeStyle = border;
  pen.stroke();
}

/** Lines on the sphere, closed or not: x, y and z of each point. And the part of the sphere that all are in. */
interface Solid {
  lines: Float32Array[];
  closed: boolean;
  middle: [number, number, number];
  /** The angle from the middle to the farthest point. */
  reach: number;
}

/** The solids of shapes, as far as they are made. */
const made = new WeakMap<Shapes, Solid[]>();

/** Make shapes ready to be painted, a part of them in each frame; say whether all are. */
export function prepared(shapes: Shapes): boolean {
  const start = performance.now();
  const countries = (shapes.world.objects.countries as GeometryCollection).geometries;
  const { regions } = shapes;
  const solids = made.get(shapes) ?? [];
  made.set(shapes, solids);
  for (let next = solids.length; next < countries.length + regions.length; next = solids.length) {
    if (performance.now() - start > BUDGET) return false;
    const country = countries[next];
    if (country) solids.push(solidOf(ringsOf(shapes, country), true));
    else solids.push(solidOf([placesAlong(regions[next - countries.length] ?? [])], false));
  }
  return true;
}

function ringsOf({ world }: Shapes, country: GeometryObject): GeoJSON.Position[][] {
  const { geometry } = feature(world, country) as GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.MultiPolygon>;
  return geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
}

/** Paint the fine land as far as it is in sight, within so many pixels of the middle. */
function paintFine(
  pen: CanvasRenderingContext2D,
  projection: GeoProjection,
  farthest: number,
  shapes: Shapes,
  border: string,
): void {
  const [east, north, out] = axesOf(projection);
  const [[left, top], radius] = [projection.translate(), projection.scale()];
  const seen = Math.asin(Math.min(1, farthest / radius));
  pen.strokeStyle = border;
  for (const { lines, closed, middle, reach } of made.get(shapes) ?? []) {
    if (Math.acos(Math.max(-1, Math.min(1, dot(out, middle, 0)))) > reach + seen) continue;
    pen.beginPath();
    for (const line of lines) trace(line, closed);
    if (closed) pen.fill("evenodd");
    pen.lineWidth = closed ? 0.8 : 0.5;
    pen.stroke();
  }

  function trace(line: Float32Array, closed: boolean): void {
    let before = false; // whether the last point is drawn
    for (let at = 0; at < line.length; at += 3) {
      let [x, y] = [dot(east, line, at), dot(north, line, at)];
      const hidden = dot(out, line, at) < 0;
      // What a shape has on the far side is drawn on the edge; what lines have is not.
      if (hidden && closed) {
        const far = Math.hypot(x, y) || 1;
        [x, y] = [x / far, y / far];
      }
      const drawn = closed || !hidden;
      if (drawn) pen[before ? "lineTo" : "moveTo"](left + radius * x, top - radius * y);
      before = drawn;
    }
    if (closed) pen.closePath();
  }
}

/** Return the directions of the page in space: to the right, up, and to who looks. */
function axesOf(projection: GeoProjection): [number[], number[], number[]] {
  const [longitude = 0, latitude = 0] = projection.rotate().map((degrees) => -degrees * RADIANS);
  const [sinLon, cosLon] = [Math.sin(longitude), Math.cos(longitude)];
  const [sinLat, cosLat] = [Math.sin(latitude), Math.cos(latitude)];
  return [
    [-sinLon, cosLon, 0],
    [-sinLat * cosLon, -sinLat * sinLon, cosLat],
    [cosLat * cosLon, cosLat * sinLon, sinLat],
  ];
}

function dot(axis: ArrayLike<number>, points: ArrayLike<number>, at: number): number {
  const [x = 0, y = 0, z = 0] = [axis[0], axis[1], axis[2]];
  return x * (points[at] ?? 0) + y * (points[at + 1] ?? 0) + z * (points[at + 2] ?? 0);
}

/** Return the places of a line in hundredths of a degree, each step from the last. */
function placesAlong(line: number[]): GeoJSON.Position[] {
  let [x, y] = [0, 0];
  return Array.from({ length: line.length / 2 }, (_, index) => {
    x += line[2 * index] ?? 0;
    y += line[2 * index + 1] ?? 0;
    return [x / 100, y / 100];
  });
}

function solidOf(lines: GeoJSON.Position[][], closed: boolean): Solid {
  const points = lines.map((line) => Float32Array.from(line.flatMap(inSpace)));
  const sum: [number, number, number] = [0, 0, 0];
  for (const line of points) for (let at = 0; at < line.length; at += 1) sum[(at % 3) as 0 | 1 | 2] += line[at] ?? 0;
  const length = Math.hypot(...sum) || 1;
  const middle = sum.map((each) => each / length) as [number, number, number];
  let least = 1;
  for (const line of points) for (let at = 0; at < line.length; at += 3) least = Math.min(least, dot(middle, line, at));
  return { lines: points, closed, middle, reach: Math.acos(Math.max(-1, least)) };
}

function inSpace([longitude = 0, latitude = 0]: GeoJSON.Position): [number, number, number] {
  const [lon, lat] = [longitude * RADIANS, latitude * RADIANS];
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
}

function disc(pen: CanvasRenderingContext2D, [x, y]: [number, number], radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
}

/** The air round the globe. */
function halo(pen: CanvasRenderingContext2D, [x, y]: [number, number], radius: number, colors: [string, string]): void {
  const air = pen.createRadialGradient(x, y, radius * 0.96, x, y, radius + AIR);
  air.addColorStop(0, colors[0]);
  air.addColorStop(1, colors[1]);
  pen.fillStyle = air;
  disc(pen, [x, y], radius + AIR);
  pen.fill();
}
