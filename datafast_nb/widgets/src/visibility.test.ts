// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { visibility } from "./visibility.ts";

let intersects: (isIntersecting: boolean) => void = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(heard: (entries: { isIntersecting: boolean }[]) => void) {
        intersects = (isIntersecting) => heard([{ isIntersecting }]);
      }
      observe() {}
      disconnect() {}
    },
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function seen() {
  const said: string[] = [];
  const leaving = new AbortController();
  const ask = (message: { do: string; first?: boolean; gone?: boolean }) => {
    said.push(`${message.do}${message.first ? " first" : ""}${message.gone ? " gone" : ""}`);
    return true;
  };
  visibility(document.body, ask, leaving.signal);
  return { said, leaving };
}

test("signs of life come at once and every five seconds", () => {
  const { said, leaving } = seen();
  vi.advanceTimersByTime(10_000);
  leaving.abort();
  expect(said).toEqual(["beat first", "beat", "beat", "away gone"]);
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(4);
});

test("a short scroll is no absence, a long one is, and coming back is told at once", () => {
  const { said, leaving } = seen();
  intersects(false);
  vi.advanceTimersByTime(7_000);
  intersects(true);
  expect(said).toEqual(["beat first", "beat"]);
  intersects(false);
  vi.advanceTimersByTime(8_000);
  expect(said.at(-1)).toBe("away");
  vi.advanceTimersByTime(60_000);
  expect(said).toHaveLength(3);
  intersects(true);
  expect(said.at(-1)).toBe("beat");
  leaving.abort();
});
