// Makes the map light or dark: as it was told, or as the page is.

/** Keep the root's class `df-dark` true, and call back when it changes. */
export function followTheme(root, model, changed, signal) {
  const apply = () => {
    const dark = model.get("theme") === "auto" ? pageIsDark() : model.get("theme") === "dark";
    if (root.classList.contains("df-dark") === dark && root.dataset.themed) return;
    root.dataset.themed = "true";
    root.classList.toggle("df-dark", dark);
    changed();
  };
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:theme", apply);
  signal.addEventListener("abort", () => observer.disconnect());
  apply();
}

/** JupyterLab, Notebook and Voilà write their theme on the body; any other page is taken for light. */
function pageIsDark() {
  return document.body.dataset.jpThemeLight === "false";
}
