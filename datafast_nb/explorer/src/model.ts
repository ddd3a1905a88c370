// What the explorer's parts share: its model, and its messages to the kernel.

import type { Ask } from "#kit/ask.ts";
import type { Model } from "#kit/model.ts";
import type {
  ExplorerControls,
  ExplorerHeader,
  ExplorerMessage,
  ExplorerOptions,
  ExplorerState,
} from "#kit/protocol.ts";

export type ExplorerFields = ExplorerControls & ExplorerState & ExplorerHeader & ExplorerOptions;
export type ExplorerModel = Model<ExplorerFields>;
export type ExplorerAsk = Ask<ExplorerMessage>;
