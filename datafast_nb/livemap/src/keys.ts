// Keys by which a list knows its rows again.

/** Tell apart keys that are the same by their turn: one visitor can be in the data twice. */
export function uniqueKeys(keys: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return keys.map((key) => {
    const turn = (seen.get(key) ?? 0) + 1;
    seen.set(key, turn);
    return `${turn} ${key}`;
  });
}
