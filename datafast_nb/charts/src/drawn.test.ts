import { expect, test } from "vitest";
import { hasMarks, hasRows } from "./drawn.ts";

test.each([
  [true, { data: { values: [{}] } }],
  [true, { datasets: { one: [], two: [{}] } }],
  [true, { hconcat: [{ layer: [{ data: { values: [1] } }] }] }],
  [false, { data: { values: [] }, datasets: {} }],
  [false, { data: { name: "elsewhere" }, mark: "bar" }],
  [false, null],
])("rows in a specification: %s", (has, spec) => {
  expect(hasRows(spec)).toBe(has);
});

test.each([
  [true, { items: [{ role: "frame", items: [{ role: "mark", items: [{}] }] }] }],
  [
    false,
    {
      items: [
        { role: "mark", items: [] },
        { role: "axis", items: [{}] },
      ],
    },
  ],
  [false, {}],
])("marks in a scene: %s", (has, scene) => {
  expect(hasMarks(scene)).toBe(has);
});
