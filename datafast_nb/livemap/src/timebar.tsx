// The time bar of a replay: play and pause, the moment that is shown, a slider over the whole span, and the speed.

import { useMemo } from "preact/hooks";
import { Icon, type IconName } from "#kit/icons.tsx";
import type { Coverage, Replay } from "#kit/protocol.ts";
import { Select } from "#kit/select.tsx";
import { useTrait } from "#kit/trait.ts";
import { type Clocks, clocksOf } from "#kit/zone.ts";
import type { MapAsk, MapModel } from "./model.ts";
import { useSeeker } from "./seeker.ts";
import { TimeSlider } from "./slider.tsx";

interface TimeBarProps {
  model: MapModel;
  ask: MapAsk;
  /** Whether there is no kernel to answer. */
  resting: boolean;
}

/** The time bar; nothing unless the source can be moved in time. */
export function TimeBar({ model, ask, resting }: TimeBarProps) {
  const replay = useTrait(model, "replay");
  const coverage = useTrait(model, "coverage");
  const zone = useTrait(model, "zone");
  const clocks = useMemo(() => clocksOf(zone), [zone]);
  return replay && <Bar replay={replay} coverage={coverage} clocks={clocks} ask={ask} resting={resting} />;
}

interface BarProps {
  replay: Replay;
  coverage: Coverage;
  clocks: Clocks;
  ask: MapAsk;
  resting: boolean;
}

function Bar({ replay, coverage, clocks, ask, resting }: BarProps) {
  const seeker = useSeeker(ask, replay);
  const { start, end, speed, speeds } = replay;
  const now = seeker.moment;
  const toggle = () => void ask({ do: replay.playing ? "pause" : "resume" });
  const utc = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as this is
    <div class="df-timebar" role="group" aria-label="Time of the replay" inert={resting}>
      <Play replay={replay} now={now} toggle={toggle} />
      <span class="df-moment">
        <span class="df-of-day">
          <strong class="df-clock" title={utc}>
            {clocks.time(now)}
          </strong>
          <span class="df-zone" title={clocks.name}>
            {clocks.name}
          </span>
        </span>
        <span class="df-date" title={utc}>
          {clocks.date(now)}
        </span>
      </span>
      <TimeSlider
        start={start}
        end={end}
        now={now}
        coverage={coverage}
        clocks={clocks}
        go={seeker.go}
        toggle={toggle}
      />
      <Select
        hidden={!speeds.length}
        label="Speed"
        title="Seconds of the past in one second"
        value={speed}
        choices={speeds}
        onChoose={(value) => ask({ do: "speed", value: Number(value) })}
      />
    </div>
  );
}

function Play({ replay: { playing, start, end }, now, toggle }: { replay: Replay; now: number; toggle: () => void }) {
  const [icon, label]: [IconName, string] = playing
    ? ["pause", "Pause"]
    : now >= end
      ? ["again", "Play from the start"]
      : ["play", "Play"];
  return (
    <button
      type="button"
      class="df-button df-play"
      aria-label={label}
      title={label}
      disabled={start === end}
      onClick={toggle}
    >
      <Icon name={icon} />
    </button>
  );
}
