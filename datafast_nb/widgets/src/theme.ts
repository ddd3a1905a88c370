// Makes a widget light or dark: by its theme, or like the page.

import { type Model, onChange } from "./model.ts";
import type { ExplorerOptions } from "./protocol.ts";

/** The theme of a widget, in its state. */
export type Theme = ExplorerOptions["theme"];

/** Keep the root's class `df-dark` up to date, and call back when it changes. */
export function followTheme(
  root: HTMLElement,
  model: Model<{ theme: Theme }>,
  changed: () => void,
  signal: AbortSignal,
): void {
  const apply = () => {
    const dark = isDark(model.get("theme"));
    if (root.classList.contains("df-dark") === dark && root.dataset.themed) return;
    root.dataset.themed = "true";
    root.classList.toggle("df-dark", dark);
    changed();
  };
  onPageTheme(apply, signal);
  signal.addEventListener("abort", onChange(model, ["theme"], apply));
  apply();
}

/** Return whether a theme is dark on this page. */
export function isDark(theme: Theme): boolean {
  return theme === "auto" ? pageIsDark() : theme === "dark";
}

/** Call back whenever the page's theme may have changed. */
export function onPageTheme(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  const attributes = { attributes: true, attributeFilter: [...ATTRIBUTES, "class"] };
  for (const each of [document.documentElement, document.body]) observer.observe(each, attributes);
  window.matchMedia(PREFERS_DARK).addEventListener("change", changed, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** Where pages write their theme: VS Code on the body, Colab and marimo on the root or the body. */
const ATTRIBUTES = ["data-jp-theme-light", "data-vscode-theme-kind", "theme", "data-theme"];
const PREFERS_DARK = "(prefers-color-scheme: dark)";

/** Return whether the page is dark: by its own mark or, if it has both themes and no mark, as its reader prefers. */
function pageIsDark(): boolean {
  const light = document.body.dataset.jpThemeLight; // of JupyterLab, Notebook and Voilà
  if (light !== undefined) return light === "false";
  for (const each of [document.body, document.documentElement]) {
    const told = ATTRIBUTES.map((name) => each.getAttribute(name) ?? "").join(" ");
    if (/dark|high-contrast(?!-light)/.test(told) || each.classList.contains("dark")) return true;
    if (/light/.test(told) || each.classList.contains("light")) return false;
  }
  return hasBothThemes() && window.matchMedia(PREFERS_DARK).matches;
}

/** Return whether the page declares that it can be dark; any other page counts as light. */
function hasBothThemes(): boolean {
  const told = document.querySelector<HTMLMetaElement>('meta[name="color-scheme"]')?.content ?? "";
  return `${told} ${getComputedStyle(document.documentElement).colorScheme}`.includes("dark");
}
