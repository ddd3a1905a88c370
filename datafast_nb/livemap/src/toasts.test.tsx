// @vitest-environment happy-dom
// Messages over the map leave by themselves, and not while a person reads them.

import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sentence } from "./news.ts";
import { Toasts } from "./toasts.tsx";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

function shown(...titles: string[]) {
  const toasts = new Toasts();
  document.body.append(toasts.element);
  act(() => {
    for (const title of titles) toasts.show({ title, text: "by Ada" });
  });
  const said = () => [...toasts.element.querySelectorAll("strong")].map((each) => each.textContent);
  return { toasts, said };
}

test("of many, the last three stay", () => {
  expect(shown("€1", "€2", "€3", "€4").said()).toEqual(["€2", "€3", "€4"]);
});

test("a message leaves by itself", () => {
  const { said } = shown("€1");
  act(() => {
    vi.advanceTimersByTime(8000);
  });
  expect(said()).toEqual([]);
});

test("it stays while the pointer is on it", () => {
  const { toasts, said } = shown("€1");
  const toast = toasts.element.querySelector(".df-toast");
  act(() => {
    toast?.dispatchEvent(new Event("pointerenter"));
    vi.advanceTimersByTime(20_000);
  });
  expect(said()).toEqual(["€1"]);
});

test("it can be closed", () => {
  const { toasts, said } = shown("€1", "€2");
  act(() => toasts.element.querySelector("button")?.click());
  expect(said()).toEqual(["€2"]);
});

test("what strangers wrote is text", () => {
  const { toasts } = shown("<img src=x onerror=alert(1)>");
  expect(toasts.element.querySelector("img")).toBeNull();
});

test("a payment is described in a sentence, with what is known", () => {
  expect(sentence({ kind: "renewal", who: "Ada", note: "Lisbon, Portugal", site: "shop" })).toBe(
    "Renewal by Ada · Lisbon, Portugal · shop",
  );
  expect(sentence({ kind: "other", who: "Somebody", note: "", site: "" })).toBe("Payment by Somebody");
});
