// The width of an element, as it changes.

import { useEffect, useState } from "preact/hooks";

/** Return the width of an element, or of one found from it, in pixels. */
export function useWidth(of: { current: Element | null }, to = (element: Element): Element | null => element): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = of.current && to(of.current);
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);
  return width;
}
