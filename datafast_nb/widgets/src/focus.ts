// The focus within a list whose rows change places.

import { useLayoutEffect, useRef } from "preact/hooks";

/** Keep the focus within an element where it is: a browser without `moveBefore` takes it from an element that moves. */
export function useKeptFocus<Parent extends HTMLElement>() {
  const parent = useRef<Parent>(null);
  const root = parent.current?.getRootNode() as Document | ShadowRoot | undefined;
  const focused = root?.activeElement;
  useLayoutEffect(() => {
    if (!(focused instanceof HTMLElement) || root?.activeElement === focused) return;
    if (parent.current?.contains(focused)) focused.focus({ preventScroll: true });
  });
  return parent;
}
