// The legend: the meaning of colors and rings, and the number of visitors who are not on the map.

import type { Model } from "#kit/model.ts";
import { formatNumber } from "#kit/numbers.ts";
import type { MapLayers, Ramp } from "#kit/protocol.ts";
import { useTrait } from "#kit/trait.ts";

/** The legend of a map. */
export function Legend({ model }: { model: Model<MapLayers> }) {
  const { title, ramp, swatches, ring, unplaced } = useTrait(model, "legend");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as this is
    <div class="df-legend" role="group" aria-label="Legend">
      <bdi class="df-title">{title}</bdi>
      {ramp && <RampKey {...ramp} />}
      <span class="df-swatches">
        {swatches.map(({ label, color }) => (
          <span key={label} class="df-key">
            <span class="df-mark" style={{ "--df-mark": color }} />
            <bdi title={label}>{label}</bdi>
          </span>
        ))}
      </span>
      <span class="df-key df-ring" hidden={!ring}>
        <RingSample />
        share of customers
      </span>
      <span class="df-absent">{unplaced > 0 && `${formatNumber(unplaced)} not on the map: no location`}</span>
    </div>
  );
}

function RampKey({ colors, low, high, note }: Ramp) {
  return (
    <span class="df-key df-ramp">
      <span class="df-low">{low}</span>
      <span class="df-gradient" style={{ "--df-gradient": `linear-gradient(90deg, ${colors.join(", ")})` }} />
      <span class="df-high">{high}</span>
      <span class="df-remark" hidden={!note}>
        {note}
      </span>
    </span>
  );
}

/** A ring like that around a cluster, a third of it for customers. */
function RingSample() {
  return (
    <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden={true}>
      <circle class="df-others" cx="7" cy="7" r="5.5" />
      <circle class="df-share" cx="7" cy="7" r="5.5" pathLength={100} stroke-dasharray="33 67" />
    </svg>
  );
}
