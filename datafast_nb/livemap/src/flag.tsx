// The flag of a country; its code where the page has no flags.

import { useEffect, useState } from "preact/hooks";
import { followPlaces, known } from "./places.ts";

const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** The flag of a country, by its code; nothing without one. It says the country, unless `place`, beside it, does. */
export function Flag({ country, place }: { country: string; place: string }) {
  const [, drawAgain] = useState({});
  useEffect(() => followPlaces(() => drawAgain({})), []);
  if (!/^[A-Z]{2}$/.test(country)) return null;
  const name = names.of(country) ?? country;
  const flag = known.flags?.[country];
  if (!flag) return <span class="df-flag">{country}</span>;
  const source = `data:image/svg+xml,${encodeURIComponent(flag)}`;
  return <img class="df-flag" src={source} width={15} height={10} alt={place === name ? "" : name} title={name} />;
}
