// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { testModel } from "./testing.ts";
import { followTheme, type Theme } from "./theme.ts";

const leaving = new AbortController();
afterEach(() => {
  for (const each of [document.documentElement, document.body])
    for (const name of each.getAttributeNames()) each.removeAttribute(name);
  document.head.replaceChildren();
  vi.unstubAllGlobals();
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

test.each([
  ["body", "data-vscode-theme-kind", "vscode-dark", true],
  ["body", "data-vscode-theme-kind", "vscode-light", false],
  ["body", "data-vscode-theme-kind", "vscode-high-contrast", true],
  ["body", "data-vscode-theme-kind", "vscode-high-contrast-light", false],
  ["html", "theme", "dark", true], // Colab
  ["body", "data-theme", "dark", true], // marimo
  ["body", "data-theme", "light", false],
] as const)("a page whose %s has %s=%s is dark: %s", (element, name, value, dark) => {
  vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener: () => {} }));
  document.querySelector(element)?.setAttribute(name, value);
  expect(themed("auto").root.classList.contains("df-dark")).toBe(dark);
});

test.each([
  ["light dark", true, true],
  ["light dark", false, false],
  ["light", true, false],
  [undefined, true, false],
] as const)("a page for %s, whose reader prefers dark: %s", (schemes, prefers, dark) => {
  vi.stubGlobal("matchMedia", () => ({ matches: prefers, addEventListener: () => {} }));
  if (schemes) document.head.innerHTML = `<meta name="color-scheme" content="${schemes}">`;
  expect(themed("auto").root.classList.contains("df-dark")).toBe(dark);
});

test("a widget follows its own theme, and that of the page", async () => {
  const { root, model, changed } = themed("auto");
  document.body.dataset.jpThemeLight = "false";
  await expect.poll(() => root.classList.contains("df-dark")).toBe(true);
  model.change({ theme: "light" });
  await expect.poll(() => root.classList.contains("df-dark")).toBe(false);
  expect(changed).toHaveBeenCalledTimes(3);
});
