// @vitest-environment happy-dom

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { ListBox, type Row } from "./listbox.tsx";

const choose = vi.fn();

afterEach(() => {
  render(null, document.body);
  choose.mockClear();
});

function rows(...names: string[]): Row[] {
  return names.map((name) => ({ key: name, content: name, choose: () => choose(name) }));
}

function show(...given: Row[]) {
  return act(() => render(<ListBox label="People" rows={given} />, document.body));
}

function list(): HTMLElement {
  return document.querySelector("[role=listbox]") as HTMLElement;
}

async function press(key: string): Promise<boolean> {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  await act(() => void list().dispatchEvent(event));
  return event.defaultPrevented;
}

/** Return the text of the row that the keys act on, as a screen reader finds it. */
function active(): string | null {
  const id = list().getAttribute("aria-activedescendant");
  return id === null ? null : (document.querySelector(`#${id}`)?.textContent ?? "a row that is not there");
}

test("the first row, or the selected one, is active once the list has the focus", async () => {
  await show(...rows("Ada", "Bo"));
  expect(active()).toBe(null);
  await act(() => list().focus());
  expect(active()).toBe("Ada");
  render(null, document.body);
  await show(...rows("Ada", "Bo").map((row) => ({ ...row, selected: row.key === "Bo" })));
  await act(() => list().focus());
  expect(active()).toBe("Bo");
});

test("keys walk through the rows and stop at the ends", async () => {
  await show(...rows("Ada", "Bo", "Cy"));
  await act(() => list().focus());
  for (const [key, name] of [
    ["ArrowDown", "Bo"],
    ["End", "Cy"],
    ["ArrowDown", "Cy"],
    ["PageUp", "Ada"],
    ["ArrowUp", "Ada"],
    ["PageDown", "Cy"],
    ["Home", "Ada"],
  ] as const) {
    expect(await press(key)).toBe(true);
    expect(active()).toBe(name);
  }
  expect(await press("x")).toBe(false);
});

test("enter, space and a click choose a row", async () => {
  await show(...rows("Ada", "Bo", "Cy"));
  await act(() => list().focus());
  await press("Enter");
  await press("ArrowDown");
  await press(" ");
  await act(() => document.querySelectorAll<HTMLElement>("[role=option]")[2]?.click());
  expect(choose.mock.calls.flat()).toEqual(["Ada", "Bo", "Cy"]);
  expect(active()).toBe("Cy");
});

test("a row that can't be chosen says so", async () => {
  await show({ key: "Ada", content: "Ada", choose: null });
  await act(() => list().focus());
  await press("Enter");
  expect(document.querySelector("[role=option]")?.getAttribute("aria-disabled")).toBe("true");
});

test("the keys stay with their row when others come and go", async () => {
  await show(...rows("Ada", "Bo", "Cy"));
  await act(() => list().focus());
  await press("ArrowDown");
  const option = document.querySelector(".df-active");
  await show(...rows("Di", "Cy", "Ada", "Bo"));
  expect(active()).toBe("Bo");
  expect(document.querySelector(".df-active")).toBe(option);
  await press("ArrowUp");
  expect(active()).toBe("Ada");
});

test("when their row has gone, the one in its place takes over, and keeps it", async () => {
  await show(...rows("Ada", "Bo", "Cy"));
  await act(() => list().focus());
  await press("ArrowDown");
  await show(...rows("Ada", "Cy", "Di"));
  expect(active()).toBe("Cy");
  await show(...rows("Ada", "Di", "Cy"));
  expect(active()).toBe("Cy");
  await show(...rows("Ada"));
  expect(active()).toBe("Ada");
  await show();
  expect(active()).toBe(null);
  expect(list().hidden).toBe(true);
});

test("rows with the same key are rows of their own", async () => {
  await show(...rows("Guest", "Guest", "Ada"));
  await act(() => list().focus());
  await press("ArrowDown");
  await press("ArrowDown");
  expect(active()).toBe("Ada");
  await show(...rows("Guest", "Ada"));
  expect(document.querySelectorAll("[role=option]")).toHaveLength(2);
  expect(active()).toBe("Ada");
});
