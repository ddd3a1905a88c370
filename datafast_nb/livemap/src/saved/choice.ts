// The filters that a reader of a saved page sets, besides those that it was saved with.

import type { ChangeFilter, Chip, FilterBar, FilterValues } from "#kit/protocol.ts";
import type { Person } from "./people.ts";

const LONGEST = 32; // characters of a chip

type Value = Exclude<ChangeFilter["value"], undefined>;

/** What a reader filters by. */
export class Choice {
  readonly #labels: Record<string, string>;
  #values: ReadonlyMap<string, Value> = new Map();

  /** `labels` names the filters, in the order of the chips. */
  constructor(labels: Record<string, string>) {
    this.#labels = labels;
  }

  /** Say whether nothing is filtered. */
  get all(): boolean {
    return this.#values.size === 0;
  }

  /** Change a filter that is not locked; null removes it. */
  change(name: string, value: Value, { active }: FilterBar): void {
    if (active.some((chip) => chip.name === name) || !(name in this.#labels)) return;
    const others = [...this.#values].filter(([other]) => other !== name);
    const wanted = name === "is_customer" && value !== null ? String(value) === "true" : value;
    this.#values = new Map(wanted === null ? others : [...others, [name, wanted]]);
  }

  /** Remove all filters. */
  clear(): void {
    this.#values = new Map();
  }

  /** Return those who pass. */
  of(people: readonly Person[]): Person[] {
    const conditions = [...this.#values];
    return people.filter((person) => conditions.every(([name, value]) => passes(person, name, value)));
  }

  /** Return the content of the filter bar, from that of a moment. */
  bar(moment: FilterBar, matched: number): FilterBar {
    const own = Object.entries(this.#labels).flatMap(([name, label]): Chip[] => {
      const value = this.#values.get(name);
      return value === undefined ? [] : [{ name, label, text: worded(name, value, moment), locked: false }];
    });
    const values = { ...moment.values, ...(Object.fromEntries(this.#values) as Partial<FilterValues>) };
    return { ...moment, active: [...moment.active, ...own], matched, values };
  }
}

function passes({ row, score, customer, traits, text }: Person, name: string, value: Value): boolean {
  if (name === "text") return text.includes(String(value).toLowerCase());
  if (name === "min_score") return score !== null && score >= Number(value);
  if (name === "min_confidence") return row.confidence !== null && row.confidence >= Number(value);
  return (name === "is_customer" ? String(customer) : traits[name]) === String(value);
}

function worded(name: string, value: Value, { options }: FilterBar): string {
  if (name === "is_customer") return value ? "customers" : "prospects";
  if (name === "min_confidence") return `${Math.round(Number(value) * 100)}%`;
  const offered = options?.[name as keyof NonNullable<typeof options>] ?? [];
  const label = offered.find((each) => each.value === value)?.label ?? String(value);
  return label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}…` : label;
}
