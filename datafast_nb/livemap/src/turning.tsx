// The button that stops the globe from turning by itself.

import type { Map as LeafletMap } from "leaflet";
import { render } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { focusNear } from "#kit/focus.ts";
import { Icon } from "#kit/icons.tsx";
import type { Globe } from "./globe.ts";

/** Put the button under those that zoom; it is there while the globe can turn. */
export function turnButton(map: LeafletMap, globe: Globe, signal: AbortSignal): void {
  const place = document.createElement("div");
  place.className = "leaflet-control df-turn";
  map.getContainer().querySelector(".leaflet-top.leaflet-left")?.append(place);
  for (const name of ["click", "dblclick", "mousedown"])
    place.addEventListener(name, (event) => event.stopPropagation(), { signal });
  render(<TurnButton globe={globe} map={map} />, place);
  signal.addEventListener("abort", () => {
    render(null, place);
    place.remove();
  });
}

function TurnButton({ globe, map }: { globe: Globe; map: LeafletMap }) {
  const now = () => (globe.turnable ? (globe.paused ? "paused" : "turning") : "");
  const [state, setState] = useState(now);
  const button = useRef<HTMLButtonElement>(null);
  const follow = () => {
    const next = now();
    const focused = button.current !== null && focusNear(button.current) === button.current;
    if (!next && focused) map.getContainer().focus({ preventScroll: true }); // as a hidden button can't have it
    setState(next);
  };
  useLayoutEffect(() => globe.follow(follow), [globe]);
  const paused = state === "paused";
  const word = paused ? "Turn" : "Stop turning";
  return (
    <button ref={button} type="button" class="df-button" hidden={!state} onClick={() => globe.pause(!paused)}>
      <Icon name={paused ? "play" : "pause"} />
      {word}
    </button>
  );
}
