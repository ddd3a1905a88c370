// Keys that identify the rows of a list.

/** Make equal keys unique by numbering them: one visitor can be in the data twice. */
export function uniqueKeys(keys: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return keys.map((key) => {
    const turn = (seen.get(key) ?? 0) + 1;
    seen.set(key, turn);
    return `${turn} ${key}`;
  });
}
