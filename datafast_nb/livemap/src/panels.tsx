// The parts around a map: header, filters, sidebar and time bar.

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

/** The parts that are drawn, and a function that removes them. */
interface Shown {
  /** The parts after the map: they move behind it once there is one, so that Tab goes from filters to map to lists. */
  after: HTMLElement;
  end: () => void;
}

/** Draw the parts into an element. */
export function showPanels(el: HTMLElement, parts: PanelsProps): Shown {
  const after = document.createElement("div");
  after.className = "df-front";
  render(<Front root={el} {...parts} />, el);
  render(<Sides root={after} {...parts} />, after);
  el.append(after);
  const end = () => {
    render(null, el);
    render(null, after);
    after.remove();
  };
  return { after, end };
}

type RootedProps = PanelsProps & { root: Element };

function Front({ root, model, ask, clock, kernel, faults }: RootedProps) {
  useFollowed(faults);
  useBeat(clock);
  const replay = useTrait(model, "replay");
  useLayoutEffect(() => clock.beat(), [clock, replay]);
  const resting = useResting(root, kernel);
  return (
    <>
      <Header model={model} ask={ask} clock={clock} kernel={kernel.state()} faults={faults} />
      <Guarded what="The filters can't be drawn" faults={faults} model={model}>
        <Filters model={model} ask={ask} resting={resting} zoom={() => void ask({ do: "fit" })} />
      </Guarded>
    </>
  );
}

function Sides({ root, model, ask, clock, kernel, faults }: RootedProps) {
  const resting = useResting(root, kernel);
  return (
    <>
      <Guarded what="The lists can't be drawn" faults={faults} model={model}>
        <Sidebar model={model} ask={ask} clock={clock} resting={resting} />
      </Guarded>
      <Guarded what="The time bar can't be drawn" faults={faults} model={model}>
        <TimeBar model={model} ask={ask} resting={resting} />
      </Guarded>
    </>
  );
}

/** Return whether there is no kernel to answer, and mark an element if so. */
function useResting(root: Element, kernel: Kernel): boolean {
  useFollowed(kernel);
  const resting = !kernel.live();
  useLayoutEffect(() => {
    root.classList.toggle("df-resting", resting);
  }, [root, resting]);
  return resting;
}

/** Update the shown times every second, unless the page is hidden. */
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
