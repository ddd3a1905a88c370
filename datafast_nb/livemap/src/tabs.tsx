// Tabs for pointer and arrow keys; each has a count beside its name.

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { freshId } from "#kit/id.ts";

interface Tab {
  name: string;
  /** Shown beside the name; nothing if it is empty. */
  count: string;
  page: ComponentChildren;
}

/** Tabs over their pages, which all stay in the page, so that each keeps its scroll position. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const [id] = useState(freshId);
  const list = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState(tabs[0]?.name);
  const found = tabs.findIndex(({ name }) => name === chosen); // by its name, as tabs come and go
  const open = Math.max(0, found);
  const walk = (event: KeyboardEvent) => {
    const next = nextTab(event.key, open, tabs.length);
    if (next === null) return;
    event.preventDefault();
    setChosen(tabs[next]?.name);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <>
      <div ref={list} class="df-tabs" role="tablist" aria-label={label} onKeyDown={walk}>
        {tabs.map(({ name, count }, index) => (
          <button
            key={name}
            type="button"
            class="df-tab"
            role="tab"
            id={`${id}-tab-${index}`}
            aria-controls={`${id}-page-${index}`}
            aria-selected={index === open}
            tabIndex={index === open ? 0 : -1}
            onClick={() => setChosen(name)}
          >
            {name}
            <span class="df-count" hidden={!count}>
              {count}
            </span>
          </button>
        ))}
      </div>
      {tabs.map(({ name, page }, index) => (
        <div
          key={name}
          class="df-view"
          role="tabpanel"
          id={`${id}-page-${index}`}
          aria-labelledby={`${id}-tab-${index}`}
          hidden={index !== open}
        >
          {page}
        </div>
      ))}
    </>
  );
}

/** Return the tab that a key leads to, cyclically; null for other keys. */
function nextTab(key: string, present: number, number: number): number | null {
  const wanted = { ArrowRight: present + 1, ArrowLeft: present - 1, Home: 0, End: number - 1 }[key];
  return wanted === undefined ? null : (wanted + number) % number;
}
