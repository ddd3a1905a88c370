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
  try {
    const embed = await embedder(model);
    const view = await embed(el, structuredClone(model.get("spec")), structuredClone(model.get("embed_options")));
    return () => view.finalize();
  } catch (error) {
    el.textContent = `The chart could not be drawn: ${error.message}`;
  }
}

export default { render };
