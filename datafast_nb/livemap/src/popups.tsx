// The popup of a cluster that was clicked: Leaflet's own, with the members in it.

import type { Map as LeafletMap, Popup as LeafletPopup, PopupEvent } from "leaflet";
import { render } from "preact";
import type { Faults } from "#kit/faults.ts";
import { useKeptFocus } from "#kit/focus.ts";
import { formatNumber } from "#kit/numbers.ts";
import type { Popup } from "#kit/protocol.ts";
import type { MapAsk, MapModel } from "./model.ts";
import { VisitorContent } from "./rows.tsx";
import type { Clock } from "./time.ts";
import { SummaryLines } from "./tooltip.tsx";
import { copyInView, type Place } from "./world.ts";

const WIDTH = 300; // pixels

interface PopupParts {
  map: LeafletMap;
  model: MapModel;
  view: string;
  ask: MapAsk;
  clock: Clock;
  faults: Pick<Faults, "guard">;
  signal: AbortSignal;
}

/** Open, fill, move and close the popup as the kernel says, and report when a person closes it. */
export function popups({ map, model, view, ask, clock, faults, signal }: PopupParts): void {
  const content = document.createElement("div");
  content.className = "df-popup";
  let open: { id: string; popup?: LeafletPopup } | null = null;
  const opened = ({ popup }: PopupEvent) => {
    if (open && popup.getContent() === content) open.popup = popup;
  };
  const closed = ({ popup }: PopupEvent) => {
    if (popup !== open?.popup) return;
    open = null;
    ask({ do: "close" });
  };
  const onMap = ([lat, lon]: Place): Place => [lat, copyInView(lon, map.getCenter().lng)];
  // At once, and not after the message as elsewhere: Leaflet measures the content when it opens the popup. What was
  // shown stays in it, so that a popup does not blink as it closes.
  const fill = () => {
    const popup = model.get("popups")[view];
    if (popup) render(<Members popup={popup} selected={model.get("selected")} ask={ask} clock={clock} />, content);
  };
  const show = () => {
    const popup = model.get("popups")[view];
    fill();
    if (popup?.id === open?.id) return;
    const before = open;
    open = popup ? { id: popup.id } : null;
    if (before?.popup) map.closePopup(before.popup);
    if (popup) {
      const options = { minWidth: WIDTH, maxWidth: WIDTH, autoPanPadding: [48, 8] as Place };
      map.openPopup(content, onMap([popup.latitude, popup.longitude]), options);
    }
    // From now on it stays where it is: a refresh must not move the map.
    if (open?.popup) open.popup.options.autoPan = false;
  };
  // What fails must not keep the model from telling others of its change.
  const draw = () => faults.guard("The popup can't be drawn", show);
  const fillAgain = () => faults.guard("The popup can't be filled", fill);
  // A map that has gone round the world shows another copy of the place.
  const moved = () => {
    const at = open?.popup?.getLatLng();
    if (at && onMap([at.lat, at.lng])[1] !== at.lng) open?.popup?.setLatLng(onMap([at.lat, at.lng]));
  };
  map.on({ popupopen: opened, popupclose: closed, moveend: moved });
  model.on("change:popups", draw);
  model.on("change:selected", fillAgain);
  signal.addEventListener("abort", () => {
    map.off({ popupopen: opened, popupclose: closed, moveend: moved });
    model.off("change:popups", draw);
    model.off("change:selected", fillAgain);
    if (open?.popup) map.closePopup(open.popup);
    render(null, content);
  });
  draw();
}

interface MembersProps {
  popup: Popup;
  selected: { site: string; id: string } | null;
  ask: MapAsk;
  clock: Clock;
}

/** Who is in a cluster: the first of them, to choose from. */
function Members({ popup, selected, ask, clock }: MembersProps) {
  const people = useKeptFocus<HTMLDivElement>();
  return (
    <>
      <SummaryLines summary={popup.summary} />
      <div class="df-people" ref={people}>
        {popup.rows.map((visitor, place) => {
          const { site, id } = visitor;
          return (
            <button
              key={id === null ? `without id ${place}` : `${site} ${id}`}
              type="button"
              class="df-row"
              disabled={id === null}
              aria-pressed={id !== null && id === selected?.id && site === selected.site}
              onClick={() => id !== null && ask({ do: "select", site, id })}
            >
              <VisitorContent visitor={visitor} clock={clock} />
            </button>
          );
        })}
      </div>
      <p class="df-more" hidden={!popup.more}>
        {popup.more > 0 && `and ${formatNumber(popup.more)} more`}
      </p>
    </>
  );
}
