// A list whose rows are chosen with the pointer or the keyboard; the focus stays on the list.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import { freshId } from "#kit/id.ts";
import { uniqueKeys } from "./keys.ts";

const STEPS = new Map([
  ["ArrowDown", 1],
  ["ArrowUp", -1],
  ["PageDown", 8],
  ["PageUp", -8],
  ["Home", Number.NEGATIVE_INFINITY],
  ["End", Number.POSITIVE_INFINITY],
]);

/** A row of a list. */
export interface Row {
  /** Identifies the row when others come and go; rows may share one. */
  key: string;
  content: ComponentChildren;
  /** Called when the row is chosen; a row without it can't be chosen. */
  choose: (() => void) | null;
  selected?: boolean;
  kind?: string;
}

/** A list of rows. */
export function ListBox({ label, rows }: { label: string; rows: readonly Row[] }) {
  const list = useRef<HTMLDivElement>(null);
  const keys = uniqueKeys(rows.map(({ key }) => key));
  const ids = useIds(keys);
  const cursor = useCursor(keys);
  const [pressed, press] = useReducer((turn: number) => turn + 1, 0);
  useLayoutEffect(() => {
    const option = list.current?.querySelector(".df-active");
    if (list.current && option && pressed) reveal(list.current, option);
  }, [pressed]);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS.get(event.key);
    if (step !== undefined) cursor.move(step);
    else if (["Enter", " "].includes(event.key) && cursor.place !== null) rows[cursor.place]?.choose?.();
    else return;
    event.preventDefault();
    press(undefined);
  };
  const onFocus = () => {
    const selected = rows.findIndex((row) => row.selected);
    if (cursor.place === null) cursor.put(Math.max(0, selected));
  };
  return (
    <div
      ref={list}
      class="df-list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={cursor.place === null ? undefined : ids[cursor.place]}
      hidden={!rows.length}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      {rows.map((row, place) => (
        <Option
          key={keys[place]}
          id={ids[place]}
          row={row}
          active={place === cursor.place}
          onClick={() => {
            cursor.put(place);
            row.choose?.();
          }}
        />
      ))}
    </div>
  );
}

interface OptionProps {
  id: string | undefined;
  row: Row;
  active: boolean;
  onClick: () => void;
}

/** A row in the list. */
function Option({ id, row: { content, choose, selected, kind }, active, onClick }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays on the list, which says which option is active
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list handles the keys
    <div
      id={id}
      class={active ? "df-row df-active" : "df-row"}
      role="option"
      aria-selected={selected ?? false}
      aria-disabled={choose === null ? true : undefined}
      data-kind={kind}
      onClick={onClick}
    >
      {content}
    </div>
  );
}

/** Return an id for each key, which stays the same while the key is in the list. */
function useIds(keys: readonly string[]): string[] {
  const known = useRef(new Map<string, string>());
  known.current = new Map(keys.map((key) => [key, known.current.get(key) ?? freshId()]));
  return [...known.current.values()];
}

/** Track the active row. When it is removed, the row that takes its place becomes active. */
function useCursor(keys: readonly string[]) {
  const kept = useRef<{ key: string; place: number } | null>(null);
  const [, draw] = useReducer((turn: number) => turn + 1, 0);
  const at = (wanted: number) => {
    const place = Math.max(0, Math.min(keys.length - 1, wanted));
    const key = keys[place];
    return key === undefined ? null : { key, place };
  };
  if (kept.current !== null) {
    const place = keys.indexOf(kept.current.key);
    kept.current = at(place < 0 ? kept.current.place : place);
  }
  const put = (place: number) => {
    kept.current = at(place);
    draw(undefined);
  };
  const place = kept.current === null ? null : kept.current.place;
  return { place, put, move: (step: number) => put(place === null ? 0 : place + step) };
}

/** Scroll the list, and only the list, until the option can be seen. */
function reveal(list: Element, option: Element): void {
  const frame = list.getBoundingClientRect();
  const box = option.getBoundingClientRect();
  if (box.top < frame.top) list.scrollTop -= frame.top - box.top;
  if (box.bottom > frame.bottom) list.scrollTop += box.bottom - frame.bottom;
}
