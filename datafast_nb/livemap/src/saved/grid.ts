// Groups the visitors of a saved moment into the cells of a grid, as `livemap/clusters.py` does.

import type { Clusters, Heat, ShowViewport } from "#kit/protocol.ts";
import { latitudeAt, xOf, yOf } from "../mercator.ts";
import { apart } from "./crowding.ts";
import { byText, commonest, mean, type Person, type Placed, placed, sum } from "./people.ts";

const MOST_CELLS = 550; // with visitors
const MOST_GRID = 3600; // cells in a viewport
const CELL = 28; // pixels of the map
const HEAT_CELL = 30;
const MARGIN = 0.05; // of the viewport, on each side
const MOST_SHIFT = 20; // pixels that a circle may be from its place
const RING = 4; // pixels of a ring that shows the share of customers
const [SMALLEST, LARGEST] = [5, 20]; // pixels of a circle's radius
const COARSER = 0.85; // of the cells across the world, where these are too small
const FULL_WORLD = 1000; // pixels of the world's width from which circles have their full radius
const LEAST_LARGE = 13; // pixels, of the largest circle on a small world
const ROOM = [8, 9.5, 12, 15] as const; // radii of circles with numbers of one to four characters
const DEEPEST = 14; // zoom

/** The part of the world that a view shows. */
export type Viewport = Pick<ShowViewport, "zoom" | "south" | "west" | "north" | "east">;

/** The visitors of one cell. */
export interface Group {
  id: string;
  latitude: number;
  longitude: number;
  visitors: number;
  customers: number;
  score: number | null;
  probability: number | null;
  worth: number;
  category: string | null;
}

/** Return left, top, right and bottom with the margin, in units of the world's width. */
function boxOf({ south, west, north, east }: Viewport): [number, number, number, number] {
  const [left, right] = [xOf(west), xOf(east)];
  const [top, bottom] = [yOf(north), yOf(south)];
  const [across, down] = [(right - left) * MARGIN, (bottom - top) * MARGIN];
  return [left - across, top - down, right + across, bottom + down];
}

/** Return the number of cells across the world. */
function cellsAcross(viewport: Viewport, pixels: number): number {
  const [left, top, right, bottom] = boxOf(viewport);
  let level = halfEven(2 * viewport.zoom) / 2;
  const allowed = MOST_GRID * (CELL / pixels) ** 2;
  const most = Math.sqrt(allowed / Math.max((right - left) * (bottom - top), 1e-12));
  while (level > 0 && (256 * 2 ** level) / pixels > most) level -= 0.5;
  return Math.max(1, Math.floor((256 * 2 ** level) / pixels));
}

/** Round a number, a half to the even one, as Python does. */
export function halfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Group visitors by the cells of a viewport, the largest group first. */
export function grouped(
  people: readonly Person[],
  viewport: Viewport,
  category: string | null,
  pixels = CELL,
): Group[] {
  const here = placed(people);
  let across = cellsAcross(viewport, pixels);
  let groups = cells(here, viewport, across, category);
  while (across > 1 && (groups.length > MOST_CELLS || shift(groups, viewport.zoom) > MOST_SHIFT)) {
    across = Math.floor(across * COARSER);
    groups = cells(here, viewport, across, category);
  }
  return groups;
}

function cells(people: readonly Placed[], viewport: Viewport, across: number, category: string | null): Group[] {
  const [left, top, right, bottom] = boxOf(viewport);
  const groups = new Map<number, Placed[]>();
  for (const each of people) {
    const cell = Math.floor(each.y * across) * across + Math.floor(each.x * across);
    const members = groups.get(cell);
    if (members) members.push(each);
    else groups.set(cell, [each]);
  }
  return [...groups]
    .flatMap(([cell, members]) => {
      const [row, column] = [Math.floor(cell / across), cell % across];
      const copy = Math.floor((left + right) / 2 - (column + 0.5) / across + 0.5);
      const place = column + copy * across;
      const inside = place >= left * across - 1 && place <= right * across;
      if (!inside || row < top * across - 1 || row > bottom * across) return [];
      return [{ cell, group: groupOf(`${across}/${column}/${row}`, members, copy, category) }];
    })
    .sort((one, other) => other.group.visitors - one.group.visitors || one.cell - other.cell)
    .map(({ group }) => group);
}

function groupOf(id: string, members: readonly Placed[], copy: number, category: string | null): Group {
  const prospects = members.filter(({ customer }) => !customer);
  const named = category ? members.flatMap(({ traits }) => traits[category] ?? []) : [];
  return {
    id,
    latitude: sum(members.map(({ latitude }) => latitude)) / members.length,
    longitude: (360 * sum(members.map(({ x }) => x - 0.5))) / members.length + 360 * copy,
    visitors: members.length,
    customers: members.length - prospects.length,
    score: mean(prospects.map(({ score }) => score)),
    probability: mean(prospects.map(({ probability }) => probability)),
    worth: sum(prospects.map(({ worth }) => worth)),
    category: commonest(named, byText)[0]?.[0] ?? null,
  };
}

/** Return the groups as they are drawn, each in the color that `paint` gives it. */
export function marks(groups: readonly Group[], viewport: Viewport, paint: (group: Group) => string): Clusters {
  const decimals = Math.min(4, Math.ceil(Math.log10((10 * 256 * 2 ** viewport.zoom) / 360)));
  const radius = radiusIn(groups, viewport.zoom);
  const moved = spread(groups, viewport.zoom);
  return {
    across: groups[0] ? Number(groups[0].id.split("/")[0]) : cellsAcross(viewport, CELL),
    id: groups.map(({ id }) => id),
    latitude: moved.map(({ y }) => rounded(latitudeAt(Math.min(1, Math.max(0, y))), decimals)),
    longitude: moved.map(({ x }) => rounded(360 * (x - 0.5), decimals)),
    radius: groups.map(({ visitors }) => rounded(radius(visitors), 1)),
    color: groups.map(paint),
    visitors: groups.map(({ visitors }) => visitors),
    customers: groups.map(({ customers }) => customers),
  };
}

function rounded(value: number, decimals: number): number {
  const unit = 10 ** decimals;
  return Math.round(value * unit) / unit;
}

/** Return the radius of a circle, whose area grows with the number that it has room for. */
function radiusIn(groups: readonly Group[], zoom: number): (visitors: number) => number {
  const large = Math.max(LEAST_LARGE, LARGEST * Math.min(1, (256 * 2 ** zoom) / FULL_WORLD));
  const most = Math.max(1, ...groups.map(({ visitors }) => visitors));
  const full = Math.max(64, 2 ** Math.ceil(Math.log2(most)));
  return (visitors) => {
    const share = Math.min(1, Math.sqrt((visitors - 1) / (full - 1)));
    return Math.max(SMALLEST + (large - SMALLEST) * share, roomFor(visitors));
  };
}

function roomFor(visitors: number): number {
  if (visitors < 2) return 0;
  if (visitors < 10) return ROOM[0];
  if (visitors < 100) return ROOM[1];
  return visitors < 1000 || (visitors >= 9950 && visitors <= 99_499) ? ROOM[2] : ROOM[3];
}

/** Return the places of groups on the square, moved as far as their circles would cover each other. */
function spread(groups: readonly Group[], zoom: number): { x: number; y: number }[] {
  const world = 256 * 2 ** zoom;
  const radius = radiusIn(groups, zoom);
  const circles = groups.map((group) => ({
    x: middle(group).x * world,
    y: middle(group).y * world,
    radius: rounded(radius(group.visitors), 1) + (group.customers ? RING : 0),
  }));
  return apart(circles).map(({ x, y }) => ({ x: x / world, y: y / world }));
}

function middle({ latitude, longitude }: Group): { x: number; y: number } {
  return { x: longitude / 360 + 0.5, y: yOf(latitude) };
}

/** Return how far circles are from their places at most, in pixels. */
function shift(groups: readonly Group[], zoom: number): number {
  const moved = spread(groups, zoom);
  const ways = groups.map((group, index) => {
    const [from, to] = [middle(group), moved[index] ?? middle(group)];
    return Math.hypot(to.x - from.x, to.y - from.y);
  });
  return Math.max(0, ...ways) * 256 * 2 ** zoom;
}

/** Return the visitors of one cell. */
export function membersOf<Someone extends Person>(people: readonly Someone[], id: string): Someone[] {
  const [across = 1, column, row] = id.split("/").map(Number);
  return people.filter(
    ({ x, y }) => x !== null && y !== null && Math.floor(x * across) === column && Math.floor(y * across) === row,
  );
}

/** Return the cell of another grid that most visitors of a cell are in. */
export function successor(people: readonly Person[], id: string, across: number): string {
  if (id.startsWith(`${across}/`)) return id;
  const inside = membersOf(placed(people), id);
  const ids = inside.map(({ x, y }) => `${across}/${Math.floor(x * across)}/${Math.floor(y * across)}`);
  return commonest(ids, byText)[0]?.[0] ?? id;
}

/** Return the narrowest box of visitors that are within one half of the world, or else that of all as the map is. */
export function boundsOf(people: readonly Person[]) {
  const here = placed(people);
  const around = [...new Set(here.map(({ x }) => x))].sort((one, other) => one - other);
  const [first, last] = [around[0], around.at(-1)];
  if (first === undefined || last === undefined) return null;
  const latitudes = here.map(({ latitude }) => latitude);
  const empty = around.map((x, index) => (around[index + 1] ?? first + 1) - x); // from each place east to the next
  const widest = empty.indexOf(Math.max(...empty));
  const across = 1 - (empty[widest] ?? 0);
  const wraps = widest < around.length - 1 && across <= 0.5;
  const right = wraps ? (around[widest] ?? last) : last;
  const left = wraps ? right - across : first;
  const turn = Math.floor((left + right) / 2);
  return {
    south: Math.min(...latitudes),
    west: 360 * (left - turn - 0.5),
    north: Math.max(...latitudes),
    east: 360 * (right - turn - 0.5),
  };
}

/** Return the points of the heat map. */
export function heatOf(people: readonly Person[], viewport: Viewport): Heat {
  const groups = grouped(people, viewport, null, HEAT_CELL).filter(({ worth }) => worth > 0);
  const top = Math.max(...groups.map(({ worth }) => worth));
  const scale = 2 ** Math.min(Math.max(DEEPEST - viewport.zoom, 0), 12);
  return {
    latitude: groups.map(({ latitude }) => rounded(latitude, 3)),
    longitude: groups.map(({ longitude }) => rounded(longitude, 3)),
    weight: groups.map(({ worth }) => rounded(Math.sqrt(worth / top) * scale, 2)),
  };
}
