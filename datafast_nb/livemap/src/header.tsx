// The figures, the controls, and the line with the status of the data.

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Faults } from "#kit/faults.ts";
import { Guarded } from "#kit/guarded.tsx";
import { Icon, type IconName } from "#kit/icons.tsx";
import { type KernelState, moment, standing } from "#kit/kernel.ts";
import type { MapSettings, Privacy } from "#kit/protocol.ts";
import { Select } from "#kit/select.tsx";
import { useTrait } from "#kit/trait.ts";
import { useClock } from "./elapsed.tsx";
import type { MapAsk, MapModel } from "./model.ts";
import { ago, type Clock, lasting } from "./time.ts";
import { Traffic } from "./traffic.tsx";

const EARLIER = 5000; // milliseconds that make a difference

interface HeaderProps {
  model: MapModel;
  ask: MapAsk;
  clock: Clock;
  /** How the view is connected to its kernel: "live", or why it is not. */
  kernel: KernelState;
  faults: Faults;
}

/** The header of a map. Without a kernel, its buttons can still be pressed: that highlights the status. */
export function Header({ model, ask, clock, kernel, faults }: HeaderProps) {
  const status = useRef<HTMLSpanElement>(null);
  const stress = () => void status.current?.animate({ opacity: [1, 0.2, 1] }, { duration: 300, iterations: 2 });
  return (
    <div class="df-header">
      <Guarded what="The figures can't be drawn" faults={faults} model={model}>
        <Figures model={model} live={kernel === "live"} />
      </Guarded>
      <Guarded what="The controls can't be drawn" faults={faults} model={model}>
        <Controls
          model={model}
          ask={(message) => ask(message) || stress() || false}
          live={kernel === "live" || kernel === "file"}
        />
      </Guarded>
      <StatusLine text={status} model={model} clock={clock} kernel={kernel} faults={faults} />
    </div>
  );
}

function Figures({ model, live }: { model: MapModel; live: boolean }) {
  const when = useTrait(model, "replay") === null ? (live ? " now" : "") : " then";
  return (
    <dl class="df-figures">
      {useTrait(model, "figures").map(({ label, value, note, hint }) => (
        <div key={label} class="df-figure" title={hint || undefined}>
          <dt>{label.replace(/ now$/, when)}</dt>
          <dd>
            <strong title={hint || value}>{value}</strong>
            <small>{note}</small>
            <span class="df-unseen">{hint}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface ControlsProps {
  model: MapModel;
  ask: MapAsk;
  live: boolean;
}

function Controls({ model, ask, live }: ControlsProps) {
  const { every, colors, privacy } = useTrait(model, "controls");
  // A replay makes its requests as it plays, controlled by the time bar; a file makes none.
  const hidden = useTrait(model, "replay") !== null || every.length === 0;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as these are
    <div class="df-controls" role="group" aria-label="Map controls">
      <Requests model={model} ask={ask} live={live} hidden={hidden} />
      <Select
        label="Update"
        title="How often to request new data"
        value={useTrait(model, "every")}
        choices={every}
        hidden={hidden}
        inert={!live}
        onChoose={(seconds) => set(model, { every: Number(seconds) })}
      />
      <Select
        label="Color by"
        title="What the colors of the map mean"
        icon="color"
        value={useTrait(model, "color_by")}
        choices={colors}
        inert={!live}
        onChoose={(value) => set(model, { color_by: value as MapSettings["color_by"] })}
      />
      <span class="df-buttons">
        <HideNames privacy={privacy} live={live} onClick={() => ask({ do: "privacy", on: !privacy.hidden })} />
        <GlobeButton model={model} live={live} />
        <Action icon="fit" label="Fit to the visitors" live={live} onClick={() => ask({ do: "fit" })} />
        <FullScreen />
      </span>
    </div>
  );
}

/** Change settings here and in the kernel. */
function set(model: MapModel, changes: Partial<MapSettings>): void {
  for (const [name, value] of Object.entries(changes)) model.set(name as keyof MapSettings, value);
  model.save_changes();
}

/** The buttons that stop requests for new data, and make one now. */
function Requests({ model, ask, live, hidden }: ControlsProps & { hidden: boolean }) {
  const { resting } = useTrait(model, "controls");
  const word = resting ? "Resume" : "Pause";
  return (
    <span class="df-buttons" hidden={hidden}>
      <Action
        icon={resting ? "play" : "pause"}
        label={word}
        title={`${word} requests for new data`}
        live={live}
        onClick={() => ask({ do: resting ? "resume" : "pause" })}
      >
        <span class="df-word">{word}</span>
      </Action>
      <Action icon="refresh" label="Refresh now" live={live} onClick={() => ask({ do: "refresh" })} />
    </span>
  );
}

function GlobeButton({ model, live }: Pick<ControlsProps, "model" | "live">) {
  const globe = useTrait(model, "projection") === "globe";
  return (
    <Action
      icon="globe"
      label="Globe"
      title={globe ? "Show a map again" : "Show a globe"}
      live={live}
      pressed={globe}
      onClick={() => set(model, { projection: globe ? "mercator" : "globe" })}
    />
  );
}

interface HideNamesProps {
  privacy: Privacy;
  live: boolean;
  onClick: () => void;
}

/** The button of the privacy mode; names that code hides stay hidden. */
function HideNames({ privacy: { hidden, locked }, live, onClick }: HideNamesProps) {
  if (locked && !hidden) return null;
  const word = hidden ? "Names hidden" : "Hide names";
  const title = locked
    ? "The notebook's code hides names and addresses"
    : `${hidden ? "Show" : "Replace"} names and addresses${hidden ? " again" : ", as for a shared screen"}`;
  return (
    <Action icon="hide" label={word} title={title} live={live} pressed={hidden} disabled={locked} onClick={onClick}>
      <span class="df-word">{word}</span>
    </Action>
  );
}

interface ActionProps {
  icon: IconName;
  label: string;
  title?: string;
  live?: boolean;
  /** Whether a switch is on; undefined for a button that is not a switch. */
  pressed?: boolean;
  disabled?: boolean;
  children?: ComponentChildren;
  onClick: (event: MouseEvent) => void;
}

function Action({ icon, label, title, live, pressed, disabled, children, onClick }: ActionProps) {
  return (
    <button
      type="button"
      class="df-button"
      aria-label={label}
      title={title ?? label}
      aria-pressed={pressed}
      disabled={disabled}
      data-resting={live === false || undefined}
      onClick={onClick}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}

/** The button that enters and leaves full screen; a page may forbid it. */
function FullScreen() {
  const place = useRef<HTMLSpanElement>(null);
  const [full, setFull] = useState(false);
  const root = () => place.current?.closest<HTMLElement>(".datafast-map") ?? null;
  useEffect(() => {
    const changed = () => {
      const map = root();
      const tree = map?.getRootNode() as Document | ShadowRoot | undefined; // a document names the host of its tree alone
      setFull(map !== null && tree?.fullscreenElement === map);
    };
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const toggle = () => {
    const change = full ? document.exitFullscreen() : root()?.requestFullscreen();
    change?.catch((error) => console.debug("datafast_nb: the page does not allow full screen.", error));
  };
  if (!document.fullscreenEnabled) return null;
  return (
    <span ref={place} class="df-buttons">
      <Action icon={full ? "reduce" : "enlarge"} label={full ? "Exit full screen" : "Full screen"} onClick={toggle} />
    </span>
  );
}

interface StatusProps extends Omit<HeaderProps, "ask"> {
  text: RefObject<HTMLSpanElement | null>;
}

/** The line with the status of the data. */
function StatusLine({ text, model, clock, kernel, faults }: StatusProps) {
  const { state, notes } = useStatus(model, kernel);
  const every = useTrait(model, "every");
  const updated = useTrait(model, "clock");
  const replayed = useTrait(model, "replay") !== null;
  const awaited = ["live", "waiting", "retrying"].includes(state) && !replayed;
  return (
    <div class="df-status" data-state={state}>
      <span ref={text} class="df-state" role="status" aria-live="polite">
        {[...notes, ...faults.notes()].map((note, place) => (
          <span key={place} class="df-note">
            <bdi>{note}</bdi>
          </span>
        ))}
      </span>
      <Traffic traffic={useTrait(model, "traffic")} zone={useTrait(model, "zone")} />
      <span class="df-updated" hidden={!updated || kernel !== "live"}>
        {replayed ? (
          <Recorded at={updated} clock={clock} />
        ) : (
          <>
            Updated{" "}
            <Age since={updated} clock={clock} staleAfter={awaited ? staleAfter(every) : Number.POSITIVE_INFINITY} />
          </>
        )}
      </span>
    </div>
  );
}

/** Return the milliseconds after which three answers are missing: the data are then old. */
function staleAfter(every: number): number {
  return Math.max(30, 3 * every) * 1000;
}

/** How long before the moment of the time bar the data of a replay were recorded. */
function Recorded({ at, clock }: { at: number; clock: Clock }) {
  const text = useClock(clock, (now) =>
    now - at < EARLIER ? "Recorded then" : `Recorded ${lasting(now - at)} before`,
  );
  return (
    <span class="df-age" title="When what is shown was recorded, by the time bar">
      {text}
    </span>
  );
}

function Age({ since, clock, staleAfter }: { since: number; clock: Clock; staleAfter: number }) {
  const text = useClock(clock, (now) => (since ? ago(since, now) : ""));
  const stale = useClock(clock, (now) => now - since > staleAfter);
  return <span class={stale ? "df-age df-stale" : "df-age"}>{text}</span>;
}

/** Return the present state and its sentences: those of the kernel don't hold after it has gone. */
function useStatus(model: MapModel, kernel: KernelState): { state: string; notes: readonly string[] } {
  const { state, text, notes } = useTrait(model, "status");
  const [replay, updated, zone] = [useTrait(model, "replay"), useTrait(model, "clock"), useTrait(model, "zone")];
  if (kernel === "live") return { state, notes: [text, ...notes] };
  const dated = updated > 0 && replay === null; // the time bar says which moment a replay is at
  const own = kernel === "file" ? notes : [];
  return { state: kernel, notes: [...standing(kernel, dated ? moment(updated, zone) : ""), ...own] };
}
