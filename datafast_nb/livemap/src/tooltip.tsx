// The summary of a cluster, in the tooltip under the pointer and at the top of its popup.

import type { ClusterSummary } from "#kit/protocol.ts";
import { linesOf } from "./clusters.ts";

/** The places of a cluster and its figures. */
export function SummaryLines({ summary }: { summary: ClusterSummary }) {
  return (
    <>
      <h4>
        <bdi class="df-title" title={summary.title}>
          {summary.title}
        </bdi>
      </h4>
      <dl class="df-lines">
        {linesOf(summary).map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <bdi>{text}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** The tooltip of the cluster under the pointer; hidden if there is none. */
export function Tooltip({ summary }: { summary: ClusterSummary | null }) {
  return (
    <div class="df-tip" hidden={summary === null}>
      {summary && <SummaryLines summary={summary} />}
    </div>
  );
}
