// The motion of clusters from one state to the next: which becomes which, and where each is in between.

import type { Cluster } from "./clusters.ts";
import { xOf, yOf } from "./mercator.ts";
import { nearestCopy, type Place } from "./world.ts";

const CURVE = 3;

/** The properties of a cluster that change smoothly; `customers` is their share. */
export interface Shape {
  lat: number;
  lon: number;
  radius: number;
  alpha: number;
  customers: number;
}

/** A cluster on its way from one shape to another; one that is gone fades. */
export interface Mark {
  id: string;
  cluster: Cluster;
  from: Shape;
  to: Shape;
  gone: boolean;
}

/** The marks by their ids, and the number of cells across their grid. */
export interface Marks {
  marks: Map<string, Mark>;
  across: number;
}

/**
 * Return the elapsed share of something that lasts `length`, from 0 to 1.
 *
 * A frame has the time at which it was due: on a busy page, that may be before the motion began.
 */
export function progress(now: number, start: number, length: number): number {
  return Math.min(1, Math.max(0, (now - start) / length));
}

/** Slow down toward the end. */
export function ease(share: number): number {
  return 1 - (1 - share) ** CURVE;
}

/** Return the id of the cell that a place is in, on a grid of `across` cells, as the kernel names it. */
export function cellOf([lat, lon]: Place, across: number): string {
  const x = ((xOf(lon) % 1) + 1) % 1;
  return `${across}/${Math.floor(x * across)}/${Math.floor(yOf(lat) * across)}`;
}

/** Return a mark's shape at a share of its motion. */
export function between({ from, to }: Pick<Mark, "from" | "to">, share: number): Shape {
  const mix = (name: keyof Shape) => from[name] + (to[name] - from[name]) * share;
  return { lat: mix("lat"), lon: mix("lon"), radius: mix("radius"), alpha: mix("alpha"), customers: mix("customers") };
}

/** Forget finished motions, and marks that have faded. */
export function settle(marks: Map<string, Mark>): void {
  for (const [id, mark] of marks) {
    if (mark.gone) marks.delete(id);
    else mark.from = mark.to;
  }
}

/**
 * Return the marks of new clusters, each moving from its previous state; the old ones are at a share of their motion.
 *
 * A cluster that was there continues from where it is. One of a finer or coarser grid emerges from the cluster that its
 * place was in. One that is gone merges into the cluster that its place is in now, or fades where it is.
 */
export function transition(before: Marks, across: number, clusters: readonly Cluster[], share: number): Marks {
  const regrouped = across !== before.across;
  const present = [...before.marks.values()].filter(({ gone }) => !gone);
  const shapes = new Map(present.map((mark) => [mark.id, between(mark, share)]));
  const marks = new Map<string, Mark>();
  for (const cluster of clusters) {
    const { id, latitude: lat, longitude: lon, radius } = cluster;
    const to = { lat, lon, radius, alpha: 1, customers: cluster.customers / cluster.visitors };
    const last = shapes.get(id);
    const parent = regrouped ? shapes.get(cellOf([lat, lon], before.across)) : undefined;
    const from = last ? { ...last, lon: nearestCopy(last.lon, lon) } : birth(to, parent);
    marks.set(id, { id, cluster, from, to, gone: false });
  }
  for (const { id, cluster } of present) {
    const from = shapes.get(id);
    if (from === undefined || marks.has(id)) continue;
    const heir = regrouped ? marks.get(cellOf([from.lat, from.lon], across)) : undefined;
    marks.set(`gone ${id}`, { id, cluster, from, to: death(from, heir?.to), gone: true });
  }
  return { marks, across };
}

/** Let a new cluster grow where it is, or out of the one that was there. */
function birth(to: Shape, parent: Shape | undefined): Shape {
  if (!parent) return { ...to, radius: to.radius / 2, alpha: 0 };
  return { ...to, lat: parent.lat, lon: nearestCopy(parent.lon, to.lon), radius: Math.min(parent.radius, to.radius) };
}

/** Let a cluster that is gone fade where it is, or merge into the one that is there now. */
function death(from: Shape, heir: Shape | undefined): Shape {
  if (!heir) return { ...from, alpha: 0 };
  return { ...from, lat: heir.lat, lon: nearestCopy(heir.lon, from.lon), radius: heir.radius, alpha: 0 };
}
