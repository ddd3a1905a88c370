// Loads a front end's script, which is the text of a model that all of a kernel share: a page evaluates it once.

const LOADED = Symbol.for("datafast_nb.scripts");

async function loaded(model) {
  const script = await model.widget_manager.get_model(model.get("script").slice("IPY_MODEL_".length));
  globalThis[LOADED] ??= new Map();
  const known = globalThis[LOADED];
  const version = script.get("version");
  if (!known.has(version)) {
    const url = URL.createObjectURL(new Blob([script.get("source")], { type: "text/javascript" }));
    known.set(
      version,
      import(url).finally(() => URL.revokeObjectURL(url)),
    );
  }
  return (await known.get(version)).default;
}

export default {
  render: async (view) => (await loaded(view.model)).render(view),
};
