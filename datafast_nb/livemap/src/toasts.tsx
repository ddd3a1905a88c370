// Short messages over the map that disappear by themselves.

import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "#kit/icons.tsx";

const STAY = 8000; // milliseconds
const MOST = 3;

/** A message of a payment. */
interface Toast {
  title: string;
  text: string;
}

/** The messages of a map, in an element of their own. */
export class Toasts {
  readonly element = document.createElement("div");
  #toasts: (Toast & { key: number })[] = [];
  #last = 0;

  constructor() {
    this.element.className = "df-toasts";
    this.element.role = "status";
    this.element.ariaLive = "polite";
    // Events on a message must not reach the map under it.
    for (const name of ["click", "dblclick", "mousedown", "pointerdown", "touchstart", "wheel"])
      this.element.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
  }

  /** Show a message; of many, the last few stay. */
  show(toast: Toast): void {
    this.#last += 1;
    this.#draw([...this.#toasts, { ...toast, key: this.#last }].slice(-MOST));
  }

  /** Remove all messages. */
  clear(): void {
    this.#toasts = [];
    render(null, this.element);
  }

  #draw(toasts: (Toast & { key: number })[]): void {
    this.#toasts = toasts;
    const without = (key: number) => this.#draw(this.#toasts.filter((toast) => toast.key !== key));
    const shown = toasts.map((toast) => <Message key={toast.key} toast={toast} onLeave={() => without(toast.key)} />);
    render(shown, this.element);
  }
}

/** A message, which stays while the pointer or the focus is on it. */
function Message({ toast: { title, text }, onLeave }: { toast: Toast; onLeave: () => void }) {
  const root = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stay = () => clearTimeout(timer.current);
  const go = () => {
    stay();
    if (!root.current?.matches(":hover, :focus-within")) timer.current = setTimeout(onLeave, STAY);
  };
  const later = () => setTimeout(go); // after the focus has moved
  useEffect(() => {
    go();
    return stay;
  }, []);
  return (
    <div
      ref={root}
      class="df-toast"
      data-kind="payment"
      onPointerEnter={stay}
      onFocusIn={stay}
      onPointerLeave={later}
      onFocusOut={later}
    >
      <Icon name="payment" />
      <div class="df-body">
        <strong>
          <bdi>{title}</bdi>
        </strong>
        <span>
          <bdi>{text}</bdi>
        </span>
      </div>
      <button type="button" class="df-close" aria-label="Close" title="Close" onClick={onLeave}>
        <Icon name="close" />
      </button>
    </div>
  );
}
