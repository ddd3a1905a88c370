// Puts the parts together: one view of an explorer. It shares filters, theme and heartbeats with the live map.

import "#kit/look.css";
import "./style.css";
import type { RenderProps } from "@anywidget/types";
import { render as draw } from "preact";
import { asker } from "#kit/ask.ts";
import { type Faults, faultList, watchUncaught } from "#kit/faults.ts";
import { Filters } from "#kit/filters.tsx";
import { useFollowed } from "#kit/followed.ts";
import { Guarded } from "#kit/guarded.tsx";
import { freshId } from "#kit/id.ts";
import { type Kernel, kernelOf, markWithoutKernel } from "#kit/kernel.ts";
import { onChange } from "#kit/model.ts";
import type { ExplorerMessage } from "#kit/protocol.ts";
import { followTheme } from "#kit/theme.ts";
import { visibility } from "#kit/visibility.ts";
import { Groups } from "./groups.tsx";
import { Empty, Heading, Status } from "./heading.tsx";
import type { ExplorerAsk, ExplorerFields, ExplorerModel } from "./model.ts";
import { Question } from "./question.tsx";
import { Script } from "./script.tsx";

/** Draw a view into `el`, and return a function that removes it. */
function render({ model, el }: RenderProps<ExplorerFields>) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const kernel = kernelOf(model, signal);
  const ask: ExplorerAsk = asker<ExplorerMessage>(model, kernel, signal, freshId());
  const faults = faultList(ask);
  watchUncaught(faults, model, import.meta.url, signal);
  const place = document.createElement("div");
  place.style.display = "contents";
  el.append(place);
  draw(<Parts model={model} ask={ask} kernel={kernel} faults={faults} />, place);
  findRoot(el, signal)
    .then((root) => root && furnish(root, model, ask, kernel, signal))
    .catch((error) => faults.report("The explorer can't be built", error));
  return () => {
    leaving.abort();
    draw(null, place);
  };
}

interface PartsProperties {
  model: ExplorerModel;
  ask: ExplorerAsk;
  kernel: Kernel;
  faults: Faults;
}

function Parts({ model, ask, kernel, faults }: PartsProperties) {
  useFollowed(kernel);
  return (
    <>
      <Guarded what="The controls can't be drawn" faults={faults} model={model}>
        <Question model={model} ask={ask} resting={!kernel.live()} />
      </Guarded>
      <Guarded what="The filters can't be drawn" faults={faults} model={model}>
        <Filters model={model} ask={ask} resting={!kernel.live()} />
      </Guarded>
      <div class="df-heading">
        <Guarded what="The heading can't be drawn" faults={faults} model={model}>
          <Heading model={model} />
        </Guarded>
        <Status model={model} kernel={kernel} faults={faults} />
      </div>
      <Empty model={model} />
      <Guarded what="The table can't be drawn" faults={faults} model={model}>
        <Groups model={model} ask={ask} />
      </Guarded>
      <Guarded what="The code can't be drawn" faults={faults} model={model}>
        <Script model={model} />
      </Guarded>
    </>
  );
}

/** Wait until the front end is in its explorer; null if the view is removed first. */
async function findRoot(el: HTMLElement, signal: AbortSignal): Promise<HTMLElement | null> {
  while (!signal.aborted) {
    const root = el.closest<HTMLElement>(".datafast-explorer");
    if (root) return root;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return null;
}

/** Set up what concerns the whole explorer, until the view is removed. */
function furnish(root: HTMLElement, model: ExplorerModel, ask: ExplorerAsk, kernel: Kernel, signal: AbortSignal): void {
  markWithoutKernel(root, kernel);
  followTheme(root, model, () => {}, signal);
  root.classList.toggle("df-linked", model.get("linked"));
  const showEmpty = () => root.classList.toggle("df-nothing", Boolean(model.get("empty")));
  signal.addEventListener("abort", onChange(model, ["empty"], showEmpty));
  showEmpty();
  if (model.get("linked")) visibility(root, ask, signal);
}

export default { render };
