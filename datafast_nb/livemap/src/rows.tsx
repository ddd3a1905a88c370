// A visitor, an event and a payment as a row of two lines; what holds a row is the caller's.

import type { ComponentChildren } from "preact";
import { Icon } from "#kit/icons.tsx";
import { formatNumber } from "#kit/numbers.ts";
import type { EventRow, PaymentRow, VisitorRow } from "#kit/protocol.ts";
import { Ago, Lasting } from "./elapsed.tsx";
import type { Clock } from "./time.ts";

/** Who it is, where, and how likely to buy. */
export function VisitorContent({ visitor, clock }: { visitor: VisitorRow; clock: Clock }) {
  const likely = likelihoodOf(visitor);
  return (
    <>
      <Mark color={visitor.color} customer={visitor.customer} />
      <Line name={visitor.name} site={visitor.site}>
        {visitor.customer && <span class="df-tag df-customer">Customer</span>}
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
          page: visitor.page,
          channel: visitor.channel,
          device: visitor.device,
          visit: visitor.visit === null ? "" : `visit ${formatNumber(visitor.visit)}`,
        }}
      />
      <span class="df-time">
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

/** The dot that shows, on the map and in lists, how likely a visitor is to buy; a customer's has a ring. */
export function Mark({ color, customer }: { color: string; customer: boolean }) {
  return <span class="df-mark" style={{ "--df-mark": color }} data-customer={customer || undefined} />;
}

const EVENTS = { pageview: "viewed ", goal: "goal ", payment: "payment " };

/** What happened, when, and to whom. */
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

/** How much was paid, when, and by whom. */
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
  site: string;
  /** What a screen reader says before the name. */
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
      <Site name={site} />
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

/** The second line: each text, by its name, where there is one. */
function Details({ texts }: { texts: Record<string, string> }) {
  return (
    <span class="df-details">
      {Object.entries(texts).map(([name, text]) => (
        <span key={name} class={`df-detail df-${name}`} hidden={!text.trim()} title={text}>
          <bdi>{text}</bdi>
        </span>
      ))}
    </span>
  );
}
