// How clusters get from one state to the next: which becomes which, and where each is in between.

import { nearestCopy } from "./world.js";

const CURVE = 3;

/**
 * Give how much of something that lasts `length` is over, from 0 to 1.
 *
 * A frame bears the time at which it was due: on a busy page that is before what it is to show has begun.
 */
export function progress(now, start, length) {
  return Math.min(1, Math.max(0, (now - start) / length));
}

/** Slow down towards the end. */
export function ease(share) {
  return 1 - (1 - share) ** CURVE;
}

/** Give the id of the cell that a place is in, on a grid of `across` cells, as the kernel names it. */
export function cellOf(lat, lon, across) {
  const x = (((lon / 360 + 0.5) % 1) + 1) % 1;
  const sine = Math.sin((Math.min(85.0511287798066, Math.max(-85.0511287798066, lat)) * Math.PI) / 180);
  const y = 0.5 - Math.atanh(sine) / (2 * Math.PI);
  return `${across}/${Math.floor(x * across)}/${Math.floor(y * across)}`;
}

/** Give where a mark is, at a share of its way. */
export function between({ from, to }, share) {
  const mix = (name) => from[name] + (to[name] - from[name]) * share;
  return { lat: mix("lat"), lon: mix("lon"), radius: mix("radius"), alpha: mix("alpha"), customers: mix("customers") };
}

/** Forget the ways that have been gone, and the marks that have faded. */
export function settle(marks) {
  for (const [id, mark] of marks) {
    if (mark.gone) marks.delete(id);
    else mark.from = mark.to;
  }
}

/**
 * Give the marks of new clusters, each on its way from what it was.
 *
 * One that was there goes on from where it is. One of a finer or coarser grid comes out of the cluster that its place
 * was in, and those that are no more go into the one that their place is in now, or fade where they are.
 */
export function transition({ marks, across }, newAcross, items, share) {
  const before = new Map([...marks].filter(([, mark]) => !mark.gone).map(([id, mark]) => [id, between(mark, share)]));
  const next = new Map();
  for (const [id, lat, lon, radius, color, customers, visitors] of items) {
    const to = { lat, lon, radius, alpha: 1, customers };
    const last = before.get(id);
    const from = last ? { ...last, lon: nearestCopy(last.lon, lon) } : birth(to, before, across, newAcross);
    next.set(id, { id, from, to, color, visitors, gone: false });
  }
  for (const [id, from] of before) {
    if (next.has(id)) continue;
    const { color, visitors } = marks.get(id);
    next.set(`gone ${id}`, { id, from, to: death(from, next, across, newAcross), color, visitors, gone: true });
  }
  return next;
}

/** A new cluster grows where it is, or out of the one that was there. */
function birth(to, before, across, newAcross) {
  const parent = newAcross === across ? undefined : before.get(cellOf(to.lat, to.lon, across));
  if (!parent) return { ...to, radius: to.radius / 2, alpha: 0 };
  return { ...to, lat: parent.lat, lon: nearestCopy(parent.lon, to.lon), radius: Math.min(parent.radius, to.radius) };
}

/** One that is no more fades where it is, or goes into the one that is there now. */
function death(from, next, across, newAcross) {
  const heir = newAcross === across ? undefined : next.get(cellOf(from.lat, from.lon, newAcross));
  if (!heir) return { ...from, alpha: 0 };
  return { ...from, lat: heir.to.lat, lon: nearestCopy(heir.to.lon, from.lon), radius: heir.to.radius, alpha: 0 };
}
