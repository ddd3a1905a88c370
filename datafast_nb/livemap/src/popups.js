// The popup of a cluster that was clicked: Leaflet's own, with the members in it.

import { members } from "./members.js";
import { copyInView } from "./world.ts";

const WIDTH = 300;

/** Open, move and close the popup as the kernel says, and tell the kernel when a person closes it. */
export function popups(map, model, view, ask, clock, signal) {
  const content = members(model, view, ask, clock);
  let open = null; // {id, popup}
  const opened = ({ popup }) => {
    if (popup.getContent() === content) open = { ...open, popup };
  };
  const closed = ({ popup }) => {
    if (popup !== open?.popup) return;
    open = null;
    ask({ do: "close" });
  };
  const draw = () => {
    const { id, latitude, longitude } = model.get("popups")[view] ?? {};
    if (id === open?.id) return;
    const before = open;
    open = id === undefined ? null : { id };
    if (before?.popup) map.closePopup(before.popup);
    if (id === undefined) return;
    map.openPopup(content, onMap([latitude, longitude]), { minWidth: WIDTH, maxWidth: WIDTH, autoPanPadding: [48, 8] });
    // From now on it stays where it is: a refresh must not move the map.
    if (open.popup) open.popup.options.autoPan = false;
  };
  const onMap = ([lat, lon]) => [lat, copyInView(lon, map.getCenter().lng)];
  // A map that has gone round the world shows another copy of the place.
  const moved = () => {
    const at = open?.popup?.getLatLng();
    if (at && onMap([at.lat, at.lng])[1] !== at.lng) open.popup.setLatLng(onMap([at.lat, at.lng]));
  };
  map.on({ popupopen: opened, popupclose: closed, moveend: moved });
  model.on("change:popups", draw);
  signal.addEventListener("abort", () => {
    map.off({ popupopen: opened, popupclose: closed, moveend: moved });
    if (open?.popup) map.closePopup(open.popup);
  });
  draw();
}
