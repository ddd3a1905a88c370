// The clusters of a view, as the kernel sends them: a column for each property.

import { formatNumber } from "#kit/numbers.ts";
import type { ClusterSummary, Clusters } from "#kit/protocol.ts";

type Column<Values> = Values extends readonly (infer Value)[] ? Value : never;

/** A cluster: its cell, its position in degrees, its radius in pixels, and its numbers of visitors. */
export type Cluster = { [Name in Exclude<keyof Clusters, "across">]: Column<Clusters[Name]> };

/** Return the clusters one by one, the largest first. */
export function clustersOf({ across: _, ...columns }: Clusters): Cluster[] {
  const names = Object.keys(columns) as (keyof Cluster)[];
  return columns.id.map(
    (_id, index) => Object.fromEntries(names.map((name) => [name, columns[name][index]])) as Cluster,
  );
}

/** Return the lines under a cluster's title: labels and values. */
export function linesOf(summary: ClusterSummary): [label: string, text: string][] {
  const { visitors, customers, score, probability, value, why } = summary;
  const lines: [string, string][] = [["visitors", formatNumber(visitors)]];
  if (customers) lines.push(["customers", formatNumber(customers)]);
  if (score !== null) lines.push(["mean score", formatNumber(score)]);
  if (probability) lines.push(["mean probability to buy", probability]);
  if (value) lines.push(["expected value", value]);
  if (why) lines.push(["moved by", why]);
  return lines;
}
