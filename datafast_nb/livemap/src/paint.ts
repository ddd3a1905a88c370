// Paints the clusters: a disc with its number, an arc for the share of customers, pulses, and the selection's ring.

import type { Cluster } from "./clusters.ts";
import { between, type Mark, progress, type Shape } from "./motion.ts";
import type { Place } from "./world.ts";

const ROOM = 2; // pixels left free on both sides of a number
const LARGEST = 13; // pixels, of a number's font
const SMALLEST = 6.5;
const CAPITAL = 0.36; // of a font's size: half the height of its digits
const ARC = 3; // width of the customers' arc
const PIECES = 18; // of confetti
const PAPER = ["#12a57c", "#e69f00", "#cc79a7", "#56b4e9", "#d55e00"];

interface Point {
  x: number;
  y: number;
}

/** A ring that grows and fades where a visitor has arrived or paid; times are in milliseconds. */
export interface Pulse {
  place: Place;
  kind: "arrival" | "payment";
  start: number;
}

/** The content of the canvas at one moment. */
export interface Frame {
  marks: ReadonlyMap<string, Mark>;
  pulses: readonly Pulse[];
  /** The place of the selected visitor, and the cluster that they are in. */
  selected: { place: Place; mark: Mark | undefined } | null;
  /** The finished share of the motion, from 0 to 1. */
  share: number;
  now: number;
  /** The length of a pulse, in milliseconds. */
  pulse: number;
  /** Converts degrees to pixels of the canvas. */
  project: (place: Place) => Point & { size?: number };
}

interface Palette {
  edge: string;
  accent: string;
  customer: string;
  font: string;
}

type Disc = Shape & Point & Pick<Cluster, "color" | "visitors">;

/** Paint one frame. */
export function paintFrame(canvas: HTMLCanvasElement, frame: Frame): void {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser gives no canvas to draw on");
  const ratio = canvas.width / parseFloat(canvas.style.width);
  const colors = palette(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  // Small ones last, or the large ones would hide them.
  const discs = [...frame.marks.values()].flatMap((mark): Disc[] => {
    const now = between(mark, frame.share);
    const { x, y, size = 1 } = frame.project([now.lat, now.lon]);
    const radius = size * now.radius;
    // Places on the far side of a globe have no position.
    return Number.isNaN(x)
      ? []
      : [{ x, y, ...now, radius, color: mark.cluster.color, visitors: mark.cluster.visitors }];
  });
  discs.sort((one, other) => other.radius - one.radius);
  const { selected } = frame;
  if (selected?.mark) ring(context, selected, frame, colors); // below the others, so that it hides none of their numbers
  for (const each of discs) {
    disc(context, each, colors);
    if (each.visitors > 1) number(context, each, colors);
  }
  for (const each of frame.pulses) pulse(context, each, frame, colors);
  if (selected && !selected.mark) ring(context, selected, frame, colors);
  context.globalAlpha = 1;
}

function palette(canvas: HTMLCanvasElement): Palette {
  const style = getComputedStyle(canvas);
  const read = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  return {
    edge: read("--df-mark-edge", "#ffffff"),
    accent: read("--df-accent", "#1769aa"),
    customer: read("--df-customer", "#12a57c"),
    font: read("font-family", "sans-serif"),
  };
}

function disc(
  context: CanvasRenderingContext2D,
  { x, y, radius, alpha, customers, color }: Disc,
  colors: Palette,
): void {
  circle(context, x, y, radius);
  context.globalAlpha = 0.92 * alpha;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = alpha;
  context.lineWidth = 1;
  context.strokeStyle = colors.edge;
  context.stroke();
  if (customers > 0) arc(context, { x, y }, radius, customers, colors);
}

/** The share of customers, clockwise from the top, outside the disc. */
function arc(context: CanvasRenderingContext2D, { x, y }: Point, radius: number, share: number, colors: Palette): void {
  const outer = radius + ARC / 2 + 1;
  context.beginPath();
  context.arc(x, y, outer, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.max(share, 0.04));
  context.lineWidth = ARC + 2;
  context.strokeStyle = colors.edge;
  context.stroke();
  context.lineWidth = ARC;
  context.strokeStyle = colors.customer;
  context.stroke();
}

const widths = new Map<string, number>(); // of texts in a font of one pixel, as measuring takes longer than drawing

function widthOf(context: CanvasRenderingContext2D, text: string, font: string): number {
  const key = `${text} ${font}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  context.font = `600 ${LARGEST}px ${font}`;
  const width = context.measureText(text).width / LARGEST;
  widths.set(key, width);
  return width;
}

/** Write the number in the middle of a disc, as large as possible; leave it out if it would be too small to read. */
function number(context: CanvasRenderingContext2D, disc: Disc, colors: Palette): void {
  const { x, y, radius, visitors, color } = disc;
  const text = short(visitors);
  const wanted = Math.min(LARGEST, 7 + radius / 4);
  const size = wanted * Math.min(1, (2 * (radius - ROOM)) / (wanted * widthOf(context, text, colors.font)));
  if (size < SMALLEST) return;
  context.font = `600 ${size}px ${colors.font}`;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = readable(color);
  context.fillText(text, x, y + CAPITAL * size);
}

function pulse(context: CanvasRenderingContext2D, { place, kind, start }: Pulse, frame: Frame, colors: Palette): void {
  const { x, y } = frame.project(place);
  const share = progress(frame.now, start, frame.pulse);
  const paid = kind === "payment";
  circle(context, x, y, 6 + (paid ? 44 : 26) * (1 - (1 - share) ** 2));
  context.globalAlpha = 0.9 * (1 - share);
  context.lineWidth = paid ? 4 : 2.5;
  context.strokeStyle = paid ? colors.customer : colors.accent;
  context.stroke();
  if (paid) confetti(context, { x, y }, share);
}

/** Pieces of paper that fly up from a place and fall, for a payment. */
function confetti(context: CanvasRenderingContext2D, { x, y }: Point, share: number): void {
  context.globalAlpha = Math.min(1, 2 * (1 - share));
  for (let piece = 0; piece < PIECES; piece += 1) {
    const angle = (2 * Math.PI * (piece + 0.5)) / PIECES;
    const far = (piece % 3 === 0 ? 70 : 46) * (1 - (1 - share) ** 3);
    context.save();
    context.translate(x + Math.cos(angle) * far, y + Math.sin(angle) * far - 30 * share + 70 * share ** 2);
    context.rotate(angle + 6 * share * (piece % 2 ? 1 : -1));
    context.fillStyle = PAPER[piece % PAPER.length] ?? "";
    context.fillRect(-3, -1.5, 6, 3);
    context.restore();
  }
}

/** Draw a ring around the cluster of the selected visitor, or around their place. */
function ring(
  context: CanvasRenderingContext2D,
  { place, mark }: NonNullable<Frame["selected"]>,
  frame: Frame,
  colors: Palette,
): void {
  const now = mark ? between(mark, frame.share) : { lat: place[0], lon: place[1], radius: 3, customers: 0 };
  const { x, y, size = 1 } = frame.project([now.lat, now.lon]);
  circle(context, x, y, size * now.radius + (now.customers > 0 ? ARC + 5 : 5));
  context.globalAlpha = 1;
  context.lineWidth = 5;
  context.strokeStyle = colors.edge;
  context.stroke();
  context.lineWidth = 2.5;
  context.strokeStyle = colors.accent;
  context.stroke();
}

function circle(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, Math.max(0, radius), 0, 2 * Math.PI);
}

/** Return black or white, whichever stands out more from a color, #rrggbb (WCAG's relative luminance). */
export function readable(color: string): string {
  const light = (start: number) => {
    const channel = parseInt(color.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * light(1) + 0.7152 * light(3) + 0.0722 * light(5) > 0.179 ? "#101418" : "#ffffff";
}

/** Return a number in at most four characters. */
export function short(number: number): string {
  if (number < 1000) return String(number);
  const thousands = number < 999_500;
  const [size, unit] = [number / (thousands ? 1000 : 1_000_000), thousands ? "k" : "M"];
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)}${unit}`;
}
