// @vitest-environment happy-dom
// The parts round a map, drawn from the kernel's states; what a person does with them is sent to the kernel.

import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { faultList } from "#kit/faults.ts";
import type { Kernel, KernelState } from "#kit/kernel.ts";
import type { Card, EventRow, FilterOptions, MapPanels, MapSettings, PaymentRow, VisitorRow } from "#kit/protocol.ts";
import { type TestModel, testModel } from "#kit/testing.ts";
import { showPanels } from "./panels.tsx";
import { known } from "./places.ts";
import { Clock } from "./time.ts";

const NOON = Date.UTC(2026, 0, 15, 12);
const EMPTY: MapPanels & MapSettings = {
  every: 10,
  color_by: "score",
  projection: "mercator",
  theme: "auto",
  clock: NOON,
  status: { state: "live", text: "Live · every 10 s", notes: [] },
  figures: [{ label: "Visitors now", value: "2", note: "", hint: "2 visitors are listed; the service counts 3" }],
  controls: {
    resting: false,
    modeled: false,
    privacy: { hidden: false, locked: false },
    every: [{ value: 10, label: "every 10 s" }],
    colors: [{ value: "score", label: "Score" }],
  },
  replay: null,
  coverage: { gaps: [], traffic: [], highlights: [] },
  traffic: { until: 0, visitors: [] },
  filters: {
    active: [],
    matched: 2,
    total: 2,
    values: {
      site: null,
      country_code: null,
      device: null,
      channel: null,
      page: null,
      utm_campaign: null,
      utm_source: null,
      utm_medium: null,
      utm_content: null,
      utm_term: null,
      visit_kind: null,
      is_customer: null,
      min_score: null,
      min_confidence: null,
      text: null,
    },
    options: null,
  },
  visitors: { rows: [], total: 0, sort: "score" },
  events: { rows: [], total: 0 },
  payments: { rows: [], total: 0, hidden: 0 },
  card: null,
  selected: null,
  zone: "UTC",
};
const OPTIONS: FilterOptions = {
  site: [],
  country_code: [],
  device: [],
  channel: [],
  page: [],
  utm_campaign: [],
  utm_source: [],
  utm_medium: [],
  utm_content: [],
  utm_term: [],
};
const ADA: VisitorRow = {
  site: "",
  id: "1",
  name: "Ada",
  kind: "returning",
  color: "#7051c4",
  score: 81.6,
  confidence: 0.9,
  probability: "",
  value: "$2.50",
  country: "PE",
  place: "Lima",
  device: "desktop",
  browser: "Firefox",
  channel: "google",
  page: "/pricing",
  visit: 3,
  since: NOON - 150_000,
};
const CARD: Card = {
  visitor: ADA,
  here: true,
  facts: [{ label: "Place", text: "Lima, Peru" }],
  likelihood: null,
  events: [],
};
const VIEWED: EventRow = {
  key: "e1",
  kind: "pageview",
  label: "/pricing",
  at: NOON - 30_000,
  amount: "",
  site: "",
  visitor: "1",
  who: "Ada",
  place: "Peru",
};
const PAID: PaymentRow = {
  key: "p1",
  site: "",
  visitor: null,
  who: "Bo",
  amount: "$9.00",
  kind: "renewal",
  at: NOON - 60_000,
  note: "",
};

let model: TestModel<MapPanels & MapSettings>;
let place: HTMLElement;
let kernelState: KernelState;
const kernelFollowers = new Set<() => void>();
let hide: () => void;
const ask = vi.fn((_message: { do: string }) => kernelState === "live");
const faults = faultList(() => {});

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  ask.mockClear();
  kernelState = "live";
  place = document.createElement("div");
  document.body.replaceChildren(place);
});
afterEach(() => hide());

async function show(changes: Partial<MapPanels> = {}): Promise<void> {
  model = testModel({ ...EMPTY, ...changes });
  const clock = new Clock();
  clock.hold(NOON);
  const kernel: Kernel = {
    state: () => kernelState,
    live: () => kernelState === "live",
    ended: () => false,
    follow: (changed) => {
      kernelFollowers.add(changed);
      return () => kernelFollowers.delete(changed);
    },
  };
  await act(() => {
    hide = showPanels(place, { model, ask, clock, kernel, faults }).end;
  });
}

function change(fields: Partial<MapPanels>): Promise<void> {
  return act(async () => {
    model.change(fields);
    await Promise.resolve(); // several changes of one message count as one
  });
}

function find<Found extends HTMLElement = HTMLElement>(selector: string): Found {
  const found = place.querySelector<Found>(selector);
  if (!found) throw new Error(`There is no ${selector}`);
  return found;
}

function press(selector: string): Promise<void> {
  return act(async () => {
    find(selector).click();
    await Promise.resolve();
  });
}

function texts(selector: string): (string | null)[] {
  return [...place.querySelectorAll(selector)].map(({ textContent }) => textContent);
}

test("a visitor's row says who, where, how likely and since when", async () => {
  await show({ visitors: { rows: [ADA], total: 1, sort: "score" } });
  for (const [name, text] of [
    ["name", "Ada"],
    ["place", "Lima"],
    ["page", "/pricing"],
    ["visit", "visit 3"],
    ["score", "82"],
    ["value", "$2.50"],
    ["time", "2 min"],
  ] as const)
    expect(texts(`.df-row .df-${name}`)).toEqual([text]);
  expect(find(".df-score").title).toBe("score 82, confidence 0.90");
});

test("with a model, lists go by the probability to buy", async () => {
  await show({
    controls: { ...EMPTY.controls, modeled: true },
    visitors: { rows: [{ ...ADA, probability: "4.3%" }], total: 1, sort: "probability" },
  });
  expect(texts(".df-row .df-score")).toEqual(["4.3%"]);
  expect(find(".df-score").title).toBe("4.3% likely to buy; score 82, confidence 0.90");
  expect(texts(".df-columns span")).toEqual(["chance"]);
  expect(texts(".df-tools option")).toContain("Probability to buy");
  await change({ controls: EMPTY.controls });
  expect(texts(".df-tools option")).not.toContain("Probability to buy");
});

test("a row and a card show who it is: face, kind, flag, channel, device and browser", async () => {
  Object.assign(known, { flags: { PE: "<svg xmlns='http://www.w3.org/2000/svg'/>" } });
  await show({ visitors: { rows: [ADA, { ...ADA, id: "2", kind: "customer" }], total: 2, sort: "score" }, card: CARD });
  const [row, other] = [...place.querySelectorAll(".df-row"), ...place.querySelectorAll(".df-card header")];
  expect(texts(".df-row .df-tag:not(.df-site)")).toEqual(["Returning", "Customer"]);
  expect(texts(".df-row .df-channel")).toEqual(["google", "google"]);
  for (const part of [row, place.querySelector(".df-card header")]) {
    expect(part?.querySelector<HTMLImageElement>(".df-flag")?.src).toMatch(/^data:image\/svg/);
    expect(part?.querySelector<HTMLImageElement>(".df-flag")?.alt).toBe("Peru");
    expect(part?.querySelector(".df-system")?.getAttribute("aria-label")).toBe("desktop, Firefox");
    const icons = [...(part?.querySelectorAll(".df-system [data-icon]") ?? [])];
    expect(icons.map((icon) => icon.getAttribute("data-icon"))).toEqual(["desktop", "firefox"]);
  }
  expect(row?.querySelector(".df-avatar")?.innerHTML).not.toBe(other?.querySelector(".df-avatar")?.innerHTML);
  expect(find(".df-card .df-avatar").innerHTML).toBe(row?.querySelector(".df-avatar")?.innerHTML);
});

test("what strangers write is text, never HTML", async () => {
  const name = "<img src=x onerror=alert(1)>";
  await show({
    visitors: { rows: [{ ...ADA, name }], total: 1, sort: "score" },
    card: { ...CARD, visitor: { ...ADA, name } },
  });
  expect(place.querySelector("img:not(.df-flag)")).toBe(null);
  expect(texts(".df-name")).toEqual([name, name]);
});

test("the lists say how many they stand for, and why they are empty", async () => {
  await show({ clock: 0, status: { state: "starting", text: "Loading…", notes: [] } });
  expect(texts(".df-empty")).toEqual(["Loading…", "Loading…", "Loading…"]);
  await change({ clock: NOON, visitors: { rows: [ADA], total: 12_345, sort: "score" } });
  expect(texts(".df-count")).toEqual(["12,345", "0", "0"]);
  expect(texts(".df-rest")[0]).toBe("The first 1 of 12,345: filter to see others");
  expect(texts(".df-empty")[1]).toBe("Nothing happened in the last ten minutes");
  const active = [{ name: "device", label: "Device", text: "mobile", locked: false }];
  await change({ filters: { ...EMPTY.filters, active }, payments: { rows: [], total: 0, hidden: 3 } });
  expect(texts(".df-empty")[2]).toBe("No payments that match the filters");
  expect(texts(".df-rest")[2]).toBe("3 more, left out by the filters");
});

test("events and payments lead to visitors who are here", async () => {
  await show({ events: { rows: [VIEWED], total: 1 }, payments: { rows: [PAID], total: 1, hidden: 0 } });
  await press("[aria-label=Events] [role=option]");
  expect(ask.mock.calls).toEqual([[{ do: "select", site: "", id: "1" }]]);
  await press("[aria-label=Payments] [role=option]");
  expect(ask).toHaveBeenCalledOnce();
  expect(texts("[aria-label=Payments] .df-turn")).toEqual(["Renewal"]);
  expect(texts("[aria-label=Events] .df-time")).toEqual(["30 s ago"]);
});

test("the card takes the focus along from the lists, and gives it back", async () => {
  await show({ visitors: { rows: [ADA], total: 1, sort: "score" } });
  const list = find("[role=listbox]");
  await act(() => list.focus());
  await change({ card: CARD });
  expect(document.activeElement).toBe(find(".df-back"));
  expect(find(".df-lists").inert).toBe(true);
  await press(".df-back");
  expect(ask.mock.calls).toEqual([[{ do: "deselect" }]]);
  await change({ card: null });
  expect(document.activeElement).toBe(list);
});

test("without a kernel a card can be closed, and what only a kernel can do rests", async () => {
  kernelState = "saved";
  await show({ card: CARD, selected: { site: "", id: "1", place: null } });
  expect(find(".df-status").dataset.state).toBe("saved");
  expect(find(".df-filters").inert).toBe(true);
  expect(place.classList.contains("df-resting")).toBe(true);
  await press(".df-back");
  expect(place.querySelector(".df-card")).toBe(null);
  kernelState = "live";
  await act(() => {
    for (const changed of kernelFollowers) changed();
  });
  expect(find(".df-filters").inert).toBe(false);
  expect(texts(".df-note")).toEqual(["Live · every 10 s"]);
});

test("the status tells faults of the browser, and forgets them when it goes well again", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await show();
  await act(() => faults.report("The map can't be drawn", new Error("planted")));
  expect(texts(".df-note")).toEqual(["Live · every 10 s", "The map can't be drawn (planted): the log has details"]);
  await act(() => faults.clear("The map can't be drawn"));
  expect(texts(".df-note")).toEqual(["Live · every 10 s"]);
});

test("a part that can't be drawn leaves the others, and says so", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await show();
  await change({ payments: null as never, visitors: { rows: [ADA], total: 1, sort: "score" } });
  expect(place.querySelector(".df-panel")).toBe(null);
  expect(texts(".df-figure dt")).toEqual(["Visitors now"]);
  expect(texts(".df-note")[1]).toContain("The lists can't be drawn");
  await change({ payments: EMPTY.payments });
  await expect.poll(() => texts(".df-row .df-name")).toEqual(["Ada"]);
});

test("chips take their filter away, and the focus goes on", async () => {
  const chips = ["device", "channel"].map((name) => ({ name, label: name, text: "x", locked: false }));
  await show({ filters: { ...EMPTY.filters, active: chips } });
  await act(() => find(".df-chip").focus());
  await press(".df-chip");
  expect(ask.mock.calls).toEqual([[{ do: "filter", name: "device", value: null }]]);
  await change({ filters: { ...EMPTY.filters, active: chips.slice(1) } });
  expect(document.activeElement).toBe(find(".df-chip"));
  await change({ filters: EMPTY.filters });
  expect(document.activeElement).toBe(find(".df-bar .df-button"));
});

/** Draw from here on in a shadow tree, as marimo does. */
function inShadow(): ShadowRoot {
  const shadow = place.attachShadow({ mode: "open" });
  place = document.createElement("div");
  place.className = "datafast-map";
  shadow.append(place);
  return shadow;
}

test("in a shadow tree the focus goes on as well", async () => {
  const shadow = inShadow();
  const active = [{ name: "device", label: "Device", text: "x", locked: false }];
  await show({ filters: { ...EMPTY.filters, active }, visitors: { rows: [ADA], total: 1, sort: "score" } });
  await act(() => find(".df-chip").focus());
  await change({ filters: EMPTY.filters });
  expect(shadow.activeElement).toBe(find(".df-bar .df-button"));
  const list = find("[role=listbox]");
  await act(() => list.focus());
  await change({ card: CARD });
  expect(shadow.activeElement).toBe(find(".df-back"));
  await change({ card: null });
  expect(shadow.activeElement).toBe(list);
});

test.each(["page", "shadow tree"])("a map in a %s enters and leaves full screen", async (where) => {
  const exit = vi.fn(async () => {});
  Object.assign(document, { fullscreenEnabled: true, exitFullscreen: exit });
  place.className = "datafast-map";
  const tree = where === "page" ? document : inShadow();
  await show();
  const fill = vi.fn(async () => {});
  place.requestFullscreen = fill;
  await press("[aria-label='Full screen']");
  expect(fill).toHaveBeenCalledOnce();
  // The document names the host of a shadow tree, and only the tree the element in it.
  Object.defineProperty(document, "fullscreenElement", { value: (tree as ShadowRoot).host, configurable: true });
  Object.defineProperty(tree, "fullscreenElement", { value: place, configurable: true });
  await act(() => void document.dispatchEvent(new Event("fullscreenchange")));
  await press("[aria-label='Exit full screen']");
  expect(exit).toHaveBeenCalledOnce();
  for (const name of ["fullscreenEnabled", "exitFullscreen", "fullscreenElement"])
    delete (document as unknown as Record<string, unknown>)[name];
});

test("what code has locked can't be changed or removed", async () => {
  const options = { ...OPTIONS, device: [{ value: "mobile", label: "mobile", visitors: 3 }] };
  const locked = [
    { name: "device", label: "Device", text: "mobile", locked: true },
    { name: "text", label: "Search", text: "ada", locked: true },
    { name: "page", label: "Page", text: "/", locked: false },
  ];
  const values = { ...EMPTY.filters.values, device: "mobile", text: "ada", page: "/" };
  await show({ filters: { ...EMPTY.filters, active: locked, values, options } });
  expect(texts(".df-chip .df-name")).toEqual(["mobile", "ada", "/"]);
  expect(texts("button.df-chip .df-name")).toEqual(["/"]);
  expect(find(".df-clear:not(.df-zoom)").hidden).toBe(true);
  expect(find<HTMLInputElement>("input[type=search]").disabled).toBe(true);
  const disabled = [...place.querySelectorAll<HTMLSelectElement>(".df-conditions select")].map((each) => each.disabled);
  expect(disabled.filter(Boolean)).toHaveLength(1);
});

test("every parameter of a campaign has a field, where anybody has a value", async () => {
  const option = [{ value: "spring", label: "spring", visitors: 2 }];
  await show({ filters: { ...EMPTY.filters, options: { ...OPTIONS, utm_campaign: option, utm_term: option } } });
  const shown = [...place.querySelectorAll<HTMLElement>(".df-conditions .df-field:not([hidden]) > span")];
  expect(shown.map((each) => each.textContent)).toEqual(expect.arrayContaining(["Campaign", "Search term"]));
  expect(shown.map((each) => each.textContent)).not.toContain("Medium");
});

test("the map goes to those who pass the filters", async () => {
  await show();
  expect(place.querySelector(".df-zoom")).toBe(null);
  const active = [{ name: "device", label: "Device", text: "mobile", locked: false }];
  await change({ filters: { ...EMPTY.filters, active, matched: 18, total: 151 } });
  expect(texts(".df-matched, .df-zoom")).toEqual(["18 of 151 visitors", "Zoom to these 18"]);
  await press(".df-zoom");
  expect(ask.mock.calls).toEqual([[{ do: "fit" }]]);
  await change({ filters: { ...EMPTY.filters, active, matched: 0, total: 151 } });
  expect(place.querySelector(".df-zoom")).toBe(null);
});

test("a search is sent once the typing pauses, and what is typed stays", async () => {
  vi.useFakeTimers();
  try {
    await show();
    const input = find<HTMLInputElement>("input[type=search]");
    input.focus();
    for (const value of ["a", "ad "]) {
      input.value = value;
      await act(() => void input.dispatchEvent(new Event("input", { bubbles: true })));
    }
    expect(ask).not.toHaveBeenCalled();
    await act(() => void vi.advanceTimersByTime(300));
    expect(ask.mock.calls).toEqual([[{ do: "filter", name: "text", value: "ad" }]]);
    await change({ filters: { ...EMPTY.filters, values: { ...EMPTY.filters.values, text: "ad" } } });
    expect(input.value).toBe("ad ");
  } finally {
    vi.useRealTimers();
  }
});

test("a replay has a bar in place of the refresh button", async () => {
  const speeds = [{ value: 60, label: "60×" }];
  const replay = { start: NOON - 3_600_000, end: NOON, now: NOON, sought: null, playing: false, speed: 60, speeds };
  await show();
  expect(place.querySelector(".df-timebar")).toBe(null);
  await change({ replay, coverage: { ...EMPTY.coverage, gaps: [{ since: NOON - 60_000, until: NOON }] } });
  expect(find(".df-buttons").hidden).toBe(true);
  expect(find(".df-play").title).toBe("Play from the start");
  expect(texts(".df-timeline .df-unseen")).toEqual(["Nothing was recorded in 1 of its parts"]);
  const slider = find<HTMLInputElement>(".df-slider");
  await act(() => void slider.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true })));
  expect(ask.mock.calls.at(-1)?.[0]).toMatchObject({ do: "seek", at: replay.start });
  expect(slider.value).toBe("0");
  expect(find(".df-clock").title).toBe("2026-01-15 11:00:00 UTC");
});

test("the button hides names and shows them again, unless code hides them", async () => {
  await show();
  await press("[aria-label='Hide names']");
  expect(ask).toHaveBeenCalledWith({ do: "privacy", on: true });
  await change({ controls: { ...EMPTY.controls, privacy: { hidden: true, locked: false } } });
  expect(find("[aria-label='Names hidden']").getAttribute("aria-pressed")).toBe("true");
  await press("[aria-label='Names hidden']");
  expect(ask).toHaveBeenLastCalledWith({ do: "privacy", on: false });
  await change({ controls: { ...EMPTY.controls, privacy: { hidden: true, locked: true } } });
  expect(find<HTMLButtonElement>("[aria-label='Names hidden']").disabled).toBe(true);
});

test("where there is room, what happens stands beside the visitors, without a tab", async () => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(private readonly changed: () => void) {}
      observe() {
        this.changed();
      }
      disconnect() {}
    },
  );
  place.className = "datafast-map";
  Object.defineProperty(place, "clientWidth", { value: 1200, configurable: true });
  await show({ events: { rows: [VIEWED], total: 1 }, card: CARD });
  expect([...place.querySelectorAll("[role=tab]")].map((tab) => tab.firstChild?.textContent)).toEqual([
    "Visitors",
    "Payments",
  ]);
  expect(texts(".df-feed .df-row .df-name")).toEqual(["/pricing"]);
  expect(find(".df-lists").inert).toBe(true);
  expect(place.querySelector(".df-first .df-card")).not.toBe(null);
});

test("a replay says then, and goes to its highlights", async () => {
  const highlights = [{ label: "Largest sale: $99.00", at: NOON - 1000 }];
  await show({
    replay: { start: NOON - 3000, end: NOON, now: NOON, sought: null, playing: false, speed: 60, speeds: [] },
    coverage: { gaps: [], traffic: [1, 2], highlights },
  });
  expect(texts(".df-figure dt")).toEqual(["Visitors then"]);
  expect(place.querySelector(".df-line-of-traffic path")).not.toBe(null);
  await press(".df-highlight");
  expect(ask.mock.calls[0]?.[0]).toMatchObject({ do: "seek", at: NOON - 1000 });
});
