// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { asker } from "./ask.ts";
import { type Kernel, kernelOf, moment, standing } from "./kernel.ts";
import { testModel } from "./testing.ts";

const leaving = new AbortController();
afterEach(() => vi.useRealTimers());

function viewed(witness: object | undefined, connection?: object) {
  const model = testModel({ layout: witness });
  return Object.assign(model, { widget_manager: { kernel: connection } });
}

function joined(witness: object | undefined, connection?: object): Kernel {
  return kernelOf(viewed(witness, connection), leaving.signal);
}

test.each([
  ["live", { comm_live: true }, undefined],
  ["live", undefined, {}],
  ["live", { comm_live: true }, { status: "busy", connectionStatus: "connected" }],
  ["saved", { comm_live: false }, undefined],
  ["restarted", { comm_live: false, comm: {} }, undefined],
  ["ended", { comm_live: true }, { status: "dead" }],
  ["ended", { comm_live: true }, { isDisposed: true }],
])("a view is %s", (state, witness, connection) => {
  expect(joined(witness, connection).state()).toBe(state);
});

test("a connection that is gone for a moment is no news, one that stays away is", () => {
  vi.useFakeTimers();
  const connection = { connectionStatus: "connected" };
  const kernel = joined({ comm_live: true }, connection);
  const changed = vi.fn();
  kernel.follow(changed);
  connection.connectionStatus = "connecting";
  vi.advanceTimersByTime(5000);
  expect(kernel.state()).toBe("live");
  vi.advanceTimersByTime(10_000);
  expect(kernel.state()).toBe("unconnected");
  connection.connectionStatus = "connected";
  vi.advanceTimersByTime(5000);
  expect(kernel.state()).toBe("live");
  expect(changed).toHaveBeenCalledTimes(2);
});

test("a kernel that has long been silent is asked whether it still knows the view", async () => {
  vi.useFakeTimers();
  const requestCommInfo = vi.fn(async () => ({ content: { status: "ok", comms: {} } }));
  const kernel = joined({ comm_live: true, model_id: "ours" }, { requestCommInfo });
  await vi.advanceTimersByTimeAsync(14_000);
  expect(requestCommInfo).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(requestCommInfo).toHaveBeenCalledOnce();
  expect(kernel.state()).toBe("restarted");
});

test("a view that has gone says only that", () => {
  const model = testModel({});
  const gone = new AbortController();
  const ask = asker<{ do: string; view: string }>(model, { live: () => true }, gone.signal, "ours");
  expect(ask({ do: "beat" })).toBe(true);
  gone.abort();
  expect(ask({ do: "beat" })).toBe(false);
  expect(ask({ do: "away" })).toBe(true);
  expect(model.sent).toEqual([
    { view: "ours", do: "beat" },
    { view: "ours", do: "away" },
  ]);
});

test("without a kernel nothing is said", () => {
  const model = testModel({});
  const ask = asker<{ do: string; view: string }>(model, { live: () => false }, leaving.signal, "ours");
  expect(ask({ do: "away" })).toBe(false);
  expect(model.sent).toEqual([]);
});

test("a moment is said with its date unless that is today's, by the clocks of a zone", () => {
  const time = Date.UTC(2026, 6, 1, 22, 30);
  expect(moment(time, "Europe/Berlin", time)).toBe("00:30 Europe/Berlin");
  expect(moment(time, "Europe/Berlin", time - 60 * 60_000)).toBe("2 Jul 2026, 00:30 Europe/Berlin");
});

test("what a view says once its kernel is gone", () => {
  expect(standing("saved", "12:00 UTC")).toEqual(["Saved 12:00 UTC", "run the cell to continue"]);
  expect(standing("ended")).toEqual(["The kernel has ended", "run the cell to continue"]);
  expect(standing("unconnected", "12:00 UTC")).toEqual(["No connection to the kernel", "data of 12:00 UTC"]);
});
