// A widget's model as the browser sees it: the fields of the protocol's states, typed, and messages.

import type { AnyModel } from "@anywidget/types";

/** A model whose traits are the fields of a protocol's states: `Model<ExplorerState & ExplorerOptions>`. */
export interface Model<State extends object>
  extends Pick<AnyModel<State>, "get" | "set" | "save_changes" | "on" | "off" | "send"> {}

/** The name of a field of a state. */
export type FieldOf<State extends object> = keyof State & string;

/** Call back once for each kernel message that changes one of the fields. Return a function that ends this. */
export function onChange<State extends object>(
  model: Model<State>,
  names: readonly FieldOf<State>[],
  changed: () => void,
): () => void {
  let waiting = false;
  let ended = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      if (!ended) changed();
    });
  };
  for (const name of names) model.on(`change:${name}`, later);
  return () => {
    ended = true;
    for (const name of names) model.off(`change:${name}`, later);
  };
}
