// Evaluates a script that is the text of another widget's model.

import type { RenderProps } from "@anywidget/types";
import { modelOf } from "./others.ts";

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

async function evaluate(source: string): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
