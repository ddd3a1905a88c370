// The controls of the question: what to break down by, and the measure.

import { type Choice, Select } from "#kit/select.tsx";
import { useTrait } from "#kit/trait.ts";
import type { ExplorerAsk, ExplorerModel } from "./model.ts";

const NOTHING_ELSE: Choice = { value: "", label: "(nothing else)" };

type Control = "first" | "second" | "measure";

/** The row of controls. */
export function Question({ model, ask, resting }: { model: ExplorerModel; ask: ExplorerAsk; resting: boolean }) {
  const { by, measure, dimensions, measures } = useTrait(model, "question");
  const choose = (control: Control) => (value: string) => void ask({ do: "question", control, value });
  return (
    <div class="df-asked" inert={resting}>
      <Select label="Break down by" value={by[0] ?? ""} choices={dimensions} onChoose={choose("first")} />
      <Select label="and by" value={by[1] ?? ""} choices={[NOTHING_ELSE, ...dimensions]} onChoose={choose("second")} />
      <Select label="Measure" value={measure} choices={measures} onChoose={choose("measure")} />
      {model.get("refreshable") && (
        <button type="button" class="df-button" title="Ask for a new snapshot" onClick={() => ask({ do: "refresh" })}>
          Refresh
        </button>
      )}
    </div>
  );
}
