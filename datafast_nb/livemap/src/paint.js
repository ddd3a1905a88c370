// Paints the clusters: a disc with its number, an arc for the share of customers, pulses, and the selection's ring.

import { between, progress } from "./motion.js";

const ROOM = 2; // pixels that a number leaves free on both sides
const ARC = 3; // width of the customers' arc

/** Paint one frame. `at` holds the share of the change that is done, the time, and the way from degrees to pixels. */
export function paintFrame(canvas, state, at) {
  const context = canvas.getContext("2d");
  const ratio = canvas.width / parseFloat(canvas.style.width);
  const colours = palette(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  // Small ones last, or the large would hide them.
  const discs = [...state.marks.values()].map((mark) => {
    const now = between(mark, at.share);
    const { x, y } = at.place([now.lat, now.lon]);
    return { x, y, ...now, color: mark.color, visitors: mark.visitors };
  });
  discs.sort((one, other) => other.radius - one.radius);
  discs.forEach((each, index) => {
    disc(context, each, colours);
    if (each.visitors > 1) number(context, each, discs.slice(index + 1), colours);
  });
  for (const each of state.pulses) pulse(context, at.place(each.place), each, at, colours);
  if (at.selected) ring(context, at, colours);
  context.globalAlpha = 1;
}

function palette(canvas) {
  const style = getComputedStyle(canvas);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    edge: read("--df-mark-edge", "#ffffff"),
    accent: read("--df-accent", "#1769aa"),
    customer: read("--df-customer", "#12a57c"),
    font: read("font-family", "sans-serif"),
  };
}

function disc(context, { x, y, radius, alpha, customers, color }, colours) {
  circle(context, x, y, radius);
  context.globalAlpha = 0.92 * alpha;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = alpha;
  context.lineWidth = 1;
  context.strokeStyle = colours.edge;
  context.stroke();
  if (customers > 0) arc(context, x, y, radius, customers, colours);
}

/** The share of customers, clockwise from the top, outside the disc. */
function arc(context, x, y, radius, share, colours) {
  const outer = radius + ARC / 2 + 1;
  context.beginPath();
  context.arc(x, y, outer, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.max(share, 0.04));
  context.lineWidth = ARC + 2;
  context.strokeStyle = colours.edge;
  context.stroke();
  context.lineWidth = ARC;
  context.strokeStyle = colours.customer;
  context.stroke();
}

/** The number in a disc, aside where a smaller disc will lie on it; none if it has no room, for half of it misleads. */
function number(context, { x, y, radius, visitors, color }, smaller, colours) {
  const size = Math.round(Math.min(13, 7 + radius / 4));
  context.font = `600 ${size}px ${colours.font}`;
  const text = short(visitors);
  const half = context.measureText(text).width / 2;
  const room = radius - half - ROOM;
  if (room < 0) return;
  const covered = (aside) => (other) => {
    const [beside, above] = [Math.abs(other.x - x - aside) - half, Math.abs(other.y - y) - size / 2];
    return Math.hypot(Math.max(0, beside), Math.max(0, above)) < other.radius;
  };
  const aside = [0, room, -room].find((each) => !smaller.some(covered(each)));
  if (aside === undefined) return;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = readable(color);
  context.fillText(text, x + aside, y + 0.5);
}

function pulse(context, { x, y }, { kind, start }, { now, pulse: lasts }, colours) {
  const share = progress(now, start, lasts);
  const paid = kind === "payment";
  circle(context, x, y, 6 + (paid ? 44 : 26) * (1 - (1 - share) ** 2));
  context.globalAlpha = 0.9 * (1 - share);
  context.lineWidth = paid ? 4 : 2.5;
  context.strokeStyle = paid ? colours.customer : colours.accent;
  context.stroke();
}

/** A ring round the cluster of the visitor who is selected, or round the place where the visitor is. */
function ring(context, { place, selected: { place: where, mark }, share }, colours) {
  const now = mark ? between(mark, share) : { lat: where[0], lon: where[1], radius: 3, customers: 0 };
  const { x, y } = place([now.lat, now.lon]);
  circle(context, x, y, now.radius + (now.customers > 0 ? ARC + 5 : 5));
  context.globalAlpha = 1;
  context.lineWidth = 5;
  context.strokeStyle = colours.edge;
  context.stroke();
  context.lineWidth = 2.5;
  context.strokeStyle = colours.accent;
  context.stroke();
}

function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, Math.max(0, radius), 0, 2 * Math.PI);
}

/** Give black or white, whichever stands out more from a colour (WCAG's relative luminance). */
function readable(color) {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const channel = parseInt(color.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#101418" : "#ffffff";
}

/** Give a number in at most four characters. */
function short(number) {
  if (number < 1000) return String(number);
  const [size, unit] = number < 999_500 ? [number / 1000, "k"] : [number / 1_000_000, "M"];
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)}${unit}`;
}
