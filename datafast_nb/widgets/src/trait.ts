// A field of a widget's state, for a Preact component.

import { useLayoutEffect, useState } from "preact/hooks";
import { type FieldOf, type Model, onChange } from "./model.ts";

/** Return the value of a field; the component is drawn again when the kernel, or this page, changes it. */
export function useTrait<State extends object, Name extends FieldOf<State>>(
  model: Model<State>,
  name: Name,
): State[Name] {
  const [, drawAgain] = useState({});
  useLayoutEffect(() => onChange(model, [name], () => drawAgain({})), [model, name]);
  return model.get(name);
}
