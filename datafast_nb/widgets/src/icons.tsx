// The icons, drawn as lines on a square of 16 by 16. Their labels stand beside them.

const ICONS = {
  pause: "M5.5 3.5v9 M10.5 3.5v9",
  play: "M5 3.2v9.6l7.5-4.8z",
  again: "M3 8a5 5 0 1 0 1.5-3.6 M3 2.2v2.9h2.9",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6 M13 2.2v2.9h-2.9",
  fit: "M8 4.8a3.2 3.2 0 1 0 0 6.4a3.2 3.2 0 1 0 0-6.4 M8 1.5v3.3 M8 11.2v3.3 M1.5 8h3.3 M11.2 8h3.3",
  globe:
    "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4 M1.8 8h12.4 M8 1.8c-4.4 4-4.4 8.4 0 12.4" +
    " M8 1.8c4.4 4 4.4 8.4 0 12.4",
  enlarge: "M2.5 6V2.5H6 M10 2.5h3.5V6 M13.5 10v3.5H10 M6 13.5H2.5V10",
  reduce: "M6 2.5V6H2.5 M13.5 6H10V2.5 M10 13.5V10h3.5 M2.5 10H6v3.5",
  color: "M8 1.8c2.6 3 4.2 5 4.2 7.2a4.2 4.2 0 0 1-8.4 0c0-2.2 1.6-4.2 4.2-7.2z M6 9.5a2 2 0 0 0 1.5 2",
  hide:
    "M2.5 2.5l11 11 M6.4 6.5a2.2 2.2 0 0 0 3.1 3.1 M4.3 4.5C3 5.3 2.2 6.5 1.5 8c1.6 3 3.8 4.5 6.5 4.5" +
    "c1.2 0 2.3-.3 3.3-.9 M6.8 3.6c3.2-.5 5.8 1 7.7 4.4c-.5.9-1 1.6-1.6 2.2",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9 M10.3 10.3l3.2 3.2",
  filter: "M2.5 4.5h11 M4.5 8h7 M6.5 11.5h3",
  lock: "M4 7.5h8v6H4z M5.5 7.5V5.2a2.5 2.5 0 0 1 5 0v2.3",
  close: "M4 4l8 8 M12 4l-8 8",
  back: "M9.5 3.5L5 8l4.5 4.5",
  pageview:
    "M1.5 8C3.5 4.8 5.6 3.5 8 3.5s4.5 1.3 6.5 4.5c-2 3.2-4.1 4.5-6.5 4.5S3.5 11.2 1.5 8z" +
    " M8 6.2a1.8 1.8 0 1 0 0 3.6a1.8 1.8 0 1 0 0-3.6",
  goal: "M4 14V2.5 M4 3h8.5l-2 3 2 3H4",
  payment: "M2 4h12v8.5H2z M2 7h12 M4.5 10h2.5",
  desktop: "M2 3h12v7.5H2z M5.5 13h5 M8 10.5V13",
  mobile: "M5 1.8h6v12.4H5z M7.4 12h1.2",
  tablet: "M3.2 1.8h9.6v12.4H3.2z M7 12h2",
  device: "M2.5 4.5h11v7h-11z",
  chrome:
    "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4 M8 5.6a2.4 2.4 0 1 0 0 4.8a2.4 2.4 0 1 0 0-4.8 M8 5.6h5.7" +
    " M5.9 9.2L3 4.2 M10.1 9.2L7.2 14.1",
  safari: "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4 M11.2 4.8L9.2 9.2L4.8 11.2L6.8 6.8z",
  firefox:
    "M13.2 5.2a6.2 6.2 0 1 1-9.6-.9c.2.9.8 1.5 1.6 1.8c.6-2 1.8-3.4 3.4-4c0 1.8 3.4 2.3 3.4 5.6a3.9 3.9 0 0 1-7.6 1",
  edge: "M14 9.6A6.2 6.2 0 1 1 14.2 7.4c0 1.9-1.4 2.6-2.8 2.6c-1.6 0-1.4-1-1.4-1.8c0-1.4-1.2-2.5-2.8-2.5c-2.6 0-4.6 1.6-5.2 3.3",
  opera: "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4 M8 4.2c-3 0-3 7.6 0 7.6s3-7.6 0-7.6",
  browser: "M2 3h12v10H2z M2 6h12 M4 4.5h.1 M6 4.5h.1",
} as const;

export type IconName = keyof typeof ICONS;

/** An icon that screen readers skip. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 16 16" width={16} height={16} class="df-icon" aria-hidden={true} data-icon={name}>
      <path d={ICONS[name]} />
    </svg>
  );
}
