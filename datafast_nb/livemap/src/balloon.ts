// The place of a balloon at its circle: above it, or else below or beside it, always within the map.

/** A size, in pixels. */
export interface Box {
  width: number;
  height: number;
}

/** The place of a balloon: its upper left corner, its side of the circle, and the place of its tail on that side. */
export interface Balloon {
  left: number;
  top: number;
  side: "above" | "below" | "beside";
  tail: number;
  /** Its maximum height, if it needs more. */
  most?: number;
}

const EDGE = 6; // pixels from the edge of the map
const AWAY = 10; // pixels from the circle
const LEAST = 140; // pixels of a balloon that can still be read

/** Return the place of a balloon of some size at a circle, in a map of some size. */
export function balloonAt(circle: { x: number; y: number; radius: number }, size: Box, room: Box): Balloon {
  const { x, y, radius } = circle;
  const all = room.height - 2 * EDGE; // pixels that a balloon can be high
  const height = Math.min(size.height, all);
  const cut = size.height > all ? { most: all } : {};
  const within = (wanted: number, length: number, full: number) =>
    Math.round(Math.max(EDGE, Math.min(full - length - EDGE, wanted)));
  const left = within(x - size.width / 2, size.width, room.width);
  const tail = Math.max(12, Math.min(size.width - 12, x - left));
  const above = y - radius - AWAY - height;
  if (above >= EDGE) return { left, top: Math.round(above), side: "above", tail, ...cut };
  const below = y + radius + AWAY;
  if (below + height <= room.height - EDGE) return { left, top: Math.round(below), side: "below", tail, ...cut };
  const top = within(y - height / 2, height, room.height);
  const [right, before] = [x + radius + AWAY, x - radius - AWAY - size.width];
  if (right + size.width <= room.width - EDGE) return { left: Math.round(right), top, side: "beside", tail: 0, ...cut };
  if (before >= EDGE) return { left: Math.round(before), top, side: "beside", tail: 0, ...cut };
  const [over, under] = [y - radius - AWAY - EDGE, room.height - EDGE - below];
  const most = Math.min(all, Math.max(LEAST, over, under));
  if (over >= under) return { left, top: Math.max(EDGE, Math.round(EDGE + over - most)), side: "above", tail, most };
  return { left, top: Math.round(room.height - EDGE - most), side: "below", tail, most };
}
