// Moves a replay in time: the moment that a person chose is shown until the kernel has reached it.

import { useEffect, useReducer, useRef } from "preact/hooks";
import { freshId } from "#kit/id.ts";
import type { MapAsk } from "./model.ts";

const SEEK_EVERY = 200; // milliseconds between two requests for a moment while the slider moves
const PATIENCE = 4000; // milliseconds that a chosen moment is kept without an answer from the kernel

/** Holds the moment that a person has chosen, and requests it, but not at every pixel of the slider. */
export class Seeker {
  #wanted: { time: number; turn: string } | null = null;
  #requested: string | null = null; // the turn of the last request
  #next: ReturnType<typeof setTimeout> | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: (time: number, turn: string) => void,
    private readonly changed: () => void,
  ) {}

  /** Go to a moment. */
  readonly go = (time: number): void => {
    this.#wanted = { time, turn: freshId() };
    clearTimeout(this.#patience);
    this.#patience = setTimeout(this.#forget, PATIENCE);
    if (this.#next === null) this.#send();
    this.changed();
  };

  /** Return the moment to show, if the kernel shows `now` and its last seek was the turn `sought`. */
  moment({ now, sought }: { now: number; sought: string | null }): number {
    if (this.#wanted?.turn === sought) {
      clearTimeout(this.#patience);
      this.#wanted = null;
    }
    return this.#wanted?.time ?? now;
  }

  /** Stop requesting. */
  end(): void {
    clearTimeout(this.#patience);
    if (this.#next !== null) clearTimeout(this.#next);
  }

  #send = (): void => {
    this.#next = null;
    if (this.#wanted === null || this.#wanted.turn === this.#requested) return;
    this.#requested = this.#wanted.turn;
    this.ask(this.#wanted.time, this.#requested);
    this.#next = setTimeout(this.#send, SEEK_EVERY);
  };

  #forget = (): void => {
    this.#wanted = null;
    this.changed();
  };
}

/** Return the moment to show, and a function that jumps to another. */
export function useSeeker(ask: MapAsk, replay: { now: number; sought: string | null }) {
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  const kept = useRef<Seeker | null>(null);
  kept.current ??= new Seeker(
    (at, turn) => ask({ do: "seek", at, turn }),
    () => draw(undefined),
  );
  const seeker = kept.current;
  useEffect(() => () => seeker.end(), [seeker]);
  return { go: seeker.go, moment: seeker.moment(replay) };
}
