// Errors in the browser: logged once with their stack, here and in the kernel, and shown until the action succeeds.

import type { Outgoing } from "./ask.ts";
import type { Model } from "./model.ts";
import type { Fault } from "./protocol.ts";

const MOST_LOGGED = 50;

/** The faults of one view. */
export interface Faults {
  /** Run something that may fail; a later run that succeeds clears the note. */
  guard: (what: string, run: () => void) => void;
  /** Note an error. */
  report: (what: string, error: unknown) => void;
  /** Clear a note: the action succeeded again. */
  clear: (what: string) => void;
  /** Return a sentence for each present error. */
  notes: () => string[];
  /** Call back whenever the notes change. Return a function that ends this. */
  follow: (changed: () => void) => () => void;
}

/** Make the faults of one view; `tell` sends a fault to the kernel. */
export function faultList(tell: (fault: Outgoing<Fault>) => unknown): Faults {
  const present = new Map<string, string>(); // what fails, and how
  const logged = new Set<string>();
  const followers = new Set<() => void>();
  const set = (what: string, text?: string) => {
    if (present.get(what) === text) return;
    if (text === undefined) present.delete(what);
    else present.set(what, text);
    for (const changed of followers) changed();
  };
  const report = (what: string, error: unknown) => {
    const said = error instanceof Error ? error.message : String(error);
    const text = `${what} (${said})`;
    if (!logged.has(text) && logged.size < MOST_LOGGED) {
      logged.add(text);
      console.error(`datafast_nb: ${what}.`, error);
      tell({ do: "fault", what, error: said, stack: (error instanceof Error && error.stack) || "" });
    }
    set(what, text);
  };
  const clear = (what: string) => set(what);
  return {
    report,
    clear,
    guard: (what, run) => {
      try {
        run();
        clear(what);
      } catch (error) {
        report(what, error);
      }
    },
    notes: () => [...present.values()].map((text) => `${text}: the log has details`),
    follow: (changed) => {
      followers.add(changed);
      return () => followers.delete(changed);
    },
  };
}

/**
 * Note an unguarded error of this script, such as in a timer or after a click. The next change of the model clears the
 * note.
 */
export function watchUncaught(
  faults: Faults,
  model: Pick<Model<object>, "on" | "off">,
  script: string,
  signal: AbortSignal,
): void {
  const what = "Something went wrong";
  const note = (error: unknown) => {
    if (error instanceof Error && error.stack?.includes(script)) faults.report(what, error);
  };
  const clear = () => faults.clear(what);
  model.on("change", clear);
  signal.addEventListener("abort", () => model.off("change", clear));
  window.addEventListener("error", ({ error }) => note(error), { signal });
  window.addEventListener("unhandledrejection", ({ reason }) => note(reason), { signal });
}
