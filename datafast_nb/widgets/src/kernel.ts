// Whether a view is connected to the kernel that drew it, or shows what a former kernel left.

import type { Model } from "./model.ts";
import { clocksOf } from "./zone.ts";

const LOOK = 5000; // milliseconds between two checks
const PATIENCE = 5000; // milliseconds without a connection before the view says so: short breaks end by themselves
const SILENCE = 15_000; // milliseconds without a message, after which we ask the kernel whether it still knows us
const AGAIN = 60_000; // milliseconds until we ask again: a kernel that has been restarted never answers
const COMMS = "jupyter.widget";

/**
 * How a view is connected to its kernel: "live"; "saved", from a notebook, without a kernel; "file", a page that answers
 * itself; "restarted" or "ended", if the kernel that drew the view was; or "unconnected", while the page can't reach it.
 * A busy kernel is live.
 */
export type KernelState = "live" | "saved" | "file" | "restarted" | "ended" | "unconnected";

/** What a view knows about its kernel. */
export interface Kernel {
  state: () => KernelState;
  /** Return whether messages are answered. */
  live: () => boolean;
  /** Return whether the kernel that drew the view is gone. */
  ended: () => boolean;
  /** Call back whenever the state changes. Return a function that ends this. */
  follow: (changed: () => void) => () => void;
}

/** A signal of Lumino. */
interface Signal {
  connect?: (heard: () => void) => void;
  disconnect: (heard: () => void) => void;
}

/** JupyterLab's own connection to a kernel; other pages have none, or less of one. */
interface Connection {
  isDisposed?: boolean;
  status?: string;
  connectionStatus?: string;
  statusChanged?: Signal;
  connectionStatusChanged?: Signal;
  disposed?: Signal;
  requestCommInfo?: (request: { target_name: string }) => Promise<{ content: CommInfo }>;
}

interface CommInfo {
  status: string;
  comms: Record<string, unknown>;
}

/** A model of ipywidgets, which knows whether the kernel knows it. */
interface Witness {
  model_id?: string;
  comm?: unknown;
  comm_live?: boolean;
  on?: (event: string, heard: () => void) => void;
  off?: (event: string, heard: () => void) => void;
}

interface Facts {
  forgotten: boolean;
  lostAt: number | null;
}

/** Return JupyterLab's connection to the kernel of a model, as JupyterLab 4.6.6 has it; anywidget 0.11.0 has none. */
function connectionOf(model: Model<object>): Connection | undefined {
  return (model as Model<object> & { widget_manager?: { kernel?: Connection } }).widget_manager?.kernel;
}

/** Return the layout of a model: ipywidgets 8.1.9 says of it what anywidget 0.11.0 does not say of the model itself. */
function witnessOf(model: Model<object>): Witness | undefined {
  return (model as Model<{ layout?: Witness }>).get("layout");
}

/** Return whether a model belongs to a kernel, not to a saved notebook or to a kernel that has restarted. */
export function hasKernel(model: Model<object>): boolean {
  return witnessOf(model)?.comm_live !== false;
}

/** The kernel of a page that answers itself. */
export const FILE: Kernel = { state: () => "file", live: () => true, ended: () => false, follow: () => () => {} };

/** Follow the connection of a view to its kernel. */
export function kernelOf(model: Model<object>, signal: AbortSignal): Kernel {
  const witness = witnessOf(model);
  const kernel = connectionOf(model);
  const facts: Facts = { forgotten: false, lostAt: null };
  const followers = new Set<() => void>();
  let state = stateOf(model, witness, kernel, facts);
  const look = () => {
    const present = stateOf(model, witness, kernel, facts);
    if (present === state) return;
    state = present;
    for (const changed of followers) changed();
  };
  if (state !== "saved") {
    const forgotten = () => {
      facts.forgotten = true;
      look();
    };
    listen(kernel, witness, look, signal);
    const check = asksWhetherKnown(model, witness, kernel, forgotten, signal);
    const timer = setInterval(() => {
      look();
      if (state === "live") check();
    }, LOOK);
    signal.addEventListener("abort", () => clearInterval(timer));
  }
  return {
    state: () => state,
    live: () => state === "live",
    ended: () => state === "restarted" || state === "ended",
    follow: (changed) => {
      followers.add(changed);
      return () => followers.delete(changed);
    },
  };
}

/** Mark an element while there is no kernel. */
export function markWithoutKernel(el: HTMLElement, kernel: Kernel): void {
  const change = () => el.classList.toggle("df-resting", !kernel.live());
  kernel.follow(change);
  change();
}

/** Return the state, from what JupyterLab knows about the widget and the kernel. */
function stateOf(
  model: Model<object>,
  witness: Witness | undefined,
  kernel: Connection | undefined,
  facts: Facts,
): KernelState {
  if (witness?.comm_live === false) return witness.comm === undefined ? "saved" : "restarted";
  if (facts.forgotten) return "restarted";
  if (!kernel) return "live";
  if (connectionOf(model) !== kernel || kernel.isDisposed || ["dead", "terminating"].includes(kernel.status ?? ""))
    return "ended";
  if (["connecting", "disconnected"].includes(kernel.connectionStatus ?? "")) facts.lostAt ??= performance.now();
  else facts.lostAt = null;
  return facts.lostAt !== null && performance.now() - facts.lostAt >= PATIENCE ? "unconnected" : "live";
}

/** Check again whenever something happens to the kernel. */
function listen(
  kernel: Connection | undefined,
  witness: Witness | undefined,
  look: () => void,
  signal: AbortSignal,
): void {
  const signals = [kernel?.statusChanged, kernel?.connectionStatusChanged, kernel?.disposed].filter(
    (each) => each?.connect,
  );
  const heard = () => queueMicrotask(look); // after all other listeners have run
  for (const each of signals) each?.connect?.(heard);
  witness?.on?.("comm_live_update", heard);
  signal.addEventListener("abort", () => {
    for (const each of signals) each?.disconnect(heard);
    witness?.off?.("comm_live_update", heard);
  });
}

/**
 * Return a function that asks a kernel that has long been silent whether it knows our widget; call `forgotten` if not.
 *
 * This is how a page notices a restart from another page. A busy kernel answers later.
 */
function asksWhetherKnown(
  model: Model<object>,
  witness: Witness | undefined,
  kernel: Connection | undefined,
  forgotten: () => void,
  signal: AbortSignal,
): () => Promise<void> {
  let heard = performance.now();
  let requested = -AGAIN;
  const hear = () => {
    heard = performance.now();
  };
  for (const event of ["change", "msg:custom"]) model.on(event, hear);
  signal.addEventListener("abort", () => {
    for (const event of ["change", "msg:custom"]) model.off(event as "msg:custom", hear);
  });
  return async () => {
    const now = performance.now();
    if (document.hidden || now - heard < SILENCE || now - requested < AGAIN) return;
    if (!witness?.model_id || !kernel?.requestCommInfo) return;
    requested = now;
    try {
      const { content } = await kernel.requestCommInfo({ target_name: COMMS });
      requested = -AGAIN;
      hear();
      if (content.status === "ok" && !(witness.model_id in content.comms)) forgotten();
    } catch (error) {
      console.debug("datafast_nb: the kernel did not say whether it knows this view.", error); // it may have just gone
    }
  };
}

/** Return a moment as text in a time zone, with the date unless it is today's. */
export function moment(time: number, zone = "UTC", now = Date.now()): string {
  const { name, shown } = clocksOf(zone);
  const written = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { ...options, timeZone: name }).format(time);
  const day = (each: number) => shown(each).toISOString().slice(0, 10);
  const date = day(time) === day(now) ? "" : `${written({ day: "numeric", month: "short", year: "numeric" })}, `;
  return `${date}${written({ hour: "2-digit", minute: "2-digit" })} ${name}`;
}

/** Return short sentences about a view that is not live; `when` is the time of its data, if known. */
export function standing(state: KernelState, when?: string): string[] {
  const data = when ? [`data of ${when}`] : [];
  const again = "run the cell to continue";
  if (state === "saved") return [when ? `Saved ${when}` : "Saved", again];
  if (state === "file") return [when ? `As of ${when}` : "A saved replay"];
  if (state === "restarted") return ["The kernel has restarted", ...data, again];
  if (state === "ended") return ["The kernel has ended", ...data, again];
  return ["No connection to the kernel", ...data];
}
