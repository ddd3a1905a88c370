// One view of a chart. The charting library, Vega, is the text of a model that all charts of a kernel share: otherwise
// each chart would weigh 900 kB.

import type { RenderProps } from "@anywidget/types";
import { type Ask, asker } from "#kit/ask.ts";
import { evaluated } from "#kit/evaluate.ts";
import { faultList, watchUncaught } from "#kit/faults.ts";
import { freshId } from "#kit/id.ts";
import { hasKernel } from "#kit/kernel.ts";
import { type Model, onChange } from "#kit/model.ts";
import type { ChartMessage, ChartState } from "#kit/protocol.ts";
import { isDark, onPageTheme } from "#kit/theme.ts";
import { hasMarks, hasRows, type Scene } from "./drawn.ts";

const UNKNOWN = 400; // pixels, while the width of a place is unknown
const REDRAWN = 0.2; // change of a chart's width from which it is drawn again
const MOST_OF_LABELS = 0.3; // of a chart's width

type ChartModel = Model<ChartState & { vega: string }>;

/** A chart as vega-embed gives it. */
interface Embedded {
  view: {
    scenegraph: () => { root: Scene };
    addEventListener: (event: "click", heard: (event: unknown, item?: { datum?: object }) => void) => void;
    width: (pixels: number) => { run: () => void };
  };
  finalize: () => void;
}

type Embed = (place: HTMLElement, spec: object, options: object) => Promise<Embedded>;

/** The chart that is shown on the page. */
interface Shown {
  result: Embedded;
  place: HTMLElement;
  fits: boolean;
  width: number | null;
}

/** Draw a view into `el`, and return a function that removes it. */
async function render(props: RenderProps<ChartState & { vega: string }>) {
  const { model, el } = props;
  const leaving = new AbortController();
  const { signal } = leaving;
  const ask: Ask<ChartMessage> = asker<ChartMessage>(model, { live: () => hasKernel(model) }, signal, freshId());
  const faults = faultList(ask);
  watchUncaught(faults, model, import.meta.url, signal);
  const failure = document.createElement("div");
  el.classList.add("datafast-chart");
  el.style.position = "relative";
  el.append(failure);
  const embedder = async () => (await evaluated<{ vegaEmbed: Embed }>(props, model.get("vega"))).vegaEmbed;
  const chart = new Chart(model, el, ask, embedder, () => draw());
  const draw = async () => {
    try {
      if (await chart.draw()) failure.textContent = "";
    } catch (error) {
      faults.report("The chart could not be drawn", error);
      failure.textContent = `The chart could not be drawn: ${error instanceof Error ? error.message : error}`;
    }
  };
  onPageTheme(() => model.get("theme") === "auto" && draw(), signal);
  signal.addEventListener("abort", onChange(model, ["drawn", "variants", "theme"], draw));
  await draw();
  return () => {
    leaving.abort();
    chart.leave();
  };
}

/** The drawing of one view, which is replaced when the next one is complete. */
class Chart {
  readonly #model: ChartModel;
  readonly #el: HTMLElement;
  readonly #ask: Ask<ChartMessage>;
  readonly #embedder: () => Promise<Embed>;
  readonly #drawAnew: () => void;
  readonly #resized = new ResizeObserver(() => this.#fit());
  #shown: Shown | null = null;
  #turns = 0;
  #left = false;

  constructor(
    model: ChartModel,
    el: HTMLElement,
    ask: Ask<ChartMessage>,
    embedder: () => Promise<Embed>,
    drawAnew: () => void,
  ) {
    this.#model = model;
    this.#el = el;
    this.#ask = ask;
    this.#embedder = embedder;
    this.#drawAnew = drawAnew;
  }

  /** Draw the current state. Return whether it is shown: a later drawing may have replaced it. */
  async draw(): Promise<boolean> {
    this.#turns += 1;
    const turn = this.#turns;
    const overtaken = () => this.#left || turn !== this.#turns;
    const place = document.createElement("div");
    try {
      const embed = await this.#embedder();
      if (overtaken()) return false;
      const fits = this.#model.get("drawn").width === "container";
      const width = fits ? this.#shown?.width || this.#el.clientWidth || UNKNOWN : null;
      const result = await this.#embed(embed, place, width);
      if (overtaken()) {
        result.finalize();
        place.remove();
        return false;
      }
      this.#replace({ result, place, fits, width });
      return true;
    } catch (error) {
      place.remove();
      if (overtaken()) return false;
      throw error;
    }
  }

  /** Draw out of sight: the page keeps the old chart, and its height, until the new one is complete. */
  async #embed(embed: Embed, place: HTMLElement, width: number | null): Promise<Embedded> {
    const [spec, options] = wanted(this.#model, width);
    Object.assign(place.style, { position: "absolute", visibility: "hidden", boxSizing: "border-box", width: "100%" });
    this.#el.append(place);
    const result = await embed(place, spec, options);
    place.querySelector("summary")?.setAttribute("aria-label", "Actions of the chart"); // which has no text
    if (hasRows(spec) && !hasMarks(result.view.scenegraph().root)) {
      result.finalize();
      throw new Error("it has rows, and not one mark of it is drawn");
    }
    return result;
  }

  #replace(next: Shown): void {
    Object.assign(next.place.style, { position: "", visibility: "", width: next.fits ? "100%" : "" });
    const sizing = this.#model.get("drawn").autosize as { type?: string } | undefined;
    this.#el.toggleAttribute("data-fits", next.fits || sizing?.type === "fit-x");
    this.#shown?.result.finalize();
    this.#shown?.place.remove();
    this.#shown = next;
    this.#resized.disconnect();
    this.#resized.observe(next.place); // which also reports the current width
    next.result.view.addEventListener("click", (_event, item) => this.#tellClick(item?.datum));
  }

  /** Fit the chart to its place, beside the menu's button; draw it again if the labels need another share of the width. */
  #fit(): void {
    const shown = this.#shown;
    const width = shown?.fits ? widthOf(shown.place) : 0;
    if (!shown || !width || width === shown.width) return;
    const before = shown.width ?? width;
    shown.width = width;
    if (Math.abs(width - before) > REDRAWN * before) this.#drawAnew();
    else shown.result.view.width(width).run();
  }

  /** Report to the kernel which row of the data a person clicked. */
  #tellClick(datum: object | undefined): void {
    const plain = Object.entries(datum ?? {}).filter(([, value]) => Object(value) !== value);
    if (plain.length && this.#model.get("reports_clicks")) this.#ask({ do: "click", datum: Object.fromEntries(plain) });
  }

  leave(): void {
    this.#left = true;
    this.#resized.disconnect();
    this.#shown?.result.finalize();
  }
}

/** Return the specification and the options as they are drawn now: with a theme, in its colors. */
function wanted(model: ChartModel, width: number | null): [object, object] {
  const theme = model.get("theme");
  const name = theme && (isDark(theme) ? "dark" : "light");
  const own = name ? model.get("variants")[name] : undefined;
  const spec: Record<string, unknown> = structuredClone({ ...model.get("drawn"), ...own });
  const options = structuredClone(model.get("embed_options"));
  if (width) spec.width = width; // Vega's own fit to a place follows only the window
  if (!name) return [spec, options];
  const labels = { labelLimit: Math.min(220, (width ?? 0) * MOST_OF_LABELS), labelSeparation: 8 };
  const config = spec.config as { axis?: object } | undefined;
  if (width) spec.config = { ...config, axis: { ...config?.axis, ...labels } };
  return [spec, { ...options, tooltip: { theme: name } }];
}

/** Return the width of a chart in its place; 0 while the place is not on the page. */
function widthOf(place: HTMLElement): number {
  return Math.max(0, place.clientWidth - Number.parseFloat(getComputedStyle(place).paddingRight));
}

export default { render };
