// Evaluates a script that is the text of another widget's model.

import type { AnyModel, RenderProps } from "@anywidget/types";

interface Script {
  source: string;
  version: string;
}

const EVALUATED = Symbol.for("datafast_nb.scripts");
const page = globalThis as { [EVALUATED]?: Map<string, Promise<unknown>> };

/** Return the module of a script; a page evaluates each version once, however many kernels and views use it. */
export async function evaluated<Module>({ model, host }: RenderProps, reference: string): Promise<Module> {
  const script = await modelOf<Script>({ model, host }, reference);
  const version = script.get("version");
  page[EVALUATED] ??= new Map();
  const known = page[EVALUATED];
  if (!known.has(version)) known.set(version, evaluate(script.get("source")));
  return (await known.get(version)) as Module;
}

/** Return the model that a trait of another refers to: by anywidget's documented way or, before its version 0.11, by that of ipywidgets. */
export async function modelOf<State extends object>(
  { model, host }: Pick<RenderProps, "model"> & Partial<Pick<RenderProps, "host">>,
  reference: string,
): Promise<AnyModel<State>> {
  const id = reference.replace(/^(IPY_MODEL_|anywidget:)/, "");
  return host?.getModel ? host.getModel<State>(`anywidget:${id}`) : model.widget_manager.get_model<State>(id);
}

async function evaluate(source: string): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
