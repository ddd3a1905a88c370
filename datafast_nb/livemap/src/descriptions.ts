// What tooltips say: requested from the kernel once for each cluster that the pointer reaches, and kept until the data, the
// filters or the clusters change.

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

  /** `show` shows the description that is wanted, or none. */
  constructor(view: string, ask: Ask<DescribeCluster>, show: (summary: ClusterSummary | null) => void) {
    this.#view = view;
    this.#ask = ask;
    this.#show = show;
  }

  /** Hear the kernel, and forget what is known whenever it may have become wrong. */
  follow(model: Model<MapPanels & MapLayers>, signal: AbortSignal): void {
    // The scores can change while the clusters stay the same; each moment has another clock.
    const ended = onChange(model, ["clock", "filters", "clusters"], () => this.forget());
    model.on("msg:custom", this.hear);
    signal.addEventListener("abort", () => {
      ended();
      model.off("msg:custom", this.hear);
    });
  }

  /** Show the description of a cluster, now or once it is known; null for none. */
  describe(id: string | null): void {
    if (id !== this.#wanted) this.#show((id && this.#known.get(id)) || null);
    this.#wanted = id;
    if (id !== null && !this.#known.has(id) && this.#ask({ do: "describe", id })) this.#known.set(id, null);
  }

  /** Forget what is known, as it may be wrong by now; what is shown stays until the new answer. */
  forget(): void {
    this.#known.clear();
    this.describe(this.#wanted);
  }

  /** Take the kernel's word. */
  readonly hear = (message: MapAnnouncement): void => {
    if (message.do !== "description" || message.view !== this.#view) return;
    this.#known.set(message.id, message.summary);
    if (message.id === this.#wanted) this.#show(message.summary);
  };
}
