// Stands for the kernel of a saved page: a model that answers the messages of its view from what the page holds.

import type { Outgoing } from "#kit/ask.ts";
import type {
  AskPlaces,
  Card,
  MapAnnouncement,
  MapLayers,
  MapMessage,
  SavedMap,
  SavedMoment,
  VisitorRow,
} from "#kit/protocol.ts";
import type { MapModel, MapState } from "../model.ts";
import { Choice } from "./choice.ts";
import { boundsOf, grouped, heatOf, marks, membersOf, successor, type Viewport } from "./grid.ts";
import { type Person, peopleOf, placed } from "./people.ts";
import { categoryOf, colorOf, colorOfPerson } from "./scale.ts";
import { sorted } from "./sorted.ts";
import { figuresOf, reasonsOf, summaryOf } from "./words.ts";

const MOST_ROWS = 60; // of each list
const MOST_MEMBERS = 20; // of a popup
const MOST_EVENTS = 50; // of a card
const STEP = 1500; // milliseconds from one moment to the next
const WORLD: Viewport = { zoom: 1.5, south: -60, west: -180, north: 80, east: 180 };

type Listener = (...given: never[]) => void;

/** The state of a page's map, and who changes it: its reader alone. */
export class SavedModel {
  readonly #map: SavedMap;
  readonly #part: (name: AskPlaces["part"]) => DataView;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #people = new Map<SavedMoment, Person[]>();
  readonly #choice: Choice;
  #state: MapState;
  #place: number;
  #sort: SavedMap["sort"];
  #selected: string | null;
  #sought: string | null = null;
  #view = "";
  #viewport = WORLD;
  #opened: { id: string; latitude: number; longitude: number } | null = null;
  #heat = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `part` returns a part of what the map shows of places, compressed. */
  constructor(map: SavedMap, part: (name: AskPlaces["part"]) => DataView) {
    this.#map = map;
    this.#part = part;
    this.#choice = new Choice(map.labels);
    [this.#place, this.#sort, this.#selected] = [map.first, map.sort, map.selected];
    this.#state = { ...EMPTY, ...map.settings, framed: map.box !== null, gradient: map.gradient };
    this.#show(this.#panels(), this.#layers());
  }

  readonly get: MapModel["get"] = (name) => this.#state[name];

  readonly on = (event: string, listener: Listener): void => {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  };

  readonly off = (event?: string | null, listener?: Listener | null): void => {
    if (event && listener) this.#listeners.get(event)?.delete(listener);
  };

  readonly set: MapModel["set"] = (name, value) => {
    this.#state = { ...this.#state, [name]: value };
    this.#tell(`change:${String(name)}`);
  };

  readonly save_changes = (): void => this.#show(this.#panels(), this.#layers());

  /** Answer a message, once its sender has gone on. */
  readonly send = (message: Outgoing<MapMessage> & { view: string }): void => {
    queueMicrotask(() => this.#take(message as MapMessage));
  };

  // What is asked

  #take(message: MapMessage): void {
    this.#view = message.view;
    if (message.do === "describe") {
      const summary = summaryOf(membersOf(this.#chosen, message.id), this.#moment, this.#map);
      this.#announce({ do: "description", view: message.view, id: message.id, summary });
    } else if (message.do === "fit") {
      const box = boundsOf(this.#chosen);
      if (box) this.#announce({ do: "fit", view: message.view, ...box });
    } else if (message.do === "places")
      this.#announce({ do: "places", part: message.part }, [this.#part(message.part)]);
    else if (this.#look(message)) this.#show(this.#layers());
    else if (this.#change(message)) this.#show(this.#panels(), this.#layers());
  }

  /** Change what is seen of the map; say whether the message did. */
  #look(message: MapMessage): boolean {
    if (message.do === "viewport") this.#viewport = message;
    else if (message.do === "heat") this.#heat = message.on;
    else if (message.do === "close") this.#opened = null;
    else return false;
    return true;
  }

  /** Change what is chosen; say whether the message did. */
  #change(message: MapMessage): boolean {
    if (message.do === "filter") this.#choice.change(message.name, message.value ?? null, this.#moment.filters);
    else if (message.do === "clear") this.#choice.clear();
    else if (message.do === "sort") this.#sort = message.by;
    else if (message.do === "deselect") this.#selected = null;
    else if (message.do === "select") this.#select(message.id);
    else if (message.do === "open") this.#open(message);
    else if (message.do === "seek") this.#seek(message.at, message.turn);
    else if (message.do === "resume") this.#play();
    else if (message.do === "pause") this.#pause();
    else return false;
    return true;
  }

  #select(id: string): void {
    this.#selected = id;
    this.#opened = null;
  }

  #open({ id, latitude, longitude }: { id: string; latitude: number; longitude: number }): void {
    const members = membersOf(this.#chosen, id);
    const alone = members.length === 1 ? members[0]?.row.id : null;
    if (alone) this.#select(alone);
    else this.#opened = { id, latitude, longitude };
  }

  // Time

  #go(place: number): void {
    this.#place = Math.min(Math.max(place, 0), this.#map.moments.length - 1);
    if (this.#selected && !this.#found(this.#selected)) this.#selected = null;
    if (this.#opened && !membersOf(this.#chosen, this.#opened.id).length) this.#opened = null;
  }

  /** Go to the moment that is nearest to a time. */
  #seek(time: number, turn: string): void {
    const ways = this.#map.moments.map(({ clock }) => Math.abs(clock - time));
    this.#sought = turn;
    this.#go(ways.indexOf(Math.min(...ways)));
  }

  #play(): void {
    const last = this.#map.moments.length - 1;
    if (this.#place === last) this.#go(0);
    this.#pause();
    this.#timer = setTimeout(() => {
      this.#go(this.#place + 1);
      if (this.#place < last) this.#play();
      else this.#pause();
      this.#show(this.#panels(), this.#layers());
    }, STEP);
  }

  #pause(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  // What there is

  get #moment(): SavedMoment {
    return this.#map.moments[this.#place] as SavedMoment;
  }

  get #everybody(): Person[] {
    const moment = this.#moment;
    const known = this.#people.get(moment) ?? peopleOf(moment.visitors);
    this.#people.set(moment, known);
    return known;
  }

  get #chosen(): Person[] {
    return this.#choice.of(this.#everybody);
  }

  #found(id: string): Person | undefined {
    return this.#everybody.find(({ row }) => row.id === id);
  }

  // What is shown

  #panels(): Partial<MapState> {
    const [map, moment, chosen] = [this.#map, this.#moment, this.#chosen];
    const all = this.#choice.all;
    const ids = new Set(chosen.map(({ row }) => row.id));
    const theirs = ({ visitor }: { visitor: string | null }) => all || (visitor !== null && ids.has(visitor));
    const events = moment.events.filter(theirs);
    const payments = moment.payments.filter(({ row }) => theirs(row));
    const person = this.#selected ? this.#found(this.#selected) : undefined;
    return {
      clock: moment.clock,
      status: { state: "file", text: "", notes: moment.notes },
      figures: figuresOf(chosen, payments, moment, map, all),
      controls: map.controls,
      replay: this.#replay(),
      coverage: map.coverage,
      zone: map.zone,
      filters: this.#choice.bar(moment.filters, chosen.length),
      visitors: { rows: this.#rows(sorted(chosen, this.#sort), MOST_ROWS), total: chosen.length, sort: this.#sort },
      events: { rows: events.slice(0, MOST_ROWS), total: events.length },
      payments: {
        rows: payments.slice(0, MOST_ROWS).map(({ row }) => row),
        total: payments.length,
        hidden: moment.payments.length - payments.length,
      },
      card: person ? this.#card(person) : null,
      selected: person ? { site: person.row.site, id: this.#selected ?? "", place: placeOf(person) } : null,
    };
  }

  #layers(): MapLayers {
    const [view, viewport, chosen] = [this.#view, this.#viewport, this.#chosen];
    const { scale, by } = this.#coloring;
    const clusters = marks(grouped(chosen, viewport, categoryOf(by)), viewport, (group) => colorOf(group, by, scale));
    const unplaced = chosen.length - placed(chosen).length;
    return {
      clusters: { [view]: clusters },
      heat: this.#heat ? { [view]: heatOf(chosen, viewport) } : {},
      popups: this.#opened ? { [view]: this.#popup(this.#opened, clusters) } : {},
      legend: { ...scale.legend, unplaced },
    };
  }

  get #coloring() {
    const by = this.#state.color_by;
    const scale = this.#moment.scales[by];
    if (!scale) throw new Error(`the page holds no colors for ${by}`);
    return { by, scale };
  }

  #rows(people: readonly Person[], most: number): VisitorRow[] {
    const { by, scale } = this.#coloring;
    return people.slice(0, most).map((person) => ({ ...person.row, color: colorOfPerson(person, by, scale) }));
  }

  #popup(opened: { id: string; latitude: number; longitude: number }, clusters: MapLayers["clusters"][string]) {
    const chosen = this.#chosen;
    const id = successor(chosen, opened.id, clusters.across);
    const members = membersOf(chosen, id);
    const circle = clusters.id.indexOf(id);
    const rows = this.#rows(sorted(members, "probability"), MOST_MEMBERS);
    return {
      id,
      latitude: clusters.latitude[circle] ?? opened.latitude,
      longitude: clusters.longitude[circle] ?? opened.longitude,
      summary: summaryOf(members, this.#moment, this.#map),
      rows,
      more: members.length - rows.length,
    };
  }

  #card(person: Person): Card {
    const { factors, events } = this.#moment;
    const { card } = person;
    const reasons = reasonsOf([person], factors);
    const own = events.filter(({ visitor }) => visitor === person.row.id).slice(0, MOST_EVENTS);
    return {
      ...card,
      visitor: this.#rows([person], 1)[0] ?? card.visitor,
      likelihood: card.likelihood && (reasons.length ? { ...card.likelihood, reasons } : card.likelihood),
      events: own.reverse().map(({ key, kind, label, at, amount }) => ({ key, kind, label, at, amount })),
    };
  }

  #replay(): MapState["replay"] {
    const { moments } = this.#map;
    const [first, last] = [moments[0], moments.at(-1)];
    if (!first || !last || moments.length < 2) return null;
    const [playing, sought] = [this.#timer !== null, this.#sought];
    return { start: first.clock, end: last.clock, now: this.#moment.clock, sought, playing, speed: 1, speeds: [] };
  }

  // The view

  #show(...states: Partial<MapState>[]): void {
    const changes = Object.assign({}, ...states) as Partial<MapState>;
    const before = this.#state;
    this.#state = { ...before, ...changes };
    for (const name of Object.keys(changes) as (keyof MapState)[]) {
      if (changes[name] !== before[name]) this.#tell(`change:${name}`);
    }
    this.#tell("change");
  }

  #announce(message: MapAnnouncement, buffers: DataView[] = []): void {
    this.#tell("msg:custom", message, buffers);
  }

  #tell(event: string, ...given: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...(given as never[]));
  }
}

function placeOf({ latitude, longitude }: Person) {
  const round = (degrees: number) => Math.round(degrees * 1e4) / 1e4;
  return latitude === null || longitude === null ? null : { latitude: round(latitude), longitude: round(longitude) };
}

/** The state before the first moment. */
const EMPTY: MapState = {
  clock: 0,
  status: { state: "file", text: "", notes: [] },
  figures: [],
  traffic: { until: 0, visitors: [] },
  controls: { resting: false, modeled: false, privacy: { hidden: false, locked: true }, every: [], colors: [] },
  replay: null,
  coverage: { gaps: [], traffic: [], highlights: [] },
  filters: { active: [], matched: 0, total: 0, values: {} as MapState["filters"]["values"], options: null },
  visitors: { rows: [], total: 0, sort: "score" },
  events: { rows: [], total: 0 },
  payments: { rows: [], total: 0, hidden: 0 },
  card: null,
  selected: null,
  zone: "UTC",
  clusters: {},
  heat: {},
  popups: {},
  legend: { title: "", ramp: null, swatches: [], ring: true, unplaced: 0 },
  color_by: "score",
  projection: "mercator",
  every: 10,
  theme: "auto",
  map: "",
  anchor: "",
  heat_layer: "",
  heatmap: "",
  land: true,
  framed: false,
  height: 460,
  gradient: {},
};
