const UNKNOWN = 400; // pixels, where the width of a place is not known yet
const REDRAWN = 0.2; // change of a chart's width from which it is drawn anew
const MOST_OF_LABELS = 0.3; // of a chart's width
// The library that draws, Vega, is the text of a model which all charts of a kernel share (a chart that carried it
// would weigh 900 kB), and a page evaluates it once.
const LOADED = Symbol.for("datafast_nb.vega");

async function embedder(model) {
  const vega = await model.widget_manager.get_model(model.get("vega").slice("IPY_MODEL_".length));
  globalThis[LOADED] ??= new Map();
  const loaded = globalThis[LOADED];
  const version = vega.get("version");
  if (!loaded.has(version)) {
    const url = URL.createObjectURL(new Blob([vega.get("source")], { type: "text/javascript" }));
    loaded.set(
      version,
      import(url).finally(() => URL.revokeObjectURL(url)),
    );
  }
  return (await loaded.get(version)).vegaEmbed;
}

/** Give the specification and the options as they are drawn now: with a theme, in its colours. */
function wanted(model, width) {
  const [spec, options] = [structuredClone(model.get("spec")), structuredClone(model.get("embed_options"))];
  if (width) spec.width = width; // Vega's own way to be as wide as a place follows the window alone
  const theme = model.get("theme");
  if (!theme) return [spec, options];
  const name = theme === "auto" ? pageTheme() : theme;
  const config = structuredClone(model.get("configs")[name]);
  if (width) Object.assign(config.axis, { labelLimit: Math.min(220, width * MOST_OF_LABELS), labelSeparation: 8 });
  return [
    { ...spec, config },
    { ...options, tooltip: { theme: name } },
  ];
}

/** JupyterLab, Notebook and Voilà write their theme on the body; any other page is taken for light. */
function pageTheme() {
  return document.body.dataset.jpThemeLight === "false" ? "dark" : "light";
}

/** Tell the kernel which row of the data a person has clicked on. */
function tellClicks(view, model) {
  view.addEventListener("click", (_event, item) => {
    const plain = Object.entries(item?.datum ?? {}).filter(([, value]) => Object(value) !== value);
    if (!plain.length || !model.get("tells_clicks") || model.get("layout")?.comm_live === false) return; // nobody listens
    try {
      model.send({ do: "click", datum: Object.fromEntries(plain) });
    } catch (error) {
      console.debug("datafast_nb: the kernel could not be told of a click.", error); // it has gone
    }
  });
}

/** Tell whether a specification, or a part of one, holds rows. */
function hasRows(part) {
  if (Object(part) !== part) return false;
  if (part.data?.values?.length || Object.values(part.datasets ?? {}).some((rows) => rows.length)) return true;
  return Object.entries(part).some(([name, inner]) => name !== "data" && name !== "datasets" && hasRows(inner));
}

/** Tell whether a scene, or a part of one, holds a mark that stands for data. */
function hasMarks(scene) {
  if (scene.role === "mark" && scene.items.length) return true;
  return (scene.items ?? []).some(hasMarks);
}

/** Give the width that a chart has in its place; 0 while that is not on the page. */
function widthOf(place) {
  return Math.max(0, place.clientWidth - parseFloat(getComputedStyle(place).paddingRight));
}

async function render({ model, el }) {
  let shown = null; // the chart on the page
  let turns = 0;
  let left = false;
  const failure = document.createElement("div");
  el.classList.add("datafast-chart");
  el.style.position = "relative";
  el.append(failure);
  const draw = async () => {
    const turn = ++turns;
    const place = document.createElement("div");
    try {
      const embed = await embedder(model);
      const fits = model.get("spec").width === "container";
      const width = fits ? shown?.width || el.clientWidth || UNKNOWN : null;
      const [spec, options] = wanted(model, width);
      // Drawn out of sight first: the page keeps the old chart, and its height, until the new one is there.
      Object.assign(place.style, {
        position: "absolute",
        visibility: "hidden",
        boxSizing: "border-box",
        width: "100%",
      });
      el.append(place);
      const result = await embed(place, spec, options);
      if (left || turn !== turns) {
        result.finalize();
        place.remove();
        return;
      }
      if (hasRows(spec) && !hasMarks(result.view.scenegraph().root)) {
        result.finalize();
        throw new Error("it has rows, and not one mark of it is drawn");
      }
      Object.assign(place.style, { position: "", visibility: "", width: fits ? "100%" : "" });
      failure.textContent = "";
      shown?.result.finalize();
      shown?.place.remove();
      shown = { result, place, fits, width };
      resized.disconnect();
      resized.observe(place); // which tells the width it has now, too
      tellClicks(result.view, model);
    } catch (error) {
      place.remove();
      if (turn === turns) failure.textContent = `The chart could not be drawn: ${error.message}`;
    }
  };
  // As wide as its place is, beside the button of the menu; drawn anew where the labels need another share of it.
  const fit = () => {
    const width = shown?.fits ? widthOf(shown.place) : 0;
    if (!width || width === shown.width) return;
    const much = Math.abs(width - shown.width) > REDRAWN * shown.width;
    shown.width = width;
    if (much) draw();
    else shown.result.view.width(width).run();
  };
  const resized = new ResizeObserver(fit);
  const themed = new MutationObserver(() => model.get("theme") === "auto" && draw());
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
