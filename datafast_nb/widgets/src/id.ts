// Unique names for views and elements on a page.

let last = 0;

/** Return a unique id. */
export function freshId(): string {
  last += 1;
  return `df-${Math.random().toString(36).slice(2, 8)}-${last}`;
}
