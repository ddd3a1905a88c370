// The visitors of the last half hour, minute by minute, as a line of small bars.

import { useMemo } from "preact/hooks";
import { formatNumber } from "#kit/numbers.ts";
import type { MapPanels } from "#kit/protocol.ts";
import { clocksOf } from "#kit/zone.ts";

const MINUTE = 60_000; // milliseconds
const BARS = 30;
const STEP = 3; // pixels from a bar to the next
const HEIGHT = 18;

interface TrafficProps {
  traffic: MapPanels["traffic"];
  zone: string;
}

/** The bars, the latest on the right; nothing before the second minute. */
export function Traffic({ traffic: { until, visitors }, zone }: TrafficProps) {
  const clocks = useMemo(() => clocksOf(zone), [zone]);
  const known = visitors.filter((count) => count !== null);
  if (known.length < 2) return null;
  const most = Math.max(...known);
  const first = BARS - visitors.length;
  const spoken = `Visitors in the last ${visitors.length} minutes: ${formatNumber(Math.min(...known))} to ${formatNumber(most)}`;
  return (
    <span class="df-traffic" role="img" aria-label={spoken} title={spoken}>
      <svg viewBox={`0 0 ${BARS * STEP} ${HEIGHT}`} width={BARS * STEP} height={HEIGHT} aria-hidden={true}>
        {visitors.map((count, index) => {
          const time = until - (visitors.length - 1 - index) * MINUTE;
          const height = count === null ? 0 : Math.max(1, (count / Math.max(1, most)) * HEIGHT);
          return (
            <rect key={time} x={(first + index) * STEP} y={HEIGHT - height} width={STEP - 1} height={height}>
              <title>{count === null ? "" : `${formatNumber(count)} at ${clocks.hour(time)}`}</title>
            </rect>
          );
        })}
      </svg>
    </span>
  );
}
