// The order of the visitors in a list, as `livemap/sidebar.py` gives it.

import type { VisitorList } from "#kit/protocol.ts";
import type { Person } from "./people.ts";

type Sort = VisitorList["sort"];

/** Return visitors in an order; customers, who are no prospects, come last, and so does what is not known. */
export function sorted(people: readonly Person[], sort: Sort): Person[] {
  const isOfTime = sort === "time" || sort === "newest";
  const modeled = people.some(({ probability }) => probability !== null);
  const rank = (person: Person) => rankOf(person, sort === "probability" && !modeled ? "score" : sort);
  const last = (person: Person) => (!isOfTime && person.customer ? 2 : 0) + (rank(person) === null ? 1 : 0);
  // Those who are equal stay as they are: in the order of their keys.
  return people.toSorted((one, other) => last(one) - last(other) || (rank(other) ?? 0) - (rank(one) ?? 0));
}

/** Return what the largest comes first by. */
function rankOf({ row, score, probability, worth }: Person, sort: Sort): number | null {
  if (sort === "probability") return probability;
  if (sort === "value") return worth;
  if (sort === "score") return score;
  return row.since === null ? null : sort === "time" ? -row.since : row.since;
}
