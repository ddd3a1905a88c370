// Shared by the map's parts: its model, and their messages to the kernel.

import type { Ask } from "#kit/ask.ts";
import type { Model } from "#kit/model.ts";
import type { MapLayers, MapMessage, MapPanels, MapParts, MapSettings } from "#kit/protocol.ts";

/** All traits of a live map's front end. */
export type MapState = MapPanels & MapLayers & MapSettings & MapParts;
export type MapModel = Model<MapState>;
export type MapAsk = Ask<MapMessage>;
