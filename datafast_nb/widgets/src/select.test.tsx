// @vitest-environment happy-dom

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { type Choice, Select } from "./select.tsx";

const COLORS: Choice[] = [
  { value: "", label: "All" },
  { value: "red", label: "Red", count: 12_345 },
  { value: "blue", label: "Blue", count: 2 },
];

afterEach(() => render(null, document.body));

function show(value: string, choices: Choice[] = COLORS, choose: (value: string) => void = () => {}) {
  return act(() => render(<Select label="Color" value={value} choices={choices} onChoose={choose} />, document.body));
}

function select(): HTMLSelectElement {
  return document.querySelector("select") as HTMLSelectElement;
}

function texts(): (string | null)[] {
  return [...select().options].map((option) => option.textContent);
}

function choose(value: string) {
  return act(() => {
    select().value = value;
    select().dispatchEvent(new Event("change", { bubbles: true }));
  });
}

test("it offers what can be chosen, and how many there are", async () => {
  await show("red");
  expect(texts()).toEqual(["All", "Red (12,345)", "Blue (2)"]);
  expect(select().value).toBe("red");
});

test("what a person chooses is told and stays until the kernel says otherwise", async () => {
  const told = vi.fn();
  await show("red", COLORS, told);
  await choose("blue");
  expect(told).toHaveBeenCalledExactlyOnceWith("blue");
  await show("red");
  expect(select().value).toBe("blue");
  await show("");
  expect(select().value).toBe("");
});

test("choices wait until nobody is choosing", async () => {
  await show("red");
  await act(() => select().focus());
  await show("red", COLORS.slice(0, 2));
  expect(texts()).toHaveLength(3);
  await act(() => select().blur());
  expect(texts()).toEqual(["All", "Red (12,345)"]);
});

test("where a person's choice is gone, the kernel's is shown", async () => {
  await show("red");
  await choose("blue");
  await show("red", COLORS.slice(0, 2));
  expect(select().value).toBe("red");
});
