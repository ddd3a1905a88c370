// What stands above the chart: what it is about, how the data are, and why there is none.

import type { Faults } from "#kit/faults.ts";
import { useFollowed } from "#kit/followed.ts";
import { type Kernel, standing } from "#kit/kernel.ts";
import { useTrait } from "#kit/trait.ts";
import type { ExplorerModel } from "./model.ts";

/** The sentence over the chart, and what is to be known besides. */
export function Heading({ model }: { model: ExplorerModel }) {
  const { sentence, notes } = useTrait(model, "heading");
  return (
    <div>
      <h3>{sentence}</h3>
      <p class="df-notes" hidden={!notes}>
        {notes}
      </p>
    </div>
  );
}

/** The line that says what is shown, and what is wrong. */
export function Status({ model, kernel, faults }: { model: ExplorerModel; kernel: Kernel; faults: Faults }) {
  const { tone, text, shown } = useTrait(model, "status");
  useFollowed(kernel);
  useFollowed(faults);
  const words = [...(kernel.live() ? [text] : standing(kernel.state())), ...faults.notes()].filter(Boolean).join(" · ");
  return (
    <div class="df-status" data-state={kernel.live() ? tone || undefined : kernel.state()}>
      <span class="df-state" role="status" hidden={!words}>
        {words}
      </span>
      <span class="df-shown">{shown}</span>
    </div>
  );
}

/** What stands there instead of a chart. */
export function Empty({ model }: { model: ExplorerModel }) {
  const text = useTrait(model, "empty");
  return (
    <p class="df-empty" hidden={!text}>
      {text}
    </p>
  );
}
