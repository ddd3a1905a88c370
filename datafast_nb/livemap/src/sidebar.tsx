// The sidebar: visitors, events and payments, or the card of the selected visitor.

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { focusNear } from "#kit/focus.ts";
import { formatCompact, formatNumber } from "#kit/numbers.ts";
import type { VisitorList } from "#kit/protocol.ts";
import { Select } from "#kit/select.tsx";
import { useTrait } from "#kit/trait.ts";
import { VisitorCard } from "./card.tsx";
import { ListBox, type Row } from "./listbox.tsx";
import type { MapAsk, MapModel } from "./model.ts";
import { EventContent, PaymentContent, VisitorContent } from "./rows.tsx";
import { Tabs } from "./tabs.tsx";
import type { Clock } from "./time.ts";
import { useWidth } from "./width.ts";

interface SidebarProps {
  model: MapModel;
  ask: MapAsk;
  clock: Clock;
  /** Whether there is no kernel to answer. */
  resting: boolean;
}

const WIDE = 1200; // pixels of the widget from which events stand beside the visitors

const SORTS = [
  { value: "score", label: "Score" },
  { value: "probability", label: "Probability to buy" },
  { value: "value", label: "Expected value" },
  { value: "time", label: "Time on site" },
  { value: "newest", label: "Newest" },
];

/** The lists, which keep their scroll position under the card. */
export function Sidebar({ model, ask, clock, resting }: SidebarProps) {
  const [visitors, events, payments] = [
    useTrait(model, "visitors"),
    useTrait(model, "events"),
    useTrait(model, "payments"),
  ];
  const card = useTrait(model, "card");
  const known = useTrait(model, "clock") > 0;
  const [lists, details] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)];
  useFocusBetween(lists, details, card !== null);
  const panel = useRef<HTMLElement>(null);
  const wide = useWidth(panel, rootOf) >= WIDE;
  const count = ({ total }: { total: number }) => (known ? formatCompact(total) : "");
  // A card that a file holds open can be closed without a kernel.
  const close = () => {
    if (ask({ do: "deselect" })) return;
    model.set("card", null);
    model.set("selected", null);
  };
  const parts = { model, ask, clock, resting };
  const tabs = [
    { name: "Visitors", count: count(visitors), page: <VisitorsPage {...parts} /> },
    { name: "Events", count: count(events), page: <EventsPage {...parts} /> },
    { name: "Payments", count: count(payments), page: <PaymentsPage {...parts} /> },
  ];
  return (
    <section ref={panel} class="df-panel" aria-label="Visitors, events and payments" data-wide={wide || undefined}>
      <div class="df-first">
        <div ref={lists} class="df-lists" inert={card !== null}>
          <Tabs label="What is shown" tabs={wide ? tabs.filter(({ name }) => name !== "Events") : tabs} />
        </div>
        {card !== null && <VisitorCard root={details} card={card} clock={clock} onClose={close} />}
      </div>
      {wide && (
        <section class="df-feed" aria-label="What happens">
          <h4 class="df-feed-title">
            Events <span class="df-count">{count(events)}</span>
          </h4>
          <EventsPage {...parts} />
        </section>
      )}
    </section>
  );
}

function rootOf(panel: Element): Element | null {
  return panel.closest(".datafast-map");
}

/** Move the focus along when one part covers another, if it was there, and back afterward. */
function useFocusBetween(
  lists: RefObject<HTMLElement | null>,
  details: RefObject<HTMLElement | null>,
  open: boolean,
): void {
  const left = useRef<HTMLElement | null>(null);
  // Checked before anything changes: a covered or removed element loses the focus.
  const focused = focusNear(lists.current);
  const inLists = focused instanceof HTMLElement && lists.current?.contains(focused) ? focused : null;
  const inDetails = details.current?.contains(focused) ?? false;
  useLayoutEffect(() => {
    const to = open
      ? inLists && details.current?.querySelector<HTMLElement>(".df-back")
      : inDetails && (left.current ?? lists.current?.querySelector<HTMLElement>("[aria-selected=true]"));
    if (to) to.focus({ preventScroll: true });
    if (open) left.current = inLists;
  }, [open]);
}

interface ListingProps {
  label: string;
  rows: readonly Row[];
  /** Shown when the list is empty. */
  empty: string;
  /** Shown when the list is cut off. */
  rest: string;
}

function Listing({ label, rows, empty, rest }: ListingProps) {
  return (
    <div class="df-listing">
      <ListBox label={label} rows={rows} />
      <p class="df-empty" hidden={rows.length > 0}>
        {empty}
      </p>
      <p class="df-rest" hidden={!rest}>
        {rest}
      </p>
    </div>
  );
}

function VisitorsPage({ model, ask, clock, resting }: SidebarProps) {
  const { rows, total, sort } = useTrait(model, "visitors");
  const selected = useTrait(model, "selected");
  const { modeled } = useTrait(model, "controls");
  return (
    <>
      <div class="df-tools" inert={resting}>
        <Select
          label="Sort by"
          value={sort}
          choices={SORTS.filter(({ value }) => modeled || value !== "probability")}
          onChoose={(by) => ask({ do: "sort", by: by as VisitorList["sort"] })}
        />
        <span class="df-columns" aria-hidden={true}>
          {(!modeled || rows.some(({ value }) => value)) && "value"}
          <span data-percent={modeled || undefined}>{modeled ? "chance" : "score"}</span>
        </span>
      </div>
      <Listing
        label="Visitors"
        rows={rows.map((visitor) => ({
          key: `${visitor.site} ${visitor.id ?? `without id ${visitor.name}`}`,
          content: <VisitorContent visitor={visitor} clock={clock} />,
          choose: choosing(ask, visitor.site, visitor.id),
          selected: visitor.id !== null && visitor.id === selected?.id && visitor.site === selected.site,
        }))}
        empty={useEmptyText(model, "Nobody here right now", "Nobody matches the filters")}
        rest={
          total > rows.length
            ? `The first ${formatNumber(rows.length)} of ${formatNumber(total)}: filter to see others`
            : ""
        }
      />
    </>
  );
}

function EventsPage({ model, ask, clock }: SidebarProps) {
  const { rows, total } = useTrait(model, "events");
  return (
    <Listing
      label="Events"
      rows={rows.map((event) => ({
        key: event.key,
        content: <EventContent event={event} clock={clock} />,
        choose: choosing(ask, event.site, event.visitor),
        kind: event.kind,
      }))}
      empty={useEmptyText(model, "Nothing happened in the last ten minutes", "Nothing that matches the filters")}
      rest={total > rows.length ? `The newest ${formatNumber(rows.length)} of ${formatNumber(total)}` : ""}
    />
  );
}

function PaymentsPage({ model, ask, clock }: SidebarProps) {
  const { rows, hidden } = useTrait(model, "payments");
  return (
    <Listing
      label="Payments"
      rows={rows.map((payment) => ({
        key: payment.key,
        content: <PaymentContent payment={payment} clock={clock} />,
        choose: choosing(ask, payment.site, payment.visitor),
        kind: payment.kind,
      }))}
      empty={useEmptyText(model, "No payments in the last ten minutes", "No payments that match the filters")}
      rest={hidden ? `${formatNumber(hidden)} more, left out by the filters` : ""}
    />
  );
}

/** Return a function that selects a visitor; null for one who is not here, or has no id. */
function choosing(ask: MapAsk, site: string, id: string | null): (() => void) | null {
  return id === null ? null : () => void ask({ do: "select", site, id });
}

/** Return why a list is empty: there are no data, nothing has happened, or nothing passes the filters. */
function useEmptyText(model: MapModel, quiet: string, filtered: string): string {
  const [replay, status, filters] = [useTrait(model, "replay"), useTrait(model, "status"), useTrait(model, "filters")];
  if (useTrait(model, "clock") > 0) return filters.active.length ? filtered : quiet;
  if (status.state === "starting") return "Loading…";
  return replay === null ? "No data yet" : "Nothing was recorded at this moment";
}
