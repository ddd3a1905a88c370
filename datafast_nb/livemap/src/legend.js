// Says what the colours and the rings mean, and how many visitors are not on the map.

import { arrange, element, figure, part, words, write } from "#kit/dom.js";
import { follow } from "#kit/follow.js";

/** Make the legend of the map. */
export function legend(model) {
  const root = element(
    "div",
    { class: "df-legend", role: "group", "aria-label": "Legend" },
    words("", { class: "df-title" }),
    rampSample(),
    element("span", { class: "df-swatches" }),
    element("span", { class: "df-key df-ring" }, ringSample(), "share of customers"),
    element("span", { class: "df-absent" }),
  );
  const draw = () => writeLegend(root, model.get("legend"));
  follow(model, ["legend"], draw);
  return root;
}

function writeLegend(root, { title, ramp: scale, swatches, ring: ringed, unplaced }) {
  write(part(root, "title"), { text: title });
  write(part(root, "ramp"), { hidden: !scale });
  if (scale) {
    write(part(root, "low"), { text: scale.low });
    write(part(root, "gradient"), { "--df-gradient": `linear-gradient(90deg, ${scale.colors.join(", ")})` });
    write(part(root, "high"), { text: scale.high });
    write(part(root, "remark"), { text: scale.note, hidden: !scale.note });
  }
  const make = () => element("span", { class: "df-key" }, element("span", { class: "df-mark" }), words(""));
  const update = (node, { color, label }) => {
    write(node.firstChild, { "--df-mark": color });
    write(node.lastChild, { text: label, title: label });
  };
  arrange(part(root, "swatches"), swatches ?? [], ({ label }) => label, make, update);
  write(part(root, "ring"), { hidden: !ringed });
  write(part(root, "absent"), { text: unplaced ? `${figure(unplaced)} not on the map: no location` : "" });
}

function rampSample() {
  const names = ["low", "gradient", "high", "remark"];
  return element("span", { class: "df-key df-ramp" }, ...names.map((name) => element("span", { class: `df-${name}` })));
}

/** Draw a ring as it is round a cluster, a third of it customers. */
function ringSample() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const circles = [{ class: "df-others" }, { class: "df-share", pathLength: 100, "stroke-dasharray": "33 67" }];
  write(svg, { viewBox: "0 0 14 14", width: 14, height: 14, "aria-hidden": true });
  for (const shape of circles) {
    const circle = document.createElementNS(space, "circle");
    write(circle, { cx: 7, cy: 7, r: 5.5, ...shape });
    svg.append(circle);
  }
  return svg;
}
