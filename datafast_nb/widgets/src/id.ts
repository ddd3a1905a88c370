// Names for views and elements that no other on the page has.

let last = 0;

/** Return an id that is like no other. */
export function freshId(): string {
  last += 1;
  return `df-${Math.random().toString(36).slice(2, 8)}-${last}`;
}
