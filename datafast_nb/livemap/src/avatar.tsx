// A face for each visitor, drawn from their id alone: the same id has the same face everywhere, and nothing is requested.

import { useMemo } from "preact/hooks";

const SIZE = 36; // of the square that a face is drawn in
const OFFSET = 0x811c9dc5; // FNV-1a
const PRIME = 0x01000193;

/** A face: two hues in degrees, the turn and the offset of the head, and its features. */
export interface Look {
  ground: number;
  head: number;
  turn: number;
  across: number;
  down: number;
  round: boolean;
  eyes: number;
  smile: number;
}

/** Return the face of an id. */
export function lookOf(id: string): Look {
  const next = numbersOf(id);
  const ground = next(360);
  return {
    ground,
    head: (ground + 60 + next(240)) % 360,
    turn: next(90) - 45,
    across: next(9) - 4,
    down: 1 + next(5),
    round: next(2) === 0,
    eyes: 3 + next(4),
    smile: next(3),
  };
}

/** Return a source of whole numbers below a limit, always the same for the same text. */
function numbersOf(text: string): (below: number) => number {
  let state = OFFSET;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), PRIME);
  return (below) => {
    // Marsaglia's xorshift
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const SMILES = ["M-3 0a3 3 0 0 0 6 0", "M-3 .8h6", "M-3 0q3 3.4 6 0"];

/** The face of a visitor; a neutral one without an id. */
export function Avatar({ id }: { id: string | null }) {
  return useMemo(
    () => (
      <svg viewBox={`0 0 ${SIZE} ${SIZE}`} width={28} height={28} class="df-avatar" aria-hidden={true}>
        {id === null ? <Nobody /> : <Face {...lookOf(id)} />}
      </svg>
    ),
    [id],
  );
}

function Face({ ground, head, turn, across, down, round, eyes, smile }: Look) {
  const middle = SIZE / 2;
  return (
    <>
      <rect width={SIZE} height={SIZE} fill={`hsl(${ground} 48% 74%)`} />
      <rect
        x={4}
        y={5}
        width={28}
        height={32}
        rx={round ? 14 : 8}
        fill={`hsl(${head} 58% 52%)`}
        transform={`rotate(${turn} ${middle} ${middle}) translate(${across} ${down})`}
      />
      <g
        transform={`translate(${middle + across} ${middle + down / 2}) rotate(${turn / 4})`}
        fill="#fff"
        stroke="#fff"
        stroke-width={0}
      >
        <ellipse cx={-eyes} cy={-3} rx={1.5} ry={2} />
        <ellipse cx={eyes} cy={-3} rx={1.5} ry={2} />
        <path
          d={SMILES[smile]}
          transform="translate(0 3)"
          fill={smile === 0 ? "#fff" : "none"}
          stroke-width={1.4}
          stroke-linecap="round"
        />
      </g>
    </>
  );
}

function Nobody() {
  return (
    <>
      <rect width={SIZE} height={SIZE} class="df-nobody" />
      <circle cx={18} cy={14} r={6} fill="#fff" />
      <path d="M6 36a12 12 0 0 1 24 0z" fill="#fff" />
    </>
  );
}
