// Pushes circles apart that would cover each other, as `livemap/crowding.py` does.

const GAP = 1; // that stays between two circles
const CLOSE = 0.5; // overlap that is left as it is: nobody sees it
const ROUNDS = 12; // of finding out which circles are near each other
const STEPS = 8; // in a round
const NEAR = 10; // that two circles may be apart and still meet within a round

export interface Circle {
  x: number;
  y: number;
  radius: number;
}

/** Return circles where they are after they have moved just so far that none covers another, as far as there is room. */
export function apart(circles: readonly Circle[]): Circle[] {
  const moved = circles.map((each) => ({ ...each }));
  if (moved.length < 2) return moved;
  for (let round = 0; round < ROUNDS; round++) {
    const pairs = neighbors(moved);
    if (!pairs.length) break;
    let worst = 0;
    for (let step = 0; step < STEPS; step++) {
      worst = push(pairs);
      if (worst < CLOSE) break;
    }
    if (worst < CLOSE) break;
  }
  return moved;
}

/** Move each pair by what it overlaps, all at once, unless all are apart; return the largest overlap before. */
function push(pairs: readonly [Circle, Circle][]): number {
  let worst = 0;
  const pushes = pairs.map(([one, other]) => {
    const [across, down] = [other.x - one.x, other.y - one.y];
    const distance = Math.hypot(across, down);
    const overlap = Math.max(0, one.radius + other.radius + GAP - distance);
    worst = Math.max(worst, overlap);
    const share = overlap / (distance || 1);
    return distance ? [across * share, down * share] : [share, 0];
  });
  if (worst < CLOSE) return worst;
  for (const [index, [one, other]] of pairs.entries()) {
    const [across = 0, down = 0] = pushes[index] ?? [];
    const share = other.radius ** 2 / (one.radius ** 2 + other.radius ** 2);
    one.x -= across * share;
    one.y -= down * share;
    other.x += across * (1 - share);
    other.y += down * (1 - share);
  }
  return worst;
}

/** Return the pairs that overlap or are near each other. */
function neighbors(circles: readonly Circle[]): [Circle, Circle][] {
  const ordered = [...circles].sort((one, other) => one.x - other.x);
  const widest = Math.max(...circles.map(({ radius }) => radius)) + NEAR / 2;
  const pairs: [Circle, Circle][] = [];
  for (const [index, one] of ordered.entries()) {
    const reach = one.radius + NEAR / 2;
    for (let place = index + 1; place < ordered.length; place++) {
      const other = ordered[place] as Circle;
      if (other.x - one.x > reach + widest) break;
      const both = reach + other.radius + NEAR / 2;
      if ((other.x - one.x) ** 2 + (other.y - one.y) ** 2 < both ** 2) pairs.push([one, other]);
    }
  }
  return pairs;
}
