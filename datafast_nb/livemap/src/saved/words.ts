// What a saved page says of some of its visitors: sums and means, in the words of the kernel.

import { formatNumber } from "#kit/numbers.ts";
import type { ClusterSummary, Currency, Factor, Figure, SavedMap, SavedMoment, SavedPayment } from "#kit/protocol.ts";
import { halfEven } from "./grid.ts";
import { byText, commonest, mean, type Person, sum } from "./people.ts";

const WITHOUT_CENTS = 1000;
const SPELLED_OUT = 1e12;
const NOTABLE = Math.log(1.05); // a smaller factor is no reason
const MOST_REASONS = 4;
const MOST_PLACES = 3;
const MOST_CURRENCIES = 2;
const MOST_IN_HINT = 8;
const NOTHING = "–";

/** Return an amount, without cents where they don't matter. */
export function money(amount: number, { symbol, decimals }: Currency): string {
  const size = Math.abs(amount);
  const digits = size >= WITHOUT_CENTS ? 0 : decimals;
  const text = size >= SPELLED_OUT ? size.toPrecision(3) : fixed(size, digits);
  return `${amount < 0 && /[1-9]/.test(text) ? "-" : ""}${symbol}${text}`;
}

function fixed(value: number, digits: number): string {
  const rounding = { roundingMode: "halfEven" } as Intl.NumberFormatOptions; // which TypeScript does not know yet
  return value.toLocaleString("en-US", { ...rounding, minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Return a share with two digits that count. */
export function percent(share: number): string {
  const hundredths = 100 * share;
  const decimals = hundredths ? 1 - Math.floor(Math.log10(Math.abs(hundredths))) : 0;
  return `${hundredths.toFixed(Math.max(decimals, 0))}%`;
}

/** Return what moves the predictions of some visitors most, on average. */
export function reasonsOf(people: readonly Person[], factors: readonly Factor[]): string[] {
  const sums = new Map<string, number>();
  for (const { factors: own } of people) {
    for (const place of own) {
      const { label, factor } = factors[place] as Factor;
      sums.set(label, (sums.get(label) ?? 0) + Math.log(factor));
    }
  }
  return [...sums]
    .map(([label, total]) => ({ label, size: total / people.length }))
    .filter(({ size }) => Math.abs(size) >= NOTABLE)
    .sort((one, other) => Math.abs(other.size) - Math.abs(one.size) || byText(one.label, other.label))
    .slice(0, MOST_REASONS)
    .map(({ label, size }) => `${label} ×${times(Math.exp(size))}`);
}

function times(factor: number): string {
  if (factor >= 10) return String(Math.round(factor));
  const rounded = factor < 0.1 ? Math.round(factor * 100) / 100 : Math.round(factor * 10) / 10;
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}

/** Return the tooltip of a place. */
export function summaryOf(people: readonly Person[], moment: SavedMoment, map: SavedMap): ClusterSummary {
  const prospects = people.filter(({ customer }) => !customer);
  const score = mean(prospects.map(({ score }) => score));
  const probability = mean(prospects.map(({ probability }) => probability));
  const known = score !== null || probability !== null;
  return {
    title: titleOf(people, moment),
    visitors: people.length,
    customers: people.length - prospects.length,
    score: score === null ? null : halfEven(score),
    probability: probability === null ? "" : percent(probability),
    value: known ? money(sum(prospects.map(({ worth }) => worth)), currencyOf(map, map.currency)) : "",
    why: score === null ? "" : reasonsOf(people, moment.factors).join(", "),
  };
}

function titleOf(people: readonly Person[], { spots }: SavedMoment): string {
  if (!people.length) return "Nobody here any more";
  const places = commonest(
    people.map(({ spot }) => spot),
    (one, other) => one - other,
  );
  const named = places.slice(0, MOST_PLACES).flatMap(([place]) => spots[place] ?? []);
  if (places.length === 1) return named[0]?.name ?? "";
  const more = places.length > MOST_PLACES ? ` +${formatNumber(places.length - MOST_PLACES)} places` : "";
  return named.map(({ short }) => short).join(", ") + more;
}

function currencyOf({ currencies }: SavedMap, code: string): Currency {
  return currencies[code] ?? { symbol: `${code} `, decimals: 2 };
}

/** Return the figures above the map; `all` says whether these are all that the page holds. */
export function figuresOf(
  people: readonly Person[],
  payments: readonly SavedPayment[],
  moment: SavedMoment,
  map: SavedMap,
  all: boolean,
): Figure[] {
  const prospects = people.filter(({ customer }) => !customer);
  const filtered = !all || moment.filters.active.length > 0;
  const of = filtered ? `of ${formatNumber(moment.filters.total)}` : "";
  const scored = prospects.some(({ score }) => score !== null);
  const worth = money(sum(prospects.map(({ worth }) => worth)), currencyOf(map, "USD"));
  const value = { label: "Expected value", value: scored ? worth : NOTHING, note: "", hint: "" };
  return [
    { label: "Visitors now", value: formatNumber(people.length), note: of, hint: moment.hint },
    { label: "Customers", value: formatNumber(people.length - prospects.length), note: "", hint: "" },
    moment.sales === null ? { ...value, note: scored ? map.arriving : "" } : salesOf(prospects, moment.sales, all),
    revenueOf(payments, map),
  ];
}

/** Return the sales to expect: the model's of all; of fewer, the sum of their probabilities, whose interval it alone knows. */
function salesOf(prospects: readonly Person[], sales: Figure, all: boolean): Figure {
  if (all) return sales;
  const expected = sum(prospects.map(({ probability }) => probability));
  return { ...sales, value: fixed(expected, expected >= 1 ? 0 : 1) };
}

/** Return the sum of each currency; different ones are never added. */
function revenueOf(payments: readonly SavedPayment[], map: SavedMap): Figure {
  const order = (one: string | null, other: string | null) =>
    one === null ? 1 : other === null ? -1 : byText(one, other);
  const sums = commonest(
    payments.map(({ currency }) => currency),
    order,
  ).map(([code]) => {
    const own = payments.filter(({ currency, counts }) => currency === code && counts);
    return money(sum(own.map(({ amount }) => amount)), currencyOf(map, code ?? ""));
  });
  const others = sums.length - MOST_CURRENCIES;
  return {
    label: "Revenue, 10 min",
    value: sums.slice(0, MOST_CURRENCIES).join(" · ") || NOTHING,
    note: others > 0 ? `+${others} more ${others === 1 ? "currency" : "currencies"}` : "",
    hint: others > 0 ? sums.slice(0, MOST_IN_HINT).join(" · ") : "",
  };
}
