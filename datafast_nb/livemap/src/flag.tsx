// The flag of a country, or its code while the page has no flags.

import { useEffect, useMemo, useState } from "preact/hooks";
import { followPlaces, known } from "./places.ts";

const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** The flag of a country, by its code; nothing without one. It names the country, unless `place` beside it does. */
export function Flag({ country, place }: { country: string; place: string }) {
  const [, drawAgain] = useState({});
  useEffect(() => followPlaces(() => drawAgain({})), []);
  const flag = known.flags?.[country];
  return useMemo(() => drawn(country, place, flag), [country, place, flag]);
}

function drawn(country: string, place: string, flag: string | undefined) {
  if (!/^[A-Z]{2}$/.test(country)) return null;
  if (!flag) return <span class="df-flag">{country}</span>;
  const name = names.of(country) ?? country;
  const source = `data:image/svg+xml,${encodeURIComponent(flag)}`;
  return <img class="df-flag" src={source} width={15} height={10} alt={place === name ? "" : name} title={name} />;
}
