// A native select with its label, whose choices follow the kernel without disturbing a person who is choosing.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";
import { formatNumber } from "./numbers.ts";

/** An option, how many visitors have it, and the group under which it is offered. */
export interface Choice {
  value: string | number;
  label: string;
  count?: number;
  group?: string;
}

interface SelectProps {
  label: string;
  title?: string;
  icon?: IconName;
  /** The kernel's choice; a person's choice stays until the kernel's changes. */
  value: string | number;
  choices: readonly Choice[];
  disabled?: boolean;
  hidden?: boolean;
  inert?: boolean;
  onChoose: (value: string) => void;
}

/** A select with its label before it. */
export function Select({ label, title, icon, value, choices, disabled, hidden, inert, onChoose }: SelectProps) {
  const given = String(value);
  const select = useRef<HTMLSelectElement>(null);
  const chosen = useRef(given);
  const [focused, setFocused] = useState(false);
  // An open list closes when its options change, so they wait until the focus has left.
  const shown = useRef(choices);
  if (!focused || shown.current.length < 2) shown.current = choices;

  useLayoutEffect(() => {
    chosen.current = given;
  }, [given]);
  useLayoutEffect(() => {
    if (!shown.current.some((each) => String(each.value) === chosen.current)) chosen.current = given;
    if (select.current && select.current.value !== chosen.current) select.current.value = chosen.current;
  });
  const choose = (wanted: string) => {
    chosen.current = wanted;
    onChoose(wanted);
  };
  return (
    <label class="df-field" hidden={hidden} inert={inert}>
      {icon && <Icon name={icon} />}
      <span>{label}</span>
      <select
        ref={select}
        title={title}
        disabled={disabled}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
      >
        {grouped(shown.current).map(([group, choices]) =>
          group === undefined ? (
            choices.map(option)
          ) : (
            <optgroup key={group} label={group}>
              {choices.map(option)}
            </optgroup>
          ),
        )}
      </select>
    </label>
  );
}

/** Return the choices by their groups, in the order in which they come. */
function grouped(choices: readonly Choice[]): [string | undefined, Choice[]][] {
  const groups = new Map<string | undefined, Choice[]>();
  for (const each of choices) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
  return [...groups];
}

/** Return a choice as an option. */
function option({ value, label, count }: Choice) {
  return (
    <option key={value} value={value}>
      {count === undefined ? label : `${label} (${formatNumber(count)})`}
    </option>
  );
}
