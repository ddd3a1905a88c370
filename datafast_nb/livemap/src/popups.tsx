// The popup of a cluster that was clicked, with its members: it follows its circle and is never cut by the map's edge.

import type { Map as LeafletMap, ZoomAnimEvent } from "leaflet";
import { render } from "preact";
import type { Faults } from "#kit/faults.ts";
import { useKeptFocus } from "#kit/focus.ts";
import { Icon } from "#kit/icons.tsx";
import { onChange } from "#kit/model.ts";
import { formatNumber } from "#kit/numbers.ts";
import type { Popup } from "#kit/protocol.ts";
import { type Box, balloonAt } from "./balloon.ts";
import { clustersOf } from "./clusters.ts";
import type { Globe } from "./globe.ts";
import type { MapAsk, MapModel } from "./model.ts";
import { VisitorContent } from "./rows.tsx";
import type { Clock } from "./time.ts";
import { SummaryLines } from "./tooltip.tsx";
import { copyInView } from "./world.ts";

interface PopupParts {
  map: LeafletMap;
  model: MapModel;
  view: string;
  ask: MapAsk;
  clock: Clock;
  faults: Pick<Faults, "guard">;
  globe: Globe;
  signal: AbortSignal;
}

/** Open, fill, move and close the popup as the kernel says, and report when a person closes it. */
export function popups({ map, model, view, ask, clock, faults, globe, signal }: PopupParts): void {
  const balloon = balloonOn(map.getContainer());
  const shown = () => model.get("popups")[view];
  const close = () => {
    if (ask({ do: "close" })) return;
    // Without a kernel, it still closes.
    const { [view]: _closed, ...others } = model.get("popups");
    model.set("popups", others);
  };
  /** Put the balloon beside its circle, at this center and zoom. */
  const lay = (center = map.getCenter(), zoom = map.getZoom()) => {
    const popup = shown();
    if (!popup) return;
    const place: [number, number] = [popup.latitude, copyInView(popup.longitude, center.lng)];
    const onMap = () => map.project(place, zoom).subtract(map.project(center, zoom)).add(map.getSize().divideBy(2));
    const middle = globe.on ? globe.spot(place) : onMap();
    balloon.hidden = Number.isNaN(middle.x);
    const room = { width: map.getSize().x, height: map.getSize().y };
    balloon.style.removeProperty("--df-most");
    const { left, top, tail, side, most } = balloonAt(
      { x: middle.x, y: middle.y, radius: radiusOf(popup) },
      sizeOf(balloon),
      room,
    );
    balloon.dataset.side = side;
    balloon.style.transform = `translate(${left}px, ${top}px)`;
    balloon.style.setProperty("--df-tail", `${tail}px`);
    if (most !== undefined) balloon.style.setProperty("--df-most", `${most}px`);
  };
  const radiusOf = ({ id }: Popup) => {
    const clusters = model.get("clusters")[view];
    return (clusters && clustersOf(clusters).find((cluster) => cluster.id === id)?.radius) ?? 6;
  };
  const draw = () =>
    faults.guard("The popup can't be drawn", () => {
      const popup = shown();
      // The focus would be lost with it.
      if (!popup && balloon.contains(document.activeElement)) map.getContainer().focus({ preventScroll: true });
      balloon.hidden = !popup;
      const selected = model.get("selected");
      render(popup ? <Balloon {...{ popup, selected, ask, clock, close }} /> : null, balloon);
      lay();
    });
  const moved = () => lay();
  const ended = () => {
    delete balloon.dataset.zooming;
    lay();
  };
  const zoomed = ({ center, zoom }: ZoomAnimEvent) => {
    balloon.dataset.zooming = "";
    lay(center, zoom);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Escape" && shown()) close();
  };
  const heard = { move: moved, moveend: ended, resize: moved, zoomanim: zoomed };
  map.on(heard);
  map.getContainer().addEventListener("keydown", pressed, { signal });
  signal.addEventListener("abort", globe.follow(moved));
  const unfollow = onChange(model, ["popups", "selected", "clusters"], draw);
  signal.addEventListener("abort", () => {
    map.off(heard);
    unfollow();
    render(null, balloon);
    balloon.remove();
  });
  draw();
}

function balloonOn(container: HTMLElement): HTMLElement {
  const balloon = document.createElement("div");
  balloon.className = "df-balloon";
  // Its events must not reach the map under it.
  for (const name of ["click", "dblclick", "mousedown", "pointerdown", "touchstart", "wheel"])
    balloon.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
  container.append(balloon);
  return balloon;
}

function sizeOf({ offsetWidth: width, offsetHeight: height }: HTMLElement): Box {
  return { width, height };
}

interface BalloonProps extends MembersProps {
  close: () => void;
}

function Balloon({ close, ...members }: BalloonProps) {
  return (
    <div class="df-popup" role="dialog" aria-label={members.popup.summary.title}>
      <button type="button" class="df-close" aria-label="Close the list" title="Close" onClick={close}>
        <Icon name="close" />
      </button>
      <Members {...members} />
    </div>
  );
}

interface MembersProps {
  popup: Popup;
  selected: { site: string; id: string } | null;
  ask: MapAsk;
  clock: Clock;
}

/** The first visitors of a cluster, to choose from. */
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
