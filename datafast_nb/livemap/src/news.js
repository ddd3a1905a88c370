// Shows what has just happened, once: a pulse where somebody arrived or paid, and a message for each payment.

import { nearestCopy } from "./world.ts";

const KINDS = { new: "First payment", renewal: "Renewal", refund: "Refund", other: "Payment" };

/** Listen for news, and for the kernel's wish to move the map. */
export function announce(model, view, map, layer, messages, signal) {
  const show = ({ arrived, payments, more }) => {
    for (const place of arrived[view] ?? []) layer.pulse([place.latitude, place.longitude], "arrival");
    for (const payment of payments) {
      if (payment.place) layer.pulse([payment.place.latitude, payment.place.longitude], "payment");
      messages.show({ title: payment.amount, text: sentence(payment), kind: "payment" });
    }
    if (more > 0) messages.show({ title: `${more} more payments`, text: "See the list", kind: "payment" });
  };
  const received = (message) => {
    if (message.do === "news" && document.visibilityState === "visible") show(message);
    if (message.do === "fit" && (message.view ?? view) === view) fit(map, message);
  };
  model.on("msg:custom", received);
  signal.addEventListener("abort", () => model.off("msg:custom", received));
}

/** Show a box, on the copy of the world that is nearest. */
function fit(map, { south, west, north, east }) {
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

function sentence({ kind, who, note, site }) {
  return [`${KINDS[kind] ?? KINDS.other} by ${who}`, note, site].filter(Boolean).join(" · ");
}
