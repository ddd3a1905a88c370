// The card of one visitor: who they are, how likely a purchase is and why, and what they did.

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "#kit/icons.tsx";
import { formatNumber } from "#kit/numbers.ts";
import type { Card, CardEvent, Likelihood } from "#kit/protocol.ts";
import { Ago, Lasting } from "./elapsed.tsx";
import { Flag } from "./flag.tsx";
import { uniqueKeys } from "./keys.ts";
import { Details, KindTag, Portrait, System } from "./rows.tsx";
import type { Clock } from "./time.ts";

interface CardProps {
  root: RefObject<HTMLElement | null>;
  card: Card;
  clock: Clock;
  onClose: () => void;
}

/** The card over the lists. */
export function VisitorCard({ root, card, clock, onClose }: CardProps) {
  const { visitor } = card;
  const body = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (body.current) body.current.scrollTop = 0;
  }, [visitor.site, visitor.id]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onClose();
  };
  const back = "Back to the lists";
  return (
    <article ref={root} class="df-card" aria-label="Visitor" onKeyDown={onKeyDown}>
      <header>
        <button type="button" class="df-button df-back" aria-label={back} title={back} onClick={onClose}>
          <Icon name="back" />
        </button>
        <Portrait visitor={visitor} />
        <span class="df-person">
          <span class="df-line">
            <bdi class="df-name" title={visitor.name}>
              {visitor.name}
            </bdi>
            <KindTag kind={visitor.kind} />
            <span class="df-tag df-gone" role="status">
              {card.here ? "" : "Has left"}
            </span>
          </span>
          <span class="df-line">
            <Details texts={{ place: visitor.place, channel: visitor.channel }}>
              <Flag country={visitor.country} place={visitor.place} />
            </Details>
            <System device={visitor.device} browser={visitor.browser} />
          </span>
        </span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with the keys */}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as this is */}
      <div ref={body} class="df-body" tabIndex={0} role="group" aria-label="Details">
        <LikelihoodSection likelihood={card.likelihood} color={visitor.color} />
        <Facts card={card} clock={clock} />
        <History events={card.events} clock={clock} />
      </div>
    </article>
  );
}

function Facts({ card: { visitor, facts, here }, clock }: { card: Card; clock: Clock }) {
  return (
    <dl class="df-facts">
      {facts.map(({ label, text }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <bdi title={text}>{text}</bdi>
          </dd>
        </div>
      ))}
      {visitor.since !== null && here && (
        <div key="since">
          <dt>Time on site</dt>
          <dd>
            <bdi>
              <Lasting since={visitor.since} clock={clock} />
            </bdi>
          </dd>
        </div>
      )}
    </dl>
  );
}

function LikelihoodSection({ likelihood, color }: { likelihood: Likelihood | null; color: string }) {
  return (
    <section class="df-likelihood" aria-label="Likelihood to buy">
      <h4>
        Likelihood to buy
        <span class="df-sure" title={likelihood?.hints.confidence}>
          {likelihood?.confidence}
        </span>
      </h4>
      {likelihood === null ? (
        <p class="df-none">No prediction for this visitor</p>
      ) : (
        <>
          <Score score={likelihood.score} hint={likelihood.hints.score} color={color} />
          <Texts name="words" texts={likelihood.words} />
          <Texts name="reasons" label="What moves it" texts={likelihood.reasons} />
        </>
      )}
    </section>
  );
}

function Score({ score, hint, color }: { score: number; hint: string; color: string }) {
  const shown = Math.min(100, Math.max(0, score));
  return (
    <div class="df-result">
      <strong class="df-points" title={hint}>
        {Math.round(shown)}
      </strong>
      <div class="df-gauge">
        {/* biome-ignore lint/a11y/useSemanticElements: the colors of a meter can't be those of the map */}
        <div
          class="df-scale"
          role="meter"
          aria-label="Score; the site's average is 50"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(shown)}
          style={{ "--df-share": `${shown}%`, "--df-mark": color }}
        />
        <div class="df-average">average 50</div>
      </div>
    </div>
  );
}

function Texts({ name, label, texts }: { name: string; label?: string; texts: readonly string[] }) {
  const keys = uniqueKeys(texts);
  return (
    <ul class={`df-${name}`} aria-label={label} hidden={!texts.length}>
      {texts.map((text, place) => (
        <li key={keys[place]}>
          <bdi title={text}>{text}</bdi>
        </li>
      ))}
    </ul>
  );
}

function History({ events, clock }: { events: readonly CardEvent[]; clock: Clock }) {
  const keys = uniqueKeys(events.map(({ key }) => key));
  return (
    <section class="df-history" aria-label="What the visitor did">
      <h4>
        Activity
        <span class="df-sum">{events.length > 0 && formatNumber(events.length)}</span>
      </h4>
      <ol>
        {events.map((event, place) => (
          <li key={keys[place]} data-kind={event.kind}>
            <Icon name={event.kind} />
            <bdi class="df-name" title={event.label}>
              {event.label}
            </bdi>
            <span class="df-time">
              <Ago since={event.at} clock={clock} />
            </span>
          </li>
        ))}
      </ol>
      {events.length === 0 && <p class="df-none">No events in the last ten minutes</p>}
    </section>
  );
}
