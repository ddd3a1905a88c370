// The popup of a cluster that was clicked, with its members: it follows its circle and is never cut by the map's edge.

import type { LatLng, Map as LeafletMap, ZoomAnimEvent } from "leaflet";
import { render } from "preact";
import type { Faults } from "#kit/faults.ts";
import { focusNear, useKeptFocus } from "#kit/focus.ts";
import { Icon } from "#kit/icons.tsx";
import { onChange } from "#kit/model.ts";
import { formatNumber } from "#kit/numbers.ts";
import type { Popup } from "#kit/protocol.ts";
import { balloonAt } from "./balloon.ts";
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

/** The popup of a view: it opens, fills, moves and closes as the kernel says, and reports when a person closes it. */
export class ClusterPopup {
  readonly #parts: PopupParts;
  readonly #balloon: HTMLElement;
  #selected: string | undefined; // the id of the visitor whose card was open

  constructor(parts: PopupParts) {
    this.#parts = parts;
    this.#balloon = balloonOn(parts.map.getContainer());
    this.#selected = parts.model.get("selected")?.id;
    this.#follow();
    this.#draw();
  }

  get #popup(): Popup | undefined {
    return this.#parts.model.get("popups")[this.#parts.view];
  }

  /** Follow the map, the globe, the model and the keys. */
  #follow(): void {
    const { map, model, globe, signal } = this.#parts;
    const moved = () => this.#lay();
    const ended = () => {
      delete this.#balloon.dataset.zooming;
      this.#lay();
    };
    const zoomed = ({ center, zoom }: ZoomAnimEvent) => {
      if (globe.on) return; // which says where it is, frame by frame
      this.#balloon.dataset.zooming = "";
      this.#lay(center, zoom);
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape" && this.#popup) this.#close();
    };
    const heard = { move: moved, moveend: ended, resize: moved, zoomanim: zoomed };
    map.on(heard);
    map.getContainer().addEventListener("keydown", pressed, { signal });
    signal.addEventListener("abort", globe.follow(moved));
    const unfollow = onChange(model, ["popups", "selected", "clusters"], this.#draw);
    signal.addEventListener("abort", () => {
      map.off(heard);
      unfollow();
      render(null, this.#balloon);
      this.#balloon.remove();
    });
  }

  readonly #close = (): void => {
    const { ask, model, view } = this.#parts;
    if (ask({ do: "close" })) return;
    // Without a kernel, it still closes.
    const { [view]: _closed, ...others } = model.get("popups");
    model.set("popups", others);
  };

  readonly #draw = (): void =>
    this.#parts.faults.guard("The popup can't be drawn", () => {
      const { model, ask, clock } = this.#parts;
      const [popup, selected] = [this.#popup, model.get("selected")];
      if (!popup && this.#balloon.contains(focusNear(this.#balloon))) this.#passFocusOn(selected?.id);
      this.#selected = selected?.id;
      this.#balloon.hidden = !popup;
      render(popup ? <Balloon {...{ popup, selected, ask, clock, close: this.#close }} /> : null, this.#balloon);
      this.#lay();
    });

  /** Let the focus, which is on the popup, not go with it: to the card of who was chosen on it, or else to the map. */
  #passFocusOn(selected: string | undefined): void {
    const container = this.#parts.map.getContainer();
    container.focus({ preventScroll: true });
    if (selected === undefined || selected === this.#selected) return;
    const back = () => container.closest(".datafast-map")?.querySelector<HTMLElement>(".df-back");
    requestAnimationFrame(() => back()?.focus({ preventScroll: true })); // once the card is drawn
  }

  /** Put the balloon beside its circle, at this center and zoom. */
  #lay(center = this.#parts.map.getCenter(), zoom = this.#parts.map.getZoom()): void {
    const popup = this.#popup;
    if (!popup) return;
    const { map } = this.#parts;
    const balloon = this.#balloon;
    const { x, y } = this.#middle(popup, center, zoom);
    balloon.hidden = Number.isNaN(x);
    const room = { width: map.getSize().x, height: map.getSize().y };
    balloon.style.removeProperty("--df-most");
    const size = { width: balloon.offsetWidth, height: balloon.offsetHeight };
    const { left, top, tail, side, most } = balloonAt({ x, y, radius: this.#radiusOf(popup) }, size, room);
    balloon.dataset.side = side;
    balloon.style.transform = `translate(${left}px, ${top}px)`;
    balloon.style.setProperty("--df-tail", `${tail}px`);
    if (most !== undefined) balloon.style.setProperty("--df-most", `${most}px`);
  }

  /** Return where the circle of a popup is in the container. */
  #middle({ latitude, longitude }: Popup, center: LatLng, zoom: number): { x: number; y: number } {
    const { map, globe } = this.#parts;
    const place: [number, number] = [latitude, copyInView(longitude, center.lng)];
    if (globe.on) return globe.spot(place);
    return map.project(place, zoom).subtract(map.project(center, zoom)).add(map.getSize().divideBy(2));
  }

  #radiusOf({ id }: Popup): number {
    const clusters = this.#parts.model.get("clusters")[this.#parts.view];
    return (clusters && clustersOf(clusters).find((cluster) => cluster.id === id)?.radius) ?? 6;
  }
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
