// Reports to the kernel while a view is visible, so that it polls only then.

import type { Ask } from "./ask.ts";
import type { Away, Beat } from "./protocol.ts";

const EVERY = 5000; // milliseconds between two heartbeats
const GRACE = 8000; // milliseconds out of sight after which a view counts as away: a short scroll does not count

/** Send heartbeats while an element is on the screen, and a message when it no longer is. */
export function visibility(root: Element, ask: Ask<Away | Beat>, signal: AbortSignal): void {
  let onScreen = true;
  let first = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const away = () => ask({ do: "away" });
  const gone = () => ask({ do: "away", gone: true });
  const seen = () => onScreen && document.visibilityState === "visible";
  const beat = () => {
    ask({ do: "beat", first });
    first = false;
    timer = setTimeout(beat, EVERY);
  };
  const look = () => {
    clearTimeout(timer);
    if (seen()) beat();
    else timer = setTimeout(away, GRACE);
  };
  const observer = new IntersectionObserver((entries) => {
    const entry = entries.at(-1); // a busy page lets several pile up
    if (!entry || entry.isIntersecting === onScreen) return;
    onScreen = entry.isIntersecting;
    look();
  });
  observer.observe(root);
  document.addEventListener("visibilitychange", look, { signal });
  window.addEventListener("pagehide", gone, { signal });
  window.addEventListener("pageshow", look, { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    observer.disconnect();
    gone();
  });
  look();
}
