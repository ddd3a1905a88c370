// Makes elements, and changes only what differs: a refresh leaves focus, scroll and text selection alone.

export { freshId } from "./id.ts";
export { formatCompact as brief, formatNumber as figure } from "./numbers.ts";

const arrangedKeys = new WeakMap();

/** Make an element: `text` is its text, on… are listeners, the rest attributes. Nothing is ever parsed as HTML. */
export function element(tag, properties, ...children) {
  const node = document.createElement(tag);
  write(node, properties);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Change an element's text and attributes where they differ; null and false take an attribute away. */
export function write(node, properties) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "text") writeText(node, String(value ?? ""));
    else if (name.startsWith("--")) writeStyle(node, name, String(value ?? ""));
    else writeAttribute(node, name, value);
  }
}

function writeText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function writeStyle(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

function writeAttribute(node, name, value) {
  const absent = value === null || value === undefined || (value === false && !name.startsWith("aria-"));
  if (absent && node.hasAttribute(name)) node.removeAttribute(name);
  if (absent) return;
  const text = value === true && !name.startsWith("aria-") ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Give a text that a stranger wrote, unable to turn its surroundings right to left. */
export function words(value, properties) {
  return element("bdi", { ...properties, text: value });
}

/** Find the part of an element that has the class df-`name`. */
export function part(node, name) {
  return node.querySelector(`.df-${name}`);
}

/** Make the children of `parent` those of `items`: keep those with the same key, and move as few as possible. */
export function arrange(parent, items, keyOf, make, update) {
  const root = parent.getRootNode();
  const focused = parent.contains(root.activeElement) ? root.activeElement : null;
  const before = new Map([...parent.children].map((child) => [arrangedKeys.get(child), child]));
  const seen = new Map();
  const nodes = items.map((item, index) => {
    const key = uniqueKey(keyOf(item, index), seen);
    const node = before.get(key) ?? make(item);
    before.delete(key);
    arrangedKeys.set(node, key);
    update(node, item, index);
    return node;
  });
  for (const gone of before.values()) gone.remove();
  placeChildren(parent, nodes);
  // An element that is moved loses the focus.
  if (focused?.isConnected && root.activeElement !== focused) focused.focus({ preventScroll: true });
}

/** Tell apart items with the same key by their turn: one visitor can be in the data twice. */
function uniqueKey(key, seen) {
  const turn = (seen.get(key) ?? 0) + 1;
  seen.set(key, turn);
  return `${turn} ${key}`;
}

/** Put nodes in order; the longest run that is in order already stays where it is. */
function placeChildren(parent, nodes) {
  const places = new Map([...parent.children].map((child, index) => [child, index]));
  const staying = new Set(
    longestRise(
      nodes.filter((node) => places.has(node)),
      (node) => places.get(node),
    ),
  );
  let next = null;
  for (const node of nodes.toReversed()) {
    if (!staying.has(node)) parent.insertBefore(node, next);
    next = node;
  }
}

/** Give the longest subsequence whose ranks rise (patience sorting). */
function longestRise(items, rankOf) {
  const tails = [];
  for (const item of items) {
    const rank = rankOf(item);
    let pile = tails.findIndex((tail) => tail.rank >= rank);
    if (pile < 0) pile = tails.length;
    tails[pile] = { item, rank, previous: tails[pile - 1] };
  }
  const rise = [];
  for (let link = tails.at(-1); link; link = link.previous) rise.push(link.item);
  return rise;
}
