// @vitest-environment happy-dom

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Ago, Lasting } from "./elapsed.tsx";
import { Clock } from "./time.ts";

let clock: Clock;

beforeEach(() => {
  vi.useFakeTimers();
  clock = new Clock();
  clock.set(1_000_000);
});
afterEach(() => {
  render(null, document.body);
  vi.useRealTimers();
});

function beatAfter(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds);
  return act(() => clock.beat());
}

test("times go on with the clock", async () => {
  await act(() =>
    render(
      <p>
        <Ago since={990_000} clock={clock} />, <Lasting since={940_000} clock={clock} />
      </p>,
      document.body,
    ),
  );
  expect(document.body.textContent).toBe("10 s ago, 1 min");
  await beatAfter(60_000);
  expect(document.body.textContent).toBe("1 min ago, 2 min");
});

test("a time that is given later counts from then on", async () => {
  const show = (since: number) => act(() => render(<Ago since={since} clock={clock} />, document.body));
  await show(0);
  await show(990_000);
  expect(document.body.textContent).toBe("10 s ago");
  await beatAfter(1000);
  expect(document.body.textContent).toBe("11 s ago");
});

test("without a time there is nothing to tell", async () => {
  await act(() => render(<Lasting since={null} clock={clock} />, document.body));
  expect(document.body.textContent).toBe("");
});
