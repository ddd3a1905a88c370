// What a view says to the kernel.

import type { Kernel } from "./kernel.ts";
import type { Model } from "./model.ts";

/** A message of the protocol without the view's id, which is added on the way. */
export type Wish<Message> = Message extends unknown ? Omit<Message, "view"> : never;

/** Send a message; say whether it could be. */
export type Ask<Message> = (wish: Wish<Message>) => boolean;

/** Return what sends messages of the view that has an id; once the view is gone, only that it has gone. */
export function asker<Message extends { do: string; view: string }>(
  model: Pick<Model<object>, "send">,
  kernel: Pick<Kernel, "live">,
  signal: AbortSignal,
  view: string,
): Ask<Message> {
  return (wish) => {
    if (!kernel.live() || (signal.aborted && wish.do !== "away")) return false;
    try {
      model.send({ view, ...wish });
      return true;
    } catch (error) {
      // The kernel has just gone, which is about to be said.
      console.debug("datafast_nb: the kernel could not be told.", wish.do, error);
      return false;
    }
  };
}
