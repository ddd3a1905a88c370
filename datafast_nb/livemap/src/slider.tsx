// The slider of the time bar on its rail, with gaps, marks, and a hint at the pointer.

import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { freshId } from "#kit/id.ts";
import type { Coverage, Gap } from "#kit/protocol.ts";
import type { Clocks } from "#kit/zone.ts";
import { ticks } from "./ticks.ts";
import { useWidth } from "./width.ts";

const ROOM = 84; // pixels for a mark
const MINUTE = 60_000;
const LEAPS = [1, 5, 15, 60, 360, 1440].map((minutes) => minutes * MINUTE); // of an arrow key

interface Span {
  /** The first and the last moment, in milliseconds since the epoch. */
  start: number;
  end: number;
}

interface TimeSliderProps extends Span {
  now: number;
  coverage: Coverage;
  clocks: Clocks;
  go: (time: number) => void;
  toggle: () => void;
}

/** The slider with what lies under, on and over it. */
export function TimeSlider({ start, end, now, coverage, clocks, go, toggle }: TimeSliderProps) {
  const { gaps, traffic, highlights } = coverage;
  const [described] = useState(freshId);
  const rail = useRef<HTMLSpanElement>(null);
  const width = useWidth(rail);
  const { pointed, over, leave } = usePointed(rail);
  const share = end > start ? (now - start) / (end - start) : 1;
  // What does not move with the moment is drawn once.
  const line = useMemo(() => <TrafficLine traffic={traffic} />, [traffic]);
  const unknown = useMemo(() => <Gaps {...{ gaps, start, end }} />, [gaps, start, end]);
  const marks = useMemo(() => <Ticks {...{ width, start, end, clocks }} />, [width, start, end, clocks]);
  return (
    <div class="df-timeline" onPointerMove={over} onPointerLeave={leave}>
      {line}
      <span ref={rail} class="df-rail" style={{ "--df-share": `${100 * share}%` }}>
        {unknown}
      </span>
      <Handle {...{ start, end, now, clocks, described, go, toggle }} />
      {marks}
      <Highlights {...{ highlights, start, end, clocks, go }} />
      {pointed !== null && <Hint {...{ share: pointed, width, gaps, start, end, clocks }} />}
      <span class="df-unseen" id={described}>
        {gaps.length ? `Nothing was recorded in ${gaps.length} of its parts` : ""}
      </span>
    </div>
  );
}

/** Return which share of a rail the pointer is over, null for none, and what follows it. */
function usePointed(rail: RefObject<HTMLElement | null>) {
  const [pointed, point] = useState<number | null>(null);
  const over = ({ clientX }: PointerEvent) => {
    const box = rail.current?.getBoundingClientRect();
    if (box) point(Math.min(1, Math.max(0, (clientX - box.left) / box.width)));
  };
  return { pointed, over, leave: () => point(null) };
}

interface HandleProps extends Span, Pick<TimeSliderProps, "now" | "clocks" | "go" | "toggle"> {
  /** The id of what says more of it. */
  described: string;
}

/** What is dragged, or moved with the keys; space plays and pauses. */
function Handle({ start, end, now, clocks, described, go, toggle }: HandleProps) {
  const input = useRef<HTMLInputElement>(null);
  // After `max`, which limits it.
  useLayoutEffect(() => {
    if (input.current && Number(input.current.value) !== now - start) input.current.value = String(now - start);
  });
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const time = keyMoment(event.key, now, { start, end });
    if (event.key === " ") toggle();
    else if (time !== null) go(time);
    else return;
    event.preventDefault();
  };
  return (
    <input
      ref={input}
      type="range"
      class="df-slider"
      aria-label="Moment"
      aria-describedby={described}
      aria-valuetext={clocks.moment(now)}
      min={0}
      max={end - start}
      step={1}
      disabled={start === end}
      onInput={({ currentTarget }) => go(start + Number(currentTarget.value))}
      onKeyDown={press}
    />
  );
}

type HighlightsProps = Span & Pick<TimeSliderProps, "clocks" | "go"> & Pick<Coverage, "highlights">;

/** The moments worth a look, as buttons on the rail. */
function Highlights({ highlights, start, end, clocks, go }: HighlightsProps) {
  if (end <= start) return null;
  return highlights.map(({ label, at }) => (
    <button
      key={label}
      type="button"
      class="df-highlight"
      style={{ "--df-part": (at - start) / (end - start) }}
      aria-label={`Go to: ${label}`}
      title={`${label} · ${clocks.moment(at)}`}
      onClick={() => go(at)}
    />
  ));
}

/** Return the moment that a key leads to; null for other keys. */
export function keyMoment(key: string, now: number, { start, end }: Span): number | null {
  const part = (end - start) / 100;
  const leap = LEAPS.findLast((each) => each <= part) ?? Math.max(1, Math.round(part));
  const time = {
    ArrowLeft: now - leap,
    ArrowDown: now - leap,
    ArrowRight: now + leap,
    ArrowUp: now + leap,
    PageDown: now - 10 * leap,
    PageUp: now + 10 * leap,
    Home: start,
    End: end,
  }[key];
  return time === undefined ? null : Math.min(end, Math.max(start, time));
}

/** The traffic of the recording, as an area over the rail; it has gaps where nothing was recorded. */
function TrafficLine({ traffic }: Pick<Coverage, "traffic">) {
  const path = areaOf(traffic);
  return path ? (
    <svg class="df-line-of-traffic" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden={true}>
      <path d={path} />
    </svg>
  ) : null;
}

/** Return the path of an area on a unit square, each part of equal width. */
export function areaOf(traffic: Coverage["traffic"]): string {
  const most = Math.max(0, ...traffic.map((count) => count ?? 0));
  if (!most) return "";
  const [wide, round] = [1 / traffic.length, (share: number) => Number(share.toFixed(4))];
  const heights = traffic.map((count) => (count === null ? null : round(1 - count / most)));
  return heights
    .map((height, part) => {
      if (height === null) return "";
      const [from, to] = [round(part * wide), round((part + 1) * wide)];
      const goesOn = part > 0 && heights[part - 1] !== null;
      const ends = heights[part + 1] === undefined || heights[part + 1] === null;
      return `${goesOn ? "" : `M${from} 1`}L${round((from + to) / 2)} ${height}${ends ? `L${to} 1Z` : ""}`;
    })
    .join("");
}

function Gaps({ gaps, start, end }: Span & { gaps: readonly Gap[] }) {
  const percent = (duration: number) => `${(100 * duration) / (end - start || 1)}%`;
  return (
    <span class="df-gaps">
      {gaps.map(({ since, until }) => (
        <span
          key={since}
          class="df-gap"
          style={{ "--df-from": percent(since - start), "--df-length": percent(until - since) }}
        />
      ))}
    </span>
  );
}

function Ticks({ width, start, end, clocks }: Span & { width: number; clocks: Clocks }) {
  const marks = width && end > start ? ticks(start, end, Math.max(2, width / ROOM), clocks) : [];
  return (
    <span class="df-ticks" aria-hidden={true}>
      {marks.map(({ time, label, day }) => {
        const share = (time - start) / (end - start);
        const cut = share * width < ROOM / 3 || (1 - share) * width < ROOM / 3;
        return (
          <span key={time} class="df-tick" style={{ "--df-from": `${100 * share}%` }} data-day={day || undefined}>
            <span class="df-label">{cut ? "" : label}</span>
          </span>
        );
      })}
    </span>
  );
}

interface HintProps extends Span {
  /** The pointer's position, from 0 to 1, and the width of the rail in pixels. */
  share: number;
  width: number;
  gaps: readonly Gap[];
  clocks: Clocks;
}

/** The hint: the moment under the pointer, and whether it was recorded. */
function Hint({ share, width, gaps, start, end, clocks }: HintProps) {
  const hint = useRef<HTMLSpanElement>(null);
  const time = start + share * (end - start);
  const unknown = gaps.some(({ since, until }) => since < time && time < until);
  // Its own width limits how far it can go without leaving the rail.
  useLayoutEffect(() => {
    const half = (hint.current?.offsetWidth ?? 0) / 2;
    hint.current?.style.setProperty("--df-at", `${Math.min(width - half, Math.max(half, share * width))}px`);
  });
  return (
    <span ref={hint} class="df-hint" aria-hidden={true}>
      {`${clocks.moment(time)}${unknown ? " · not recorded" : ""}`}
    </span>
  );
}
