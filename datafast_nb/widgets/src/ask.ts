// The messages of a view to the kernel.

import type { Kernel } from "./kernel.ts";
import type { Model } from "./model.ts";

/** A message of the protocol without the view's id, which is added on the way. */
export type Outgoing<Message> = Message extends unknown ? Omit<Message, "view"> : never;

/** Send a message; return whether it was sent. */
export type Ask<Message> = (message: Outgoing<Message>) => boolean;

/** Return a function that sends messages of a view; once the view is removed, only the message that it left. */
export function asker<Message extends { do: string; view: string }>(
  model: Pick<Model<object>, "send">,
  kernel: Pick<Kernel, "live">,
  signal: AbortSignal,
  view: string,
): Ask<Message> {
  return (message) => {
    if (!kernel.live() || (signal.aborted && message.do !== "away")) return false;
    try {
      model.send({ view, ...message });
      return true;
    } catch (error) {
      // The kernel has just gone; the status will say so.
      console.debug("datafast_nb: a message could not be sent to the kernel.", message.do, error);
      return false;
    }
  };
}
