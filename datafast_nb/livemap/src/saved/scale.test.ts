import { expect, test } from "vitest";
import { colorOf } from "./scale.ts";

const SCALE = {
  legend: { title: "", ramp: null, swatches: [], ring: true, unplaced: 0 },
  colors: [],
  categories: { google: "#0072b2" },
  middle: 50,
  reach: 20,
  top: 1,
};

test.each([
  ["google", "#0072b2"],
  ["elsewhere", "#9aa3ab"],
  [null, "#9aa3ab"],
  ["constructor", "#9aa3ab"], // which every object of JavaScript has
  ["__proto__", "#9aa3ab"],
])("a place whose commonest channel is %s is %s", (category, color) => {
  const group = { score: null, probability: null, worth: 0, customers: 0, visitors: 1, category };
  expect(colorOf(group, "channel", SCALE)).toBe(color);
});
