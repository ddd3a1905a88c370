// The parts round a map: header, filters, sidebar and time bar.

import { render } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Faults } from "#kit/faults.ts";
import { Filters } from "#kit/filters.tsx";
import { useFollowed } from "#kit/followed.ts";
import { Guarded } from "#kit/guarded.tsx";
import type { Kernel } from "#kit/kernel.ts";
import { useTrait } from "#kit/trait.ts";
import { Header } from "./header.tsx";
import type { MapAsk, MapModel } from "./model.ts";
import { Sidebar } from "./sidebar.tsx";
import type { Clock } from "./time.ts";
import { TimeBar } from "./timebar.tsx";

const SECOND = 1000; // milliseconds

interface PanelsProps {
  model: MapModel;
  ask: MapAsk;
  clock: Clock;
  kernel: Kernel;
  faults: Faults;
}

/** Draw the parts into an element; return what takes them away. */
export function showPanels(el: Element, parts: PanelsProps): () => void {
  render(<Panels root={el} {...parts} />, el);
  return () => render(null, el);
}

function Panels({ root, model, ask, clock, kernel, faults }: PanelsProps & { root: Element }) {
  useFollowed(kernel);
  useFollowed(faults);
  useBeat(clock);
  const replay = useTrait(model, "replay");
  useLayoutEffect(() => clock.beat(), [clock, replay]);
  const state = kernel.state();
  const resting = state !== "live";
  useLayoutEffect(() => {
    root.classList.toggle("df-resting", resting);
  }, [root, resting]);
  return (
    <>
      <Header model={model} ask={ask} clock={clock} kernel={state} faults={faults} />
      <Guarded what="The filters can't be drawn" faults={faults} model={model}>
        <Filters model={model} ask={ask} resting={resting} zoom={() => void ask({ do: "fit" })} />
      </Guarded>
      <Guarded what="The lists can't be drawn" faults={faults} model={model}>
        <Sidebar model={model} ask={ask} clock={clock} resting={resting} />
      </Guarded>
      <Guarded what="The time bar can't be drawn" faults={faults} model={model}>
        <TimeBar model={model} ask={ask} resting={resting} />
      </Guarded>
    </>
  );
}

/** Let the times that are shown go on every second, unless the page is hidden. */
function useBeat(clock: Clock): void {
  useEffect(() => {
    const beat = () => {
      if (!document.hidden) clock.beat();
    };
    const timer = setInterval(beat, SECOND);
    document.addEventListener("visibilitychange", beat);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", beat);
    };
  }, [clock]);
}
