// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { testModel } from "./testing.ts";
import { followTheme, type Theme } from "./theme.ts";

const leaving = new AbortController();
afterEach(() => {
  delete document.body.dataset.jpThemeLight;
});

function themed(theme: Theme) {
  const root = document.createElement("div");
  const model = testModel({ theme });
  const changed = vi.fn();
  followTheme(root, model, changed, leaving.signal);
  return { root, model, changed };
}

test.each([
  ["light", undefined, false],
  ["dark", undefined, true],
  ["dark", "true", true],
  ["auto", undefined, false],
  ["auto", "true", false],
  ["auto", "false", true],
] as const)("%s on a page whose light theme is %s", (theme, page, dark) => {
  if (page !== undefined) document.body.dataset.jpThemeLight = page;
  expect(themed(theme).root.classList.contains("df-dark")).toBe(dark);
});

test("a widget follows its own theme, and that of the page", async () => {
  const { root, model, changed } = themed("auto");
  document.body.dataset.jpThemeLight = "false";
  await expect.poll(() => root.classList.contains("df-dark")).toBe(true);
  model.change({ theme: "light" });
  await expect.poll(() => root.classList.contains("df-dark")).toBe(false);
  expect(changed).toHaveBeenCalledTimes(3);
});
