// A visitor, an event and a payment as a row of two lines, for any container.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { Icon, type IconName } from "#kit/icons.tsx";
import { formatNumber } from "#kit/numbers.ts";
import type { EventRow, PaymentRow, VisitorRow } from "#kit/protocol.ts";
import { Avatar } from "./avatar.tsx";
import { Ago, Lasting } from "./elapsed.tsx";
import { Flag } from "./flag.tsx";
import type { Clock } from "./time.ts";

/** A visitor: who they are, where, and how likely to buy. */
export function VisitorContent({ visitor, clock }: { visitor: VisitorRow; clock: Clock }) {
  const likely = likelihoodOf(visitor);
  return (
    <>
      <Portrait visitor={visitor} />
      <Line name={visitor.name}>
        <KindTag kind={visitor.kind} />
      </Line>
      <span class="df-value" title={visitor.value && "expected value"}>
        {visitor.value}
      </span>
      <span class="df-unseen">{likely.name}</span>
      <span
        class="df-score"
        title={likely.title}
        data-none={likely.text === NONE || undefined}
        data-percent={visitor.probability !== "" || undefined}
      >
        {likely.text}
      </span>
      <Details
        texts={{
          place: visitor.place,
          channel: visitor.channel,
          website: visitor.site,
          page: visitor.page,
          visit: visitor.visit === null ? "" : `visit ${formatNumber(visitor.visit)}`,
        }}
      >
        <Flag country={visitor.country} place={visitor.place} />
      </Details>
      <span class="df-time">
        <System device={visitor.device} browser={visitor.browser} />
        <Lasting since={visitor.since} clock={clock} />
      </span>
    </>
  );
}

const NONE = "–";

/** How likely a visitor is to buy: the probability of the map's model, or else the service's score. */
function likelihoodOf({ score, confidence, probability }: VisitorRow): { name: string; text: string; title: string } {
  const rounded = score === null ? NONE : String(Math.round(score));
  const sure = confidence === null ? "" : `, confidence ${confidence.toFixed(2)}`;
  const scored = score === null ? "no score" : `score ${rounded}${sure}`;
  if (!probability) return { name: "score", text: rounded, title: scored };
  return { name: "probability to buy", text: probability, title: `${probability} likely to buy; ${scored}` };
}

/** The face of a visitor, with the dot that has the color of their circle on the map; a customer's has a ring. */
export function Portrait({ visitor: { id, color, kind } }: { visitor: VisitorRow }) {
  return (
    <span class="df-portrait">
      <Avatar id={id} />
      <span class="df-mark" style={{ "--df-mark": color }} data-customer={kind === "customer" || undefined} />
    </span>
  );
}

const KINDS = { customer: "Customer", returning: "Returning", new: "New", unknown: "" };

/** The kind of a visitor, at a glance. */
export function KindTag({ kind }: { kind: VisitorRow["kind"] }) {
  return <span class={`df-tag df-${kind}`}>{KINDS[kind]}</span>;
}

const DEVICES: Record<string, IconName> = { desktop: "desktop", mobile: "mobile", tablet: "tablet" };
const BROWSERS: [RegExp, IconName][] = [
  [/edg/i, "edge"],
  [/opera|opr/i, "opera"],
  [/firefox/i, "firefox"],
  [/safari/i, "safari"],
  [/chrom/i, "chrome"],
];

/** The icons of a device and a browser, where they are known. */
export function System({ device, browser }: Pick<VisitorRow, "device" | "browser">) {
  return useMemo(() => systemOf(device, browser), [device, browser]);
}

function systemOf(device: string, browser: string) {
  const name = [device, browser].filter(Boolean).join(", ");
  if (!name) return null;
  const drawn = DEVICES[device.toLowerCase()];
  return (
    <span class="df-system" role="img" aria-label={name} title={name}>
      {device && <Icon name={drawn ?? "device"} />}
      {browser && <Icon name={BROWSERS.find(([pattern]) => pattern.test(browser))?.[1] ?? "browser"} />}
    </span>
  );
}

const EVENTS = { pageview: "viewed ", goal: "goal ", payment: "payment " };

/** An event: what happened, when, and to whom. */
export function EventContent({ event, clock }: { event: EventRow; clock: Clock }) {
  return (
    <>
      <Icon name={event.kind} />
      <Line name={event.label} site={event.site} kind={EVENTS[event.kind]} />
      <span class="df-time">
        <Ago since={event.at} clock={clock} />
      </span>
      <Details texts={{ who: event.who, place: event.place }} />
      <span class="df-amount">{event.amount}</span>
    </>
  );
}

const PAYMENTS = { new: "New", renewal: "Renewal", refund: "Refund", other: "" };

/** A payment: how much, when, and by whom. */
export function PaymentContent({ payment, clock }: { payment: PaymentRow; clock: Clock }) {
  return (
    <>
      <Icon name="payment" />
      <span class="df-line">
        <span class="df-amount">{payment.amount}</span>
        <span class="df-tag df-turn">{PAYMENTS[payment.kind]}</span>
        <Site name={payment.site} />
      </span>
      <span class="df-time">
        <Ago since={payment.at} clock={clock} />
      </span>
      <Details texts={{ who: payment.who, note: payment.note }} />
    </>
  );
}

interface LineProps {
  name: string;
  site?: string;
  /** Read by screen readers before the name. */
  kind?: string;
  children?: ComponentChildren;
}

function Line({ name, site, kind, children }: LineProps) {
  return (
    <span class="df-line">
      {kind && <span class="df-unseen df-kind">{kind}</span>}
      <bdi class="df-name" title={name}>
        {name}
      </bdi>
      {children}
      {site && <Site name={site} />}
    </span>
  );
}

/** The name of a site, which is empty where there is only one. */
function Site({ name }: { name: string }) {
  return (
    <bdi class="df-tag df-site" title={name}>
      {name}
    </bdi>
  );
}

/** The second line: each text, by its name, where there is one, after a picture. */
export function Details({ texts, children }: { texts: Record<string, string>; children?: ComponentChildren }) {
  return (
    <span class="df-details">
      {children}
      {Object.entries(texts).map(([name, text]) => (
        <span key={name} class={`df-detail df-${name}`} hidden={!text.trim()} title={text}>
          <bdi>{text}</bdi>
        </span>
      ))}
    </span>
  );
}
