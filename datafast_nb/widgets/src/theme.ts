// Makes a widget light or dark: as its theme says, or as the page is.

import { type Model, onChange } from "./model.ts";
import type { ExplorerOptions } from "./protocol.ts";

/** The colors of a widget, as its state holds them. */
export type Theme = ExplorerOptions["theme"];

/** Keep the root's class `df-dark` true, and call back when it changes. */
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

/** Say whether a theme is dark on this page. */
export function isDark(theme: Theme): boolean {
  return theme === "auto" ? pageIsDark() : theme === "dark";
}

/** Call back whenever the page's theme may have changed. */
export function onPageTheme(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** JupyterLab, Notebook and Voilà write their theme on the body; any other page is taken for light. */
function pageIsDark(): boolean {
  return document.body.dataset.jpThemeLight === "false";
}
