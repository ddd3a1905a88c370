// The large fields of a state, which arrive compressed in pages: each holds what has changed since the one before.

import { unzlibSync } from "fflate";
import type { Model } from "./model.ts";
import type { Packed, Pages } from "./protocol.ts";

const PAGES = [
  "page_0",
  "page_1",
  "page_2",
  "page_3",
  "page_4",
  "page_5",
  "page_6",
  "page_7",
] as const satisfies (keyof Pages)[];
const NOTHING = new Uint8Array();
const ADLER = 65_521; // the modulus of zlib's checksum

type Page = Pages[keyof Pages];
type Listener = (...given: never[]) => void;
type Listen = (event: string, listener: Listener) => void;

/** The text of a field as it was last read, and its value. */
interface Field {
  text: Uint8Array;
  value: unknown;
}

/**
 * Return a model with the fields that arrive in pages, as if each were a field of its own, and with packed messages
 * unpacked. `read` runs what may fail, as pages and messages may not be what the kernel packed: the last values stay.
 */
export function unpacked<State extends object>(
  model: Model<Partial<Pages>>,
  read: (what: () => void) => void,
  signal: AbortSignal,
): Model<State> {
  const fields = new Fields(model, read, signal);
  const wrapped = new WeakMap<Listener, Listener>();
  const hearing = (listener: Listener): Listener => {
    const known = wrapped.get(listener) ?? opening(listener, read);
    wrapped.set(listener, known);
    return known;
  };
  const [on, off] = [model.on as Listen, model.off as Listen];
  const whole = {
    widget_manager: (model as { widget_manager?: unknown }).widget_manager, // which leads to other widgets
    get: (name: string) => fields.get(name),
    set: (name: string, value: unknown) => fields.set(name, value),
    save_changes: () => model.save_changes(),
    send: (content: unknown) => model.send(content),
    on: (event: string, listener: Listener) => {
      on(event, event === "msg:custom" ? hearing(listener) : listener);
      fields.on(event, listener);
    },
    off: (event: string, listener: Listener) => {
      off(event, event === "msg:custom" ? hearing(listener) : listener);
      fields.off(event, listener);
    },
  };
  return whole as unknown as Model<State>;
}

/** The fields of a model, those of its pages too. */
class Fields {
  readonly #model: Model<Partial<Pages>>;
  readonly #read: (what: () => void) => void;
  readonly #listeners = new Map<string, Set<Listener>>();
  #fields = new Map<string, Field>();
  #seen: (Page | undefined)[] = [];
  #pages: (Page | undefined)[] = []; // those that were read

  constructor(model: Model<Partial<Pages>>, read: (what: () => void) => void, signal: AbortSignal) {
    this.#model = model;
    this.#read = read;
    for (const page of PAGES) {
      model.on(`change:${page}`, this.#follow);
      signal.addEventListener("abort", () => model.off(`change:${page}`, this.#follow));
    }
    this.#follow();
  }

  get(name: string): unknown {
    this.#follow(); // a listener may ask before the pages' own listener has run
    const field = this.#fields.get(name);
    return field ? field.value : this.#model.get(name as keyof Pages);
  }

  set(name: string, value: unknown): void {
    const field = this.#fields.get(name);
    if (field) {
      field.value = value;
      this.#tell([name]);
    } else this.#model.set(name as keyof Pages, value as Page);
  }

  on(event: string, listener: Listener): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  /** Read the pages that are new; if one of them can't be read, the later ones can't either. */
  readonly #follow = (): void => {
    const pages = PAGES.map((name) => this.#model.get(name));
    if (pages.every((page, place) => page === this.#seen[place])) return;
    this.#seen = pages;
    const changed = pages.findIndex((page, place) => page !== this.#pages[place]);
    // A page that held something was taken back, so pages began anew, with a first page that may be the same as before.
    const first = Object.keys(this.#pages[changed] ?? {}).length ? 0 : changed;
    const before = this.#fields;
    this.#read(() => {
      this.#fields = fieldsAfter(pages.slice(first), first ? before : new Map());
      this.#pages = pages;
    });
    this.#tell([...this.#fields].flatMap(([name, field]) => (before.get(name)?.value === field.value ? [] : [name])));
  };

  #tell(names: string[]): void {
    for (const name of names)
      for (const listener of [...(this.#listeners.get(`change:${name}`) ?? [])]) (listener as () => void)();
  }
}

/** Return the fields after some pages. */
function fieldsAfter(pages: (Page | undefined)[], before: ReadonlyMap<string, Field>): Map<string, Field> {
  const texts = new Map([...before].map(([name, { text }]) => [name, text]));
  const fields = new Map(before);
  for (const page of pages)
    for (const [name, content] of Object.entries(page ?? {})) {
      const text = inflated(content, texts.get(name) ?? NOTHING);
      texts.set(name, text);
      fields.set(name, { text, value: parsed(text) });
    }
  return fields;
}

/** Return a listener to messages that unpacks those that are packed. */
function opening(listener: Listener, read: (what: () => void) => void): Listener {
  const hear = listener as (message: unknown, buffers: unknown) => void;
  return (message: Packed | { do: string }, buffers: DataView[]) => {
    if (message.do !== "packed") return hear(message, buffers);
    let content: unknown;
    read(() => {
      content = parsed(inflated(buffers[0], NOTHING));
    });
    if (content !== undefined) hear(content, []);
  };
}

function parsed(text: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(text));
}

/** Decompress zlib's format; `before` is the dictionary. */
function inflated(content: DataView | undefined, before: Uint8Array): Uint8Array {
  if (!content) throw new Error("there is nothing to decompress");
  const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  const text = unzlibSync(bytes, before.length ? { dictionary: before } : {});
  // fflate reads the checksum, but does not compare it.
  if (content.getUint32(content.byteLength - 4) !== adler32(text)) throw new Error("the checksum is wrong");
  return text;
}

/** Return zlib's checksum. */
function adler32(text: Uint8Array): number {
  let [low, high] = [1, 0];
  for (const byte of text) {
    low = (low + byte) % ADLER;
    high = (high + low) % ADLER;
  }
  return high * 65_536 + low;
}
