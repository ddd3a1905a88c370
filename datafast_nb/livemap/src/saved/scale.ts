// The color of a place or a visitor, as `livemap/colors.py` gives it.

import type { MapSettings, Scale } from "#kit/protocol.ts";
import { type Group, halfEven } from "./grid.ts";
import type { Person } from "./people.ts";

const NONE = "#9aa3ab"; // where nothing is known
const CUSTOMER = "#12a57c";
const CATEGORIES = ["device", "channel", "country_code", "visit_kind", "site"];

type ColorBy = MapSettings["color_by"];
type Colored = Pick<Group, "score" | "probability" | "worth" | "customers" | "visitors" | "category">;

/** Return the trait that colors show; null if they show a number. */
export function categoryOf(by: ColorBy): string | null {
  return CATEGORIES.includes(by) ? by : null;
}

/** Return the color of a place. */
export function colorOf(group: Colored, by: ColorBy, scale: Scale): string {
  if (categoryOf(by)) {
    const [category, known] = [group.category ?? "", scale.categories];
    return (Object.hasOwn(known, category) && known[category]) || NONE; // strangers may write "constructor"
  }
  const step = stepOf(group, by, scale);
  if (step === null || !Number.isFinite(step)) return NONE;
  return scale.colors[Math.min(100, Math.max(0, halfEven(step)))] ?? NONE;
}

/** Return the color of a visitor: that of a place where they are alone; customers have one of their own. */
export function colorOfPerson(person: Person, by: ColorBy, scale: Scale): string {
  const category = categoryOf(by);
  if (!category && person.customer) return CUSTOMER;
  const { score, probability, worth } = person;
  const alone = { score, probability, worth: worth ?? Number.NaN, customers: 0, visitors: 1 };
  return colorOf({ ...alone, category: category ? (person.traits[category] ?? null) : null }, by, scale);
}

/** Return the place on the scale, from 0 to 100. */
function stepOf({ score, probability, worth, customers, visitors }: Colored, by: ColorBy, scale: Scale): number | null {
  const { middle, reach, top } = scale;
  if (by === "score") return score === null ? null : 50 + (50 * (score - middle)) / reach;
  if (by === "probability")
    return probability === null ? null : 50 + (50 * Math.log(Math.max(1e-12, probability) / middle)) / Math.log(reach);
  if (by === "expected_value") return 100 * Math.sqrt(worth / top);
  return (100 * customers) / visitors;
}
