// The slider of the time bar on its rail, with gaps, marks, and a hint at the pointer.

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

/** The slider; space plays and pauses. */
export function TimeSlider({ start, end, now, coverage, clocks, go, toggle }: TimeSliderProps) {
  const { gaps, traffic, highlights } = coverage;
  const [described] = useState(freshId);
  const input = useRef<HTMLInputElement>(null);
  const rail = useRef<HTMLSpanElement>(null);
  const width = useWidth(rail);
  const [pointed, point] = useState<number | null>(null);
  const share = end > start ? (now - start) / (end - start) : 1;
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
  const over = ({ clientX }: PointerEvent) => {
    const box = rail.current?.getBoundingClientRect();
    if (box) point(Math.min(1, Math.max(0, (clientX - box.left) / box.width)));
  };
  return (
    <div class="df-timeline" onPointerMove={over} onPointerLeave={() => point(null)}>
      {useMemo(
        () => (
          <TrafficLine traffic={traffic} />
        ),
        [traffic],
      )}
      <span ref={rail} class="df-rail" style={{ "--df-share": `${100 * share}%` }}>
        {useMemo(
          () => (
            <Gaps gaps={gaps} start={start} end={end} />
          ),
          [gaps, start, end],
        )}
      </span>
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
      {useMemo(
        () => (
          <Ticks width={width} start={start} end={end} clocks={clocks} />
        ),
        [width, start, end, clocks],
      )}
      {end > start &&
        highlights.map(({ label, at }) => (
          <button
            key={label}
            type="button"
            class="df-highlight"
            style={{ "--df-part": (at - start) / (end - start) }}
            aria-label={`Go to: ${label}`}
            title={`${label} · ${clocks.moment(at)}`}
            onClick={() => go(at)}
          />
        ))}
      {pointed !== null && <Hint share={pointed} width={width} gaps={gaps} start={start} end={end} clocks={clocks} />}
      <span class="df-unseen" id={described}>
        {gaps.length ? `Nothing was recorded in ${gaps.length} of its parts` : ""}
      </span>
    </div>
  );
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
