// The library that draws, Vega, is the text of a model which all charts of a kernel share (a chart that carried it
// would weigh 900 kB), and a page evaluates it once.
const LOADED = Symbol.for("datafast_nb.vega");

async function embedder(model) {
  const vega = await model.widget_manager.get_model(model.get("vega").slice("IPY_MODEL_".length));
  const loaded = (globalThis[LOADED] ??= new Map());
  const version = vega.get("version");
  if (!loaded.has(version)) {
    const url = URL.createObjectURL(new Blob([vega.get("source")], { type: "text/javascript" }));
    loaded.set(version, import(url).finally(() => URL.revokeObjectURL(url)));
  }
  return (await loaded.get(version)).vegaEmbed;
}

/** Give the specification and the options as they are drawn now: with a theme, in its colours. */
function wanted(model) {
  const [spec, options] = [structuredClone(model.get("spec")), structuredClone(model.get("embed_options"))];
  const theme = model.get("theme");
  if (!theme) return [spec, options];
  const name = theme === "auto" ? pageTheme() : theme;
  return [{ ...spec, config: model.get("configs")[name] }, { ...options, tooltip: { theme: name } }];
}

/** JupyterLab, Notebook and Voilà write their theme on the body; any other page is taken for light. */
function pageTheme() {
  return document.body.dataset.jpThemeLight === "false" ? "dark" : "light";
}

/** Tell the kernel which row of the data a person has clicked on. */
function tellClicks(view, model) {
  view.addEventListener("click", (_event, item) => {
    const plain = Object.entries(item?.datum ?? {}).filter(([, value]) => Object(value) !== value);
    if (plain.length && model.get("tells_clicks")) model.send({ do: "click", datum: Object.fromEntries(plain) });
  });
}

async function render({ model, el }) {
  let shown = null; // the chart on the page
  let turns = 0;
  let left = false;
  const draw = async () => {
    const turn = ++turns;
    const place = document.createElement("div");
    try {
      const embed = await embedder(model);
      const [spec, options] = wanted(model);
      // Drawn out of sight first: the page keeps the old chart, and its height, until the new one is there.
      Object.assign(place.style, { position: "absolute", visibility: "hidden" });
      if (spec.width === "container") Object.assign(place.style, { width: "100%" });
      el.style.position = "relative"; // what the width is measured by
      el.append(place);
      const result = await embed(place, spec, options);
      if (left || turn !== turns) {
        result.finalize();
        place.remove();
        return;
      }
      Object.assign(place.style, { position: "", visibility: "" });
      shown?.result.finalize();
      shown?.place.remove();
      shown = { result, view: result.view, place };
      tellClicks(shown.view, model);
      fit();
    } catch (error) {
      place.remove();
      if (!shown) el.textContent = `The chart could not be drawn: ${error.message}`;
    }
  };
  // Vega follows the window alone; a chart's place may change without it.
  const fit = () => {
    const width = shown?.view.container()?.clientWidth;
    if (width && model.get("spec").width === "container" && shown.view.width() !== width) shown.view.width(width).run();
  };
  const resized = new ResizeObserver(fit);
  const themed = new MutationObserver(() => model.get("theme") === "auto" && draw());
  resized.observe(el);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  model.on("change:spec change:theme", draw);
  await draw();
  return () => {
    left = true;
    resized.disconnect();
    themed.disconnect();
    model.off("change:spec change:theme", draw);
    shown?.result.finalize();
  };
}

export default { render };
