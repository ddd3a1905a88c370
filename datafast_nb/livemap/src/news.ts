// Shows what has just happened, once: a pulse where a visitor arrived or paid, and a message for each payment.

import type { Map as LeafletMap } from "leaflet";
import type { Announcements, Fit, MapAnnouncement, NewPayment, Point } from "#kit/protocol.ts";
import type { Globe } from "./globe.ts";
import type { MapModel } from "./model.ts";
import type { Pulse } from "./paint.ts";
import type { Toasts } from "./toasts.tsx";
import { nearestCopy } from "./world.ts";

const KINDS = { new: "First payment", renewal: "Renewal", refund: "Refund", other: "Payment" };

interface NewsParts {
  model: MapModel;
  view: string;
  map: LeafletMap;
  layer: { pulse: (place: Point, kind: Pulse["kind"]) => void };
  toasts: Pick<Toasts, "show">;
  globe: Pick<Globe, "on" | "fit">;
  signal: AbortSignal;
}

/** Listen for news, and for the kernel's requests to move the map. */
export function announce({ model, view, map, layer, toasts, globe, signal }: NewsParts): void {
  const show = ({ arrived, payments, more }: Announcements) => {
    for (const place of arrived[view] ?? []) layer.pulse(place, "arrival");
    for (const payment of payments) {
      if (payment.place && payment.kind !== "refund") layer.pulse(payment.place, "payment");
      toasts.show({ title: payment.amount, text: sentence(payment) });
    }
    if (more > 0) toasts.show({ title: othersIn(more), text: "See the list" });
  };
  const received = (message: MapAnnouncement) => {
    if (message.do === "news" && document.visibilityState === "visible") show(message);
    if (message.do !== "fit" || (message.view ?? view) !== view) return;
    if (globe.on) globe.fit(message);
    else fit(map, message);
  };
  model.on("msg:custom", received);
  signal.addEventListener("abort", () => model.off("msg:custom", received));
}

/** Show a box, on the copy of the world that is nearest. */
function fit(map: LeafletMap, { south, west, north, east }: Fit): void {
  const middle = (west + east) / 2;
  const turn = nearestCopy(middle, map.getCenter().lng) - middle;
  map.fitBounds(
    [
      [south, west + turn],
      [north, east + turn],
    ],
    { maxZoom: 8, padding: [32, 32] },
  );
}

/** Return a count of further payments. */
export function othersIn(more: number): string {
  return `${more} more ${more === 1 ? "payment" : "payments"}`;
}

/** Return the message about a payment. */
export function sentence({ kind, who, note, site }: Omit<NewPayment, "place" | "amount">): string {
  return [`${KINDS[kind]} by ${who}`, note, site].filter(Boolean).join(" · ");
}
