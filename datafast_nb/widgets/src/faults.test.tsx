// @vitest-environment happy-dom
import { render } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import { faultList, watchUncaught } from "./faults.ts";
import { Guarded } from "./guarded.tsx";
import type { Model } from "./model.ts";
import { testModel } from "./testing.ts";
import { useTrait } from "./trait.ts";

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

test("a fault reaches the kernel once, is said until it is gone, and does not end what is drawn next", () => {
  const tell = vi.fn();
  const faults = faultList(tell);
  const changed = vi.fn();
  faults.follow(changed);
  const draw = (fails: boolean) =>
    faults.guard("The map can't be drawn", () => {
      if (fails) throw new TypeError("planted");
    });
  for (const _ of [1, 2, 3]) draw(true);
  expect(tell).toHaveBeenCalledOnce();
  expect(tell.mock.calls[0]?.[0]).toMatchObject({ do: "fault", what: "The map can't be drawn", error: "planted" });
  expect(tell.mock.calls[0]?.[0].stack).toContain("faults.test");
  expect(faults.notes()).toEqual(["The map can't be drawn (planted): the log has details"]);
  draw(false);
  expect(faults.notes()).toEqual([]);
  expect(changed).toHaveBeenCalledTimes(2);
});

test("endlessly many faults are no endless talk", () => {
  const tell = vi.fn();
  const faults = faultList(tell);
  for (let number = 0; number < 500; number += 1) faults.report("It can't be drawn", new Error(`number ${number}`));
  expect(tell.mock.calls.length).toBe(50);
  expect(faults.notes()).toHaveLength(1);
});

test("what fails where nothing guards it is noted, if it is ours", () => {
  const tell = vi.fn();
  const faults = faultList(tell);
  const leaving = new AbortController();
  const model = testModel({ words: "old" });
  watchUncaught(faults, model, import.meta.url.split("/").at(-1) ?? "", leaving.signal);
  const foreign = new Error("of another script");
  foreign.stack = "Error: of another script\n    at https://example.com/other.js:1:1";
  window.dispatchEvent(new ErrorEvent("error", { error: foreign }));
  expect(tell).not.toHaveBeenCalled();
  window.dispatchEvent(new ErrorEvent("error", { error: new Error("ours") }));
  expect(tell).toHaveBeenCalledOnce();
  expect(faults.notes()).toEqual(["Something went wrong (ours): the log has details"]);
  model.change({ words: "new" });
  expect(faults.notes()).toEqual([]);
  leaving.abort();
  window.dispatchEvent(new ErrorEvent("error", { error: new Error("ours, later") }));
  expect(tell).toHaveBeenCalledOnce();
});

test("a part that fails leaves the others, and is drawn again once there is something new", async () => {
  const model = testModel({ words: "bad" });
  const tell = vi.fn();
  const faults = faultList(tell);
  function Words({ shown }: { shown: Model<{ words: string }> }) {
    const words = useTrait(shown, "words");
    if (words === "bad") throw new Error("planted");
    return <p>{words}</p>;
  }
  const parts = (
    <div>
      <Guarded what="The words can't be drawn" faults={faults} model={model}>
        <Words shown={model} />
      </Guarded>
      <b>other</b>
    </div>
  );
  render(parts, document.body);
  expect(document.body.textContent).toBe("other");
  await expect.poll(() => faults.notes()).toEqual(["The words can't be drawn (planted): the log has details"]);
  expect(tell).toHaveBeenCalledOnce();
  model.change({ words: "good" });
  await expect.poll(() => document.body.textContent).toBe("goodother");
  await expect.poll(() => faults.notes()).toEqual([]);
  render(null, document.body);
});
