// @vitest-environment happy-dom

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Tabs } from "./tabs.tsx";

type Tab = Parameters<typeof Tabs>[0]["tabs"][number];

const TABS = [
  { name: "Visitors", count: "12,345", page: <p>who</p> },
  { name: "Events", count: "", page: <p>what</p> },
  { name: "Payments", count: "0", page: <p>how much</p> },
];

beforeEach(() => act(() => render(<Tabs label="What is shown" tabs={TABS} />, document.body)));
afterEach(() => render(null, document.body));

function shown(): string {
  const pages = [...document.querySelectorAll<HTMLElement>("[role=tabpanel]")].filter((page) => !page.hidden);
  return pages.map((page) => page.textContent).join();
}

function selected(): HTMLElement {
  return document.querySelector("[aria-selected=true]") as HTMLElement;
}

test.for([
  ["ArrowRight", "what"],
  ["ArrowLeft", "how much"],
  ["End", "how much"],
  ["Home", "who"],
  ["x", "who"],
] as const)("%s leads to the page %s", async ([key, page]) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  await act(() => void selected().dispatchEvent(event));
  expect(shown()).toBe(page);
  expect(event.defaultPrevented).toBe(key !== "x");
});

test("a click opens a page, and the keys go on from there, with the focus", async () => {
  await act(() => document.querySelectorAll<HTMLElement>("[role=tab]")[2]?.click());
  await act(() => void selected().dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })));
  expect(shown()).toBe("who");
  expect(document.activeElement).toBe(selected());
});

test("each tab names its page, and can be reached alone", () => {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const page = document.getElementById(tab.getAttribute("aria-controls") as string);
    expect(page?.getAttribute("aria-labelledby")).toBe(tab.id);
  }
  expect([...document.querySelectorAll<HTMLElement>("[role=tab]")].map((tab) => tab.tabIndex)).toEqual([0, -1, -1]);
});

test("a count that is empty takes no room", () => {
  const counts = [...document.querySelectorAll<HTMLElement>(".df-count")];
  expect(counts.map(({ hidden, textContent }) => (hidden ? null : textContent))).toEqual(["12,345", null, "0"]);
});

test("the open page stays open while another comes and goes", async () => {
  const [visitors, events, payments] = TABS as [Tab, Tab, Tab];
  const show = (tabs: Tab[]) => act(() => render(<Tabs label="What is shown" tabs={tabs} />, document.body));
  await act(() => document.querySelectorAll<HTMLElement>("[role=tab]")[2]?.click());
  await show([visitors, payments]);
  expect(shown()).toBe("how much");
  await show([visitors, events, payments]);
  expect(shown()).toBe("how much");
  await show([visitors, events]);
  expect(shown()).toBe("who");
});
