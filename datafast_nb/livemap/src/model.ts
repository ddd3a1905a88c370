// What the map's parts share: its model, and what they say to the kernel.

import type { Ask } from "#kit/ask.ts";
import type { Model } from "#kit/model.ts";
import type { MapMessage, MapPanels, MapSettings } from "#kit/protocol.ts";

/** The traits that the parts round the map show. */
export type MapModel = Model<MapPanels & MapSettings>;
export type MapAsk = Ask<MapMessage>;
