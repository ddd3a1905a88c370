// The models of other widgets, which a trait of ours names.

import type { AnyModel, RenderProps } from "@anywidget/types";

/** Return the model of a trait's widget: as anywidget documents it, or, before its version 0.11, as ipywidgets has it. */
export async function modelOf<State extends object>(
  { model, host }: Pick<RenderProps, "model"> & Partial<Pick<RenderProps, "host">>,
  reference: string,
): Promise<AnyModel<State>> {
  return host?.getModel
    ? host.getModel<State>(`anywidget:${idOf(reference)}`)
    : modelOfIpywidgets<AnyModel<State>>(model, reference);
}

/**
 * Return the model of a trait's widget as ipywidgets itself has it, with the views that a page has of it.
 *
 * In anywidget 0.11.0, `host.getWidget` gives its own widgets alone, and `host.getModel` none of a model's views.
 */
export async function modelOfIpywidgets<WidgetModel>(model: object, reference: string): Promise<WidgetModel> {
  return (model as { widget_manager: Manager<WidgetModel> }).widget_manager.get_model(idOf(reference));
}

interface Manager<WidgetModel> {
  get_model: (id: string) => Promise<WidgetModel>;
}

function idOf(reference: string): string {
  return reference.replace(/^(IPY_MODEL_|anywidget:)/, "");
}
