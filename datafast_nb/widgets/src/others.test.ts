// @vitest-environment happy-dom
import type { RenderProps } from "@anywidget/types";
import { expect, test, vi } from "vitest";
import { modelOf } from "./others.ts";
import { testModel } from "./testing.ts";

test.each(["IPY_MODEL_abc", "anywidget:abc", "abc"])("%s is looked up as anywidget documents it", async (reference) => {
  const script = testModel({ source: "", version: "1" });
  const getModel = vi.fn(async () => script);
  const props = { model: testModel({}), host: { getModel } } as unknown as RenderProps;
  expect(await modelOf(props, reference)).toBe(script);
  expect(getModel).toHaveBeenCalledWith("anywidget:abc");
});

test("before anywidget had a host, ipywidgets' own manager gives the model", async () => {
  const script = testModel({ source: "", version: "1" });
  const manager = { get_model: vi.fn(async () => script) };
  const model = Object.assign(testModel({}), { widget_manager: manager });
  expect(await modelOf({ model } as unknown as RenderProps, "IPY_MODEL_abc")).toBe(script);
  expect(manager.get_model).toHaveBeenCalledWith("abc");
});
