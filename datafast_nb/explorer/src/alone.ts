// The explorer and its chart in one view, for notebooks that draw no boxes of ipywidgets, such as marimo.

import type { RenderProps } from "@anywidget/types";
import { modelOf } from "#kit/others.ts";
import type { ChartState } from "#kit/protocol.ts";
import chartView from "../../charts/src/view.ts";
import frontView from "./main.tsx";
import type { ExplorerFields } from "./model.ts";

/** Draw a view into `el`, and return a function that removes it. */
async function render({ model, el, ...props }: RenderProps<ExplorerFields & { chart: string | null }>) {
  const root = document.createElement("div");
  root.className = "datafast datafast-explorer widget-vbox";
  const [front, chart] = [document.createElement("div"), document.createElement("div")];
  front.className = "df-front";
  chart.className = "df-chart";
  root.append(front, chart);
  el.append(root);
  const endFront = frontView.render({ model, el: front, ...props });
  const id = model.get("chart"); // none where there is no vl-convert
  const chartModel = id && (await modelOf<ChartState & { vega: string }>({ model, ...props }, id));
  const endChart = chartModel && (await chartView.render({ model: chartModel, el: chart, ...props }));
  return () => {
    if (endChart) endChart();
    endFront();
    root.remove();
  };
}

export default { render };
