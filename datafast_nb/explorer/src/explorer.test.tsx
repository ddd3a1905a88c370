// @vitest-environment happy-dom
import { type ComponentChild, render } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import { faultList } from "#kit/faults.ts";
import type { Kernel } from "#kit/kernel.ts";
import { testModel } from "#kit/testing.ts";
import type { Theme } from "#kit/theme.ts";
import { Groups } from "./groups.tsx";
import { Heading, Status } from "./heading.tsx";
import view from "./main.tsx";
import { Question } from "./question.tsx";
import { Script } from "./script.tsx";

const live: Kernel = { state: () => "live", live: () => true, ended: () => false, follow: () => () => {} };

function row(name: string, picked = false) {
  return { key: `key of ${name}`, names: [name, "mobile"], cells: ["12", "3.0%"], picked };
}

const columns = [
  { label: "Visitors", hint: "How many", kind: "measure" as const },
  { label: "Rate", hint: "Of them", kind: "other" as const },
];

function explorer() {
  return testModel({
    question: {
      by: ["country_code", "device"],
      measure: "visitors",
      dimensions: [
        { value: "country_code", label: "Country", group: "Where they are" },
        { value: "device", label: "Device", group: "What they use" },
      ],
      measures: [
        { value: "visitors", label: "Visitors" },
        { value: "lift", label: "Lift" },
      ],
    },
    refreshable: true,
    filters: { active: [], matched: 0, total: 0, values: {} as never, options: null },
    heading: { sentence: "Visitors by country", notes: "" },
    status: { tone: "live", text: "Linked to the map.", shown: "60 visitors" },
    table: { groups: ["Country", "Device"], columns, rows: [row("FR"), row("<b>DE</b>", true)], more: "" },
    empty: "",
    code: "import datafast_nb as dfn",
    linked: false,
    theme: "auto" as Theme,
  });
}

function shown(part: ComponentChild): HTMLElement {
  render(part, document.body);
  return document.body;
}

beforeEach(() => render(null, document.body));

test("a group is picked out by its name, once, wherever in its row one clicks", () => {
  const ask = vi.fn(() => true);
  const body = shown(<Groups model={explorer()} ask={ask} />);
  const [first, second] = [...body.querySelectorAll("button")];
  expect(first?.getAttribute("aria-label")).toBe("FR, mobile: select");
  expect(second?.getAttribute("aria-pressed")).toBe("true");
  expect(second?.closest("tr")?.hasAttribute("data-picked")).toBe(true);
  expect(first?.closest("tr")?.hasAttribute("data-picked")).toBe(false);
  second?.click();
  expect(ask.mock.calls).toEqual([[{ do: "pick", key: "key of <b>DE</b>" }]]);
  body.querySelector("td")?.click();
  expect(ask.mock.calls[1]).toEqual([{ do: "pick", key: "key of FR" }]);
});

test("a question is asked by its controls, whose dimensions are offered in groups", () => {
  const ask = vi.fn(() => true);
  const body = shown(<Question model={explorer()} ask={ask} resting={false} />);
  const [first, second, measure] = [...body.querySelectorAll("select")];
  expect([first?.value, second?.value, measure?.value]).toEqual(["country_code", "device", "visitors"]);
  expect([...(first?.querySelectorAll("optgroup") ?? [])].map(({ label }) => label)).toEqual([
    "Where they are",
    "What they use",
  ]);
  if (!second || !measure) throw new Error("a control is missing");
  second.value = "";
  second.dispatchEvent(new Event("change", { bubbles: true }));
  measure.value = "lift";
  measure.dispatchEvent(new Event("change", { bubbles: true }));
  body.querySelector("button")?.click();
  expect(ask.mock.calls).toEqual([
    [{ do: "question", control: "second", value: "" }],
    [{ do: "question", control: "measure", value: "lift" }],
    [{ do: "refresh" }],
  ]);
});

test("what a stranger wrote is text", () => {
  const body = shown(<Groups model={explorer()} ask={() => true} />);
  expect(body.querySelector("b")).toBeNull();
  expect(body.textContent).toContain("<b>DE</b>");
});

test("rows that change places stay the same elements, and keep the focus", async () => {
  const model = explorer();
  const body = shown(<Groups model={model} ask={() => true} />);
  const button = body.querySelector("button");
  button?.focus();
  model.change({ table: { ...model.get("table"), rows: [row("US"), row("<b>DE</b>", true), row("FR")] } });
  await expect.poll(() => body.querySelectorAll("tbody tr").length).toBe(3);
  expect([...body.querySelectorAll("button")].at(-1)).toBe(button);
  expect(document.activeElement).toBe(button);
});

test("a table without rows is not there", async () => {
  const model = explorer();
  const body = shown(<Groups model={model} ask={() => true} />);
  model.change({ table: { groups: [], columns: [], rows: [], more: "" } });
  await expect.poll(() => body.querySelector("section")?.hidden).toBe(true);
});

test("the line says how the data are, and what the browser could not do", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const faults = faultList(() => {});
  const model = explorer();
  const body = shown(<Status model={model} kernel={live} faults={faults} />);
  const line = body.querySelector<HTMLElement>(".df-status");
  expect(line?.dataset.state).toBe("live");
  faults.report("The table can't be drawn", new Error("planted"));
  await expect.poll(() => line?.textContent).toContain("Linked to the map. · The table can't be drawn (planted)");
});

test("the line says that the kernel has gone", () => {
  const gone: Kernel = { ...live, state: () => "restarted", live: () => false };
  const body = shown(<Status model={explorer()} kernel={gone} faults={faultList(() => {})} />);
  expect(body.querySelector<HTMLElement>(".df-status")?.dataset.state).toBe("restarted");
  expect(body.textContent).toContain("The kernel has restarted · run the cell to continue");
});

test("a heading without notes has no empty line", () => {
  expect(shown(<Heading model={explorer()} />).querySelector("p")?.hidden).toBe(true);
});

test("the code is copied, and the button says so for a while", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const writeText = vi.fn(async () => {});
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  const body = shown(<Script model={explorer()} />);
  body.querySelector("button")?.click();
  expect(writeText).toHaveBeenCalledWith("import datafast_nb as dfn");
  await vi.waitFor(() => expect(body.querySelector("button")?.textContent).toBe("Copied"));
  await vi.waitFor(() => {
    vi.advanceTimersByTime(2000);
    expect(body.querySelector("button")?.textContent).toBe("Copy code");
  });
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a view is put together in its explorer, follows what concerns the whole, and leaves nothing behind", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const model = Object.assign(explorer(), { widget_manager: {} });
  const root = document.createElement("div");
  root.className = "datafast-explorer";
  const el = document.createElement("div");
  document.body.append(root);
  root.append(el);
  const leave = view.render({ model, el } as unknown as Parameters<typeof view.render>[0]);
  await expect.poll(() => root.dataset.themed).toBe("true");
  expect(el.textContent).toContain("Visitors by country");
  expect(root.classList.contains("df-nothing")).toBe(false);
  model.change({ empty: "Nobody matches the filters.", theme: "dark" });
  await expect.poll(() => root.classList.contains("df-nothing")).toBe(true);
  expect(root.classList.contains("df-dark")).toBe(true);
  leave();
  expect(el.textContent).not.toContain("Visitors by country");
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  root.remove();
});
