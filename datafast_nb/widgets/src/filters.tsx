// The filters: a search, a panel of conditions, and a chip for each active one.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Ask } from "./ask.ts";
import { focusNear } from "./focus.ts";
import { Icon } from "./icons.tsx";
import { freshId } from "./id.ts";
import type { Model } from "./model.ts";
import { formatNumber } from "./numbers.ts";
import type { ChangeFilter, Chip, ClearFilters, FilterBar, FilterOptions, ShowOptions } from "./protocol.ts";
import { type Choice, Select } from "./select.tsx";
import { useTrait } from "./trait.ts";

const PATIENCE = 250; // milliseconds between the last key and the request to the kernel

type FilterValue = Exclude<ChangeFilter["value"], undefined>;

interface FiltersProps {
  model: Model<{ filters: FilterBar }>;
  ask: Ask<ChangeFilter | ClearFilters | ShowOptions>;
  /** Whether there is no kernel to answer. */
  resting: boolean;
  /** Move the map to the visitors who pass the filters, if there is a map. */
  zoom?: () => void;
}

/** The row of filters and the panel that it opens. */
export function Filters({ model, ask, resting, zoom }: FiltersProps) {
  const filters = useTrait(model, "filters");
  const [panel] = useState(freshId);
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const change = (name: string, value: FilterValue) => void ask({ do: "filter", name, value });
  const turn = () => {
    setOpen(!open);
    ask({ do: "facets", open: !open });
  };
  const number = filters.active.length;
  return (
    <div class="df-filters" inert={resting}>
      <div class="df-bar">
        <SearchBox
          text={filters.values.text ?? ""}
          locked={lockedIn(filters).has("text")}
          onSearch={(text) => change("text", text)}
        />
        <button ref={toggle} type="button" class="df-button" aria-expanded={open} aria-controls={panel} onClick={turn}>
          <Icon name="filter" />
          Filters
          <span class="df-number" hidden={!number}>
            {number > 0 && number}
          </span>
        </button>
        <span class="df-matched" role="status">
          {number > 0 && `${formatNumber(filters.matched)} of ${formatNumber(filters.total)} visitors`}
        </span>
        {zoom && number > 0 && filters.matched > 0 && (
          <button type="button" class="df-clear df-zoom" onClick={zoom}>
            {filters.matched === 1 ? "Zoom to this one" : `Zoom to these ${formatNumber(filters.matched)}`}
          </button>
        )}
        <Chips chips={filters.active} fallback={toggle} change={change} onClear={() => ask({ do: "clear" })} />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as this is */}
      <div class="df-conditions" id={panel} role="group" aria-label="Filters" hidden={!open}>
        <Conditions filters={filters} change={change} />
      </div>
    </div>
  );
}

/** Return the names of the filters that only code can change. */
function lockedIn({ active }: FilterBar): Set<string> {
  return new Set(active.flatMap(({ name, locked }) => (locked ? [name] : [])));
}

interface SearchProps {
  text: string;
  locked: boolean;
  onSearch: (text: string | null) => void;
}

/** The box for free text; the kernel's text replaces its content only while nobody is typing. */
function SearchBox({ text, locked, onSearch }: SearchProps) {
  const input = useRef<HTMLInputElement>(null);
  const later = useLater();
  const send = () => onSearch(input.current?.value.trim() || null);
  useLayoutEffect(() => {
    if (input.current && !input.current.matches(":focus")) input.current.value = text;
  }, [text]);
  const leave = () => {
    if (!later.now() && input.current) input.current.value = text;
  };
  const label = "Search names, places and pages";
  return (
    <label class="df-search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder="Search"
        maxLength={200}
        disabled={locked}
        onInput={() => later.run(send)}
        onBlur={leave}
        onKeyDown={({ key }) => key === "Enter" && later.now()}
      />
    </label>
  );
}

/** Return an action that waits for a pause in typing; `now` does it at once, and returns whether one was waiting. */
function useLater() {
  const waiting = useRef<{ timer: ReturnType<typeof setTimeout>; run: () => void } | null>(null);
  const now = () => {
    const due = waiting.current;
    waiting.current = null;
    clearTimeout(due?.timer);
    due?.run();
    return due !== null;
  };
  useEffect(() => () => clearTimeout(waiting.current?.timer), []);
  const run = (what: () => void) => {
    clearTimeout(waiting.current?.timer);
    waiting.current = { timer: setTimeout(now, PATIENCE), run: what };
  };
  return { run, now };
}

interface ChipsProps {
  chips: readonly Chip[];
  /** What gets the focus after the last chip is removed with the keyboard. */
  fallback: RefObject<HTMLElement | null>;
  change: (name: string, value: null) => void;
  onClear: () => void;
}

/** The chips of the active filters; each removes its filter. */
function Chips({ chips, fallback, change, onClear }: ChipsProps) {
  const frame = useRef<HTMLSpanElement>(null);
  const focused = frame.current?.contains(focusNear(frame.current));
  // After a chip is removed with the keyboard, the next one gets the focus.
  useLayoutEffect(() => {
    if (!focused || frame.current?.contains(focusNear(frame.current))) return;
    (frame.current?.querySelector<HTMLElement>("button.df-chip") ?? fallback.current)?.focus();
  });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as this is
    <span ref={frame} class="df-chosen" role="group" aria-label="Active filters">
      <span class="df-chips">
        {chips.map(({ name, label, text, locked }) =>
          locked ? (
            <span key={name} class="df-chip" title={`${text}: locked by the notebook's code`}>
              <Icon name="lock" />
              <span class="df-label">{label}</span>
              <bdi class="df-name">{text}</bdi>
              <span class="df-unseen"> (locked)</span>
            </span>
          ) : (
            <button
              key={name}
              type="button"
              class="df-chip"
              aria-label={`Remove filter ${label}: ${text}`}
              title={text}
              onClick={() => change(name, null)}
            >
              <span class="df-label">{label}</span>
              <bdi class="df-name">{text}</bdi>
              <Icon name="close" />
            </button>
          ),
        )}
      </span>
      <button
        type="button"
        class="df-clear"
        hidden={chips.filter(({ locked }) => !locked).length < 2}
        onClick={onClear}
      >
        Clear all
      </button>
    </span>
  );
}

const VISITS = [
  { value: "new", label: "New" },
  { value: "returning", label: "Returning" },
];
const CUSTOMERS = [
  { value: "true", label: "Customers" },
  { value: "false", label: "Not customers" },
];

interface ConditionsProps {
  filters: FilterBar;
  change: (name: string, value: FilterValue) => void;
}

type Counted = keyof FilterOptions;

/** The dimensions whose values the kernel counts, in the order of the panel. */
const COUNTED: [Counted, string][] = [
  ["site", "Site"],
  ["country_code", "Country"],
  ["device", "Device"],
  ["channel", "Channel"],
  ["page", "Page"],
];

/** The parameters of campaigns. */
const CAMPAIGN: [Counted, string][] = [
  ["utm_campaign", "Campaign"],
  ["utm_source", "UTM source"],
  ["utm_medium", "Medium"],
  ["utm_content", "Ad content"],
  ["utm_term", "Search term"],
];

/** The fields whose choices do not change. */
const FIXED = [
  { name: "visit_kind", label: "Visits", choices: VISITS },
  { name: "is_customer", label: "Customers", choices: CUSTOMERS },
] as const;

/** The sliders. */
const LEAST = [
  { name: "min_score", label: "Score at least", most: 100, unit: "" },
  { name: "min_confidence", label: "Confidence at least", most: 1, unit: "%" },
] as const;

/** The fields of the panel; the kernel counts the options once it is open. */
function Conditions({ filters, change }: ConditionsProps) {
  const { values } = filters;
  const locked = lockedIn(filters);
  const counted = ([name, label]: [Counted, string], least: number) => (
    <CountedCondition key={name} {...{ filters, name, label, least, locked: locked.has(name), change }} />
  );
  return (
    <>
      {COUNTED.map((each) => counted(each, each[0] === "site" ? 2 : 0))}
      {CAMPAIGN.map((each) => counted(each, 1))}
      {FIXED.map((each) => (
        <Condition key={each.name} {...each} value={values[each.name]} locked={locked.has(each.name)} change={change} />
      ))}
      {LEAST.map((each) => (
        <AtLeast key={each.name} {...each} value={values[each.name]} locked={locked.has(each.name)} change={change} />
      ))}
    </>
  );
}

interface CountedProps extends ConditionsProps {
  name: Counted;
  label: string;
  /** How many values there must be for a choice. */
  least: number;
  locked: boolean;
}

/** A select for a dimension whose values the kernel counts. */
function CountedCondition({ filters: { values, options }, name, least, ...field }: CountedProps) {
  const found = options?.[name];
  return (
    <Condition
      {...field}
      name={name}
      choices={found?.map(({ value, label, visitors }) => ({ value, label, count: visitors }))}
      value={values[name]}
      hidden={(found?.length ?? 0) < least && values[name] === null}
    />
  );
}

const SEVERAL = "\u0000several";

interface ConditionProps {
  name: string;
  label: string;
  /** The options; undefined while they are unknown. */
  choices: readonly Choice[] | undefined;
  value: FilterValue;
  locked: boolean;
  hidden?: boolean;
  change: (name: string, value: string | null) => void;
}

/** A select for one dimension. */
function Condition({ name, label, choices, value, locked, hidden = false, change }: ConditionProps) {
  const chosen = shownChoice(value);
  const offered = choices ?? [];
  const known = chosen === "" || offered.some((each) => each.value === chosen);
  const text = Array.isArray(value) ? `${value.length} chosen` : chosen;
  return (
    <Select
      label={label}
      value={chosen}
      choices={[{ value: "", label: "All" }, ...(known ? [] : [{ value: chosen, label: text }]), ...offered]}
      disabled={choices === undefined || locked}
      hidden={hidden}
      onChoose={(wanted) => wanted !== SEVERAL && change(name, wanted || null)}
    />
  );
}

function shownChoice(value: FilterValue): string {
  if (!Array.isArray(value)) return String(value ?? "");
  return value.length === 1 ? String(value[0]) : SEVERAL;
}

interface AtLeastProps {
  name: string;
  label: string;
  /** The maximum of the value; the slider has a hundred steps. */
  most: number;
  unit: string;
  value: number | null;
  locked: boolean;
  change: (name: string, value: number | null) => void;
}

/** A slider for the minimum of a measure; at 0 it filters nothing. */
function AtLeast({ name, label, most, unit, value, locked, change }: AtLeastProps) {
  const given = Math.round(((value ?? 0) / most) * 100);
  const [shown, show] = useState(given);
  const input = useRef<HTMLInputElement>(null);
  const later = useLater();
  useLayoutEffect(() => {
    if (!input.current?.matches(":active")) show(given);
  }, [given]);
  const move = (wanted: number) => {
    show(wanted);
    later.run(() => change(name, wanted ? (wanted / 100) * most : null));
  };
  const text = shown ? `${shown}${unit}` : "any";
  return (
    <label class="df-field df-range">
      <span>
        {label} <output class="df-least">{text}</output>
      </span>
      <input
        ref={input}
        type="range"
        aria-label={label}
        aria-valuetext={text}
        disabled={locked}
        min={0}
        max={100}
        value={shown}
        onInput={({ currentTarget }) => move(Number(currentTarget.value))}
      />
    </label>
  );
}
