// The heading above the chart: its subject, the state of the data, and the reason if there is no chart.

import type { Faults } from "#kit/faults.ts";
import { useFollowed } from "#kit/followed.ts";
import { type Kernel, standing } from "#kit/kernel.ts";
import { useTrait } from "#kit/trait.ts";
import type { ExplorerModel } from "./model.ts";

/** The sentence above the chart, and its notes. */
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

/** The text in place of a chart. */
export function Empty({ model }: { model: ExplorerModel }) {
  const text = useTrait(model, "empty");
  return (
    <p class="df-empty" hidden={!text}>
      {text}
    </p>
  );
}
