// The visitors of a saved moment, with their places on the square of Web Mercator.

import type { SavedVisitor, VisitorRow } from "#kit/protocol.ts";
import { xOf, yOf } from "../mercator.ts";

/** A visitor of a saved moment; `x` and `y` are from 0 to 1, and null where the place is not known. */
export type Person = SavedVisitor & { row: VisitorRow; customer: boolean; x: number | null; y: number | null };

/** A visitor whose place is known. */
export type Placed = Person & { x: number; y: number; latitude: number; longitude: number };

/** Return the visitors with their places. */
export function peopleOf(visitors: readonly SavedVisitor[]): Person[] {
  return visitors.map((each) => ({
    ...each,
    row: each.card.visitor,
    customer: each.card.visitor.kind === "customer",
    x: each.longitude === null ? null : xOf(each.longitude) % 1,
    y: each.latitude === null ? null : yOf(each.latitude),
  }));
}

/** Return those whose place is known. */
export function placed(people: readonly Person[]): Placed[] {
  return people.filter((each): each is Placed => each.x !== null && each.y !== null);
}

/** Return the sum of what is known. */
export function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

/** Return the mean of what is known; null if nothing is. */
export function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length ? sum(known) / known.length : null;
}

/** Return the values by how often they occur; those that occur as often, in the order of `before`. */
export function commonest<Value>(
  values: readonly Value[],
  before: (one: Value, other: Value) => number,
): [Value, number][] {
  const counts = new Map<Value, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([one, many], [other, more]) => more - many || before(one, other));
}

/** Compare two texts by their characters' numbers, as Polars does. */
export function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
