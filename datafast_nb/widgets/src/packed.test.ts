import { deflateSync, zlibSync } from "fflate";
import { expect, test, vi } from "vitest";
import { unpacked } from "./packed.ts";
import type { Pages } from "./protocol.ts";
import { testModel } from "./testing.ts";

interface State {
  visitors: { rows: string[] };
  clock: number;
}

const NO_PAGES: Pages = {
  page_0: {},
  page_1: {},
  page_2: {},
  page_3: {},
  page_4: {},
  page_5: {},
  page_6: {},
  page_7: {},
};

/** Compress as the kernel does; `before` is the same field's value on the page before. */
function packed(value: unknown, before?: unknown): DataView {
  const bytes = (each: unknown) => new TextEncoder().encode(JSON.stringify(each));
  const sent = zlibSync(bytes(value), before === undefined ? {} : { dictionary: bytes(before) });
  return new DataView(sent.buffer, sent.byteOffset, sent.byteLength);
}

function opened(page: Pages["page_0"]) {
  const sent = testModel({ ...NO_PAGES, clock: 1, page_0: page });
  const errors: string[] = [];
  const leaving = new AbortController();
  const model = unpacked<State>(
    sent,
    (read) => {
      try {
        read();
      } catch (error) {
        errors.push(String(error));
      }
    },
    leaving.signal,
  );
  return { sent, model, errors, leaving };
}

const [ONE, TWO, THREE] = [{ rows: ["ada"] }, { rows: ["ada", "bob"] }, { rows: ["bob", "cy"] }];

test("a field is what the pages say, one after the other, whichever of them were there first", () => {
  const { sent, model } = opened({ visitors: packed(ONE) });
  expect(model.get("visitors")).toEqual(ONE);
  sent.change({ page_1: { visitors: packed(TWO, ONE) } });
  expect(model.get("visitors")).toEqual(TWO);
  sent.change({ page_2: { visitors: packed(THREE, TWO) } });
  expect(model.get("visitors")).toEqual(THREE);
  const later = unpacked<State>(sent, (read) => read(), new AbortController().signal);
  expect(later.get("visitors")).toEqual(THREE);
  expect(later.get("clock")).toBe(1);
});

test("pages begin anew", () => {
  const { sent, model } = opened({ visitors: packed(ONE) });
  sent.change({ page_1: { visitors: packed(TWO, ONE) } });
  sent.change({ page_1: {}, page_0: { visitors: packed(THREE) } });
  expect(model.get("visitors")).toEqual(THREE);
});

test("pages begin anew with what they began with, of which only that the others are empty is sent", () => {
  const { sent, model } = opened({ visitors: packed(ONE) });
  const changed = vi.fn();
  model.on("change:visitors", changed);
  sent.change({ page_1: { visitors: packed(TWO, ONE) } });
  sent.change({ page_1: {} });
  expect([model.get("visitors"), changed.mock.calls.length]).toEqual([ONE, 2]);
  sent.change({ page_1: { visitors: packed(THREE, ONE) } });
  expect(model.get("visitors")).toEqual(THREE);
});

test("a change is told once, of the fields that changed, and what is set here stays here", () => {
  const { sent, model } = opened({ visitors: packed(ONE) });
  const [changed, ticked] = [vi.fn(() => model.get("visitors")), vi.fn()];
  model.on("change:visitors", changed);
  model.on("change:clock", ticked);
  sent.change({ page_1: { visitors: packed(TWO, ONE) } });
  expect(changed.mock.results.map(({ value }) => value)).toEqual([TWO]);
  model.set("visitors", THREE);
  expect([model.get("visitors"), changed.mock.calls.length]).toEqual([THREE, 2]);
  sent.change({ clock: 2 });
  expect(ticked).toHaveBeenCalledTimes(1);
  model.off("change:visitors", changed);
  sent.change({ page_2: { visitors: packed(ONE, TWO) } });
  expect(changed).toHaveBeenCalledTimes(2);
});

test.each([
  ["cut off", new DataView(packed(TWO, ONE).buffer, 0, 9)],
  ["empty", new DataView(new ArrayBuffer(0))],
  ["of another text", packed({ rows: ["eve", "mallory", "ada"] }, { rows: ["eve", "mallory"] })],
  ["not compressed", new DataView(new TextEncoder().encode('{"rows": ["bob", "cy"]}').buffer)],
  ["of another format", new DataView(deflateSync(new TextEncoder().encode("{}")).buffer)],
  ["no JSON", packed(undefined)],
])("a page that is %s is reported, and the last values stay until the pages begin anew", (_what, content) => {
  const { sent, model, errors } = opened({ visitors: packed(ONE) });
  sent.change({ page_1: { visitors: content } });
  expect(model.get("visitors")).toEqual(ONE);
  expect(errors).toHaveLength(1);
  sent.change({ page_2: { visitors: packed(THREE, TWO) } });
  expect(model.get("visitors")).toEqual(ONE);
  expect(errors).toHaveLength(2);
  sent.change({ page_2: {}, page_1: {}, page_0: { visitors: packed(THREE) } });
  expect(model.get("visitors")).toEqual(THREE);
});

test("packed messages are heard as what they are; others as they came, and those that can't be read not at all", () => {
  const { sent, model, errors } = opened({});
  const heard = vi.fn();
  model.on("msg:custom", heard);
  sent.tell({ do: "packed" }, [packed({ do: "age", milliseconds: 3 })]);
  sent.tell({ do: "places" }, ["a buffer"]);
  sent.tell({ do: "packed" }, [packed({ do: "age" }, { do: "else" })]);
  sent.tell({ do: "packed" }, []);
  expect(heard.mock.calls).toEqual([
    [{ do: "age", milliseconds: 3 }, []],
    [{ do: "places" }, ["a buffer"]],
  ]);
  expect(errors).toHaveLength(2);
  model.off("msg:custom", heard);
  sent.tell({ do: "places" }, []);
  expect(heard).toHaveBeenCalledTimes(2);
});

test("a view that is gone reads no more pages", () => {
  const { sent, model, leaving } = opened({ visitors: packed(ONE) });
  const changed = vi.fn();
  model.on("change:visitors", changed);
  leaving.abort();
  sent.change({ page_1: { visitors: packed(TWO, ONE) } });
  expect(changed).not.toHaveBeenCalled();
});
