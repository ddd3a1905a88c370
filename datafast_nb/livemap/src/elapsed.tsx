// Elapsed times that advance by themselves, with the clock of the data.

import { useEffect, useReducer, useRef } from "preact/hooks";
import { ago, type Clock, lasting } from "./time.ts";

interface ElapsedProps {
  /** A time in milliseconds since the epoch; nothing is shown without one. */
  since: number | null;
  clock: Clock;
}

/** The time since something happened. */
export function Ago({ since, clock }: ElapsedProps) {
  return <>{useClock(clock, (now) => (since === null ? "" : ago(since, now)))}</>;
}

/** The time that something has lasted. */
export function Lasting({ since, clock }: ElapsedProps) {
  return <>{useClock(clock, (now) => (since === null ? "" : lasting(now - since)))}</>;
}

/** Return a reading of the clock, and draw again at the beat that changes it. */
export function useClock<Value>(clock: Clock, read: (now: number) => Value): Value {
  const value = read(clock.now());
  const drawn = useRef({ read, value });
  drawn.current = { read, value };
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  useEffect(() => {
    const look = () => {
      const { read, value } = drawn.current;
      if (read(clock.now()) !== value) draw(undefined);
    };
    return clock.follow(look);
  }, [clock]);
  return value;
}
