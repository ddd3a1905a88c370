// Lets a page forget the models that the kernel has closed.

/** A model of ipywidgets with its comm, which anywidget does not expose. */
interface WidgetModel {
  comm?: { on_close?: (callback: () => void) => void; on_msg: (callback: () => void) => void };
  attributes: Record<string, unknown>;
  once: (event: string, callback: () => void) => void;
}

const watched = new WeakSet<WidgetModel>();
const nothing = () => {};

/**
 * Release a model, and all that its traits hold, once the kernel has closed it.
 *
 * The connection of JupyterLab 4.6.6 keeps the comm of every widget forever. A comm keeps its callbacks, and so its model, its last
 * view and all that was drawn. So a closed comm must have no callbacks.
 */
export function releaseOnceClosed(model: unknown): void {
  if (!isWidgetModel(model) || watched.has(model)) return;
  watched.add(model);
  const { comm } = model;
  model.once("destroy", () => {
    comm?.on_close?.(nothing);
    comm?.on_msg(nothing);
  });
  for (const value of Object.values(model.attributes)) for (const held of [value].flat()) releaseOnceClosed(held);
}

function isWidgetModel(model: unknown): model is WidgetModel {
  return typeof (model as Partial<WidgetModel> | null | undefined)?.comm?.on_close === "function";
}
