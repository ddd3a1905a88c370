// The code that gives the same table and chart, and the button that copies it.

import { useEffect, useState } from "preact/hooks";
import { useTrait } from "#kit/trait.ts";
import type { ExplorerModel } from "./model.ts";

const CONFIRMED = 2000; // milliseconds for which the button confirms the copy

export function Script({ model }: { model: ExplorerModel }) {
  const code = useTrait(model, "code");
  const [copied, setCopied] = useState<{ done: boolean } | null>(null);
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), CONFIRMED);
    return () => clearTimeout(timer);
  }, [copied]);
  const said = copied?.done ? "The code is in the clipboard." : "The browser does not allow copying.";
  return (
    <div class="df-script" data-lm-suppress-shortcuts="true">
      <details open>
        <summary>The code for this</summary>
        {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
        {/* biome-ignore-start lint/a11y/useSemanticElements: a field set is of a form */}
        <pre tabIndex={0} role="group" aria-label="Python code">
          <code>{code}</code>
        </pre>
        {/* biome-ignore-end lint/a11y/useSemanticElements: see above */}
        {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: see above */}
      </details>
      <button type="button" class="df-button df-copy" onClick={async () => setCopied({ done: await copy(code) })}>
        <span class="df-said">{copied ? (copied.done ? "Copied" : "Select it and copy") : "Copy code"}</span>
      </button>
      <span class="df-unseen" role="status">
        {copied && said}
      </span>
    </div>
  );
}

/** Copy a text to the clipboard, even on a page that is not served over https. Return whether that worked. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    console.debug("datafast_nb: the clipboard is not available; trying execCommand.", error);
    const before = document.activeElement;
    const field = document.createElement("textarea");
    field.readOnly = true;
    field.style.cssText = "position: fixed; opacity: 0";
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}
