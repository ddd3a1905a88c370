// Lets a page forget the models that the kernel has closed.

/** A model as ipywidgets has it, with its comm; anywidget hands out less. */
interface WidgetModel {
  comm?: { on_close?: (callback: () => void) => void; on_msg: (callback: () => void) => void };
  attributes: Record<string, unknown>;
  once: (event: string, callback: () => void) => void;
}

const watched = new WeakSet<WidgetModel>();
const nothing = () => {};

/**
 * See to it that a model, and all that its traits hold, is let go of once the kernel has closed it.
 *
 * JupyterLab's connection keeps the comm of every widget that ever was, and a comm what it calls: its model, which keeps
 * its last view and all that was drawn. So a comm that is closed is to call nothing.
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
