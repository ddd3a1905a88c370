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

async function render({ model, el }) {
  let shown = null; // the chart on the page
  let wanted = 0;
  let left = false;
  const failure = document.createElement("div");
  el.style.position = "relative";
  el.append(failure);
  const draw = async () => {
    const turn = ++wanted;
    const place = document.createElement("div");
    try {
      const embed = await embedder(model);
      // Drawn out of sight first: the page keeps the old chart, and its height, until the new one is there.
      Object.assign(place.style, { position: "absolute", visibility: "hidden", width: "100%" });
      el.append(place);
      const view = await embed(place, structuredClone(model.get("spec")), structuredClone(model.get("embed_options")));
      if (left || turn !== wanted) {
        view.finalize();
        place.remove();
        return;
      }
      Object.assign(place.style, { position: "", visibility: "", width: "" });
      failure.textContent = "";
      shown?.view.finalize();
      shown?.place.remove();
      shown = { view, place };
    } catch (error) {
      place.remove();
      if (turn === wanted) failure.textContent = `The chart could not be drawn: ${error.message}`;
    }
  };
  model.on("change:spec", draw);
  await draw();
  return () => {
    left = true;
    shown?.view.finalize();
  };
}

export default { render };
