// The focus: where it is, and how it stays in a list whose rows change places.

import { useLayoutEffect, useRef } from "preact/hooks";

/** Return what has the focus in the document, or in the shadow tree, that an element is in: marimo has such trees. */
export function focusNear(element: Element | null): Element | null {
  return (element?.getRootNode() as Document | ShadowRoot | undefined)?.activeElement ?? null;
}

/** Keep the focus within an element where it is: a browser without `moveBefore` takes it from an element that moves. */
export function useKeptFocus<Parent extends HTMLElement>() {
  const parent = useRef<Parent>(null);
  const focused = focusNear(parent.current);
  useLayoutEffect(() => {
    if (!(focused instanceof HTMLElement) || focusNear(parent.current) === focused) return;
    if (parent.current?.contains(focused)) focused.focus({ preventScroll: true });
  });
  return parent;
}
