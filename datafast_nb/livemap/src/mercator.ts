// Web Mercator (EPSG:3857), scaled to the unit square, as `livemap/mercator.py` has it.

/** The latitude at which the square ends, in degrees. */
export const EDGE = 85.0511287798066;

/** A latitude just outside of the square, in degrees: a line that is drawn there is not seen. */
export const OUTSIDE = 85.06;

/** Return the x of a longitude in degrees; one beyond ±180 is on a copy of the world. */
export function xOf(longitude: number): number {
  return longitude / 360 + 0.5;
}

/** Return the y of a latitude in degrees; those beyond `edge` lie on it. */
export function yOf(latitude: number, edge = EDGE): number {
  const sine = Math.sin((Math.min(edge, Math.max(-edge, latitude)) * Math.PI) / 180);
  return 0.5 - Math.atanh(sine) / (2 * Math.PI);
}

/** Return the latitude of a y, in degrees. */
export function latitudeAt(y: number): number {
  return (Math.asin(Math.tanh(2 * Math.PI * (0.5 - y))) * 180) / Math.PI;
}
