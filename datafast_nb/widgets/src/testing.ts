// A model for unit tests: it keeps a state, reports changes to listeners, and records what was sent.

import type { Model } from "./model.ts";

export type TestModel<State extends object> = Model<State> & {
  /** What has been sent to the kernel. */
  sent: unknown[];
  /** Change fields as a message of the kernel does. */
  change(fields: Partial<State>): void;
  /** Receive a message of the kernel. */
  tell(message: unknown, buffers?: unknown[]): void;
};

/** Return a model with a state. */
export function testModel<State extends object>(initial: State): TestModel<State> {
  const state = { ...initial };
  const listeners = new Map<string, Set<(...given: unknown[]) => void>>();
  const call = (event: string, ...given: unknown[]) => {
    for (const listener of [...(listeners.get(event) ?? [])]) listener(...given);
  };
  const set = <Name extends keyof State>(name: Name, value: State[Name]) => {
    if (state[name] === value) return;
    state[name] = value;
    call(`change:${String(name)}`);
    call("change");
  };
  const sent: unknown[] = [];
  return {
    sent,
    get: (name) => state[name],
    set,
    save_changes: () => {},
    on: (event: string, listener: (...given: never[]) => void) => {
      const known = listeners.get(event) ?? new Set();
      listeners.set(event, known.add(listener as (...given: unknown[]) => void));
    },
    off: (event, listener) => {
      if (event && listener) listeners.get(event)?.delete(listener);
    },
    send: (content) => sent.push(content),
    change: (fields) => {
      for (const name of Object.keys(fields) as (keyof State)[]) set(name, fields[name] as State[typeof name]);
    },
    tell: (message, buffers) => call("msg:custom", message, ...(buffers ? [buffers] : [])),
  };
}
