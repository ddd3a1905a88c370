// A source besides the model, such as the kernel's state, that a Preact component follows.

import { useLayoutEffect, useState } from "preact/hooks";

/** Draw the component again whenever a source reports a change. */
export function useFollowed(source: { follow: (changed: () => void) => () => void }): void {
  const [, drawAgain] = useState({});
  useLayoutEffect(() => source.follow(() => drawAgain({})), [source]);
}
