// What is followed beside the model, such as the kernel's state, for a component of Preact.

import { useLayoutEffect, useState } from "preact/hooks";

/** Draw the component again whenever a source says that it has changed. */
export function useFollowed(source: { follow: (changed: () => void) => () => void }): void {
  const [, drawAgain] = useState({});
  useLayoutEffect(() => source.follow(() => drawAgain({})), [source]);
}
