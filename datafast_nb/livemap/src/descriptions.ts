// The texts of tooltips: requested once for each cluster that the pointer reaches, and kept until the data, the filters
// or the clusters change.

import type { Ask } from "#kit/ask.ts";
import { type Model, onChange } from "#kit/model.ts";
import type { ClusterSummary, DescribeCluster, MapAnnouncement, MapLayers, MapPanels } from "#kit/protocol.ts";

/** The descriptions of a view's clusters. */
export class Descriptions {
  readonly #view: string;
  readonly #ask: Ask<DescribeCluster>;
  readonly #show: (summary: ClusterSummary | null) => void;
  readonly #known = new Map<string, ClusterSummary | null>(); // null: requested, not answered yet
  #wanted: string | null = null;

  /** `show` shows the requested description, or none. */
  constructor(view: string, ask: Ask<DescribeCluster>, show: (summary: ClusterSummary | null) => void) {
    this.#view = view;
    this.#ask = ask;
    this.#show = show;
  }

  /** Listen to the kernel, and forget the descriptions whenever they may be out of date. */
  follow(model: Model<MapPanels & MapLayers>, signal: AbortSignal): void {
    // The scores can change while the clusters stay the same; each moment has another clock.
    const ended = onChange(model, ["clock", "filters", "clusters"], () => this.forget());
    model.on("msg:custom", this.hear);
    signal.addEventListener("abort", () => {
      ended();
      model.off("msg:custom", this.hear);
    });
  }

  /** Show the description of a cluster, now or when it arrives; null for none. */
  describe(id: string | null): void {
    if (id !== this.#wanted) this.#show((id && this.#known.get(id)) || null);
    this.#wanted = id;
    if (id !== null && !this.#known.has(id) && this.#ask({ do: "describe", id })) this.#known.set(id, null);
  }

  /** Forget the descriptions, which may be out of date; the shown one stays until the new answer. */
  forget(): void {
    this.#known.clear();
    this.describe(this.#wanted);
  }

  /** Store the kernel's answer. */
  readonly hear = (message: MapAnnouncement): void => {
    if (message.do !== "description" || message.view !== this.#view) return;
    this.#known.set(message.id, message.summary);
    if (message.id === this.#wanted) this.#show(message.summary);
  };
}
