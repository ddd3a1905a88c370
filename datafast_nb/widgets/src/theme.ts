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
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** JupyterLab, Notebook and Voilà write their theme on the body; any other page counts as light. */
function pageIsDark(): boolean {
  return document.body.dataset.jpThemeLight === "false";
}
